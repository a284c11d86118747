//! Guards the house: who may use whom, where SQL and sockets may stand, and how long a file may get.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest a file may be, in lines.
const LONGEST: usize = 400;

/// Lowest floor first. A file uses its own floor and those below.
const FLOORS: [(&str, &[&str]); 6] = [
    ("words", &["types", "money", "bytes", "clock", "db", "secret", "derp"]),
    (
        "domain",
        &[
            "account", "plan", "serial", "order", "ledger", "referral", "rental", "fleet", "acl", "traffic",
            "alert", "confirm", "notify", "audit", "inbox", "jobs", "i18n", "settings",
        ],
    ),
    ("adapters", &["adapters"]),
    ("use cases", &["app"]),
    ("entry", &["bot", "worker", "webhook"]),
    ("edge", &["lib", "main", "base", "config", "telemetry", "shutdown", "embedded_pg", "cli"]),
];

/// Crates that the process facing the world must not speak to directly.
const NOT_IN_WEBHOOK: [&str; 4] = ["sqlx", "teloxide", "russh", "bollard"];

#[test]
fn the_house_keeps_its_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = BTreeSet::new();
    let mut breaches = Vec::new();
    for folder in ["src", "webhook", "tests"] {
        for path in rust_files(&root.join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            breaches.extend(check(name, &text));
            seen.insert(folder);
        }
    }
    assert_eq!(seen.len(), 3, "the checker looked at nothing in one of the folders");
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

/// Each rule is broken once here, and the checker has to see it.
#[test]
fn the_checker_sees_each_kind_of_breach() {
    let long = "\n".repeat(LONGEST + 1);
    for (name, text, reported) in [
        ("src/money.rs", "use crate::plan::PlanId;", "words uses domain (crate::plan)"),
        ("src/secret/keyring.rs", "use crate::config;", "words uses edge (crate::config)"),
        (
            "src/rental/mod.rs",
            "use crate::{money::Money, app::{self, views}};",
            "domain uses use cases (crate::app)",
        ),
        (
            "src/rental/store.rs",
            "fn f() { crate::adapters::ssh::connect() }",
            "domain uses adapters (crate::adapters)",
        ),
        ("src/rental/rules.rs", "use super::super::bot;", "domain uses entry (crate::bot)"),
        ("src/adapters/ssh/mod.rs", "pub use crate :: worker::Job;", "adapters uses entry (crate::worker)"),
        ("src/app/redeem.rs", "use\n    crate::\n        bot::text;", "use cases uses entry (crate::bot)"),
        ("src/worker/mod.rs", "use crate::shutdown::Stop;", "entry uses edge (crate::shutdown)"),
        ("webhook/admit.rs", "use derpshop::config::Settings;", "entry uses edge (crate::config)"),
        ("src/kitchen/mod.rs", "", "`kitchen` has no floor"),
        ("src/app/mod.rs", "use crate::kitchen::Pot;", "`kitchen` has no floor"),
        ("src/rental/mod.rs", "async fn f() { sqlx::query(\"select 1\"); }", "SQL outside a store"),
        ("src/app/mod.rs", "let x = query_as!(Row, \"select 1\");", "SQL outside a store"),
        ("src/app/mod.rs", "let x = query_scalar ! (\"select 1\");", "SQL outside a store"),
        ("src/app/mod.rs", "conn.execute(\"select 1\")", "SQL outside a store"),
        ("src/bot/mod.rs", "sqlx::raw_sql(text)", "SQL outside a store"),
        ("src/store_room.rs", "query!(\"select 1\")", "SQL outside a store"),
        ("webhook/main.rs", "let pool: sqlx::PgPool;", "the word sqlx"),
        ("webhook/pages/acl.rs", "use teloxide::types::Update;", "the word teloxide"),
        ("webhook/main.rs", "use russh;", "the word russh"),
        ("webhook/main.rs", "fn f(d: bollard::Docker) {}", "the word bollard"),
        ("src/app/mod.rs", &long, "401 lines"),
        ("tests/it/redeem.rs", &long, "401 lines"),
        ("src/bot/mod.rs", "let s = \"\u{4f60}\u{597d}\";", "line 1: a Chinese character"),
        ("src/bot/mod.rs", "\n// \u{ff0c}", "line 2: a Chinese character"),
        ("src/bot/mod.rs", "#[cfg(test)]\nmod tests;\n// \u{ff0c}", "line 3: a Chinese character"),
        ("src/bot/mod.rs", "// TODO: later", "line 1: unfinished work"),
        ("webhook/main.rs", "// FIXME", "line 1: unfinished work"),
    ] {
        let found = check(name, text);
        assert!(found.iter().any(|breach| breach.contains(reported)), "{name}: {text:?} gave {found:?}");
    }
}

#[test]
fn the_checker_lets_good_code_pass() {
    for (name, text) in [
        ("src/money.rs", "use crate::types::UserId;\n// not crate::app, only talk of it\n"),
        ("src/rental/store.rs", "use crate::plan::PlanId;\nlet x = sqlx::query!(\"select 1\");"),
        ("src/app/views/relays/store.rs", "sqlx::query_as!(Row, \"select 1\")"),
        ("src/fleet/store/lease.rs", "conn.execute(\"select 1\")"),
        ("src/rental/rules.rs", "use super::Rental;\nmod tests { use super::super::store; }"),
        ("src/bot/mod.rs", "use crate::app::App; let s = \"crate::config\"; let url = r#\"sqlx::query\"#;"),
        ("src/bot/mod.rs", "let c = '\"'; let t: &'static str; // \u{2713} \u{1f7e2} are no letters"),
        ("src/serial/mod.rs", "#[cfg(test)]\nmod tests {\n// \u{ff10}\n}"),
        ("src/serial/tests.rs", "const WIDE: &str = \"\u{ff10}\";"),
        ("src/main.rs", "use derpshop::{config::Config, worker};"),
        ("webhook/main.rs", "use derpshop::config::Settings; // no sqlx here"),
        ("src/app/mod.rs", "let request_query = uri.query(); crawl.execute(command)"),
        ("tests/it/redeem.rs", "sqlx::query(\"select 1\"); use derpshop::config;"),
    ] {
        assert_eq!(check(name, text), Vec::<String>::new(), "{name}");
    }
}

/// Everything wrong with one file, each as `file: what`.
fn check(name: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST {
        breaches.push(format!("has {lines} lines; split it by topic (at most {LONGEST})"));
    }
    let product = name.starts_with("src/") || name.starts_with("webhook/");
    if product {
        breaches.extend(lines_to_forbid(name, text));
        let bare = bare(text);
        breaches.extend(uses(name, &bare));
        if !in_store(name) && has_sql(&bare) {
            breaches.push("has SQL outside a store (store.rs or store/)".to_owned());
        }
        if name.starts_with("webhook/") {
            let words: BTreeSet<_> = words(&bare).collect();
            let wrong = NOT_IN_WEBHOOK.iter().filter(|word| words.contains(*word));
            breaches.extend(wrong.map(|word| format!("has the word {word}, which stays out of webhook/")));
        }
    }
    breaches.into_iter().map(|breach| format!("{name}: {breach}")).collect()
}

fn lines_to_forbid(name: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    // A test may type what a customer types: what follows the first item that only tests see is theirs.
    let mut pairs = text.lines().zip(text.lines().skip(1));
    let tests = pairs.position(|(line, next)| line == "#[cfg(test)]" && next.ends_with('{'));
    let product_lines = if name.ends_with("/tests.rs") { 0 } else { tests.unwrap_or(usize::MAX) };
    for (number, line) in (1..).zip(text.lines()) {
        if number <= product_lines && line.chars().any(is_chinese) {
            breaches.push(format!("line {number}: a Chinese character; texts belong into locales/"));
        }
        if words(line).any(|word| word == "TODO" || word == "FIXME") {
            breaches.push(format!("line {number}: unfinished work"));
        }
    }
    breaches
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn in_store(name: &str) -> bool {
    Path::new(name).components().any(|part| part.as_os_str() == "store") || name.ends_with("/store.rs")
}

fn has_sql(code: &str) -> bool {
    let tokens = tokens(code);
    let function = |token: &str| token == "query" || token.starts_with("query_") || token == "raw_sql";
    tokens.windows(4).any(|part| part[0] == "sqlx" && part[1] == ":" && part[2] == ":" && function(part[3]))
        || tokens.windows(3).any(|part| function(part[0]) && part[1] == "!" && matches!(part[2], "(" | "{" | "["))
        // A string given to an executor; the bare text shows where strings began.
        || tokens.windows(3).any(|part| matches!(part[0], "execute" | "fetch_one" | "fetch_all") && part[1] == "(" && part[2] == "\"")
}

/// The top-level modules of this crate that the file names, checked against the file's own floor.
fn uses(name: &str, code: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let module = module_path(name);
    let (own, own_name) = match floor(&module[0]) {
        Some(floor) => (floor, FLOORS[floor].0),
        None => return vec![format!("`{}` has no floor; give it one in tests/it/floors.rs", module[0])],
    };
    for used in named_modules(code, &module) {
        match floor(&used) {
            Some(other) if other > own => {
                breaches.push(format!("{own_name} uses {} (crate::{used})", FLOORS[other].0));
            }
            Some(_) => {}
            None => breaches.push(format!("`{used}` has no floor; give it one in tests/it/floors.rs")),
        }
    }
    breaches
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

/// `src/a/b.rs` is `[a, b]`; the webhook's own files are of the entry floor but for its wiring.
fn module_path(name: &str) -> Vec<String> {
    if name == "webhook/main.rs" {
        return vec!["main".to_owned()];
    }
    let inner = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
    inner.split('/').filter(|part| *part != "mod").map(str::to_owned).collect()
}

/// Names that follow `crate::`, `derpshop::` or a climb of `super::` up to the crate's root. Names of types and
/// functions at the root (there are none) would count as modules; that is meant.
fn named_modules(code: &str, module: &[String]) -> BTreeSet<String> {
    let tokens = tokens(code);
    let mut found = BTreeSet::new();
    let path_follows = |at: usize| tokens.get(at..at + 2) == Some(&[":", ":"][..]);
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        at += 1;
        let in_webhook = module[0] == "webhook";
        let begins_at_root = match tokens[start] {
            "crate" => !in_webhook,
            "derpshop" => true,
            "super" => {
                let mut climbs = 1;
                while path_follows(at) && tokens.get(at + 2) == Some(&"super") {
                    climbs += 1;
                    at += 3;
                }
                !in_webhook && climbs >= module.len()
            }
            _ => false,
        };
        if !begins_at_root || !path_follows(at) {
            continue;
        }
        // A climb inside an inline module ends one floor lower than counted, so only known names count there.
        let counts = |token: &str| tokens[start] != "super" || floor(token).is_some();
        at += 2;
        if tokens.get(at) != Some(&"{") {
            found.extend(
                tokens
                    .get(at)
                    .filter(|token| is_name(token) && counts(token))
                    .map(|token| (*token).to_owned()),
            );
            continue;
        }
        let mut depth = 0;
        for (previous, token) in tokens[at - 1..].iter().zip(&tokens[at..]) {
            match *token {
                "{" => depth += 1,
                "}" => depth -= 1,
                name if depth == 1 && matches!(*previous, "{" | ",") && is_name(name) && counts(name) => {
                    found.insert(name.to_owned());
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && token != "self"
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Words and single other characters, spaces left out.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if word == 0 { first.len_utf8() } else { word };
        if !first.is_whitespace() {
            tokens.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    tokens
}

/// Source text without comments, and with each string reduced to its opening quote.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = string_length(rest, out.chars().next_back()) {
            out.push('"');
            length
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[skipped..];
    }
    out
}

/// Length of the string, raw string or character literal that `rest` begins with, if it does.
fn string_length(rest: &str, before: Option<char>) -> Option<usize> {
    if let Some(body) = rest.strip_prefix('"') {
        return Some(1 + quoted_length(body, '"'));
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !in_word || before == Some('b')) {
        let hashes = raw.find(|c| c != '#').unwrap_or(0);
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = 1 + hashes + 1;
            return Some(rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()));
        }
    }
    // 'x' and '\n' are characters, 'static is a lifetime.
    let character = rest.strip_prefix('\'')?;
    let closes = character.chars().nth(1) == Some('\'') || character.starts_with('\\');
    closes.then(|| 1 + quoted_length(character, '\''))
}

fn quoted_length(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    body.len()
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
