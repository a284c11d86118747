//! What servers print, read into values. Nothing is guessed: what doesn't look as expected is `None`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::bytes::Bytes;

use crate::fleet::server::PortRange;

/// A system by `/etc/os-release`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// `ID`, such as `debian`.
    pub id: String,
    /// `VERSION_ID`; empty on Debian testing.
    pub version: String,
    /// `PRETTY_NAME`.
    pub name: String,
}

impl System {
    /// Reads `/etc/os-release`.
    pub fn read(text: &str) -> Self {
        let field = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            value.map(|v| v.trim().trim_matches(['"', '\'']).to_owned()).unwrap_or_default()
        };
        let (id, name) = (field("ID"), field("PRETTY_NAME"));
        Self { name: if name.is_empty() { id.clone() } else { name }, version: field("VERSION_ID"), id }
    }

    /// Whether its packages carry a Docker Engine that we know: Debian from 11 on, Ubuntu from 20.04 on.
    pub fn is_supported(&self) -> bool {
        let major: Option<u32> = self.version.split('.').next().and_then(|n| n.parse().ok());
        match self.id.as_str() {
            "debian" => self.version.is_empty() || major.is_some_and(|n| n >= 11),
            "ubuntu" => major.is_some_and(|n| n >= 20),
            _ => false,
        }
    }
}

/// `uname -m` and `uname -r`, a line each.
pub fn machine(text: &str) -> Option<(String, String)> {
    let mut lines = text.lines().map(str::trim);
    let pair = (lines.next()?.to_owned(), lines.next()?.to_owned());
    (!pair.0.is_empty() && !pair.1.is_empty()).then_some(pair)
}

/// Nanoseconds since 1970, as milliseconds.
pub fn clock_ms(text: &str) -> Option<i64> {
    let nanoseconds: i128 = text.trim().parse().ok()?;
    i64::try_from(nanoseconds / 1_000_000).ok()
}

/// The number of cores, and the processor's name if there is one.
pub fn processor(text: &str) -> Option<(u32, Option<String>)> {
    let mut lines = text.lines();
    let cores = lines.next()?.trim().parse().ok().filter(|n| *n > 0)?;
    let model = lines.next().and_then(|line| line.split_once(':')).map(|(_, model)| model.trim().to_owned());
    Some((cores, model.filter(|model| !model.is_empty())))
}

/// `MemTotal: N kB`.
pub fn memory(text: &str) -> Option<Bytes> {
    let kilobytes = text.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim();
    kilobytes.parse::<u64>().ok()?.checked_mul(1024).map(Bytes)
}

/// The size from a line of `df -P -k`.
pub fn disk(text: &str) -> Option<Bytes> {
    // From the right: a device's name may contain blanks.
    let words: Vec<&str> = text.split_whitespace().collect();
    let used_percent = words.iter().rposition(|word| word.ends_with('%'))?;
    words.get(used_percent.checked_sub(3)?)?.parse::<u64>().ok()?.checked_mul(1024).map(Bytes)
}

/// The ports that something listens on, TCP or UDP.
pub fn listening(text: &str) -> Option<BTreeSet<u16>> {
    text.lines().map(|line| u16::from_str_radix(line.rsplit_once(':')?.1.trim(), 16).ok()).collect()
}

/// The first and last port that the kernel hands out by itself.
pub fn ephemeral(text: &str) -> Option<RangeInclusive<u16>> {
    let mut words = text.split_whitespace().map(|word| word.parse().ok());
    Some(words.next()??..=words.next()??)
}

/// The ports of the range that relays can have: nothing listens there, and the kernel won't take them for others.
pub fn usable(range: PortRange, listening: &BTreeSet<u16>, ephemeral: &RangeInclusive<u16>) -> Vec<u16> {
    let free = |port: &u16| !listening.contains(port) && !ephemeral.contains(port);
    (range.low()..=range.high()).filter(free).collect()
}

/// Docker Engine's settings as they stand on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// We changed the file before, and the engine hasn't been restarted since.
    pub restart_due: bool,
    /// `--userland-proxy` on the running engine's command line.
    pub flag: Option<bool>,
    /// `/etc/docker/daemon.json`; `None` if it isn't a JSON object.
    pub file: Option<Map<String, Value>>,
}

const KEY: &str = "userland-proxy";

impl EngineSettings {
    /// Reads marks and flags, a line `==`, and the file. `None` without that line.
    pub fn read(text: &str) -> Option<Self> {
        let (marks, file) =
            text.strip_prefix("==\n").map(|file| ("", file)).or_else(|| text.split_once("\n==\n"))?;
        let flag = marks.lines().filter_map(|line| line.strip_prefix("--userland-proxy")).next_back();
        Some(Self {
            restart_due: marks.lines().any(|line| line == "restart-due"),
            // Go takes a lone flag for true.
            flag: flag.map(|value| !matches!(value, "=false" | "=f" | "=F" | "=0" | "=False" | "=FALSE")),
            file: if file.trim().is_empty() { Some(Map::new()) } else { serde_json::from_str(file).ok() },
        })
    }

    /// Whether the file turns the proxy off.
    pub fn file_is_right(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.get(KEY) == Some(&Value::Bool(false)))
    }

    /// The file with the proxy turned off and all else as it was; `None` if it can't be read.
    pub fn corrected(&self) -> Option<String> {
        let mut file = self.file.clone()?;
        file.insert(KEY.to_owned(), Value::Bool(false));
        serde_json::to_string_pretty(&file).ok().map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_id_and_version() {
        let read = |text| System::read(text);
        let debian = read(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian\"\nVERSION_ID=\"12\"\nID=debian\n",
        );
        assert_eq!(debian.name, "Debian GNU/Linux 12 (bookworm)");
        assert!(debian.is_supported());
        assert!(read("ID=debian\nPRETTY_NAME='Debian testing'").is_supported());
        assert!(!read("ID=debian\nVERSION_ID=\"10\"").is_supported());
        assert!(read("ID=ubuntu\nVERSION_ID=\"24.04\"\nID_LIKE=debian").is_supported());
        assert!(!read("ID=ubuntu\nVERSION_ID=\"18.04\"").is_supported());
        let alpine = read("NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.1");
        assert_eq!((alpine.is_supported(), alpine.name.as_str()), (false, "alpine"));
        assert!(!read("").is_supported());
    }

    #[test]
    fn figures_are_read() {
        assert_eq!(
            machine("x86_64\n6.1.0-28-amd64\n"),
            Some(("x86_64".to_owned(), "6.1.0-28-amd64".to_owned()))
        );
        assert_eq!(machine("x86_64\n"), None);
        assert_eq!(clock_ms("1800000000123456789\n"), Some(1_800_000_000_123));
        assert_eq!(clock_ms("1800000000%N"), None);
        assert_eq!(processor("2\nmodel name\t: AMD EPYC\n"), Some((2, Some("AMD EPYC".to_owned()))));
        assert_eq!(processor("4\n"), Some((4, None)));
        assert_eq!(processor("none"), None);
        assert_eq!(memory("MemTotal:        2048 kB\n"), Some(Bytes(2_097_152)));
        let df = "/dev/vda 10 4 6 40% /\n";
        assert_eq!(disk(df), Some(Bytes(10240)));
        assert_eq!(disk("my disk 10 4 6 40% /mnt/a b\n"), Some(Bytes(10240)));
        assert_eq!(disk("%"), None);
    }

    #[test]
    fn usable_ports_are_neither_taken_nor_the_kernels() {
        let there =
            listening("tcp 0100007F:4E20\ntcp6 00000000000000000000000000000000:4E21\nudp 00000000:4E22\n")
                .unwrap();
        assert_eq!(there, BTreeSet::from([20000, 20001, 20002]));
        assert_eq!(listening("nonsense\n"), None);
        let kernels = ephemeral("20005\t60999\n").unwrap();
        assert_eq!(usable(PortRange::new(20000, 20010).unwrap(), &there, &kernels), [20003, 20004]);
    }

    #[test]
    fn settings_are_merged_and_flags_seen() {
        let fresh = EngineSettings::read("==\n").unwrap();
        assert_eq!((fresh.restart_due, fresh.flag, fresh.file_is_right()), (false, None, false));
        assert_eq!(fresh.corrected().unwrap(), "{\n  \"userland-proxy\": false\n}\n");
        let kept = EngineSettings::read("restart-due\n--userland-proxy=false\n==\n{\"mtu\":1400}").unwrap();
        assert_eq!((kept.restart_due, kept.flag), (true, Some(false)));
        let merged: Value = serde_json::from_str(&kept.corrected().unwrap()).unwrap();
        assert_eq!(merged, serde_json::json!({"mtu": 1400, "userland-proxy": false}));
        assert_eq!(EngineSettings::read("--userland-proxy\n==\n").unwrap().flag, Some(true));
        assert_eq!(EngineSettings::read("==\n[1]").unwrap().file, None);
        assert_eq!(EngineSettings::read("x"), None);
    }
}
