//! Relay images.

use std::fmt;

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
