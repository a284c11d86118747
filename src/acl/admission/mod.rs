//! Admission: whether a device may use a relay. A relay asks once for each connection, before it lets the client in.

pub mod store;

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::derp::NodeKey;
use crate::types::{AclId, ContainerId, DeviceId, RentalId, TenantId, UserId};

/// A device that wasn't seen for this long gives up its slot.
pub const WINDOW: TimeDelta = TimeDelta::days(7);
/// How long a device over the limit may connect before it is refused.
pub const GRACE: TimeDelta = TimeDelta::hours(24);
/// A key counts as replaced by a new one from its address only if it wasn't seen for this long.
const AWAY: TimeDelta = TimeDelta::minutes(10);

/// What derper asks: its `DERPAdmitClientRequest`, with Go's field names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Question {
    /// The client's node key.
    #[serde(rename = "NodePublic")]
    pub node: NodeKey,
    /// The client's address as the relay saw it; empty if it doesn't know.
    #[serde(rename = "Source", default)]
    source: String,
}

impl Question {
    /// A question about a client of which the relay knows the address.
    pub fn new(node: NodeKey, source: IpAddr) -> Self {
        Self { node, source: source.to_string() }
    }

    /// The client's address, if the relay knew one.
    pub fn source(&self) -> Option<IpAddr> {
        self.source.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    }
}

/// What is known of the relay that asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Whose shop.
    pub tenant: TenantId,
    /// Whose relay.
    pub user: UserId,
    /// Which rental.
    pub rental: RentalId,
    /// Which container.
    pub container: ContainerId,
    /// The version in force of its tailnet's ACL.
    pub acl: Option<AclId>,
    /// Whether the rental's time runs and the container should run.
    pub live: bool,
    /// Whether its user is suspended.
    pub banned: bool,
    /// Devices that may use it.
    pub device_limit: u32,
    /// The device, if it came before.
    pub device: Option<Device>,
}

/// A device that came before.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its row.
    pub id: DeviceId,
    /// Where it last came from.
    pub last_ip: Option<IpAddr>,
    /// When it last came.
    pub last_seen: DateTime<Utc>,
    /// Over the limit: until when it may connect.
    pub grace_until: Option<DateTime<Utc>>,
    /// Whether its owner blocked it.
    pub blocked: bool,
}

/// Why a client was let in or not. The code stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Our own probe.
    Probe,
    /// It came before and counts.
    Known,
    /// It is new and within the limit.
    New,
    /// It is new and takes the place of a key that is away.
    Replaces,
    /// It is over the limit, and within its grace.
    Grace,
    /// It is over the limit, and its grace is over.
    OverLimit,
    /// Its owner blocked it.
    Blocked,
    /// The rental doesn't run.
    NotLive,
    /// The user is suspended.
    Banned,
}

impl Reason {
    /// The lasting code in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Known => "known",
            Self::New => "new",
            Self::Replaces => "replaces",
            Self::Grace => "grace",
            Self::OverLimit => "over_limit",
            Self::Blocked => "blocked",
            Self::NotLive => "not_live",
            Self::Banned => "banned",
        }
    }

    /// Whether the client gets in.
    pub const fn allows(self) -> bool {
        match self {
            Self::Probe | Self::Known | Self::New | Self::Replaces | Self::Grace => true,
            Self::OverLimit | Self::Blocked | Self::NotLive | Self::Banned => false,
        }
    }
}

/// Decides about everything but a new device, which needs a look at the others: that is `None`.
pub fn decide(asker: &Asker, now: DateTime<Utc>) -> Option<Reason> {
    if asker.banned {
        return Some(Reason::Banned);
    }
    if !asker.live {
        return Some(Reason::NotLive);
    }
    let device = asker.device.as_ref()?;
    if device.blocked {
        return Some(Reason::Blocked);
    }
    match device.grace_until {
        None if device.last_seen + WINDOW > now => Some(Reason::Known),
        Some(until) if until > now => Some(Reason::Grace),
        // A slot may have become free since.
        None | Some(_) => None,
    }
}

/// Decides about a device that doesn't count yet, from those that do. Answers with the device that it replaces, if
/// it takes somebody's place.
pub fn decide_new(
    asker: &Asker,
    source: Option<IpAddr>,
    counting: &[Device],
    now: DateTime<Utc>,
) -> (Reason, Option<DeviceId>) {
    let limit = usize::try_from(asker.device_limit).unwrap_or(usize::MAX);
    if counting.len() < limit {
        return (Reason::New, None);
    }
    let away = counting
        .iter()
        .filter(|device| source.is_some() && device.last_ip == source && device.last_seen + AWAY <= now)
        .min_by_key(|device| device.last_seen);
    if let Some(old) = away {
        return (Reason::Replaces, Some(old.id));
    }
    let used_up =
        asker.device.as_ref().and_then(|device| device.grace_until).is_some_and(|until| until <= now);
    (if used_up { Reason::OverLimit } else { Reason::Grace }, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    fn device(id: i64, ip: &str, seen: i64) -> Device {
        Device {
            id: DeviceId(id),
            last_ip: ip.parse().ok(),
            last_seen: at(seen),
            grace_until: None,
            blocked: false,
        }
    }

    fn asker(device: Option<Device>) -> Asker {
        Asker {
            tenant: TenantId(1),
            user: UserId(1),
            rental: RentalId(1),
            container: ContainerId(1),
            acl: None,
            live: true,
            banned: false,
            device_limit: 2,
            device,
        }
    }

    #[test]
    fn derper_asks_as_go_writes_it() {
        let key = format!("nodekey:{}", "ab".repeat(32));
        let body = format!(r#"{{"NodePublic":"{key}","Source":"::ffff:203.0.113.7"}}"#);
        let question: Question = serde_json::from_str(&body).expect("reads");
        assert_eq!(question.node.to_string(), key);
        assert_eq!(question.source(), "203.0.113.7".parse().ok());
        let unknown = format!(r#"{{"NodePublic":"{key}","Source":""}}"#);
        assert_eq!(serde_json::from_str::<Question>(&unknown).expect("reads").source(), None);
        assert!(serde_json::from_str::<Question>(r#"{"NodePublic":"nodekey:xyz"}"#).is_err());
    }

    #[test]
    fn a_suspended_user_or_an_ended_rental_is_refused() {
        let known = Some(device(1, "203.0.113.1", 0));
        assert_eq!(decide(&Asker { banned: true, ..asker(known.clone()) }, at(1)), Some(Reason::Banned));
        assert_eq!(decide(&Asker { live: false, ..asker(known.clone()) }, at(1)), Some(Reason::NotLive));
        assert_eq!(decide(&asker(known), at(1)), Some(Reason::Known));
    }

    #[test]
    fn a_new_device_takes_a_free_slot_then_grace_then_nothing() {
        let two = [device(1, "203.0.113.1", 0), device(2, "203.0.113.2", 0)];
        let elsewhere = "203.0.113.9".parse().ok();
        assert_eq!(decide(&asker(None), at(1)), None);
        assert_eq!(decide_new(&asker(None), elsewhere, &two[..1], at(1)), (Reason::New, None));
        assert_eq!(decide_new(&asker(None), elsewhere, &two, at(1)), (Reason::Grace, None));
        let mut late = device(3, "203.0.113.9", 0);
        late.grace_until = Some(at(60));
        assert_eq!(decide(&asker(Some(late.clone())), at(59)), Some(Reason::Grace));
        assert_eq!(decide(&asker(Some(late.clone())), at(60)), None);
        assert_eq!(decide_new(&asker(Some(late)), elsewhere, &two, at(60)), (Reason::OverLimit, None));
    }

    #[test]
    fn a_key_that_changed_takes_the_place_of_the_old_one() {
        let two = [device(1, "203.0.113.1", 0), device(2, "203.0.113.2", 0)];
        let same = "203.0.113.2".parse().ok();
        assert_eq!(
            decide_new(&asker(None), same, &two, at(9)),
            (Reason::Grace, None),
            "it may still be there"
        );
        assert_eq!(decide_new(&asker(None), same, &two, at(10)), (Reason::Replaces, Some(DeviceId(2))));
        assert_eq!(decide_new(&asker(None), None, &two, at(10)), (Reason::Grace, None));
    }

    #[test]
    fn a_blocked_device_stays_out() {
        let blocked = Device { blocked: true, ..device(1, "203.0.113.1", 0) };
        assert_eq!(decide(&asker(Some(blocked)), at(1)), Some(Reason::Blocked));
    }
}
