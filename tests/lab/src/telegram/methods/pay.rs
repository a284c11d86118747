//! Telegram Stars.

use serde::Deserialize;
use serde_json::Value;

use super::Rules;
use super::send::Target;
use crate::telegram::error::ApiError;
use crate::telegram::keyboard::{Button, Keyboard};
use crate::telegram::model::{Content, Invoice, Sender, Service};
use crate::telegram::params::Params;
use crate::telegram::text::{Formatted, utf16_len};
use crate::telegram::world::World;

/// The bot must agree to a payment within this time.
pub(crate) const CHECKOUT_MS: i64 = 10_000;

#[derive(Deserialize)]
struct Price {
    #[expect(dead_code, reason = "must be there; only the amount counts")]
    label: String,
    amount: i64,
}

fn read_invoice(params: &Params) -> Result<Invoice, ApiError> {
    let need = |name: &str, code: &str, limit: usize| {
        let text = params.text(name).unwrap_or_default();
        let good = !text.is_empty() && utf16_len(&text) <= limit;
        if good { Ok(text) } else { Err(ApiError::bad(code)) }
    };
    let title = need("title", "INVOICE_TITLE_INVALID", 32)?;
    let description = need("description", "INVOICE_DESCRIPTION_INVALID", 255)?;
    let payload = params.text("payload").unwrap_or_default();
    if payload.is_empty() || payload.len() > 128 {
        return Err(ApiError::bad("INVOICE_PAYLOAD_INVALID"));
    }
    let currency = params.text("currency").unwrap_or_default();
    if currency != "XTR" {
        return Err(ApiError::bad("PAYMENT_PROVIDER_INVALID"));
    }
    if params.text("provider_token").is_some() {
        return Err(ApiError::bad("STARS_INVOICE_INVALID"));
    }
    let prices = params.json("prices")?.ok_or_else(|| ApiError::bad("there must be at least one price"))?;
    let prices: Vec<Price> = serde_json::from_value(prices)
        .map_err(|why| ApiError::bad(format!("can't parse labeled price: {why}")))?;
    match prices.as_slice() {
        [price] if (1..=10_000).contains(&price.amount) => {
            Ok(Invoice { title, description, payload, currency, total: price.amount })
        }
        [_] => Err(ApiError::bad("CURRENCY_TOTAL_AMOUNT_INVALID")),
        [] => Err(ApiError::bad("there must be at least one price")),
        _ => Err(ApiError::bad("STARS_INVOICE_INVALID")),
    }
}

pub(super) fn send_invoice(world: &mut World, rules: &Rules, params: &Params) -> Result<Value, ApiError> {
    let invoice = read_invoice(params)?;
    let mut target = Target::read(world, params, true)?;
    let pay = Button { text: format!("Pay ⭐️{}", invoice.total), pay: Some(true), ..Button::default() };
    target.keyboard_or(Keyboard { rows: vec![vec![pay]] });
    target.post(world, rules, Content::Invoice(invoice), Formatted::default())
}

pub(super) fn create_link(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    read_invoice(params)?;
    let id = world.next_id();
    Ok(format!("https://t.me/$lab{id}").into())
}

pub(super) fn answer(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let too_old = || ApiError::bad("query is too old and response timeout expired or query ID is invalid");
    let id: u64 = params.text("pre_checkout_query_id").and_then(|id| id.parse().ok()).ok_or_else(too_old)?;
    let ok = params.flag("ok");
    let why = params.text("error_message");
    if !ok && why.is_none() {
        return Err(ApiError::bad("error message must be non-empty"));
    }
    let now = world.now;
    let checkout = world.checkouts.get_mut(&id).ok_or_else(too_old)?;
    if checkout.answer.is_some() || now - checkout.at > CHECKOUT_MS {
        return Err(too_old());
    }
    checkout.answer = Some(if ok { Ok(()) } else { Err(why.unwrap_or_default()) });
    world.next_seq();
    Ok(true.into())
}

pub(super) fn refund(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let person = params.int("user_id").unwrap_or(0);
    let charge = params.text("telegram_payment_charge_id").unwrap_or_default();
    let payment =
        world.payments.iter_mut().find(|payment| payment.charge == charge && payment.person == person);
    let payment = payment.ok_or_else(|| ApiError::bad("CHARGE_NOT_FOUND"))?;
    if payment.refunded {
        return Err(ApiError::bad("CHARGE_ALREADY_REFUNDED"));
    }
    payment.refunded = true;
    let payment = payment.clone();
    world.post_service(person, Sender::Person(person), None, Service::Refunded(payment));
    Ok(true.into())
}
