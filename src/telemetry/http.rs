//! A number for each HTTP request, in its log lines and in its answer.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::HeaderName;
use tower::ServiceBuilder;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::Span;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request of `router` an id: a field `id` of the span around its handling, and `x-request-id` of the
/// answer, for customers to quote.
///
/// The span names the route, never the path: a path can hold an admission token or an ACL code. An id that the
/// request brought along is thrown away, since anybody can write one.
pub fn with_request_ids<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(
        ServiceBuilder::new()
            .map_request(without_foreign_id)
            .layer(SetRequestIdLayer::new(HEADER, MakeRequestUuid))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(PropagateRequestIdLayer::new(HEADER)),
    )
}

fn without_foreign_id(mut request: Request) -> Request {
    request.headers_mut().remove(HEADER);
    request
}

fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str);
    tracing::info_span!("http", method = %request.method(), route, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    #[tokio::test]
    async fn an_answer_carries_an_id_of_ours() {
        let app = with_request_ids(Router::new().route("/acl/{code}", get(|| async { "x" })));
        let request =
            |id: &str| Request::get("/acl/secret").header("x-request-id", id).body(Body::empty()).unwrap();
        let first = app.clone().oneshot(request("forged")).await.unwrap();
        let second = app.oneshot(request("forged")).await.unwrap();
        let id = |answer: &axum::response::Response| answer.headers()[HEADER].to_str().unwrap().to_owned();
        assert_ne!(id(&first), "forged");
        assert_ne!(id(&first), id(&second));
    }

    #[test]
    fn the_span_names_the_route_and_not_the_path() {
        let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        tracing::subscriber::with_default(subscriber, || {
            let request = Request::get("/acl/secret").body(Body::empty()).unwrap();
            let fields: Vec<_> =
                span(&request).metadata().unwrap().fields().iter().map(|f| f.name()).collect();
            assert_eq!(fields, ["method", "route", "id"]);
        });
    }
}
