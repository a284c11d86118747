//! The texts a customer pastes, downloads or points headscale at, all from one [`DerpMap`].

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

use super::hujson;
use super::map::{DerpMap, DerpNode, DerpRegion};

/// Why a text is not a policy with a derpMap.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is not `HuJSON`, or its derpMap is not one.
    #[error("policy does not parse")]
    Parse(#[from] serde_json::Error),
}

/// The member to paste right after the first `{` of a policy file: `"derpMap": {…},`.
pub fn snippet(map: &DerpMap) -> String {
    format!("\"derpMap\": {},", pretty(map))
}

/// The entries to put into the `Regions` of a derpMap that exists already: `"900": {…},`. Of `ids`,
/// those that the map does not have are left out.
pub fn region_entries(map: &DerpMap, ids: &[u32]) -> String {
    let chosen = map.regions.iter().filter(|(id, _)| ids.contains(id));
    let entries: Vec<String> = chosen.map(|(id, region)| format!("\"{id}\": {},", pretty(region))).collect();
    entries.join("\n")
}

/// A whole file of JSON: a policy with nothing but the derpMap.
pub fn json_file(map: &DerpMap) -> String {
    #[derive(Serialize)]
    struct File<'a> {
        #[serde(rename = "derpMap")]
        map: &'a DerpMap,
    }
    pretty(&File { map }) + "\n"
}

/// What headscale's `derp.urls` fetches: the map itself as JSON.
pub fn headscale_json(map: &DerpMap) -> String {
    pretty(map) + "\n"
}

/// What headscale's `derp.paths` reads: the map as YAML, with the keys in lower case that its parser
/// makes of the field names.
pub fn headscale_yaml(map: &DerpMap) -> String {
    let mut out = String::from("regions:");
    if map.regions.is_empty() {
        out.push_str(" {}");
    }
    out.push('\n');
    for (id, region) in &map.regions {
        match region {
            None => line(&mut out, "  ", &id.to_string(), "null"),
            Some(region) => yaml_region(&mut out, *id, region),
        }
    }
    if map.omit_default_regions {
        line(&mut out, "", "omitdefaultregions", "true");
    }
    out
}

fn yaml_region(out: &mut String, id: u32, region: &DerpRegion) {
    let DerpRegion { id: inner, code, name, latitude, longitude, avoid, no_measure_no_home, nodes } = region;
    let _ = writeln!(out, "  {id}:");
    let pad = "    ";
    line(out, pad, "regionid", &inner.to_string());
    line(out, pad, "regioncode", &quoted(code));
    line(out, pad, "regionname", &quoted(name));
    for (key, degrees) in [("latitude", latitude), ("longitude", longitude)] {
        if let Some(degrees) = degrees {
            line(out, pad, key, &degrees.to_string());
        }
    }
    for (key, set) in [("avoid", avoid), ("nomeasurenohome", no_measure_no_home)] {
        if *set {
            line(out, pad, key, "true");
        }
    }
    if nodes.is_empty() {
        line(out, pad, "nodes", "[]");
        return;
    }
    let _ = writeln!(out, "{pad}nodes:");
    for node in nodes {
        yaml_node(out, node);
    }
}

fn yaml_node(out: &mut String, node: &DerpNode) {
    let pad = "        ";
    line(out, "      - ", "name", &quoted(&node.name));
    line(out, pad, "regionid", &node.region_id.to_string());
    line(out, pad, "hostname", &quoted(&node.host_name));
    for (key, text) in [
        ("ipv4", &node.ipv4),
        ("ipv6", &node.ipv6),
        ("certname", &node.cert_name),
        ("stuntestip", &node.stun_test_ip),
    ] {
        if !text.is_empty() {
            line(out, pad, key, &quoted(text));
        }
    }
    for (key, port) in [("derpport", node.derp_port), ("stunport", node.stun_port)] {
        if port != 0 {
            line(out, pad, key, &port.to_string());
        }
    }
    for (key, set) in [
        ("stunonly", node.stun_only),
        ("insecurefortests", node.insecure_for_tests),
        ("canport80", node.can_port_80),
    ] {
        if set {
            line(out, pad, key, "true");
        }
    }
}

fn line(out: &mut String, pad: &str, key: &str, value: &str) {
    let _ = writeln!(out, "{pad}{key}: {value}");
}

/// A double-quoted scalar, in the part of the syntax that JSON and YAML share.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() || ('\u{2028}'..='\u{2029}').contains(&c) || c == '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Reads the derpMap out of a policy file, `None` if the policy has none.
pub fn read_policy(text: &str) -> Result<Option<DerpMap>, PolicyError> {
    #[derive(serde::Deserialize)]
    struct Policy {
        #[serde(rename = "derpMap", default)]
        map: Option<DerpMap>,
    }
    let policy: Policy = serde_json::from_str(&hujson::to_json(text))?;
    Ok(policy.map)
}

/// Whether a snippet does what its text promises: pasted into an empty policy it parses and is `map`.
pub fn snippet_is(snippet: &str, map: &DerpMap) -> Result<bool, PolicyError> {
    Ok(read_policy(&format!("{{{snippet}}}"))?.as_ref() == Some(map))
}

fn pretty(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut to = serde_json::Serializer::with_formatter(&mut out, Shape::default());
    value.serialize(&mut to).expect("a map of plain fields serializes into memory");
    String::from_utf8(out).expect("serde_json writes UTF-8")
}

/// Two spaces a level, and lists without a level of their own: `"Nodes": [{ … }]`.
#[derive(Default)]
struct Shape {
    depth: usize,
    filled: bool,
}

impl Shape {
    fn new_line<W: io::Write + ?Sized>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Shape {
    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.filled {
            self.new_line(out)?;
        }
        self.filled = true;
        out.write_all(b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.new_line(out)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::map::{RelayEntry, example};
    use super::*;

    fn one() -> DerpMap {
        DerpMap::from_iter([example(900)])
    }

    #[test]
    fn the_snippet_has_the_shape_we_show() {
        let pin = "3f".repeat(32);
        let wanted = r#""derpMap": {
  "Regions": {
    "900": {
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
        "CertName": "sha256-raw:PIN"
      }]
    }
  }
},"#;
        assert_eq!(snippet(&one()), wanted.replace("PIN", &pin));
    }

    #[test]
    fn the_snippet_fits_behind_the_first_brace() {
        let map = DerpMap::from_iter([example(900), example(901)]);
        assert!(snippet_is(&snippet(&map), &map).unwrap());
        assert!(!snippet_is(&snippet(&map), &one()).unwrap());
        assert!(snippet_is("\"derpMap\": {", &map).is_err());
        let policy = "// tailnet\n{ // open to all\n  \"acls\": [{\"action\": \"accept\",}],\n}";
        let pasted = policy.replacen('{', &format!("{{\n{}", snippet(&map)), 1);
        assert_eq!(read_policy(&pasted).unwrap(), Some(map));
        assert_eq!(read_policy(policy).unwrap(), None);
    }

    #[test]
    fn region_entries_fit_into_regions() {
        let map = DerpMap::from_iter([example(900), example(901), example(902)]);
        let entries = region_entries(&map, &[902, 900, 950]);
        assert!(entries.starts_with("\"900\": {\n  \"RegionID\": 900,"), "{entries}");
        let policy = format!("{{\"derpMap\": {{\"Regions\": {{{entries}}}}}}}");
        assert_eq!(read_policy(&policy).unwrap(), Some(DerpMap::from_iter([example(900), example(902)])));
    }

    #[test]
    fn files_parse_as_what_they_are() {
        let map = one();
        assert_eq!(read_policy(&json_file(&map)).unwrap(), Some(map.clone()));
        assert_eq!(serde_json::from_str::<DerpMap>(&headscale_json(&map)).unwrap(), map);
        assert_eq!(headscale_json(&DerpMap::default()), "{\n  \"Regions\": {}\n}\n");
    }

    #[test]
    fn headscale_yaml_has_its_keys_in_lower_case() {
        let mut map = one();
        map.regions.insert(1, None);
        let wanted = r#"regions:
  1: null
  900:
    regionid: 900
    regioncode: "tyo-102"
    regionname: "东京 #102"
    nodes:
      - name: "900a"
        regionid: 900
        hostname: "203.0.113.25"
        ipv4: "203.0.113.25"
        certname: "sha256-raw:PIN"
        derpport: 20417
        stunport: 20417
"#;
        assert_eq!(headscale_yaml(&map), wanted.replace("PIN", &"3f".repeat(32)));
        assert_eq!(headscale_yaml(&DerpMap::default()), "regions: {}\n");
        assert_eq!(quoted("a\"b\\c\n\u{7f}\u{2028}"), "\"a\\\"b\\\\c\\u000a\\u007f\\u2028\"");
    }

    proptest! {
        #[test]
        fn any_name_survives_pasting(name in ".{0,30}", code in ".{0,10}", id in 900_u32..999) {
            let map = DerpMap::from_iter([RelayEntry { code, name, ..example(id) }]);
            prop_assert!(snippet_is(&snippet(&map), &map).unwrap());
        }

        #[test]
        fn any_text_as_policy_does_not_panic(text in ".{0,60}") {
            let _ = read_policy(&text);
        }
    }
}
