//! What a test makes go wrong, and the log of calls it reads afterwards.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Map, Value};

/// Calls kept for tests to read, at most.
const KEPT_CALLS: usize = 100_000;

/// How a call is answered instead of properly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 with this `retry_after` in seconds.
    TooManyRequests(i64),
    /// A Bot API error with this code and description.
    Error(u16, String),
    /// This status with Telegram's JSON body, such as 500 "Internal Server Error".
    Server(u16),
    /// This status with an HTML page of a proxy in between.
    HtmlPage(u16),
    /// No answer at all; the connection stays open until the client gives up.
    Timeout,
    /// The connection closes before an answer.
    Reset,
    /// The call is carried out, but the connection closes before the answer.
    LostAnswer,
    /// The call is carried out after this time.
    Slow(Duration),
}

/// One call of a method.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method as Telegram spells it in lower case, such as `sendmessage`.
    pub method: String,
    /// Its arguments; forms leave strings.
    pub args: Map<String, Value>,
    /// Names of uploaded files by part.
    pub files: Vec<(String, String)>,
    /// Milliseconds since 1970.
    pub at: i64,
    /// `Ok`, or the code and description of the refusal.
    pub outcome: Result<(), (u16, String)>,
}

impl Call {
    /// An argument as text, empty if absent.
    pub fn arg(&self, name: &str) -> String {
        match self.args.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }
}

/// Faults in waiting, by method in lower case; `*` is for any.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: HashMap<String, VecDeque<Fault>>,
}

impl Faults {
    pub(crate) fn add(&mut self, method: &str, times: usize, fault: &Fault) {
        let queue = self.waiting.entry(method.to_ascii_lowercase()).or_default();
        queue.extend(std::iter::repeat_n(fault, times).cloned());
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Takes the next fault meant for this call.
    pub(crate) fn take(&mut self, method: &str) -> Option<Fault> {
        if self.waiting.is_empty() {
            return None;
        }
        let own = self.waiting.get_mut(method).and_then(VecDeque::pop_front);
        own.or_else(|| self.waiting.get_mut("*").and_then(VecDeque::pop_front))
    }
}

/// Adds to the log, forgetting the oldest.
pub(crate) fn log(calls: &mut VecDeque<Call>, call: Call) {
    if calls.len() == KEPT_CALLS {
        calls.pop_front();
    }
    calls.push_back(call);
}
