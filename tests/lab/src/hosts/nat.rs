//! What the machine must pass on for a lab host: packets to other hosts, and to the world for those that install
//! packages. Only settings of the host's own cable are touched where that is enough; what is not ours alone (the
//! forwarding flag of the machine's uplink) is put back by the last host that needed it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::command::{if_exists, run, words};

/// Shared by all runs on this machine: a lock, and the uplink's flag as it was before the first of them.
const SHARED: &str = "/run/lock/derpshop-lab";

/// The rules of one host. Dropping it takes them away.
pub(super) struct Nat {
    link: String,
    uplink: Option<String>,
}

impl Nat {
    /// Opens the way for host `number` behind `link`.
    pub(super) fn open(link: &str, number: u8, internet: bool) -> Result<Self> {
        fs::write(forwarding(link), "1")?;
        let mut nat = Self { link: link.to_owned(), uplink: None };
        if !has_iptables() {
            return Ok(nat);
        }
        let _lock = lock()?;
        remove_rules(link);
        if internet {
            let route = run(&mut words("ip", "-4 -o route show default"))?;
            let uplink = route.split_whitespace().skip_while(|word| *word != "dev").nth(1);
            let uplink = uplink.context("this machine has no way out that a lab host could use")?;
            remember_uplink(uplink)?;
            fs::write(forwarding(uplink), "1")?;
            nat.uplink = Some(uplink.to_owned());
            let source = format!("10.77.{number}.0/24");
            rule(&format!(
                "-t nat -A POSTROUTING -s {source} -o {uplink} -m comment --comment {link} -j MASQUERADE"
            ))?;
        }
        // An engine that runs on the machine itself has set the policy to DROP.
        if internet || run(&mut words("iptables", "-w -S FORWARD"))?.contains("-P FORWARD DROP") {
            rule(&format!("-I FORWARD -i {link} -m comment --comment {link} -j ACCEPT"))?;
            rule(&format!("-I FORWARD -o {link} -m comment --comment {link} -j ACCEPT"))?;
        }
        Ok(nat)
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        if !has_iptables() {
            return;
        }
        let lock = lock();
        remove_rules(&self.link);
        let Some(uplink) = &self.uplink else { return };
        let others =
            run(&mut words("iptables", "-w -t nat -S POSTROUTING")).is_ok_and(|rules| is_used(&rules));
        if lock.is_ok() && !others {
            let kept = kept_flag(uplink);
            if let Ok(before) = fs::read_to_string(&kept) {
                // If it can't be put back, the file stays and the next run knows what it was.
                if fs::write(forwarding(uplink), before).is_ok() {
                    let _ = fs::remove_file(kept);
                }
            }
        }
    }
}

fn forwarding(device: &str) -> PathBuf {
    ["/proc/sys/net/ipv4/conf", device, "forwarding"].iter().collect()
}

fn kept_flag(uplink: &str) -> PathBuf {
    [SHARED, &format!("forwarding-{uplink}")].iter().collect()
}

fn remember_uplink(uplink: &str) -> Result<()> {
    let kept = kept_flag(uplink);
    if if_exists(fs::metadata(&kept))?.is_none() {
        fs::write(kept, fs::read_to_string(forwarding(uplink))?)?;
    }
    Ok(())
}

/// Held until dropped. The kernel lets go of it when its owner ends in any way.
fn lock() -> Result<File> {
    fs::create_dir_all(SHARED)?;
    let file = File::create(PathBuf::from(SHARED).join("lock"))?;
    file.lock()?;
    Ok(file)
}

fn has_iptables() -> bool {
    Command::new("iptables").arg("--version").output().is_ok()
}

fn rule(line: &str) -> Result<()> {
    run(&mut words("iptables", &format!("-w {line}"))).map(drop)
}

/// Whether a rule of a host that still exists is among `rules`.
fn is_used(rules: &str) -> bool {
    let names = rules.split_whitespace().map(|word| word.trim_matches('"'));
    let mut hosts = names.filter(|word| word.starts_with("derplab"));
    hosts.any(|name| PathBuf::from("/sys/class/net").join(name).exists())
}

/// Removes what a host of this name, or an earlier one that was killed, has left.
fn remove_rules(link: &str) {
    for (table, chain) in [("nat", "POSTROUTING"), ("filter", "FORWARD")] {
        let Ok(rules) = run(&mut words("iptables", &format!("-w -t {table} -S {chain}"))) else { continue };
        for line in rules.lines().filter(|line| comment(line) == Some(link)) {
            let deleted = line.replacen("-A", "-D", 1).replace('"', "");
            if let Err(error) = rule(&format!("-t {table} {deleted}")) {
                tracing::warn!(%error, "a firewall rule of a lab host stays");
            }
        }
    }
}

fn comment(rule: &str) -> Option<&str> {
    let name = rule.split_whitespace().skip_while(|word| *word != "--comment").nth(1);
    name.map(|name| name.trim_matches('"'))
}
