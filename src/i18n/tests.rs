//! Checks of the texts themselves: the same ids and variables in each language, lengths, markup, glyphs, typography.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast;

use super::{Args, TextId, Texts, Words, args, source, t};
use crate::types::Lang;

/// A text's variables; those by which it chooses its words are marked `true`.
pub(super) type Variables = BTreeMap<String, bool>;

/// Variables that are counts without choosing words in every text.
const COUNTS: [&str; 9] =
    ["days", "hours", "tries", "left_days", "moves", "minutes", "count", "relays", "seconds"];
/// Signs that a message may begin with, and lists may have one of on each row.
const GLYPHS: [char; 8] = ['🟢', '🟡', '🔴', '⚪', '✅', '❌', '⏳', '⚠'];

/// Every text of a language, in the order of its file.
pub(super) fn texts_of(lang: Lang) -> Vec<(String, Variables)> {
    let resource = match fluent_syntax::parser::parse(source(lang)) {
        Ok(resource) => resource,
        Err((_, errors)) => panic!("{}: {errors:?}", lang.tag()),
    };
    let mut texts = Vec::new();
    for entry in resource.body {
        if let ast::Entry::Message(message) = entry {
            let mut variables = Variables::new();
            collect(&message.value.expect("a text has words"), &mut variables);
            texts.push((message.id.name.to_owned(), variables));
        } else {
            let group = matches!(entry, ast::Entry::GroupComment(_));
            assert!(group, "{}: only texts and groups are expected: {entry:?}", lang.tag());
        }
    }
    texts
}

fn collect(pattern: &ast::Pattern<&str>, out: &mut Variables) {
    for element in &pattern.elements {
        let ast::PatternElement::Placeable { expression } = element else { continue };
        match expression {
            ast::Expression::Inline(inline) => variable(inline, false, out),
            ast::Expression::Select { selector, variants } => {
                // Plural categories and numbers want a number; other choices are by name.
                let counted = variants.iter().any(|variant| match variant.key {
                    ast::VariantKey::Identifier { name } => name == "one",
                    ast::VariantKey::NumberLiteral { .. } => true,
                });
                variable(selector, counted, out);
                for variant in variants {
                    collect(&variant.value, out);
                }
            }
        }
    }
}

fn variable(inline: &ast::InlineExpression<&str>, counted: bool, out: &mut Variables) {
    if let ast::InlineExpression::VariableReference { id } = inline {
        *out.entry(id.name.to_owned()).or_default() |= counted;
    } else {
        let quoted = matches!(inline, ast::InlineExpression::StringLiteral { .. });
        assert!(quoted, "texts use variables and quoted characters only: {inline:?}");
    }
}

/// Values of the kind that the text gets in earnest.
fn samples(lang: Lang, id: &str, variables: &Variables, count: i64) -> Args {
    let chinese = |text: &'static str, or: &'static str| if lang == Lang::ZhCn { text } else { or };
    variables.keys().fold(args(), |args, name| {
        // Arguments live as long as the program in every use; a test may leak a few names.
        let leaked: &'static str = Box::leak(name.clone().into_boxed_str());
        match name.as_str() {
            count_name if COUNTS.contains(&count_name) => args.number(leaked, count),
            "relay" => args.text(leaked, "Tokyo #102"),
            "severity" => args.text(leaked, "high"),
            "vantage" => args.text(leaked, chinese("上海", "Shanghai")),
            "terms" => args.text(leaked, chinese("条款", "terms")),
            "region" => args.text(leaked, chinese("东京", "Tokyo")),
            "from" if id == "confirm-region" => args.text(leaked, chinese("东京", "Tokyo")),
            "to" if id == "confirm-region" => args.text(leaked, chinese("香港", "Hong Kong")),
            other => args.text(leaked, other.to_uppercase()),
        }
    })
}

#[test]
fn languages_have_the_same_texts_in_the_same_order() {
    let (zh, en) = (texts_of(Lang::ZhCn), texts_of(Lang::En));
    let ids = |texts: &[(String, Variables)]| texts.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    let (zh_ids, en_ids) = (ids(&zh), ids(&en));
    let (zh_set, en_set): (BTreeSet<_>, BTreeSet<_>) = (zh_ids.iter().collect(), en_ids.iter().collect());
    assert_eq!(zh_set.symmetric_difference(&en_set).collect::<Vec<_>>(), Vec::<&&String>::new());
    assert_eq!(zh_set.len(), zh_ids.len(), "an id stands twice");
    assert_eq!(zh_ids, en_ids);
    for ((id, zh), (_, en)) in zh.iter().zip(&en) {
        assert!(zh.keys().eq(en.keys()), "{id}: variables {:?} and {:?}", zh.keys(), en.keys());
    }
}

#[test]
fn every_text_follows_the_rules() {
    let texts = Texts::load();
    let mut findings = Vec::new();
    for lang in Lang::ALL {
        for (id, variables) in texts_of(lang) {
            for count in [1, 2, 5] {
                let args = samples(lang, &id, &variables, count);
                let report = |what: String| format!("{} {id}: {what}", lang.tag());
                findings.extend(check(texts.lang(lang), &id, &args).into_iter().map(report));
            }
        }
    }
    findings.dedup();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn the_rules_see_what_breaks_them() {
    for (lang, id, text, reported) in [
        (Lang::En, "btn-x", "A label of twenty or more", "25 characters"),
        (Lang::En, "cmd-x", &"x".repeat(61), "61 characters"),
        (Lang::En, "x", &"x".repeat(1000), "1000 characters"),
        (Lang::En, "x", "<u>a</u>", "tag <u>"),
        (Lang::En, "x", "<b>a", "<b> is left open"),
        (Lang::En, "x", "a & b", "bare &"),
        (Lang::En, "x", "✅ a\n❌ b", "glyphs"),
        (Lang::En, "x", "a 🎉", "emoji"),
        (Lang::En, "x", "Done!", "exclamation"),
        (Lang::En, "x", "Tap \"Pay\"", "straight quotes"),
        (Lang::ZhCn, "x", "已用12", "「用1」"),
        (Lang::ZhCn, "x", "12天", "「2天」"),
        (Lang::ZhCn, "x", "好,再见", "「好,」"),
        (Lang::ZhCn, "x", "好(再见)", "「好(」"),
        (Lang::ZhCn, "x", "您好", "您"),
        (Lang::ZhCn, "x", "好！", "exclamation"),
    ] {
        let found = check_text(lang, id, text);
        assert!(found.iter().any(|finding| finding.contains(reported)), "{text}: {found:?}");
    }
    assert_eq!(check_text(Lang::ZhCn, "x", "✅ <b>东京 #102</b> 已用 93%，到期 2026-11-24"), [""; 0]);
    assert_eq!(check_text(Lang::ZhCn, "mail-x", "<不是标签>"), [""; 0]);
}

#[test]
fn what_people_write_stays_words() {
    let texts = Texts::load();
    let words = texts.lang(Lang::En);
    let name = args().text("relay", "<b>&\"x");
    assert_eq!(words.plain(t("btn-extend"), &name), "Extend <b>&\"x");
    let escaped = words.format(t("btn-extend"), &name);
    assert_eq!(escaped.as_str(), "Extend &lt;b&gt;&amp;&quot;x");
    let nested = words.format(t("btn-extend"), &args().html("relay", escaped.clone()));
    assert_eq!(nested.as_str(), "Extend Extend &lt;b&gt;&amp;&quot;x");
    assert_eq!(words.plain(t("btn-extend"), &args().html("relay", escaped)), "Extend Extend <b>&\"x");
}

fn check(words: Words<'_>, id: &str, args: &Args) -> Vec<String> {
    let leaked: &'static str = Box::leak(id.to_owned().into_boxed_str());
    check_text(words.lang(), id, words.format(TextId(leaked), args).as_str())
}

fn check_text(lang: Lang, id: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let length = text.encode_utf16().count();
    let limit = match id {
        "bot-about" => 120,
        "bot-description" => 512,
        id if id.starts_with("btn-") => 19,
        id if id.starts_with("cmd-") || id.starts_with("opscmd-") => 60,
        _ => 999,
    };
    if length > limit {
        findings.push(format!("{length} characters: {text}"));
    }
    let (words, tags) = apart(text);
    if !["mail-", "btn-", "cmd-", "opscmd-"].iter().any(|plain| id.starts_with(plain)) {
        findings.extend(check_markup(text, &tags));
    }
    let glyphs: Vec<char> = words.chars().filter(|c| GLYPHS.contains(c)).collect();
    if glyphs.len() > 1 {
        findings.push(format!("glyphs {glyphs:?}"));
    }
    findings.extend(
        words
            .chars()
            .filter(|c| ('\u{1f300}'..='\u{1faff}').contains(c) && !GLYPHS.contains(c))
            .map(|c| format!("emoji {c}")),
    );
    if words.contains(['!', '！']) {
        findings.push("exclamation".to_owned());
    }
    match lang {
        Lang::ZhCn => findings.extend(check_chinese(&words)),
        Lang::En if words.contains('"') => findings.push("straight quotes".to_owned()),
        Lang::En => {}
    }
    findings
}

/// A text's words and its tags.
fn apart(text: &str) -> (String, Vec<&str>) {
    let (mut words, mut tags, mut rest) = (String::new(), Vec::new(), text);
    while let Some(start) = rest.find('<') {
        let Some(end) = rest[start..].find('>') else { break };
        words.push_str(&rest[..start]);
        tags.push(&rest[start..=start + end]);
        rest = &rest[start + end + 1..];
    }
    words.push_str(rest);
    (words, tags)
}

fn check_markup(text: &str, tags: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut open = Vec::new();
    for tag in tags {
        let name = tag.trim_start_matches("</").trim_start_matches('<').trim_end_matches('>');
        let link = name.strip_prefix("a href=\"").is_some_and(|rest| rest.find('"') == Some(rest.len() - 1));
        if tag.starts_with("</") {
            if open.pop() != Some(name) {
                findings.push(format!("{tag} closes nothing"));
            }
        } else if link || ["b", "i", "code", "pre"].contains(&name) {
            open.push(if link { "a" } else { name });
        } else {
            findings.push(format!("tag {tag}"));
        }
    }
    findings.extend(open.iter().map(|name| format!("<{name}> is left open")));
    let known = ["amp;", "lt;", "gt;", "quot;"];
    if text.split('&').skip(1).any(|after| !known.iter().any(|entity| after.starts_with(entity))) {
        findings.push("bare &".to_owned());
    }
    findings
}

fn check_chinese(words: &str) -> Vec<String> {
    let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let half = |c: char| ",;:?!".contains(c);
    let pairs = words.chars().zip(words.chars().skip(1));
    let mut findings: Vec<String> = pairs
        .filter(|&(a, b)| {
            let spaced =
                (han(a) && b.is_ascii_alphanumeric()) || ((a.is_ascii_alphanumeric() || a == '%') && han(b));
            let wide = (han(a) && (half(b) || b == '(')) || ((half(a) || a == ')') && han(b));
            spaced || wide
        })
        .map(|(a, b)| format!("「{a}{b}」"))
        .collect();
    let banned = ["您", "对于", "的话", "成功地", "哦", "呢", "亲", "……"];
    findings
        .extend(banned.iter().filter(|word| words.contains(*word)).map(|word| format!("the word {word}")));
    if words.split("进行").skip(1).any(|after| !after.starts_with('中')) {
        findings.push("the word 进行".to_owned());
    }
    findings
}
