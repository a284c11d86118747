//! Telegram's flood limits, kept from our side: 30 messages a second in all, of which replies need a share; one a
//! second to a chat; twenty a minute to a group.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::types::ChatId;

/// The pause between two messages to whomever.
const OVERALL: Duration = Duration::from_millis(40);
/// The pause between two messages to one chat.
const PER_CHAT: Duration = Duration::from_secs(1);
/// Messages to a group in any minute.
const PER_GROUP: usize = 20;
/// Any minute.
const MINUTE: Duration = Duration::from_mins(1);

/// When what may be sent.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Before this moment, nothing.
    next: Option<Instant>,
    /// Before these moments, nothing to these chats.
    chats: HashMap<ChatId, Instant>,
    /// What groups were sent within the last minute.
    groups: HashMap<ChatId, VecDeque<Instant>>,
}

impl Pace {
    /// The moment from which on a message to `chat` may be sent.
    pub(super) fn ready_at(&mut self, chat: ChatId, now: Instant) -> Instant {
        let mut at = self.next.unwrap_or(now).max(self.chats.get(&chat).copied().unwrap_or(now));
        if let Some(sent) = self.groups.get_mut(&chat) {
            sent.retain(|moment| *moment + MINUTE > now);
            if sent.len() >= PER_GROUP
                && let Some(oldest) = sent.front()
            {
                at = at.max(*oldest + MINUTE);
            }
        }
        at.max(now)
    }

    /// A message goes out to `chat`.
    pub(super) fn sent(&mut self, chat: ChatId, now: Instant) {
        self.next = Some(now + OVERALL);
        self.chats.insert(chat, now + PER_CHAT);
        if chat.0 < 0 {
            self.groups.entry(chat).or_default().push_back(now);
        }
        if self.chats.len() > 4096 {
            self.chats.retain(|_, until| *until > now);
        }
    }

    /// Telegram asks to leave a chat alone for this long.
    pub(super) fn hold(&mut self, chat: ChatId, now: Instant, pause: Duration) {
        self.chats.insert(chat, now + pause);
    }

    /// Telegram can't be reached: nothing is tried for this long.
    pub(super) fn hold_all(&mut self, now: Instant, pause: Duration) {
        self.next = Some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIN: ChatId = ChatId(7);
    const OPS: ChatId = ChatId(-100);

    #[test]
    fn a_chat_gets_one_a_second_and_others_need_not_wait_for_it() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.ready_at(LIN, start), start);
        pace.sent(LIN, start);
        assert_eq!(pace.ready_at(LIN, start), start + PER_CHAT);
        assert_eq!(pace.ready_at(ChatId(8), start), start + OVERALL);
    }

    #[test]
    fn a_group_gets_twenty_in_any_minute() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let mut now = start;
        for _ in 0..PER_GROUP {
            now = pace.ready_at(OPS, now);
            pace.sent(OPS, now);
        }
        assert_eq!(now, start + PER_CHAT * 19);
        assert_eq!(pace.ready_at(OPS, now), start + MINUTE);
        // The first has left the minute: one more may go, then again nothing for a second.
        now = start + MINUTE;
        assert_eq!(pace.ready_at(OPS, now), now);
        pace.sent(OPS, now);
        assert_eq!(pace.ready_at(OPS, now), start + PER_CHAT + MINUTE);
    }

    #[test]
    fn asked_to_wait_it_waits() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.hold(LIN, start, Duration::from_secs(30));
        assert_eq!(pace.ready_at(LIN, start), start + Duration::from_secs(30));
        assert_eq!(pace.ready_at(OPS, start), start);
        pace.hold_all(start, Duration::from_secs(5));
        assert_eq!(pace.ready_at(OPS, start), start + Duration::from_secs(5));
    }
}
