use super::*;
use figment::providers::Format;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

const EXAMPLE: &str = include_str!("../../deploy/derpshop.example.toml");
const TOKEN: &str = "123456789:AAExampleExampleExampleExampleExampl";

fn file(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Some((Path::new("/etc/x.toml"), text)), Vec::new())
}

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn problems<T: fmt::Debug>(result: Result<T, ConfigError>) -> Vec<String> {
    match result.unwrap_err() {
        ConfigError::Invalid { problems } => problems.iter().map(ToString::to_string).collect(),
        ConfigError::Read { path, source } => panic!("{}: {source}", path.display()),
    }
}

/// The example with every `#key = ` line in force.
fn example_uncommented() -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn leaves(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
    match value.as_object() {
        Some(map) => {
            let joined = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            map.iter().for_each(|(key, value)| leaves(value, &joined(key), found));
        }
        None => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn the_example_parses_as_shipped_and_shows_the_defaults() {
    let shipped = Settings::parse(Some((Path::new("example"), EXAMPLE)), Vec::new()).unwrap();
    let mut shown = example_uncommented();
    for required in [
        "public_url",
        "url",
        "terms_url",
        "admission_url",
        "own_addresses",
        "webhook_secret",
        "bin_dir",
        "token_file",
        "password_file",
    ] {
        shown = shown
            .lines()
            .filter(|line| !line.starts_with(&format!("{required} = ")))
            .collect::<Vec<_>>()
            .join("\n");
    }
    let shown = Config::parse(Some((Path::new("example"), &shown)), Vec::new()).unwrap();
    let without_names = |settings: &Settings| {
        let mut settings = settings.clone();
        settings.shop.name = shipped.shop.name.clone();
        settings.shop.vantage = shipped.shop.vantage.clone();
        settings.telegram.bot_id = None;
        format!("{settings:?}")
    };
    assert_eq!(without_names(&shipped), without_names(&shown.settings));
    let defaults = file("").unwrap();
    assert_eq!(format!("{:?}", defaults.backup), format!("{:?}", shown.backup));
    assert_eq!(shown.smtp.unwrap().port, 587);
    assert_eq!(shown.settings.shop.name.en, "DERP Shop");
}

#[test]
fn the_example_lists_every_key_and_no_other() {
    let image = BTreeMap::from([("amd64".to_owned(), raw::Image::default())]);
    let name = BTreeMap::from([("zh-CN".to_owned(), String::new()), ("en".to_owned(), String::new())]);
    let relay = raw::Relay { images: image, ..Default::default() };
    let shop = raw::Shop { vantage: name.clone(), name, ..Default::default() };
    let all = serde_json::to_value(raw::Raw { shop, relay, ..Default::default() }).unwrap();
    let (mut known, mut listed) = (BTreeSet::new(), BTreeSet::new());
    leaves(&all, "", &mut known);
    let text = example_uncommented();
    let parsed: serde_json::Value =
        figment::Figment::from(figment::providers::Toml::string(&text)).extract().unwrap();
    leaves(&parsed, "", &mut listed);
    assert_eq!(known, listed);
}

#[test]
fn nothing_at_all_is_a_valid_configuration() {
    let config = file("").unwrap();
    assert!(config.telegram_token.is_none() && config.smtp.is_none());
    assert_eq!(config.settings.keyring_dir, Path::new("/var/lib/derpshop/keyring"));
    assert_eq!(config.settings.relay.ports, PortRange::DEFAULT);
    assert_eq!(config.settings.telegram.mode, TelegramMode::Polling);
}

#[test]
fn the_environment_wins_and_gives_every_kind_of_value() {
    let text = "data_dir = '/a'\n[smtp]\nhost = 'file'\nfrom = 'a@example.org'\n[limits]\njobs = 3";
    let vars = env(&[
        ("DERPSHOP_SMTP__HOST", "env"),
        ("DERPSHOP_SMTP__USER", "u"),
        ("DERPSHOP_SMTP__PASSWORD", "0123"),
        ("DERPSHOP_SMTP__PORT", "2525"),
        ("DERPSHOP_SHOP__NAME__ZH_CN", "x"),
        ("DERPSHOP_HTTP__LISTEN", "[::1]:99"),
        ("DERPSHOP_LIMITS__JOBS", "5"),
        ("DERPSHOP_TELEGRAM__MODE", ""),
        ("TELEGRAM_TOKEN", TOKEN),
        ("DATABASE_URL", "postgres://usual/name"),
        ("DERPSHOP_DATABASE__URL", "postgres://ours/name"),
        ("PATH", "/bin"),
    ]);
    let config = Config::parse(Some((Path::new("x"), text)), vars).unwrap();
    let smtp = config.smtp.unwrap();
    assert_eq!((smtp.host.as_str(), smtp.port), ("env", 2525));
    assert_eq!(smtp.credentials.unwrap().1.expose_secret(), "0123", "digits stay text");
    assert_eq!(config.settings.shop.name, Title { zh_cn: "x".into(), en: "x".into() });
    assert_eq!(config.settings.http.listen.port(), 99);
    assert_eq!(config.settings.limits.jobs.get(), 5);
    assert_eq!(config.settings.database.url.unwrap().expose_secret(), "postgres://ours/name");
    assert_eq!(config.settings.telegram.bot_id, Some(123_456_789));
    assert_eq!(config.telegram_token.unwrap().expose_secret(), TOKEN);
}

#[test]
fn every_mistake_is_named_with_key_and_place() {
    let text = "
        public_url = 'ftp://x'
        data_dir = 'relative'
        [telegram]
        token = 'no-colon'
        mode = 'webhok'
        [smtp]
        host = 'x'
        tls = 'ssl'
        user = 'u'
        from = 'nobody'
        [http]
        metrics = '0.0.0.0:1'
        [shop]
        time_zone = 'Asia/Beijing'
        language = 'fr'
        [shop.vantage]
        fr = 'x'
        en = ''
        [relay]
        ports = '80-90'
        own_addresses = 'localhost'
        [relay.images.mips]
        ids = 'sha256:abc'
        [limits]
        jobs = 0
        [log]
        filter = 'a=b=c'
        ";
    let vars = env(&[("DERPSHOP_DATABASE__URL", "mysql://x:hunter2@y/z")]);
    insta::assert_snapshot!(problems(Config::parse(Some((Path::new("/etc/x.toml"), text)), vars)).join("\n"), @r#"
    data_dir (/etc/x.toml) should be a path that starts with /
    public_url (/etc/x.toml) should be an http:// or https:// address without user, query or fragment
    log.filter (/etc/x.toml) should be directives such as `info,derpshop=debug`
    database.url (environment variable DERPSHOP_DATABASE__URL) should be a postgres:// address
    telegram.token (/etc/x.toml) should look like 123456789:AA..., as @BotFather gives it
    telegram.mode (/etc/x.toml) should be one of "polling", "webhook"
    http.metrics (/etc/x.toml) should be a loopback address: figures are not for the outside
    shop.vantage.en (/etc/x.toml) should not be empty
    shop.vantage.fr (/etc/x.toml) is for a language that we don't speak
    shop.language (/etc/x.toml) should be one of "zh-CN", "en"
    shop.time_zone (/etc/x.toml) should be an IANA time zone such as Asia/Shanghai
    relay.images.mips (/etc/x.toml) is for an unknown architecture; there are amd64 and arm64
    relay.images.mips (/etc/x.toml) needs a reference NAME:TAG and ids, each `sha256:` and 64 hex digits
    relay.images.mips.archive should be the file that `docker save` made
    relay.ports (/etc/x.toml) should be two ports above 1023 with a dash, such as 20000-29999
    relay.own_addresses (/etc/x.toml) should be IP addresses with commas between them
    limits.jobs (/etc/x.toml) should be more than 0
    smtp.tls (/etc/x.toml) should be one of "implicit", "starttls", "none"
    smtp.password is missing, while smtp.user is set
    smtp.from (/etc/x.toml) should be an address such as `DERP Shop <shop@example.org>`
    "#);
}

#[test]
fn unknown_keys_and_wrong_types_are_named() {
    assert_eq!(
        problems(file("[smtp]\nhots = 'x'")),
        [
            "smtp.hots (/etc/x.toml) is no setting; here there are: host, port, tls, user, password, password_file, from"
        ]
    );
    assert_eq!(
        problems(file("[smtp]\nport = 'many'")),
        ["smtp.port (/etc/x.toml) invalid digit found in string"]
    );
    assert_eq!(problems(file("[smtp]\nport = 70000")), ["smtp.port (/etc/x.toml) is not a number in range"]);
    let vars = env(&[("DERPSHOP_SMPT__HOST", "x")]);
    let found = problems(Config::parse(None, vars));
    assert!(
        found[0].starts_with("smpt (environment variable DERPSHOP_SMPT__HOST) is no setting"),
        "{found:?}"
    );
}

#[test]
fn no_error_repeats_a_secret() {
    for text in [
        "[telegram]\ntoken = 123456789:hunter2",
        "[telegram]\ntoken = 'hunter2'",
        "[telegram]\ntoken = ['hunter2']",
        "[smtp]\npassword = 7247",
        "[smtp]\nhost = 'x'\npassword = 'hunter2'\nfrom = ''",
        "[telegram]\nwebhook_secret = 'hunter2!'",
        "[database]\nurl = 'hunter2'",
    ] {
        let found = problems(file(text)).join("\n");
        assert!(!found.contains("hunter2") && !found.contains("7247"), "{text}: {found}");
        assert!(found.contains("/etc/x.toml"), "{found}");
    }
    let shown = format!("{:?}", file(&format!("[telegram]\ntoken = '{TOKEN}'")).unwrap());
    assert!(!shown.contains("AAExample"), "{shown}");
}

#[test]
fn secrets_can_stand_in_files() {
    let path = std::env::temp_dir().join(format!("derpshop-config-{}", std::process::id()));
    std::fs::write(&path, format!("{TOKEN}\n")).unwrap();
    let text = format!("[telegram]\ntoken_file = '{}'", path.display());
    let config = file(&text).unwrap();
    assert_eq!(config.telegram_token.unwrap().expose_secret(), TOKEN);
    assert_eq!(config.settings.telegram.bot_id, Some(123_456_789));
    std::fs::write(&path, "\n").unwrap();
    assert_eq!(problems(file(&text)), ["telegram.token_file (/etc/x.toml) names an empty file"]);
    std::fs::remove_file(&path).unwrap();
    assert!(problems(file(&text))[0].contains("can't be read"));
    // The webhook doesn't open it.
    assert!(Settings::parse(Some((Path::new("x"), &text)), Vec::new()).is_ok());
}

#[test]
fn the_webhook_keeps_no_token() {
    let text = format!("[telegram]\ntoken = '{TOKEN}'\n[smtp]\npassword = 'hunter2'");
    let settings = Settings::parse(Some((Path::new("x"), &text)), Vec::new()).unwrap();
    assert_eq!(settings.telegram.bot_id, Some(123_456_789));
    let text = "[telegram]\nbot_id = 5";
    assert_eq!(Settings::parse(Some((Path::new("x"), text)), Vec::new()).unwrap().telegram.bot_id, Some(5));
    let text = format!("[telegram]\nbot_id = 5\ntoken = '{TOKEN}'");
    assert_eq!(
        problems(file(&text)),
        ["telegram.bot_id (/etc/x.toml) is not the number that the token begins with"]
    );
}

#[test]
fn webhook_mode_needs_a_public_address() {
    assert_eq!(problems(file("[telegram]\nmode = 'webhook'")).len(), 1);
    let config = file("public_url = 'https://shop.example.org/a/'\n[telegram]\nmode = 'webhook'").unwrap();
    assert_eq!(config.settings.public_url.unwrap().as_str(), "https://shop.example.org/a");
}

#[test]
fn a_file_that_was_named_must_exist() {
    let missing = Config::load(Some(Path::new("/nonexistent/derpshop.toml"))).unwrap_err();
    assert!(matches!(missing, ConfigError::Read { .. }), "{missing}");
}
