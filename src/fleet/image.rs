//! Relay images, and the architectures that there are some for.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A relay image: the name to run it by, and the ids by which an engine proves that it is the very one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageRef {
    name: String,
    ids: Vec<String>,
}

/// Text that isn't an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an image is NAME:TAG with at least one id of the form sha256:<64 hexadecimal digits>")]
pub struct InvalidImage;

impl ImageRef {
    /// An image by its `name:tag` and its ids. There are two kinds of id: an engine with the classic store calls an
    /// image by the digest of its configuration, one with the containerd store by that of its manifest.
    pub fn new(name: &str, ids: Vec<String>) -> Result<Self, InvalidImage> {
        let (repository, tag) = name.rsplit_once(':').ok_or(InvalidImage)?;
        let plain = |s: &str, more: &[char]| {
            !s.is_empty()
                && s.starts_with(|c: char| c.is_ascii_alphanumeric())
                && s.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
        };
        let named = name.len() <= 255
            && plain(repository, &['/', '.', '_', '-', ':'])
            && plain(tag, &['.', '_', '-']);
        let id = |id: &String| {
            id.strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        if named && !ids.is_empty() && ids.iter().all(id) {
            Ok(Self { name: name.to_owned(), ids })
        } else {
            Err(InvalidImage)
        }
    }

    /// `name:tag`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether an engine's id for the image of that name is one of this image's.
    pub fn is(&self, id: &str) -> bool {
        self.ids.iter().any(|own| own == id)
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A processor architecture that relays are built for, by Docker's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Arch {
    /// Docker's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An architecture without a relay image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("relays run on amd64 and arm64")]
pub struct InvalidArch;

impl FromStr for Arch {
    type Err = InvalidArch;
    /// Takes Docker's names and those of `uname -m`.
    fn from_str(s: &str) -> Result<Self, InvalidArch> {
        match s {
            "amd64" | "x86_64" => Ok(Self::Amd64),
            "arm64" | "aarch64" => Ok(Self::Arm64),
            _ => Err(InvalidArch),
        }
    }
}

/// A relay image, and the archive from which it is loaded where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayImage {
    /// Its name and ids.
    pub image: ImageRef,
    /// What `docker save` made of it.
    pub archive: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_need_a_tag_and_an_id() {
        let id = format!("sha256:{}", "0".repeat(64));
        assert!(ImageRef::new("registry:5000/derper:1", vec![id.clone()]).is_ok());
        assert!(ImageRef::new("derper", vec![id.clone()]).is_err());
        assert!(ImageRef::new("derper:1", vec![]).is_err());
        assert!(ImageRef::new("derper:1", vec!["sha256:12".to_owned()]).is_err());
        assert!(ImageRef::new("-v:1", vec![id]).is_err());
    }
}
