//! The serial code: 20 random Crockford symbols (100 bits) and a check symbol out of the same 32.

use std::fmt;

use crate::clock::Random;

/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols that carry the secret.
const SYMBOLS: usize = 20;
/// Text that lost or gained this many symbols is still meant as a code, and deserves to be told so.
const SLACK: usize = 3;
/// Symbols between two dashes.
const GROUP: usize = 5;

/// A complete code whose check symbol is right. It is bearer money: `Debug` shows only its ends, and there is
/// no `Display`; use [`SerialCode::reveal`] for its owner and [`SerialCode::masked`] for everybody else.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SerialCode([u8; SYMBOLS]);

/// Why text is not a serial code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASerial {
    /// It doesn't look like a code at all: another length, other characters.
    #[error("the text doesn't look like a serial")]
    Shape,
    /// It looks like one, but a symbol is wrong, missing or swapped.
    #[error("the serial fails its check")]
    Typo,
}

impl SerialCode {
    /// A new code.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; SYMBOLS];
        random.fill(&mut bytes);
        // Five bits of each byte: 32 divides 256, so every symbol is as likely.
        Self(bytes.map(|byte| byte % 32))
    }

    /// Reads a code as people write it: any case, with or without separators, full-width or with look-alikes
    /// (O for 0, I and L for 1).
    pub fn parse(text: &str) -> Result<Self, NotASerial> {
        let mut symbols = Vec::with_capacity(SYMBOLS + 1);
        for c in text.chars() {
            if is_separator(c) {
                continue;
            }
            symbols.push(value(c).ok_or(NotASerial::Shape)?);
            if symbols.len() > SYMBOLS + 1 + SLACK {
                return Err(NotASerial::Shape);
            }
        }
        match symbols.split_last() {
            Some((check, body)) if body.len() == SYMBOLS => {
                let body: [u8; SYMBOLS] = body.try_into().map_err(|_| NotASerial::Shape)?;
                if check_symbol(&body) == *check { Ok(Self(body)) } else { Err(NotASerial::Typo) }
            }
            Some((_, body)) if body.len() + SLACK >= SYMBOLS => Err(NotASerial::Typo),
            Some(_) | None => Err(NotASerial::Shape),
        }
    }

    /// Finds a code in a message: typed alone, in a sentence, or in a redeem link.
    ///
    /// A right code anywhere wins; otherwise text that is nothing but a damaged code is a typo.
    pub fn find(text: &str) -> Result<Self, NotASerial> {
        let words = || {
            text.split(|c: char| {
                c.is_whitespace()
                    || ",;:=?&/\"'()<>\u{ff0c}\u{3002}\u{ff1b}\u{ff1a}\u{ff08}\u{ff09}\u{300c}\u{300d}"
                        .contains(c)
            })
        };
        for word in words() {
            if let Ok(code) = Self::parse(word.strip_prefix("r_").unwrap_or(word)) {
                return Ok(code);
            }
        }
        let whole = text.trim();
        // Plain words in the alphabet ("show my relays") must not be called a damaged serial.
        let has_digit =
            whole.contains(|c: char| c.is_ascii_digit() || ('\u{ff10}'..='\u{ff19}').contains(&c));
        match Self::parse(whole.strip_prefix("r_").unwrap_or(whole)) {
            Err(NotASerial::Typo) if !has_digit => Err(NotASerial::Shape),
            result => result,
        }
    }

    /// The whole code for its owner: `7KQ2M-X4D9T-0WHRE-5NB8V-C`.
    pub fn reveal(&self) -> String {
        let mut text = String::with_capacity(SYMBOLS + 6);
        for (i, symbol) in self.0.iter().enumerate() {
            if i > 0 && i % GROUP == 0 {
                text.push('-');
            }
            text.push(letter(*symbol));
        }
        text.push('-');
        text.push(letter(check_symbol(&self.0)));
        text
    }

    /// What others may see: `7KQ2M…-C`.
    pub fn masked(&self) -> String {
        let head: String = self.0[..GROUP].iter().map(|symbol| letter(*symbol)).collect();
        format!("{head}…-{}", letter(check_symbol(&self.0)))
    }

    /// The payload of a redeem link, without separators: `r_` and the 21 symbols.
    pub fn start_payload(&self) -> String {
        let symbols: String = self.0.iter().map(|symbol| letter(*symbol)).collect();
        format!("r_{symbols}{}", letter(check_symbol(&self.0)))
    }

    /// What the digest is made of: the symbols' values.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SerialCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialCode({})", self.masked())
    }
}

fn letter(symbol: u8) -> char {
    char::from(ALPHABET[usize::from(symbol % 32)])
}

/// Whatever people and word processors put between groups.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{ff3f}' | '\u{200b}'..='\u{200d}' | '\u{feff}')
}

/// The value of a symbol as typed, or `None` for what is no symbol.
fn value(c: char) -> Option<u8> {
    // Full-width forms stand 0xFEE0 above ASCII.
    let c = if ('\u{ff01}'..='\u{ff5e}').contains(&c) { char::from_u32(u32::from(c) - 0xFEE0)? } else { c };
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|a| char::from(*a) == c).and_then(|i| u8::try_from(i).ok())
}

/// A weighted sum over GF(32), the weights being successive powers of a primitive element: one wrong symbol
/// and any two swapped ones always change it.
fn check_symbol(body: &[u8; SYMBOLS]) -> u8 {
    let mut weight = 1;
    let mut sum = 0;
    for symbol in body {
        weight = times(weight, 2);
        sum ^= times(weight, *symbol);
    }
    sum
}

/// The product in GF(32) with x^5 + x^2 + 1.
fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b > 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a <<= 1;
        if a & 0b10_0000 != 0 {
            a ^= 0b10_0101;
        }
        b >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OsRandom;
    use proptest::prelude::*;

    fn any_code() -> impl Strategy<Value = SerialCode> {
        proptest::array::uniform20(0u8..32).prop_map(SerialCode)
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(code in any_code()) {
            prop_assert_eq!(SerialCode::parse(&code.reveal()), Ok(code.clone()));
            prop_assert_eq!(SerialCode::parse(&code.reveal().to_lowercase().replace('-', " ")), Ok(code.clone()));
            prop_assert_eq!(SerialCode::find(&code.start_payload()), Ok(code.clone()));
            prop_assert_eq!(SerialCode::find(&format!("你的序列号：{}，谢谢", code.reveal())), Ok(code.clone()));
            prop_assert_eq!(SerialCode::find(&format!("https://t.me/a_bot?start={}", code.start_payload())), Ok(code));
        }

        #[test]
        fn one_wrong_symbol_is_a_typo(code in any_code(), at in 0usize..21, shift in 1u8..32) {
            let mut text: Vec<char> = code.reveal().chars().filter(|c| *c != '-').collect();
            let old = value(text[at]).expect("a symbol");
            text[at] = letter((old + shift) % 32);
            prop_assert_eq!(SerialCode::parse(&text.iter().collect::<String>()), Err(NotASerial::Typo));
        }

        #[test]
        fn two_swapped_symbols_are_a_typo(code in any_code(), a in 0usize..20, b in 0usize..20) {
            let mut text: Vec<char> = code.reveal().chars().filter(|c| *c != '-').collect();
            prop_assume!(text[a] != text[b]);
            text.swap(a, b);
            prop_assert_eq!(SerialCode::parse(&text.iter().collect::<String>()), Err(NotASerial::Typo));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = SerialCode::find(&text);
        }
    }

    #[test]
    fn look_alikes_and_full_width_are_understood() {
        let code = SerialCode::parse("00000-00000-00000-00000-0").expect("all zeros check to zero");
        assert_eq!(SerialCode::parse("OOOOO-ooooo-00000-00000-o"), Ok(code.clone()));
        assert_eq!(SerialCode::parse("０００００－０００００－００００００００００－０"), Ok(code));
    }

    #[test]
    fn ordinary_talk_is_no_serial() {
        for text in
            ["", "你好", "show my relays", "/start", "12345", "123456", "hello there my friends and 2 more"]
        {
            assert_eq!(SerialCode::find(text), Err(NotASerial::Shape), "{text}");
        }
    }

    #[test]
    fn a_lost_symbol_is_a_typo() {
        let code = SerialCode::generate(&OsRandom).reveal();
        let damaged = format!("7{}", &code[2..]);
        assert_eq!(SerialCode::find(&damaged), Err(NotASerial::Typo));
    }

    #[test]
    fn debug_shows_only_the_ends() {
        let code = SerialCode::generate(&OsRandom);
        let shown = format!("{code:?}");
        assert!(shown.contains(&code.masked()));
        assert!(!shown.contains(&code.reveal()[6..11]));
    }
}
