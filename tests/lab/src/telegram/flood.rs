//! Flood limits: 30 messages a second in all, about one a second to a chat, 20 a minute to a group.

use std::collections::{HashMap, VecDeque};

/// Messages a second over all chats.
const OVERALL: usize = 30;
/// Messages a minute to one group.
const GROUP: usize = 20;
/// Messages at once to one private chat, refilled by one a second.
const BURST: usize = 5;

/// What was sent lately, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Flood {
    overall: VecDeque<i64>,
    chats: HashMap<i64, VecDeque<i64>>,
}

impl Flood {
    /// Counts a message, or says how many seconds to wait.
    pub(crate) fn pass(&mut self, chat: i64, is_group: bool, now: i64) -> Result<(), i64> {
        // A private chat that sent BURST messages may send one for each second since the first of them.
        let (limit, window) = if is_group { (GROUP, 60_000) } else { (BURST, 1000 * as_ms(BURST)) };
        forget(&mut self.overall, now - 1000);
        let recent = self.chats.entry(chat).or_default();
        forget(recent, now - window);
        if let Some(oldest) = recent.front().filter(|_| recent.len() >= limit) {
            return Err(seconds_up(oldest + window - now));
        }
        if let Some(oldest) = self.overall.front().filter(|_| self.overall.len() >= OVERALL) {
            return Err(seconds_up(oldest + 1000 - now));
        }
        self.overall.push_back(now);
        recent.push_back(now);
        Ok(())
    }
}

fn forget(times: &mut VecDeque<i64>, before: i64) {
    while times.front().is_some_and(|time| *time <= before) {
        times.pop_front();
    }
}

fn as_ms(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
        for _ in 0..5 {
            assert_eq!(flood.pass(1, false, 0), Ok(()));
        }
        assert_eq!(flood.pass(1, false, 10), Err(5));
        assert_eq!(flood.pass(2, false, 10), Ok(()), "other chats are not held up");
        assert_eq!(flood.pass(1, false, 5001), Ok(()));
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
