//! The chain of hashes over the records.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::Status;

/// A record with its place in the chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// The row.
    pub id: i64,
    /// The tenant.
    pub tenant_id: i64,
    /// Who acted, if it was somebody with an account.
    pub user_id: Option<i64>,
    /// What was done.
    pub operation: String,
    /// Whether it worked.
    pub status: Status,
    /// The details, as Postgres writes the object.
    pub details: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Link {
    /// The hash of this record after `previous`. Every field goes in with its length or at a fixed one, so that no two
    /// records read the same.
    pub fn hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(self.id.to_be_bytes());
        hash.update(self.tenant_id.to_be_bytes());
        hash.update([u8::from(self.user_id.is_some())]);
        hash.update(self.user_id.unwrap_or_default().to_be_bytes());
        for text in [&self.operation, &self.details] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.update([match self.status {
            Status::Success => 1,
            Status::Failed => 0,
        }]);
        hash.update(self.at.timestamp_micros().to_be_bytes());
        hash.finalize().into()
    }
}

/// Where the chain doesn't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// This place is missing: a record was taken out.
    Missing {
        /// The place.
        seq: i64,
    },
    /// The record at this place isn't the one that was chained.
    Altered {
        /// The place.
        seq: i64,
        /// The row there.
        id: i64,
    },
}

/// What a look at the whole chain says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds: so many records, with this hash at the end.
    Whole {
        /// Records in the chain.
        records: i64,
        /// The last one's hash.
        head: [u8; 32],
    },
    /// It doesn't, first here.
    Broken(Breach),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link {
            id: 7,
            tenant_id: 1,
            user_id: Some(3),
            operation: "user_login".to_owned(),
            status: Status::Success,
            details: "{}".to_owned(),
            at: "2026-11-24T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn every_field_changes_the_hash() {
        let start = [0; 32];
        let hash = link().hash(&start);
        assert_eq!(hash, link().hash(&start));
        let changes: [fn(&mut Link); 8] = [
            |l| l.id = 8,
            |l| l.tenant_id = 2,
            |l| l.user_id = Some(0),
            |l| l.user_id = None,
            |l| l.operation = "user_logi".to_owned(),
            |l| l.status = Status::Failed,
            |l| l.details = "{\"a\": 1}".to_owned(),
            |l| l.at += chrono::TimeDelta::microseconds(1),
        ];
        for change in changes {
            let mut other = link();
            change(&mut other);
            assert_ne!(other.hash(&start), hash, "{other:?}");
        }
        assert_ne!(link().hash(&hash), hash);
        let moved = Link { operation: "user_login{}".to_owned(), details: String::new(), ..link() };
        assert_ne!(moved.hash(&start), hash);
    }
}
