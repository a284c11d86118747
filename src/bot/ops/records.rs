//! Records: who did what, page by page.

use std::collections::HashMap;

use serde_json::Value;

use super::desk::{Answer, Desk, Said};
use super::spec::Spec;
use crate::account::store::{self as accounts, By};
use crate::audit::Status;
use crate::audit::store::{self as store, Filter, Record};
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::i18n::{Html, args, t};
use crate::types::{ServerId, UserId};

/// Records on a page.
const PAGE: usize = 15;
/// How much of a record's details is shown.
const DETAILS: usize = 160;

/// Shows records, of everybody or of one customer or server.
pub(super) async fn audit(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    match given {
        [] => page(desk, None, None, None).await,
        [word] => {
            // A server's name is no user name; a number alone is a customer's, as everywhere.
            if word.parse::<i64>().is_err()
                && let Ok(reference) = word.parse()
                && let [listed] = &crate::app::admin::servers::find(desk.app(), &reference).await?[..]
            {
                return page(desk, None, Some(listed.server.id), None).await;
            }
            let user = desk.customer(spec, word).await?;
            page(desk, Some(user.id), None, None).await
        }
        _ => Err(Desk::stop(desk.usage(spec))),
    }
}

/// A page of records older than `before`.
pub(super) async fn page(
    desk: &Desk<'_>,
    user: Option<UserId>,
    server: Option<ServerId>,
    before: Option<i64>,
) -> Said {
    let words = desk.words();
    let filter = Filter { user, server, before, ..Filter::default() };
    let Some((rows, older)) = rows(desk, &filter).await? else {
        return Err(Desk::stop(words.get(t("ops-audit-none"))));
    };
    let subject = match (user, server) {
        (Some(user), _) => Some(name(desk, user).await?),
        (None, Some(server)) => Some(format!("#{server}")),
        (None, None) => None,
    };
    let text = match subject {
        Some(subject) => {
            words.format(t("ops-audit-about"), &args().text("subject", subject).html("rows", rows))
        }
        None => words.format(t("ops-audit"), &args().html("rows", rows)),
    };
    let turn = |label, before| press(words.label(label), &Press::OpsAudit { user, server, before });
    let newest = before.map(|_| turn(t("btn-ops-newest"), None));
    let older = older.map(|id| turn(t("btn-ops-older"), Some(id)));
    Ok(Answer::new(text).row(newest.into_iter().chain(older)))
}

/// The rows of a page, and where the next one begins; `None` if there are none.
pub(super) async fn rows(desk: &Desk<'_>, filter: &Filter) -> Said<Option<(Html, Option<i64>)>> {
    let app = desk.app();
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut records = store::list(&app.pool, app.tenant, filter, limit).await?;
    let more = records.len() > PAGE;
    records.truncate(PAGE);
    let Some(last) = records.last().map(|record| record.id) else { return Ok(None) };
    let mut names = HashMap::new();
    for record in &records {
        if let Some(user) = record.user
            && !names.contains_key(&user)
        {
            names.insert(user, name(desk, user).await?);
        }
    }
    let rows = Html::join(records.iter().map(|record| row(desk, record, &names)), "\n");
    Ok(Some((rows, more.then_some(last))))
}

fn row(desk: &Desk<'_>, record: &Record, names: &HashMap<UserId, String>) -> Html {
    let words = desk.words();
    let who = match record.user {
        Some(user) => names.get(&user).cloned().unwrap_or_else(|| user.to_string()),
        None if record.details.get("console").is_some() => words.label(t("ops-record-console")),
        None => words.label(t("ops-record-shop")),
    };
    let status = match record.status {
        Status::Success => "success",
        Status::Failed => "failed",
    };
    words.format(
        t("ops-record-row"),
        &args()
            .text("status", status)
            .text("at", record.at.with_timezone(&desk.zone()).format("%m-%d %H:%M:%S"))
            .text("who", who)
            .text("what", &record.operation)
            .text("details", details(&record.details)),
    )
}

/// `rental_id=102 end=2026-12-24T15:59:59Z`, cut where it is long.
fn details(details: &Value) -> String {
    let Value::Object(fields) = details else { return String::new() };
    let parts =
        fields.iter().filter(|(key, value)| *key != "console" && !value.is_null()).map(|(key, value)| {
            match value {
                Value::String(text) => format!("{key}={text}"),
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_)) => {
                    format!("{key}={other}")
                }
            }
        });
    let text = parts.collect::<Vec<_>>().join(" ");
    if text.chars().count() > DETAILS {
        text.chars().take(DETAILS - 1).chain(['…']).collect()
    } else {
        text
    }
}

pub(super) async fn name(desk: &Desk<'_>, user: UserId) -> Said<String> {
    let app = desk.app();
    let found = accounts::find(&app.pool, app.tenant, By::Id(user)).await?;
    Ok(found.map_or_else(|| format!("#{user}"), |user| user.username.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_one_short_line() {
        let value = serde_json::json!({"console": true, "count": 3, "end": null, "to": "active"});
        assert_eq!(details(&value), "count=3 to=active");
        let long = serde_json::json!({ "x": "y".repeat(500) });
        assert_eq!(details(&long).chars().count(), DETAILS);
    }
}
