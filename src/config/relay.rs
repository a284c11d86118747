//! Checks the section `relay`.

use super::check::Check;
use super::raw;
use super::{Admission, Relay};
use crate::fleet::image::{Arch, ImageRef, RelayImage};
use crate::fleet::server::PortRange;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

impl Check<'_> {
    pub(super) fn relay(&mut self, raw: raw::Relay) -> Relay {
        let answers = [("allow", Admission::Allow), ("deny", Admission::Deny)];
        let answer = raw.admission_on_failure.as_deref();
        Relay {
            images: self.images(raw.images),
            ports: self.ports(raw.ports.as_deref()),
            admission_on_failure: self.word("relay.admission_on_failure", answer, &answers, Admission::Allow),
            admission_url: self.web_address("relay.admission_url", raw.admission_url.as_deref()),
            own_addresses: self.addresses(raw.own_addresses.as_deref().unwrap_or_default()),
        }
    }

    fn addresses(&mut self, written: &str) -> Vec<IpAddr> {
        let texts = written.split(',').map(str::trim).filter(|text| !text.is_empty());
        let parsed: Result<Vec<IpAddr>, _> = texts.map(str::parse).collect();
        parsed.unwrap_or_else(|_| {
            self.wrong("relay.own_addresses", "should be IP addresses with commas between them");
            Vec::new()
        })
    }

    fn images(&mut self, raw: BTreeMap<String, raw::Image>) -> BTreeMap<Arch, RelayImage> {
        let mut images = BTreeMap::new();
        for (architecture, image) in raw {
            let key = |part: &str| format!("relay.images.{architecture}{part}");
            let arch = architecture.parse::<Arch>();
            if arch.is_err() {
                self.wrong(&key(""), "is for an unknown architecture; there are amd64 and arm64");
            }
            let ids = image.ids.unwrap_or_default();
            let ids = ids.split(',').map(|id| id.trim().to_owned()).collect();
            let reference = image.reference.unwrap_or_default();
            let known = ImageRef::new(&reference, ids);
            if known.is_err() {
                self.wrong(&key(""), "needs a reference NAME:TAG and ids, each `sha256:` and 64 hex digits");
            }
            if image.archive.is_none() {
                self.wrong(&key(".archive"), "should be the file that `docker save` made");
            }
            let archive = self.absolute(&key(".archive"), image.archive, PathBuf::new);
            if let (Ok(arch), Ok(image)) = (arch, known) {
                images.insert(arch, RelayImage { image, archive });
            }
        }
        images
    }

    fn ports(&mut self, written: Option<&str>) -> PortRange {
        let Some(written) = written else { return PortRange::DEFAULT };
        written.parse().unwrap_or_else(|_| {
            self.wrong("relay.ports", "should be two ports above 1023 with a dash, such as 20000-29999");
            PortRange::DEFAULT
        })
    }
}
