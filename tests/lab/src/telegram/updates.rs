//! The queue of updates: kept until the bot confirms them, a day at most.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model::{AllowedUpdates, ONLY_ON_REQUEST, Webhook};

/// Updates the bot does not take are dropped after a day.
const LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// One thing the bot is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Update {
    /// The JSON of the whole update.
    pub(crate) json: Value,
    /// Updates of one queue reach a webhook one after the other.
    pub(crate) queue: i64,
    /// When it came up, in milliseconds since 1970.
    pub(crate) at: i64,
}

/// Pending updates and how they are to be delivered.
#[derive(Serialize, Deserialize)]
pub(crate) struct Updates {
    pub(crate) pending: BTreeMap<u32, Update>,
    next_id: u32,
    pub(crate) allowed: AllowedUpdates,
    pub(crate) webhook: Option<Webhook>,
    /// Nothing is delivered while set.
    #[serde(skip)]
    pub(crate) held: bool,
    /// Counts long polls and webhook changes: whoever waits under an older count has been replaced.
    #[serde(skip)]
    pub(crate) generation: u64,
    /// The last update that went out, to send it again.
    pub(crate) last: Option<(u32, Update)>,
    /// Order of pending updates by queue, for the webhook.
    #[serde(skip)]
    lanes: HashMap<i64, Lane>,
    /// Lanes with something to send that nobody is sending.
    #[serde(skip)]
    ready: VecDeque<i64>,
}

/// The updates of one queue, oldest first.
#[derive(Default)]
struct Lane {
    ids: VecDeque<u32>,
    /// Listed as ready, being sent, or waiting after a failure.
    engaged: bool,
}

impl Default for Updates {
    fn default() -> Self {
        Self {
            pending: BTreeMap::new(),
            next_id: 700_000_001,
            allowed: BTreeSet::new(),
            webhook: None,
            held: false,
            generation: 0,
            last: None,
            lanes: HashMap::new(),
            ready: VecDeque::new(),
        }
    }
}

impl Updates {
    /// Queues an update, if the bot asked for its kind.
    pub(crate) fn push(&mut self, kind: &str, body: Value, queue: i64, now: i64) {
        let wanted = if self.allowed.is_empty() {
            !ONLY_ON_REQUEST.contains(&kind)
        } else {
            self.allowed.contains(kind)
        };
        if !wanted {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        let mut json = Map::new();
        json.insert("update_id".into(), id.into());
        json.insert(kind.into(), body);
        self.insert(id, Update { json: Value::Object(json), queue, at: now });
    }

    fn insert(&mut self, id: u32, update: Update) {
        let queue = update.queue;
        self.pending.insert(id, update);
        let lane = self.lanes.entry(queue).or_default();
        lane.ids.push_back(id);
        if !lane.engaged {
            lane.engaged = true;
            self.ready.push_back(queue);
        }
    }

    /// Puts an update that went out before in the queue once more, under its old id.
    pub(crate) fn repeat_last(&mut self) -> Option<u32> {
        let (id, update) = self.last.clone()?;
        if !self.pending.contains_key(&id) {
            self.insert(id, update);
        }
        Some(id)
    }

    /// Rebuilds the webhook's order after a restart.
    pub(crate) fn reindex(&mut self) {
        self.lanes.clear();
        self.ready.clear();
        for (id, update) in std::mem::take(&mut self.pending) {
            self.insert(id, update);
        }
    }

    /// Forgets updates nobody took within a day.
    pub(crate) fn expire(&mut self, now: i64) {
        self.pending.retain(|_, update| update.at + LIFE_MS > now);
    }

    /// Drops everything pending.
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }

    /// `getUpdates`: confirms what lies before `offset`, then gives up to `limit` from there.
    pub(crate) fn fetch(&mut self, offset: i64, limit: usize) -> Vec<Value> {
        if let Ok(keep) = usize::try_from(-offset)
            && offset < 0
        {
            while self.pending.len() > keep {
                self.pending.pop_first();
            }
        } else if let Ok(offset) = u32::try_from(offset) {
            self.pending = self.pending.split_off(&offset);
        }
        if self.held {
            return Vec::new();
        }
        let batch: Vec<Value> = self.pending.values().take(limit).map(|update| update.json.clone()).collect();
        if let Some((id, update)) = self.pending.iter().take(limit).next_back() {
            self.last = Some((*id, update.clone()));
        }
        batch
    }

    /// The next update for the webhook; its queue is busy until [`Updates::sent`] or [`Updates::failed`].
    pub(crate) fn take_ready(&mut self) -> Option<(i64, u32, Update)> {
        if self.held {
            return None;
        }
        while let Some(queue) = self.ready.pop_front() {
            if let Some((id, update)) = self.head(queue) {
                return Some((queue, id, update));
            }
        }
        None
    }

    /// The oldest pending update of a lane; an empty lane is forgotten.
    fn head(&mut self, queue: i64) -> Option<(u32, Update)> {
        let lane = self.lanes.get_mut(&queue)?;
        while let Some(id) = lane.ids.front().copied() {
            if let Some(update) = self.pending.get(&id) {
                return Some((id, update.clone()));
            }
            lane.ids.pop_front();
        }
        self.lanes.remove(&queue);
        None
    }

    /// The webhook took it.
    pub(crate) fn sent(&mut self, queue: i64, id: u32) {
        if let Some(update) = self.pending.remove(&id) {
            self.last = Some((id, update));
        }
        self.failed(queue);
    }

    /// The queue may be tried again.
    pub(crate) fn failed(&mut self, queue: i64) {
        if self.head(queue).is_some() {
            self.ready.push_back(queue);
        }
    }
}
