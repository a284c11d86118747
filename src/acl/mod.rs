//! ACL configurations: the versioned derpMap of a tailnet, with every relay in it.

pub mod admission;
pub mod store;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::derp::map::DerpMap;
use crate::types::{AclId, ContainerId, ServerId, TailnetId, UserId};

/// What a version changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AclChange {
    /// It is the first.
    First,
    /// A relay came in.
    RelayAdded,
    /// A relay went out.
    RelayRemoved,
    /// A relay has another address, port or certificate.
    RelayMoved,
    /// An admin chose other servers, or switched it off or on.
    Manual,
}

impl AclChange {
    /// The stored code, which is also part of the ids of its texts.
    pub const fn code(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::RelayAdded => "relay_added",
            Self::RelayRemoved => "relay_removed",
            Self::RelayMoved => "relay_moved",
            Self::Manual => "manual",
        }
    }

    /// Reads a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::First, Self::RelayAdded, Self::RelayRemoved, Self::RelayMoved, Self::Manual]
            .into_iter()
            .find(|change| change.code() == code)
    }

    /// What turns `old` into `new`, or `None` if they say the same.
    pub fn between(old: Option<&DerpMap>, new: &DerpMap) -> Option<Self> {
        let Some(old) = old else { return Some(Self::First) };
        if old == new {
            return None;
        }
        if new.regions.keys().any(|id| !old.regions.contains_key(id)) {
            return Some(Self::RelayAdded);
        }
        if old.regions.keys().any(|id| !new.regions.contains_key(id)) {
            return Some(Self::RelayRemoved);
        }
        Some(Self::RelayMoved)
    }
}

/// One version of a tailnet's ACL.
#[derive(Clone, Debug)]
pub struct Acl {
    /// Its row.
    pub id: AclId,
    /// Whose it is.
    pub user: UserId,
    /// Which tailnet's.
    pub tailnet: TailnetId,
    /// Counts up from 1.
    pub version: u32,
    /// The derpMap.
    pub map: DerpMap,
    /// What it changed.
    pub change: AclChange,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A container that a version names.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The container.
    pub container: ContainerId,
    /// Where it stands.
    pub server: ServerId,
}

/// A version to be stored.
#[derive(Clone, Debug)]
pub struct NewAcl {
    /// Whose it is.
    pub user: UserId,
    /// Which tailnet's.
    pub tailnet: TailnetId,
    /// The derpMap.
    pub map: DerpMap,
    /// What it changes.
    pub change: AclChange,
    /// The containers it names.
    pub named: Vec<Named>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derp::map::DerpRegion;

    fn map(regions: &[(u32, &str)]) -> DerpMap {
        DerpMap {
            regions: regions
                .iter()
                .map(|(id, name)| (*id, Some(DerpRegion { name: (*name).into(), ..DerpRegion::default() })))
                .collect(),
            ..DerpMap::default()
        }
    }

    #[test]
    fn a_version_says_what_it_changed() {
        let one = map(&[(900, "a")]);
        let two = map(&[(900, "a"), (901, "b")]);
        assert_eq!(AclChange::between(None, &one), Some(AclChange::First));
        assert_eq!(AclChange::between(Some(&one), &one), None);
        assert_eq!(AclChange::between(Some(&one), &two), Some(AclChange::RelayAdded));
        assert_eq!(AclChange::between(Some(&two), &one), Some(AclChange::RelayRemoved));
        assert_eq!(AclChange::between(Some(&one), &map(&[(900, "c")])), Some(AclChange::RelayMoved));
    }

    #[test]
    fn codes_read_back() {
        for change in ["first", "relay_added", "relay_removed", "relay_moved", "manual"] {
            assert_eq!(AclChange::from_code(change).map(AclChange::code), Some(change));
        }
    }
}
