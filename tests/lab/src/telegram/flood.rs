//! Flood limits: 30 messages a second in all, about one a second to a chat, 20 a minute to a group.

use std::collections::{HashMap, VecDeque};

/// Messages a second over all chats.
const OVERALL: usize = 30;
/// Messages a minute to one group.
const GROUP: usize = 20;
/// Messages at once to one private chat; each costs a second that has to pass before the next beyond these.
const BURST_MS: i64 = 10_000;
/// What one message to a private chat costs.
const COST_MS: i64 = 1000;

/// What was sent lately, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Flood {
    overall: VecDeque<i64>,
    groups: HashMap<i64, VecDeque<i64>>,
    /// Until when each private chat has been paid for.
    paid_until: HashMap<i64, i64>,
}

impl Flood {
    /// Counts a message, or says how many seconds to wait.
    pub(crate) fn pass(&mut self, chat: i64, is_group: bool, now: i64) -> Result<(), i64> {
        forget(&mut self.overall, now - 1000);
        if let Some(oldest) = self.overall.front().filter(|_| self.overall.len() >= OVERALL) {
            return Err(seconds_up(oldest + 1000 - now));
        }
        if is_group {
            let recent = self.groups.entry(chat).or_default();
            forget(recent, now - 60_000);
            if let Some(oldest) = recent.front().filter(|_| recent.len() >= GROUP) {
                return Err(seconds_up(oldest + 60_000 - now));
            }
            recent.push_back(now);
        } else {
            let paid_until = self.paid_until.entry(chat).or_insert(now);
            let next = (*paid_until).max(now) + COST_MS;
            if next > now + BURST_MS {
                return Err(seconds_up(next - now - BURST_MS));
            }
            *paid_until = next;
        }
        self.overall.push_back(now);
        Ok(())
    }
}

fn forget(times: &mut VecDeque<i64>, before: i64) {
    while times.front().is_some_and(|time| *time <= before) {
        times.pop_front();
    }
}

fn seconds_up(ms: i64) -> i64 {
    (ms.max(1) + 999) / 1000
}

#[cfg(test)]
mod tests {
    use super::Flood;

    #[test]
    fn a_short_burst_to_one_chat_passes_then_one_a_second() {
        let mut flood = Flood::default();
        for _ in 0..10 {
            assert_eq!(flood.pass(1, false, 0), Ok(()));
        }
        assert_eq!(flood.pass(1, false, 10), Err(1));
        assert_eq!(flood.pass(2, false, 10), Ok(()), "other chats are not held up");
        assert_eq!(flood.pass(1, false, 1000), Ok(()));
        assert_eq!(flood.pass(1, false, 1001), Err(1));
    }

    #[test]
    fn a_group_takes_twenty_a_minute() {
        let mut flood = Flood::default();
        for i in 0..20 {
            assert_eq!(flood.pass(-1, true, i * 1000), Ok(()));
        }
        assert_eq!(flood.pass(-1, true, 20_000), Err(40));
        assert_eq!(flood.pass(-1, true, 60_001), Ok(()));
    }

    #[test]
    fn thirty_a_second_over_all_chats() {
        let mut flood = Flood::default();
        for chat in 0..30 {
            assert_eq!(flood.pass(chat, false, 0), Ok(()));
        }
        assert_eq!(flood.pass(30, false, 1), Err(1));
        assert_eq!(flood.pass(30, false, 1001), Ok(()));
    }
}
