//! What Docker Engine's answers mean.

use std::error::Error as StdError;
use std::net::SocketAddr;

use bollard::errors::Error;

use crate::fleet::found::DockerId;
use crate::fleet::host::{HostError, cause};

use super::ANSWER_LIMIT;
use super::dial::DialError;

/// How much of Docker's words is kept.
const MESSAGE_LIMIT: usize = 500;

/// The HTTP status of a refusal.
pub(super) fn status(error: &Error) -> Option<u16> {
    if let Error::DockerResponseServerError { status_code, .. } = error { Some(*status_code) } else { None }
}

/// Whether a start failed since the port has another holder. Docker has no status for it, only words: its own
/// bookkeeping says the first, the kernel the second.
pub(super) fn is_port_conflict(error: &Error) -> bool {
    if let Error::DockerResponseServerError { status_code: 500, message } = error {
        message.contains("port is already allocated") || message.contains("address already in use")
    } else {
        false
    }
}

/// The meaning of an error in a request about one container.
pub(super) fn about(error: Error, id: &DockerId, address: SocketAddr) -> HostError {
    if status(&error) == Some(404) {
        return HostError::NotFound { container: id.clone() };
    }
    general(error, address)
}

/// The meaning of any other error.
pub(super) fn general(error: Error, address: SocketAddr) -> HostError {
    if let Some(refused) = dial_error(&error) {
        return refused.0.clone();
    }
    if let Error::DockerResponseServerError { status_code, message } = &error {
        return HostError::Engine { status: *status_code, message: cut(message) };
    }
    // Both come within a stream or a body, after the status.
    if let Error::DockerStreamError { error: message } | Error::JsonDataError { message, .. } = &error {
        return HostError::Engine { status: 0, message: cut(message) };
    }
    if let Error::RequestTimeoutError = error {
        return HostError::Timeout { what: "a request to Docker Engine", limit: ANSWER_LIMIT };
    }
    HostError::Lost { address, source: cause(error) }
}

/// The failure to reach the socket, from under hyper's and bollard's wrappings.
fn dial_error(error: &Error) -> Option<&DialError> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(e) = next {
        if let Some(found) = e.downcast_ref::<DialError>() {
            return Some(found);
        }
        next = e.source();
    }
    None
}

fn cut(message: &str) -> String {
    message.trim().chars().take(MESSAGE_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status_code: u16, message: &str) -> Error {
        Error::DockerResponseServerError { status_code, message: message.to_owned() }
    }

    #[test]
    fn port_conflicts_are_known_by_their_words() {
        for message in [
            "driver failed programming external connectivity on endpoint x (0a): Bind for 0.0.0.0:20001 failed: port \
             is already allocated",
            "driver failed programming external connectivity on endpoint x (0a): Error starting userland proxy: listen \
             tcp4 0.0.0.0:20001: bind: address already in use",
            "failed to set up container networking: driver failed programming external connectivity on endpoint x: \
             failed to bind host port 0.0.0.0:20001/tcp: address already in use",
        ] {
            assert!(is_port_conflict(&refusal(500, message)));
        }
        assert!(!is_port_conflict(&refusal(500, "OCI runtime create failed")));
        assert!(!is_port_conflict(&refusal(404, "port is already allocated")));
    }

    #[test]
    fn long_messages_are_cut() {
        let HostError::Engine { message, .. } =
            general(refusal(500, &"x".repeat(9000)), ([127, 0, 0, 1], 22).into())
        else {
            panic!("an engine error")
        };
        assert_eq!(message.len(), 500);
    }
}
