//! Image archives: streaming them to a server, and reading which image is in one.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::ImportImageOptionsBuilder;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::bytes::Bytes as Size;
use crate::fleet::host::{HostError, LoadProgress, cause};
use crate::fleet::image::ImageRef;

use super::error;

const CHUNK: usize = 256 * 1024;
/// How long nothing may move before the transfer is given up.
const STALL: Duration = Duration::from_mins(1);
/// How often progress is told.
const TELL: Duration = Duration::from_millis(500);
/// How long a whole transfer may take.
const WHOLE: Duration = Duration::from_hours(1);

/// Streams an archive into Docker Engine.
pub(super) async fn load(
    docker: &Docker,
    address: SocketAddr,
    archive: &Path,
    progress: LoadProgress<'_>,
) -> Result<(), HostError> {
    let unreadable =
        |error: io::Error| HostError::Archive { path: archive.display().to_string(), source: cause(error) };
    let file = File::open(archive).await.map_err(unreadable)?;
    let total = Size(file.metadata().await.map_err(unreadable)?.len());
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let chunks = futures::stream::try_unfold(file, move |mut file| {
        let counter = Arc::clone(&counter);
        async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let read = file.read_buf(&mut chunk).await?;
            counter.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
            Ok::<_, io::Error>((read > 0).then(|| (Bytes::from(chunk), file)))
        }
    });
    let docker = docker.clone().with_timeout(WHOLE);
    let options = ImportImageOptionsBuilder::default().quiet(true).build();
    let mut answers = docker.import_image_stream(options, chunks, None);
    let loading = async {
        while let Some(answer) = answers.next().await {
            answer.map_err(|e| error::general(e, address))?;
        }
        Ok(())
    };
    tokio::pin!(loading);
    let (mut seen, mut still) = (0, Duration::ZERO);
    loop {
        if let Ok(done) = tokio::time::timeout(TELL, &mut loading).await {
            progress(total, total);
            return done;
        }
        let now = sent.load(Ordering::Relaxed);
        still = if now == seen { still + TELL } else { Duration::ZERO };
        seen = now;
        progress(Size(now), total);
        if still >= STALL {
            return Err(HostError::Timeout { what: "streaming the image", limit: STALL });
        }
    }
}

/// Why an archive doesn't tell its image.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It can't be read.
    #[error("image archive {} cannot be read", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// It isn't what `docker save` writes for one tagged image.
    #[error("image archive {} does not hold one tagged image as `docker save` writes it", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
    },
}

/// The image in an archive that `docker save` made: its tag and every id under which an engine may know it. Reads
/// the whole file; not for an async thread.
pub fn image_in_archive(path: &Path) -> Result<ImageRef, ArchiveError> {
    let io = |source| ArchiveError::Io { path: path.to_owned(), source };
    let malformed = || ArchiveError::Malformed { path: path.to_owned() };
    let (mut manifest, mut index) = (None, None);
    let mut archive = tar::Archive::new(std::fs::File::open(path).map_err(io)?);
    for entry in archive.entries().map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.path().map_err(io)?.to_string_lossy().trim_start_matches("./").to_owned();
        let slot = match name.as_str() {
            "manifest.json" => &mut manifest,
            "index.json" => &mut index,
            _ => continue,
        };
        let mut text = String::new();
        entry.take(1 << 20).read_to_string(&mut text).map_err(io)?;
        *slot = Some(serde_json::from_str::<serde_json::Value>(&text).map_err(|_| malformed())?);
    }
    let manifest = manifest.ok_or_else(malformed)?;
    let one =
        manifest.as_array().filter(|all| all.len() == 1).and_then(|all| all.first()).ok_or_else(malformed)?;
    let tag = one["RepoTags"][0].as_str().ok_or_else(malformed)?;
    // `<hex>.json` in archives of older engines, `blobs/sha256/<hex>` in those of newer ones.
    let config = one["Config"].as_str().ok_or_else(malformed)?;
    let config = config.trim_end_matches(".json").trim_start_matches("blobs/sha256/");
    let mut ids = vec![format!("sha256:{config}")];
    let manifests = index.as_ref().and_then(|index| index["manifests"].as_array()).into_iter().flatten();
    ids.extend(manifests.filter_map(|m| m["digest"].as_str()).map(str::to_owned));
    ImageRef::new(tag, ids).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(name: &str, files: &[(&str, String)]) -> PathBuf {
        let path = std::env::temp_dir().join(format!("derpshop-image-{name}-{}.tar", std::process::id()));
        let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        tar.finish().unwrap();
        path
    }

    #[test]
    fn old_and_new_archives_tell_their_image() {
        let (config, manifest) = ("a".repeat(64), "b".repeat(64));
        let old = archive(
            "old",
            &[(
                "manifest.json",
                format!(r#"[{{"Config":"{config}.json","RepoTags":["relay:1"],"Layers":[]}}]"#),
            )],
        );
        let image = image_in_archive(&old).unwrap();
        assert_eq!(image.name(), "relay:1");
        assert!(image.is(&format!("sha256:{config}")));
        let new = archive(
            "new",
            &[
                ("index.json", format!(r#"{{"manifests":[{{"digest":"sha256:{manifest}"}}]}}"#)),
                (
                    "manifest.json",
                    format!(r#"[{{"Config":"blobs/sha256/{config}","RepoTags":["relay:1"]}}]"#),
                ),
            ],
        );
        let image = image_in_archive(&new).unwrap();
        assert!(image.is(&format!("sha256:{config}")) && image.is(&format!("sha256:{manifest}")));
        std::fs::remove_file(old).unwrap();
        std::fs::remove_file(new).unwrap();
    }

    #[test]
    fn what_isnt_one_tagged_image_is_refused() {
        let config = "a".repeat(64);
        for (name, text) in [
            ("untagged", format!(r#"[{{"Config":"{config}.json","RepoTags":null}}]"#)),
            ("two", "[{},{}]".to_owned()),
            ("broken", "{".to_owned()),
        ] {
            let path = archive(name, &[("manifest.json", text)]);
            assert!(matches!(image_in_archive(&path), Err(ArchiveError::Malformed { .. })), "{name}");
            std::fs::remove_file(path).unwrap();
        }
        assert!(matches!(image_in_archive(Path::new("/nowhere.tar")), Err(ArchiveError::Io { .. })));
    }
}
