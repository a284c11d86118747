//! A tailnet's ACL under its code: a page to copy from, the file, and what headscale fetches.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use derpshop::app::door::pages::{self, Page};
use derpshop::derp::policy;
use derpshop::i18n::{self, args, t};
use derpshop::types::Lang;

use crate::door::Door;

/// The page; what stands in double braces comes from the texts.
const PAGE: &str = include_str!("../pages/acl.html");
const MISSING: &str = include_str!("../pages/missing.html");

pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new().route("/acl/{code}", get(acl)).route("/derpmap/{code}", get(derp_map))
}

/// `/acl/{code}` is the page, `/acl/{code}.json` the file.
async fn acl(State(door): State<Arc<Door>>, Path(code): Path<String>) -> Response {
    match code.strip_suffix(".json") {
        Some(code) => match find(&door, code).await {
            Ok(page) => file(&page),
            Err(status) => status.into_response(),
        },
        None => match find(&door, &code).await {
            Ok(page) => shown(html(&door, &page, &code)),
            Err(StatusCode::NOT_FOUND) => (StatusCode::NOT_FOUND, shown(missing(&door))).into_response(),
            Err(status) => status.into_response(),
        },
    }
}

/// JSON, or YAML under `/derpmap/{code}.yaml`.
async fn derp_map(State(door): State<Arc<Door>>, Path(code): Path<String>) -> Response {
    let (code, yaml) = match code.strip_suffix(".yaml") {
        Some(code) => (code, true),
        None => (code.strip_suffix(".json").unwrap_or(&code), false),
    };
    let page = match find(&door, code).await {
        Ok(page) => page,
        Err(status) => return status.into_response(),
    };
    let (kind, body) = if yaml {
        ("application/yaml", policy::headscale_yaml(&page.acl.map))
    } else {
        ("application/json", policy::headscale_json(&page.acl.map))
    };
    ([(header::CONTENT_TYPE, kind)], secret_headers(), body).into_response()
}

async fn find(door: &Door, code: &str) -> Result<Page, StatusCode> {
    match pages::behind(&door.core, code).await {
        Ok(Some(page)) => Ok(page),
        Ok(None) => Err(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an ACL page could not be read");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn file(page: &Page) -> Response {
    let name = format!("attachment; filename=\"derpmap-v{}.json\"", page.acl.version);
    let mut headers = secret_headers();
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    ([(header::CONTENT_TYPE, "application/json")], headers, policy::json_file(&page.acl.map)).into_response()
}

/// An address with a code in it is a secret: nobody keeps the page, nor learns where the reader came from.
fn secret_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

fn shown(html: String) -> Response {
    let mut headers = secret_headers();
    headers.insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'",
        ),
    );
    (headers, Html(html)).into_response()
}

fn html(door: &Door, page: &Page, code: &str) -> String {
    let words = door.texts.lang(page.lang);
    let version = args().number("version", page.acl.version);
    let escaped = |text: &str| i18n::Html::escape(text).into_string();
    let names: Vec<&str> = page.acl.map.regions.values().flatten().map(|r| r.name.as_str()).collect();
    fill(
        PAGE,
        &[
            ("lang", page.lang.tag()),
            ("shop", &escaped(door.core.shop.name.get(page.lang))),
            ("title", words.format(t("page-acl-title"), &version).as_str()),
            ("contents", &escaped(&names.join(", "))),
            ("how", words.get(t("page-acl-how")).as_str()),
            ("copy", words.get(t("page-acl-copy")).as_str()),
            ("copied", words.get(t("page-acl-copied")).as_str()),
            ("download", words.get(t("btn-acl-file")).as_str()),
            ("keep", words.get(t("acl-keep-default")).as_str()),
            ("secret", words.get(t("page-acl-secret")).as_str()),
            ("code", &escaped(code)),
            ("snippet", &escaped(&policy::snippet(&page.acl.map))),
        ],
    )
}

fn missing(door: &Door) -> String {
    let texts = Lang::ALL.map(|lang| door.texts.lang(lang).get(t("page-acl-missing")).into_string());
    fill(MISSING, &[("texts", &texts.join("</p><p>"))])
}

/// Puts values into a page's double braces; a value's own braces are left alone.
fn fill(page: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(page.len() * 2);
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        out.push_str(values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_once() {
        assert_eq!(fill("a {{x}} b {{y}} {{z}}", &[("x", "{{y}}"), ("y", "2")]), "a {{y}} b 2 ");
    }
}
