//! Checks of how the code uses the texts: each id that is named exists, and gets the values that it has variables for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::tests::{Variables, texts_of};
use crate::types::Lang;

#[test]
fn the_code_names_texts_that_exist_and_gives_them_their_values() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = known();
    let (mut seen, mut findings) = (0, Vec::new());
    for folder in ["src", "webhook"] {
        for path in rust_files(&root.join(folder)) {
            let source = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let own = name.starts_with("src/i18n/");
            if (own || source.contains("i18n")) && !(own && name.ends_with("tests.rs")) {
                let calls = calls(&source);
                seen += calls.len();
                findings.extend(
                    calls.iter().filter_map(|call| Some(format!("{name}: {}", check(call, &texts)?))),
                );
            }
        }
    }
    assert!(seen > 10, "the scan found only {seen} uses");
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn the_scan_sees_what_is_wrong() {
    let texts = known();
    for (source, reported) in [
        (r#"w.get(t("no-such-text"))"#, "is not a text"),
        ("w.get(t(name))", "without a literal"),
        (r#"w.get(t("traffic-line-free"))"#, "lacks used"),
        (r#"w.label( t("traffic-line-free") )"#, "lacks used"),
        (r#"w.format(t("traffic-line-free"), &args())"#, "lacks used"),
        (
            r#"w.format(t("traffic-line-free"), &args().text("used", f(")", 'a')).text("cap", 1))"#,
            "has no cap",
        ),
        (r#"w.plain(t("time-left-days"), &args().text("days", 3))"#, "wants days as a number"),
    ] {
        let found: Vec<_> = calls(source).iter().filter_map(|call| check(call, &texts)).collect();
        assert!(found.iter().any(|finding| finding.contains(reported)), "{source}: {found:?}");
    }
    for source in [
        r#"w.get(t("btn-home"))"#,
        r#"w.format(t("traffic-line-free"), &values)"#,
        r#"w.format(t("traffic-line-free"), &args().text("used", x(t("btn-home"), 2)))"#,
        r#"w.plain(t("time-left-days"), &args().number("days", 3))"#,
        r#"let id = t("time-left-days"); assert(x); sort("x"); // t(x)"#,
    ] {
        let found: Vec<_> = calls(source).iter().filter_map(|call| check(call, &texts)).collect();
        assert!(found.is_empty(), "{source}: {found:?}");
    }
}

/// Variables of each text; one that chooses words by number in any language is a number in all.
fn known() -> BTreeMap<String, Variables> {
    let mut texts: BTreeMap<String, Variables> = BTreeMap::new();
    for lang in Lang::ALL {
        for (id, variables) in texts_of(lang) {
            let entry = texts.entry(id).or_default();
            for (name, counted) in variables {
                *entry.entry(name).or_default() |= counted;
            }
        }
    }
    texts
}

/// A use of a text.
#[derive(Debug)]
struct Call {
    /// Its id; `None` where it isn't a literal.
    id: Option<String>,
    /// The values given, each with whether it is a number; `None` where they are made elsewhere.
    values: Option<Vec<(String, bool)>>,
}

fn check(call: &Call, texts: &BTreeMap<String, Variables>) -> Option<String> {
    let Some(id) = &call.id else { return Some("a text is named without a literal".to_owned()) };
    let Some(variables) = texts.get(id) else { return Some(format!("`{id}` is not a text")) };
    let values = call.values.as_ref()?;
    for (name, counted) in variables {
        match values.iter().find(|(given, _)| given == name) {
            None => return Some(format!("`{id}` lacks {name}")),
            Some((_, false)) if *counted => return Some(format!("`{id}` wants {name} as a number")),
            Some(_) => {}
        }
    }
    let extra = values.iter().find(|(given, _)| !variables.contains_key(given));
    extra.map(|(name, _)| format!("`{id}` has no {name}"))
}

fn calls(source: &str) -> Vec<Call> {
    let source: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut calls = Vec::new();
    for (at, _) in source.match_indices("t(") {
        let before = source[..at].trim_end();
        let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.' || c == '!';
        let comment = source[..at].rsplit('\n').next().is_some_and(|line| line.contains("// "));
        if source[..at].ends_with(in_word) || before.ends_with("fn") || comment {
            continue;
        }
        let Some((id, after)) = literal(&source[at + 2..]) else {
            calls.push(Call { id: None, values: None });
            continue;
        };
        let after = after.trim_start().trim_start_matches(')').trim_start();
        let values = if before.ends_with(".get(") || before.ends_with(".label(") {
            Some(Vec::new())
        } else {
            after
                .strip_prefix(',')
                .and_then(|rest| rest.trim_start().strip_prefix("&args()"))
                .and_then(values)
        };
        calls.push(Call { id: Some(id.to_owned()), values });
    }
    calls
}

/// The values of a chain such as `.text("a", x).number("b", y)`, up to the end of the call that it is given to.
fn values(mut chain: &str) -> Option<Vec<(String, bool)>> {
    let mut values = Vec::new();
    loop {
        chain = chain.trim_start();
        if chain.starts_with([')', ',']) {
            return Some(values);
        }
        let (method, rest) = chain.strip_prefix('.')?.split_once('(')?;
        let counted = match method {
            "text" | "html" => false,
            "number" => true,
            _ => return None,
        };
        let (name, _) = literal(rest)?;
        values.push((name.to_owned(), counted));
        chain = &rest[closing(rest)? + 1..];
    }
}

/// The string literal that begins here, and what follows it.
fn literal(code: &str) -> Option<(&str, &str)> {
    code.trim_start().strip_prefix('"')?.split_once('"')
}

/// Where the bracket closes within which `code` begins.
fn closing(code: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let bytes = code.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            // A quoted quotation mark is a character, not a string.
            b'"' if at == 0 || bytes[at - 1] != b'\'' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return Some(at),
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the checkout is readable") {
        let path = entry.expect("the checkout is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
