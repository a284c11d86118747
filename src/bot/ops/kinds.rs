//! Server types: the list, adding, changing.

use super::args as given_words;
use super::desk::{Answer, Desk, Said};
use super::spec::Spec;
use crate::app::admin::kinds::{self, KindEdit};
use crate::bytes::Bytes;
use crate::fleet::server::{ServerBilling, ServerType};
use crate::fleet::store::kinds as store;
use crate::i18n::{Html, args, t};

/// The fields that can be changed, as admins type them.
const FIELDS: [&str; 6] = ["billing", "rate", "cores", "memory", "bandwidth", "traffic"];
/// Words for "no limit" or "unknown".
const NONE: [&str; 4] = ["none", "unlimited", "off", "-"];

/// Shows server types, adds one or changes one.
pub(super) async fn types(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    match given {
        [] => list(desk).await,
        [add, name, billing, rate] if add.eq_ignore_ascii_case("add") => {
            self::add(desk, spec, name, billing, rate).await
        }
        [name, field, value @ ..] if !value.is_empty() && !name.eq_ignore_ascii_case("add") => {
            edit(desk, spec, name, field, &value.join(" ")).await
        }
        _ => Err(Desk::stop(desk.usage(spec))),
    }
}

async fn list(desk: &Desk<'_>) -> Said {
    let all = store::list(&desk.app().pool).await?;
    let rows = Html::join(all.iter().map(|kind| row(desk, kind)), "\n");
    Ok(Answer::new(desk.words().format(t("ops-types"), &args().html("rows", rows))))
}

fn row(desk: &Desk<'_>, kind: &ServerType) -> Html {
    let words = desk.words();
    let mut more = String::new();
    if let Some(cores) = kind.cores {
        more += &words.plain(t("ops-types-cores"), &args().text("cores", cores));
    }
    if let Some(memory) = kind.memory {
        more += &words.plain(t("ops-types-memory"), &args().text("memory", memory));
    }
    if let Some(bits) = kind.bandwidth_bits {
        more += &words.plain(t("ops-types-bandwidth"), &args().text("bandwidth", bandwidth(bits)));
    }
    if let Some(traffic) = kind.monthly_traffic {
        more += &words.plain(t("ops-types-traffic"), &args().text("traffic", traffic));
    }
    let billing = match kind.billing {
        ServerBilling::Hourly => "hourly",
        ServerBilling::Yearly => "yearly",
    };
    words.format(
        t("ops-types-row"),
        &args().text("billing", billing).text("name", &kind.name).text("rate", kind.rate).text("more", more),
    )
}

/// Bits per second as providers write them.
fn bandwidth(bits: u64) -> String {
    if bits >= 1_000_000_000 && bits.is_multiple_of(1_000_000_000) {
        format!("{} Gbps", bits / 1_000_000_000)
    } else {
        format!("{} Mbps", bits / 1_000_000)
    }
}

async fn add(desk: &Desk<'_>, spec: &Spec, name: &str, billing: &str, rate: &str) -> Said {
    let words = desk.words();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 50 || !name.chars().all(plain) {
        return Err(wrong(desk, spec, "name", name));
    }
    let billing = read_billing(billing).ok_or_else(|| wrong(desk, spec, "billing", billing))?;
    let rate = rate.parse().map_err(|_| wrong(desk, spec, "rate", rate))?;
    let made = kinds::add(desk.app(), &desk.admin, name, billing, rate).await?;
    let id = if made.is_some() { t("ops-type-added") } else { t("ops-type-exists") };
    Ok(Answer::new(words.format(id, &args().text("name", name))))
}

async fn edit(desk: &Desk<'_>, spec: &Spec, name: &str, field: &str, value: &str) -> Said {
    let (words, app) = (desk.words(), desk.app());
    let change = read(desk, spec, &field.to_ascii_lowercase(), value)?;
    let Some(kind) = kinds::edit(app, &desk.admin, name, change).await? else {
        let known: Vec<String> = store::list(&app.pool).await?.into_iter().map(|kind| kind.name).collect();
        return Err(desk.wrong(spec, desk.unknown(t("ops-wrong-type"), name, &known)));
    };
    let values = args().text("name", &kind.name).html("row", row(desk, &kind));
    Ok(Answer::new(words.format(t("ops-type-edited"), &values)))
}

fn read(desk: &Desk<'_>, spec: &Spec, field: &str, value: &str) -> Said<KindEdit> {
    let not = || wrong(desk, spec, field, value);
    let none = is_none(value);
    Ok(match field {
        "billing" => KindEdit::Billing(read_billing(value).ok_or_else(not)?),
        "rate" => KindEdit::Rate(value.parse().map_err(|_| not())?),
        "cores" if none => KindEdit::Cores(None),
        "cores" => KindEdit::Cores(Some(given_words::number(value, 1, 1024).ok_or_else(not)?)),
        "memory" if none => KindEdit::Memory(None),
        "memory" => KindEdit::Memory(Some(amount(value).ok_or_else(not)?)),
        "bandwidth" if none => KindEdit::Bandwidth(None),
        "bandwidth" => KindEdit::Bandwidth(Some(read_bandwidth(value).ok_or_else(not)?)),
        "traffic" if none => KindEdit::MonthlyTraffic(None),
        "traffic" => KindEdit::MonthlyTraffic(Some(amount(value).ok_or_else(not)?)),
        other => {
            let known = FIELDS.map(str::to_owned);
            return Err(desk.wrong(spec, desk.unknown(t("ops-wrong-field"), other, &known)));
        }
    })
}

fn wrong(desk: &Desk<'_>, spec: &Spec, field: &str, given: &str) -> super::desk::Stop {
    let values = args().text("given", given).text("field", field);
    desk.wrong(spec, desk.words().format(t("ops-wrong-value"), &values))
}

fn read_billing(text: &str) -> Option<ServerBilling> {
    match text.to_ascii_lowercase().as_str() {
        "yearly" => Some(ServerBilling::Yearly),
        "hourly" => Some(ServerBilling::Hourly),
        _ => None,
    }
}

/// `30Mbps`, `30 M`, `1Gbps`: the units are those of [`Bytes`], so its reading of them serves.
fn read_bandwidth(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let number = lower.strip_suffix("bps").unwrap_or(&lower);
    amount(number).map(|bytes| bytes.0)
}

/// An amount of data above nothing.
fn amount(text: &str) -> Option<Bytes> {
    text.parse().ok().filter(|bytes: &Bytes| bytes.0 > 0)
}

/// Whether a value takes a limit away.
pub(super) fn is_none(text: &str) -> bool {
    NONE.iter().any(|word| word.eq_ignore_ascii_case(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidth_is_read_as_it_is_written() {
        for (text, bits) in [("30Mbps", 30_000_000), ("30 M", 30_000_000), ("1Gbps", 1_000_000_000)] {
            assert_eq!(read_bandwidth(text), Some(bits), "{text}");
        }
        assert_eq!(read_bandwidth("0M"), None);
        assert_eq!(read_bandwidth("fast"), None);
        assert_eq!((bandwidth(30_000_000), bandwidth(1_000_000_000)), ("30 Mbps".into(), "1 Gbps".into()));
    }
}
