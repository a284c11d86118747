//! The HTTP side: requests in, answers out, long polling, and the faults a test asked for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::error::ApiError;
use super::faults::{self, Call, Fault};
use super::methods;
use super::params::{Params, percent_decode};
use super::shared::Shared;

/// Longest wait of `getUpdates`.
const MAX_POLL: i64 = 50;

/// The connection is to close without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection reset on demand")]
struct Reset;

type Answer = Result<Response<Full<Bytes>>, Reset>;

/// Accepts connections until the simulator stops.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let stop = shared.stop.clone();
            let service = service_fn(move |request| handle(Arc::clone(&shared), request));
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                () = stop.cancelled() => {}
                // A client that goes away, or that we cut off, is nothing to report.
                _ = connection => {}
            }
        });
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    let path = percent_decode(request.uri().path().as_bytes());
    if let Some(file) = path.strip_prefix("/file/bot") {
        return Ok(download(&shared, file));
    }
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return Ok(refuse(&ApiError::new(404, "Not Found")));
    };
    if token != shared.options.token {
        let looks_right =
            token.split_once(':').is_some_and(|(id, secret)| id.parse::<u64>().is_ok() && !secret.is_empty());
        let error =
            if looks_right { ApiError::new(401, "Unauthorized") } else { ApiError::new(404, "Not Found") };
        return Ok(refuse(&error));
    }
    let method = method.trim_end_matches('/').to_ascii_lowercase();
    let params = match Params::read(request).await {
        Ok(params) => params,
        Err(error) => return Ok(refuse(&error)),
    };
    answer(&shared, &method, &params).await
}

async fn answer(shared: &Shared, method: &str, params: &Params) -> Answer {
    let fault = shared.quiet(|world| world.faults.take(method));
    let mut lose_answer = false;
    match fault {
        None => {}
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::LostAnswer) => lose_answer = true,
        Some(other) => {
            let code = match &other {
                Fault::TooManyRequests(_) => 429,
                Fault::Error(code, _) | Fault::Server(code) | Fault::HtmlPage(code) => *code,
                Fault::Timeout | Fault::Reset | Fault::LostAnswer | Fault::Slow(_) => 0,
            };
            record(shared, method, params, Err((code, format!("{other:?}"))));
            return broken(shared, other).await;
        }
    }
    let result = if method == "getupdates" {
        get_updates(shared, params).await
    } else {
        shared.with(|world| methods::call(world, &shared.rules, method, params))
    };
    let outcome = result.as_ref().map(|_| ()).map_err(|error| (error.code, error.description.clone()));
    record(shared, method, params, outcome);
    if lose_answer {
        return Err(Reset);
    }
    Ok(match result {
        Ok(result) => json_response(StatusCode::OK, &json!({"ok": true, "result": result})),
        Err(error) => refuse(&error),
    })
}

fn record(shared: &Shared, method: &str, params: &Params, outcome: Result<(), (u16, String)>) {
    let files = params.files.iter().map(|(part, file)| (part.clone(), file.name.clone())).collect();
    shared.with(|world| {
        let call =
            Call { method: method.to_owned(), args: params.args.clone(), files, at: world.now, outcome };
        faults::log(&mut world.calls, call);
    });
}

/// Answers as a fault says.
async fn broken(shared: &Shared, fault: Fault) -> Answer {
    let status = |code: u16| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match fault {
        Fault::TooManyRequests(seconds) => Ok(refuse(&ApiError::too_many(seconds))),
        Fault::Error(code, description) => Ok(refuse(&ApiError::new(code, description))),
        Fault::Server(code) => {
            let reason = status(code).canonical_reason().unwrap_or("Internal Server Error");
            Ok(refuse(&ApiError::new(code, reason)))
        }
        Fault::HtmlPage(code) => {
            let reason = status(code).canonical_reason().unwrap_or("Error");
            let page = format!(
                "<html>\r\n<head><title>{code} {reason}</title></head>\r\n<body>\r\n<center><h1>{code} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
            );
            Ok(response(status(code), "text/html", page.into()))
        }
        Fault::Timeout => {
            shared.stop.cancelled().await;
            Err(Reset)
        }
        Fault::Reset | Fault::LostAnswer | Fault::Slow(_) => Err(Reset),
    }
}

async fn get_updates(shared: &Shared, params: &Params) -> Result<Value, ApiError> {
    let offset = params.int("offset").unwrap_or(0);
    let limit = usize::try_from(params.int("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
    let seconds = params.int("timeout").unwrap_or(0).clamp(0, MAX_POLL);
    let deadline = Instant::now() + Duration::from_secs(seconds.unsigned_abs());
    let mut changes = shared.changes();
    let (batch, generation) = shared.with(|world| {
        if world.updates.webhook.is_some() {
            return Err(ApiError::conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        methods::set_allowed(world, params)?;
        world.updates.expire(world.now);
        let batch = world.updates.fetch(offset, limit);
        if batch.is_empty() && seconds > 0 {
            world.updates.generation += 1;
        }
        Ok((batch, world.updates.generation))
    })?;
    if !batch.is_empty() || seconds == 0 {
        return Ok(batch.into());
    }
    while let Ok(changed) = tokio::time::timeout_at(deadline, changes.changed()).await {
        if changed.is_err() {
            break;
        }
        let batch = shared.quiet(|world| {
            if world.updates.generation == generation {
                return Ok(world.updates.fetch(offset, limit));
            }
            Err(ApiError::conflict(if world.updates.webhook.is_some() {
                "terminated by setWebhook request"
            } else {
                "terminated by other getUpdates request; make sure that only one bot instance is running"
            }))
        })?;
        if !batch.is_empty() {
            return Ok(batch.into());
        }
    }
    Ok(Vec::<Value>::new().into())
}

fn download(shared: &Shared, rest: &str) -> Response<Full<Bytes>> {
    let found =
        rest.split_once('/').filter(|(token, _)| *token == shared.options.token).and_then(|(_, path)| {
            shared.quiet(|world| {
                let file = world.files.values().find(|file| file.path == path)?;
                Some((file.name.clone(), world.bytes.get(&file.id)?.clone()))
            })
        });
    let Some((name, bytes)) = found else {
        return refuse(&ApiError::new(404, "Not Found"));
    };
    let mut answer = response(StatusCode::OK, "application/octet-stream", bytes);
    let ascii: String = name.chars().filter(|c| c.is_ascii_graphic() && *c != '"').collect();
    if let Ok(value) = format!("attachment; filename=\"{ascii}\"").parse() {
        answer.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    answer
}

fn refuse(error: &ApiError) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json_response(status, &error.body())
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    response(status, "application/json", body.to_string().into())
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}

/// Carries out a call that came in the body of a webhook's answer.
pub(crate) fn call_from_webhook(shared: &Shared, body: &[u8]) {
    let Ok(Value::Object(mut args)) = serde_json::from_slice::<Value>(body) else { return };
    let Some(Value::String(method)) = args.remove("method") else { return };
    let method = method.to_ascii_lowercase();
    if method.starts_with("get") || matches!(method.as_str(), "setwebhook" | "deletewebhook") {
        return;
    }
    let params = Params { args, ..Params::default() };
    let result = shared.with(|world| methods::call(world, &shared.rules, &method, &params));
    record(shared, &method, &params, result.map(|_| ()).map_err(|error| (error.code, error.description)));
}
