//! Serials and plans: batches made and given out, serials looked up, plans listed.

use super::args as given_words;
use super::desk::{Answer, Desk, Said};
use super::spec::Spec;
use crate::app::admin::serials::{self, Batch, Looked, MOST, MOST_DAYS, Refused, Worth};
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::i18n::{Html, args, format, t};
use crate::notify::{Attachment, Button, Outgoing, SendError};
use crate::plan::store as plan_store;
use crate::plan::{Billing, Plan};
use crate::serial::{NotASerial, SerialCode, SerialState};
use crate::types::{BatchId, Redundancy};

/// Makes a batch and gives its file to whoever asked, in private.
pub(super) async fn generate(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let (words, app) = (desk.words(), desk.app());
    let [worth, count] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let Some(many) = given_words::number(count, 1, MOST) else {
        return Err(desk.wrong_number(spec, count, 1, MOST));
    };
    let worth = if worth.bytes().all(|b| b.is_ascii_digit()) {
        let days = given_words::number(worth, 1, MOST_DAYS);
        Worth::Days(days.ok_or_else(|| desk.wrong_number(spec, worth, 1, MOST_DAYS))?)
    } else {
        Worth::Plan(worth.clone())
    };
    // A command that comes twice makes one batch.
    let message = desk.ctx.message.map_or_else(String::new, |message| message.0.to_string());
    let request = format!("chat:{}:{message}", desk.ctx.chat.id);
    let made = serials::generate(app, &desk.admin, &worth, many, Some(&request)).await?;
    let batch = match made {
        Ok(batch) => batch,
        Err(Refused::NoPlan { known }) => {
            let Worth::Plan(name) = &worth else { return Err(Desk::stop(desk.usage(spec))) };
            return Err(desk.wrong(spec, desk.unknown(t("ops-wrong-plan"), name, &known)));
        }
        Err(Refused::NoDays) => {
            let Worth::Days(days) = worth else { return Err(Desk::stop(desk.usage(spec))) };
            let text = words.format(t("ops-serial-no-plan"), &args().number("days", days));
            return Err(Desk::stop(text));
        }
        Err(Refused::Hourly { plan }) => {
            let values = args().text("plan", plan.get(desk.ctx.lang));
            return Err(Desk::stop(words.format(t("ops-serial-hourly"), &values)));
        }
    };
    deliver(desk, &batch).await
}

/// Sends a batch's file again, by the button.
pub(super) async fn resend(desk: &Desk<'_>, id: BatchId) -> Said {
    let Some(batch) = serials::batch(desk.app(), id).await? else {
        return Err(Desk::stop(desk.words().get(t("error-not-found"))));
    };
    deliver(desk, &batch).await
}

/// Sends a batch's file to whoever asks, in private: serials are bearer money, and a group has many eyes.
async fn deliver(desk: &Desk<'_>, batch: &Batch) -> Said {
    let words = desk.words();
    let plan = plan_name(desk, batch);
    let bot = desk.ctx.telegram.user_name().await?;
    let codes = serials::codes(desk.app(), &desk.admin, batch.id).await?;
    let mut file = String::from("serial,link\n");
    for (code, payload) in &codes {
        file.push_str(code);
        file.push_str(",https://t.me/");
        file.push_str(&bot);
        file.push_str("?start=");
        file.push_str(payload);
        file.push('\n');
    }
    let values = || args().text("batch", batch.id).text("plan", &plan);
    let caption = words.format(t("ops-serial-file"), &values().number("count", batch.count));
    let name = format!("serials-{}-{}d-{}.csv", batch.id, batch.days, batch.count);
    let letter = Outgoing::text(caption).attach(Attachment::Document { name, content: file.into() });
    match desk.ctx.send_in_private(letter).await {
        Ok(_) => {
            let values = values().text("count", batch.count).text("who", &desk.ctx.sender.name);
            Ok(Answer::new(words.format(t("ops-serial-done"), &values)))
        }
        Err(SendError::Blocked(_)) => {
            let waiting = words.format(t("ops-serial-waiting"), &values().text("count", batch.count));
            let text = Html::join([waiting, words.get(t("ops-open-me"))], "\n");
            Ok(Answer::new(text).row([
                Button::open(words.label(t("btn-ops-open")), format!("https://t.me/{bot}?start=ops")),
                press(words.label(t("btn-ops-resend")), &Press::OpsBatch { batch: batch.id }),
            ]))
        }
        Err(error) => Err(error.into()),
    }
}

/// A plan's name, with the days where they are not the plan's own words.
fn plan_name(desk: &Desk<'_>, batch: &Batch) -> String {
    let days = desk.words().plain(t("ops-plans-days"), &args().number("days", batch.days));
    let name = batch.plan.get(desk.ctx.lang);
    if name.contains(&batch.days.to_string()) { name.to_owned() } else { format!("{name} · {days}") }
}

/// Looks a serial up.
pub(super) async fn serial(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let words = desk.words();
    let text = given.join(" ");
    let code = match SerialCode::find(&text) {
        Ok(code) => code,
        Err(why) => {
            let id = match why {
                NotASerial::Shape => t("ops-wrong-serial"),
                NotASerial::Typo => t("ops-wrong-serial-check"),
            };
            return Err(desk.wrong(spec, words.format(id, &args().text("given", text))));
        }
    };
    let Some(looked) = serials::look(desk.app(), &desk.admin, &code).await? else {
        return Err(Desk::stop(words.get(t("ops-serial-unknown"))));
    };
    let state = words.plain(t("ops-serial-state"), &args().text("state", state_code(&looked)));
    Ok(Answer::new(
        words.format(
            t("ops-serial"),
            &args()
                .text("code", &looked.serial.masked)
                .text("state", state)
                .text("plan", looked.plan.get(desk.ctx.lang))
                .number("days", looked.serial.days)
                .text("batch", looked.serial.batch)
                .html("use", used(desk, &looked)),
        ),
    ))
}

const fn state_code(looked: &Looked) -> &'static str {
    match looked.serial.state {
        SerialState::Unused { .. } if !looked.serial.paid => "unpaid",
        SerialState::Unused { .. } => "unused",
        SerialState::Used { .. } => "used",
        SerialState::Expired { .. } => "expired",
        SerialState::Revoked => "revoked",
    }
}

fn used(desk: &Desk<'_>, looked: &Looked) -> Html {
    let words = desk.words();
    if let Some(used) = &looked.used {
        let relay = used.relay.as_ref().map(|relay| relay.name(desk.ctx.lang));
        return words.format(
            t("ops-serial-used"),
            &args()
                .text("user", &used.user)
                .text("at", desk.moment(used.at))
                .text("relay", relay.unwrap_or_else(|| words.label(t("ops-user-none")))),
        );
    }
    match looked.serial.state {
        SerialState::Unused { redeem_by: Some(at) } => {
            words.format(t("ops-serial-until"), &args().text("at", desk.moment(at)))
        }
        SerialState::Unused { redeem_by: None } => words.get(t("ops-serial-free")),
        SerialState::Used { .. } | SerialState::Expired { .. } | SerialState::Revoked => {
            words.get(t("ops-serial-gone"))
        }
    }
}

/// The list of plans.
pub(super) async fn plans(desk: &Desk<'_>) -> Said {
    let (words, app) = (desk.words(), desk.app());
    let mut db = app.pool.acquire().await?;
    let all = plan_store::list(&mut db, app.tenant).await?;
    if all.is_empty() {
        return Err(Desk::stop(words.get(t("ops-plans-none"))));
    }
    let rows = Html::join(all.iter().map(|plan| plan_row(desk, plan)), "\n");
    Ok(Answer::new(words.format(t("ops-plans"), &args().html("rows", rows))))
}

fn plan_row(desk: &Desk<'_>, plan: &Plan) -> Html {
    let words = desk.words();
    let term = match plan.billing {
        Billing::Prepaid { days } => words.plain(t("ops-plans-days"), &args().number("days", days)),
        Billing::Hourly => words.label(t("ops-plans-hourly")),
    };
    let prices: Vec<String> = plan.prices.iter().map(ToString::to_string).collect();
    let price = if prices.is_empty() { words.label(t("ops-plans-no-price")) } else { prices.join(" / ") };
    let mut marks = String::new();
    if plan.is_default {
        marks += &words.label(t("ops-plans-default"));
    }
    if !plan.visible {
        marks += &words.label(t("ops-plans-hidden"));
    }
    let relays = match plan.terms.redundancy {
        Redundancy::Single => 1,
        Redundancy::Dual => 2,
    };
    let row = words.format(
        t("ops-plans-row"),
        &args()
            .text("name", &plan.name)
            .text("plan", plan.title.get(desk.ctx.lang))
            .text("term", term)
            .text("price", price)
            .text("cap", format::cap(words, plan.terms.traffic_cap))
            .text("devices", plan.terms.device_limit)
            .number("relays", relays),
    );
    Html::join([row, Html::escape(&marks)], "")
}
