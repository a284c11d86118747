//! `HuJSON`, the format of a tailnet policy file: JSON with `//` and `/* */` comments and commas after
//! the last element.

/// Turns `HuJSON` into JSON of the same length: comments and surplus commas become spaces, so that an
/// error's position holds for the text as it was given. What is wrong beyond that is left for the JSON
/// parser to find.
pub fn to_json(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    // The last byte that is neither space nor comment: where a surplus comma would be.
    let mut last = None;
    while at < out.len() {
        match out[at] {
            b'"' => {
                last = Some(at);
                at = string_end(&out, at);
            }
            b'/' if matches!(out.get(at + 1), Some(b'/' | b'*')) => {
                let end = comment_end(&out, at);
                for byte in &mut out[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
            }
            byte => {
                if let (b'}' | b']', Some(comma)) = (byte, last)
                    && is_surplus_comma(&out, comma)
                {
                    out[comma] = b' ';
                }
                if !byte.is_ascii_whitespace() {
                    last = Some(at);
                }
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A comma after a value; one after an opening bracket or another comma stays, and is an error.
fn is_surplus_comma(text: &[u8], at: usize) -> bool {
    let before = text[..at].iter().rev().find(|byte| !byte.is_ascii_whitespace());
    text[at] == b',' && !matches!(before, None | Some(b'{' | b'[' | b','))
}

/// Where the string that starts at `at` is over.
fn string_end(text: &[u8], at: usize) -> usize {
    let mut escaped = false;
    for (offset, byte) in text[at + 1..].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + offset + 2,
            _ => {}
        }
    }
    text.len()
}

/// Where the comment that starts at `at` is over; an open one takes the rest.
fn comment_end(text: &[u8], at: usize) -> usize {
    let (close, from): (&[u8], _) = if text[at + 1] == b'/' { (b"\n", at) } else { (b"*/", at + 2) };
    let rest = &text[from..];
    rest.windows(close.len())
        .position(|bytes| bytes == close)
        .map_or(text.len(), |found| from + found + close.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Option<serde_json::Value> {
        serde_json::from_str(&to_json(text)).ok()
    }

    #[test]
    fn comments_and_last_commas_go() {
        let policy =
            "// top\n{\n  /* a */ \"a\": [1, 2, /* b */ ], // c\n  \"b\": {\"c\": \"// \\\" /* , }\",},\n}\n";
        assert_eq!(value(policy), Some(serde_json::json!({"a": [1, 2], "b": {"c": "// \" /* , }"}})));
        assert_eq!(to_json(policy).len(), policy.len());
        assert_eq!(to_json(policy).lines().count(), policy.lines().count());
    }

    #[test]
    fn what_hujson_forbids_stays_wrong() {
        for text in ["{,}", "[,]", "[1,,]", "{\"a\":1 \"b\":2}", "{a: 1}", "{'a': 1}", "{} {}", "/* {}"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_length(text in "[\\[\\]{},:\"\\\\/*a1 \n东]{0,60}") {
            prop_assert_eq!(to_json(&text).len(), text.len());
        }

        #[test]
        fn json_is_left_alone(text in "([a-z/*,\\]}東]|\\\\\"){0,20}", n in any::<i32>()) {
            let json = format!("{{\"k\": \"{text}\", \"n\": [{n}, {{}}]}}");
            prop_assert_eq!(to_json(&json), json);
        }
    }
}
