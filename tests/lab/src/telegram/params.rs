//! Arguments of a method call, from JSON, a form, a multipart body or the query string.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::error::ApiError;

/// Largest upload a bot may send.
const MAX_BODY: usize = 50 * 1024 * 1024;

/// A file that came with a call.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// Name given by the sender.
    pub name: String,
    /// Media type given by the sender, else guessed from nothing: `application/octet-stream`.
    pub mime: String,
    /// Content.
    pub bytes: Bytes,
}

/// What a method was called with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    /// Named arguments; forms leave strings, JSON leaves values.
    pub args: Map<String, Value>,
    /// Uploaded parts by name.
    pub files: BTreeMap<String, Upload>,
}

impl Params {
    /// Reads a request of any of the shapes Telegram takes.
    pub(crate) async fn read(request: Request<Incoming>) -> Result<Self, ApiError> {
        let mut params = Self::default();
        if let Some(query) = request.uri().query() {
            params.form(query.as_bytes());
        }
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
        if kind.starts_with("multipart/form-data") {
            params.multipart(request).await?;
            return Ok(params);
        }
        let body = Limited::new(request.into_body(), MAX_BODY)
            .collect()
            .await
            .map_err(|_| ApiError::new(413, "Request Entity Too Large"))?
            .to_bytes();
        if kind.starts_with("application/json") {
            if !body.iter().all(u8::is_ascii_whitespace) {
                match serde_json::from_slice(&body) {
                    Ok(Value::Object(args)) => params.args.extend(args),
                    Ok(_) | Err(_) => {
                        return Err(ApiError::bad("can't parse JSON object"));
                    }
                }
            }
        } else {
            params.form(&body);
        }
        params.args.retain(|_, value| !value.is_null());
        Ok(params)
    }

    fn form(&mut self, bytes: &[u8]) {
        for pair in bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let (name, value) = (halves.next().unwrap_or(b""), halves.next().unwrap_or(b""));
            let decode = |half: &[u8]| {
                let spaced: Vec<u8> = half.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
                percent_decode(&spaced)
            };
            self.args.insert(decode(name), Value::String(decode(value)));
        }
    }

    async fn multipart(&mut self, request: Request<Incoming>) -> Result<(), ApiError> {
        let broken = |_| ApiError::bad("can't parse multipart body");
        let request = request.map(|body| Body::new(Limited::new(body, MAX_BODY)));
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| ApiError::bad("can't parse multipart body"))?;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let mime = part.content_type().unwrap_or("application/octet-stream").to_owned();
            let bytes = part.bytes().await.map_err(|_| ApiError::new(413, "Request Entity Too Large"))?;
            if let Some(file) = file_name {
                self.files.insert(name, Upload { name: file, mime, bytes });
            } else {
                let text = String::from_utf8(bytes.to_vec())
                    .map_err(|_| ApiError::bad("strings must be encoded in UTF-8"))?;
                self.args.insert(name, Value::String(text));
            }
        }
        Ok(())
    }

    /// An argument as text; numbers and booleans too. Empty counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = match self.args.get(name)? {
            Value::String(text) => text.clone(),
            Value::Null => return None,
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                other.to_string()
            }
        };
        (!text.is_empty()).then_some(text)
    }

    /// An argument as a whole number; `None` if absent or no number.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    /// A flag; absent is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "1"))
    }

    /// A structured argument; forms carry it as JSON text.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, ApiError> {
        match self.args.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| ApiError::bad(format!("can't parse {} JSON object", name.replace('_', " ")))),
            Some(other) => Ok(Some(other.clone())),
        }
    }

    /// The file an argument means: an `attach://` reference or a part of the same name.
    pub(crate) fn upload(&self, name: &str) -> Option<&Upload> {
        match self.text(name).as_deref().and_then(|value| value.strip_prefix("attach://")) {
            Some(part) => self.files.get(part),
            None => self.files.get(name),
        }
    }
}

/// Undoes `%20` and the like.
pub(crate) fn percent_decode(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%')
            .then(|| bytes.get(i + 1..i + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[i], hex) {
            (_, Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (byte, None) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
