//! The derpMap: which relays a tailnet may use. Field names and defaults are Tailscale's;
//! the order is the one our texts show.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use super::cert::CertPin;

/// The first region id for relays of one's own.
pub const FIRST_REGION: u32 = 900;
/// The last region id we give out; 999 is headscale's built-in relay.
pub const LAST_REGION: u32 = 998;

/// A `derpMap`. A region that is `null` takes a default region away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DerpMap {
    /// Weights that make clients prefer or avoid regions.
    #[serde(rename = "HomeParams", skip_serializing_if = "Option::is_none")]
    pub home_params: Option<HomeParams>,
    /// The regions by id.
    #[serde(rename = "Regions")]
    pub regions: BTreeMap<u32, Option<DerpRegion>>,
    /// Whether Tailscale's own relays are left out. Ours never say so: a relay that stops would leave
    /// the tailnet with none.
    #[serde(
        rename = "OmitDefaultRegions",
        alias = "omitDefaultRegions",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub omit_default_regions: bool,
}

/// How clients weigh regions when they choose their home.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HomeParams {
    /// A factor on a region's measured latency.
    #[serde(rename = "RegionScore")]
    pub region_score: BTreeMap<u32, serde_json::Number>,
}

/// A region: relays that a client may use in place of one another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DerpRegion {
    /// The id again, as the protocol wants it.
    #[serde(rename = "RegionID")]
    pub id: u32,
    /// A short name, shown by `tailscale netcheck`.
    #[serde(rename = "RegionCode")]
    pub code: String,
    /// A name for people.
    #[serde(rename = "RegionName")]
    pub name: String,
    /// Degrees, for display by clients.
    #[serde(rename = "Latitude", skip_serializing_if = "Option::is_none")]
    pub latitude: Option<serde_json::Number>,
    /// Degrees, for display by clients.
    #[serde(rename = "Longitude", skip_serializing_if = "Option::is_none")]
    pub longitude: Option<serde_json::Number>,
    /// Deprecated by Tailscale; kept when a map passes through us.
    #[serde(rename = "Avoid", skip_serializing_if = "std::ops::Not::not")]
    pub avoid: bool,
    /// Clients neither measure the region nor make it their home.
    #[serde(rename = "NoMeasureNoHome", skip_serializing_if = "std::ops::Not::not")]
    pub no_measure_no_home: bool,
    /// The relays.
    #[serde(rename = "Nodes")]
    pub nodes: Vec<DerpNode>,
}

/// One relay. Ports are 0 for the protocol's default (443 and 3478); a STUN port of -1 is "none".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DerpNode {
    /// Unique over the whole map.
    #[serde(rename = "Name")]
    pub name: String,
    /// The region's id once more.
    #[serde(rename = "RegionID")]
    pub region_id: u32,
    /// What TLS is spoken to: for our relays the IP address.
    #[serde(rename = "HostName")]
    pub host_name: String,
    /// The IPv4 address; empty is "ask DNS", `none` is "not reachable over IPv4".
    #[serde(rename = "IPv4", skip_serializing_if = "String::is_empty")]
    pub ipv4: String,
    /// The IPv6 address, as for IPv4.
    #[serde(rename = "IPv6", skip_serializing_if = "String::is_empty")]
    pub ipv6: String,
    /// The TCP port.
    #[serde(rename = "DERPPort", skip_serializing_if = "is_zero")]
    pub derp_port: i32,
    /// The UDP port.
    #[serde(rename = "STUNPort", skip_serializing_if = "is_zero")]
    pub stun_port: i32,
    /// A node for measuring only.
    #[serde(rename = "STUNOnly", skip_serializing_if = "std::ops::Not::not")]
    pub stun_only: bool,
    /// The name the certificate must bear, or `sha256-raw:` and the pin of it.
    #[serde(rename = "CertName", skip_serializing_if = "String::is_empty")]
    pub cert_name: String,
    /// No TLS at all; never ours.
    #[serde(rename = "InsecureForTests", skip_serializing_if = "std::ops::Not::not")]
    pub insecure_for_tests: bool,
    /// An address for STUN in Tailscale's own tests.
    #[serde(rename = "STUNTestIP", skip_serializing_if = "String::is_empty")]
    pub stun_test_ip: String,
    /// Whether plain HTTP answers on port 80.
    #[serde(rename = "CanPort80", skip_serializing_if = "std::ops::Not::not")]
    pub can_port_80: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
const fn is_zero(port: &i32) -> bool {
    *port == 0
}

/// What a customer's map says about one of our relays: one node, known by address and pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayEntry {
    /// [`FIRST_REGION`] to [`LAST_REGION`], unique and lasting within the tailnet.
    pub region_id: u32,
    /// Short name, such as `tyo-102`.
    pub code: String,
    /// Name for people, such as `Tokyo #102`.
    pub name: String,
    /// The server's public address.
    pub address: IpAddr,
    /// The published TCP port.
    pub derp_port: NonZeroU16,
    /// The published UDP port.
    pub stun_port: NonZeroU16,
    /// The certificate clients must meet.
    pub pin: CertPin,
}

impl From<RelayEntry> for DerpRegion {
    fn from(relay: RelayEntry) -> Self {
        let host_name = relay.address.to_string();
        let (ipv4, ipv6) = match relay.address {
            IpAddr::V4(_) => (host_name.clone(), String::new()),
            IpAddr::V6(_) => (String::new(), host_name.clone()),
        };
        let node = DerpNode {
            name: format!("{}a", relay.region_id),
            region_id: relay.region_id,
            host_name,
            ipv4,
            ipv6,
            derp_port: i32::from(relay.derp_port.get()),
            stun_port: i32::from(relay.stun_port.get()),
            cert_name: relay.pin.to_string(),
            ..DerpNode::default()
        };
        Self { id: relay.region_id, code: relay.code, name: relay.name, nodes: vec![node], ..Self::default() }
    }
}

impl FromIterator<RelayEntry> for DerpMap {
    fn from_iter<T: IntoIterator<Item = RelayEntry>>(relays: T) -> Self {
        let regions = relays.into_iter().map(|relay| (relay.region_id, Some(relay.into()))).collect();
        Self { regions, ..Self::default() }
    }
}

#[cfg(test)]
pub(super) fn example(region_id: u32) -> RelayEntry {
    RelayEntry {
        region_id,
        code: "tyo-102".into(),
        name: "东京 #102".into(),
        address: [203, 0, 113, 25].into(),
        derp_port: NonZeroU16::new(20417).unwrap(),
        stun_port: NonZeroU16::new(20417).unwrap(),
        pin: CertPin::from_bytes([0x3f; 32]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn our_relay_is_one_node_with_ids_and_names_at_both_levels() {
        let map = DerpMap::from_iter([example(900)]);
        assert_eq!(
            serde_json::to_value(&map).unwrap(),
            json!({"Regions": {"900": {
                "RegionID": 900,
                "RegionCode": "tyo-102",
                "RegionName": "东京 #102",
                "Nodes": [{
                    "Name": "900a",
                    "RegionID": 900,
                    "HostName": "203.0.113.25",
                    "IPv4": "203.0.113.25",
                    "DERPPort": 20417,
                    "STUNPort": 20417,
                    "CertName": format!("sha256-raw:{}", "3f".repeat(32)),
                }],
            }}}),
        );
    }

    #[test]
    fn an_ipv6_relay_names_no_ipv4() {
        let region = DerpRegion::from(RelayEntry { address: "2001:db8::1".parse().unwrap(), ..example(901) });
        let node = &region.nodes[0];
        assert_eq!((node.ipv4.as_str(), node.ipv6.as_str()), ("", "2001:db8::1"));
        assert_eq!(node.host_name, "2001:db8::1");
    }

    #[test]
    fn every_field_of_the_format_comes_through() {
        let whole = json!({
            "HomeParams": {"RegionScore": {"900": 0.5}},
            "Regions": {
                "1": null,
                "900": {
                    "RegionID": 900, "RegionCode": "c", "RegionName": "n", "Latitude": 35.7,
                    "Longitude": -139.7, "Avoid": true, "NoMeasureNoHome": true,
                    "Nodes": [{
                        "Name": "900a", "RegionID": 900, "HostName": "h", "CertName": "c",
                        "IPv4": "none", "IPv6": "::1", "STUNPort": -1, "STUNOnly": true,
                        "DERPPort": 8443, "InsecureForTests": true, "STUNTestIP": "::2",
                        "CanPort80": true,
                    }],
                },
            },
            "OmitDefaultRegions": true,
        });
        let map: DerpMap = serde_json::from_value(whole.clone()).unwrap();
        assert_eq!(serde_json::to_value(&map).unwrap(), whole);
        let lower: DerpMap = serde_json::from_value(json!({"omitDefaultRegions": true})).unwrap();
        assert!(lower.omit_default_regions);
    }
}
