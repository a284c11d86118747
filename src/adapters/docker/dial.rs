//! HTTP over wires that somebody else dials: bollard's transport, with idle connections kept for the next request.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use futures::future::BoxFuture;
use hyper::Uri;
use hyper::header::{HOST, HeaderValue};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::fleet::host::HostError;

/// Why no wire to the socket could be had.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no way to the Docker socket")]
pub struct DialError(#[source] pub HostError);

/// Makes wires to a Docker socket.
pub trait Dial: Clone + Send + Sync + 'static {
    /// One more wire.
    fn dial(&self) -> BoxFuture<'static, Result<Wire, DialError>>;
    /// How many idle wires may be kept.
    fn keep(&self) -> usize;
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// An open wire, with whatever must live as long as it.
pub struct Wire(Box<dyn Io>);

impl Wire {
    /// Wraps an open stream.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Box::new(stream))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

#[derive(Clone)]
struct Connector<D>(D);

impl<D: Dial> tower::Service<Uri> for Connector<D> {
    type Response = TokioIo<Wire>;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<TokioIo<Wire>, DialError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let wire = self.0.dial();
        Box::pin(async move { wire.await.map(TokioIo::new) })
    }
}

/// How long an idle wire is kept.
const IDLE: Duration = Duration::from_secs(30);

/// A client for the engine behind `dial`, its API version not yet agreed.
pub(super) fn client(dial: impl Dial, answer_limit: Duration) -> Result<Docker, bollard::errors::Error> {
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(dial.keep())
        .build(Connector(dial));
    let transport = move |mut request: BollardRequest| {
        let client = client.clone();
        async move {
            request.headers_mut().insert(HOST, HeaderValue::from_static("docker"));
            Ok(client.request(request).await?)
        }
    };
    Docker::connect_with_custom_transport(
        transport,
        Some("http://docker"),
        answer_limit.as_secs(),
        API_DEFAULT_VERSION,
    )
}
