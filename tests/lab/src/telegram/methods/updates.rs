//! Choosing how updates are delivered. `getUpdates` itself waits, so it is not here but in the server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::telegram::error::ApiError;
use crate::telegram::model::{AllowedUpdates, Webhook};
use crate::telegram::params::Params;
use crate::telegram::world::World;

/// Takes over `allowed_updates` if given; an empty list means the default.
pub(crate) fn set_allowed(world: &mut World, params: &Params) -> Result<(), ApiError> {
    if let Some(list) = params.json("allowed_updates")? {
        let list: Vec<String> = serde_json::from_value(list)
            .map_err(|_| ApiError::bad("can't parse allowed updates JSON object"))?;
        world.updates.allowed = list.into_iter().collect::<AllowedUpdates>();
    }
    Ok(())
}

pub(super) fn set_webhook(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let Some(url) = params.text("url") else { return Ok(delete_webhook(world, params)) };
    check_webhook_url(&url).map_err(|why| ApiError::bad(format!("bad webhook: {why}")))?;
    let secret = params.text("secret_token");
    if let Some(secret) = &secret {
        if secret.len() > 256 {
            return Err(ApiError::bad("secret token is too long"));
        }
        if !secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(ApiError::bad("secret token contains unallowed characters"));
        }
    }
    set_allowed(world, params)?;
    if params.flag("drop_pending_updates") {
        world.updates.clear();
    }
    let connections = params.int("max_connections").unwrap_or(40).clamp(1, 100);
    world.updates.webhook = Some(Webhook {
        url,
        secret,
        max_connections: usize::try_from(connections).unwrap_or(40),
        last_error: None,
    });
    world.updates.generation += 1;
    Ok(true.into())
}

pub(super) fn delete_webhook(world: &mut World, params: &Params) -> Value {
    if params.flag("drop_pending_updates") {
        world.updates.clear();
    }
    world.updates.webhook = None;
    true.into()
}

pub(super) fn webhook_info(world: &mut World) -> Value {
    let mut info = json!({
        "url": "", "has_custom_certificate": false, "pending_update_count": world.updates.pending.len(),
    });
    if let Some(webhook) = &world.updates.webhook {
        info["url"] = webhook.url.as_str().into();
        info["max_connections"] = webhook.max_connections.into();
        info["ip_address"] = "127.0.0.1".into();
        if let Some((when, what)) = &webhook.last_error {
            info["last_error_date"] = (*when).into();
            info["last_error_message"] = what.as_str().into();
        }
    }
    if !world.updates.allowed.is_empty() {
        info["allowed_updates"] =
            world.updates.allowed.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    }
    info
}

/// Telegram asks for HTTPS on four ports; plain HTTP is let through to this machine only, as a Bot API
/// server in local mode would.
fn check_webhook_url(url: &str) -> Result<(), &'static str> {
    let parsed: hyper::Uri = url.parse().map_err(|_| "invalid webhook URL specified")?;
    let host = parsed.host().ok_or("invalid webhook URL specified")?;
    let local = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    match parsed.scheme_str() {
        Some("http") if local => Ok(()),
        Some("https") if matches!(parsed.port_u16().unwrap_or(443), 443 | 80 | 88 | 8443) => Ok(()),
        Some("https") => Err("Webhook can be set up only on ports 80, 88, 443 or 8443"),
        Some(_) | None => Err("An HTTPS URL must be provided for webhook"),
    }
}
