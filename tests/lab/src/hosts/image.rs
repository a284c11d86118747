//! The image that lab hosts run as relay: `lab-relay` and the shared libraries it needs, nothing else. Made without an
//! engine or a registry, and the same to the byte, hence with the same id, whenever its source is the same.
//!
//! A statically linked program would need no libraries, but all its dependencies compiled once more.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::command::run;
use crate::cache;

/// The relay's image, ready to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayImage {
    /// What `docker save` would write: for `docker load` and the API's `/images/load`.
    pub archive: PathBuf,
    /// The id that the engine gives it, `sha256:…`.
    pub id: String,
    /// What it is called, `NAME:TAG`.
    pub tag: String,
}

/// The name the image is given.
const TAG: &str = "derpshop-lab-relay:lab";

/// Builds the relay's image from this source tree unless that has been done; the first time takes some minutes.
/// Blocks; concurrent calls, also of other processes, wait for the first.
pub fn relay_image() -> Result<RelayImage> {
    let folder = cache::folder()?.join("relay");
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let archive = folder.join(format!("{}.tar", source_digest()?));
    let id_file = archive.with_extension("id");
    if !id_file.exists() {
        remove_older(&folder, 5)?;
        let id = write_archive(&build(&folder)?, &archive)?;
        // Written last: it says that the archive is complete.
        fs::write(&id_file, id)?;
    }
    Ok(RelayImage { archive, id: fs::read_to_string(id_file)?, tag: TAG.to_owned() })
}

/// The root of the source tree this was built from.
fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Changes with everything that the relay is built from.
fn source_digest() -> Result<String> {
    let mut files =
        vec![source().join("Cargo.toml"), source().join("Cargo.lock"), source().join("tests/lab/Cargo.toml")];
    let mut folders = vec![source().join("tests/lab/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut digest = Sha256::new();
    digest.update(env!("CARGO_PKG_RUST_VERSION"));
    for file in files {
        let name = file.strip_prefix(source())?.to_string_lossy();
        for part in [name.as_bytes(), &fs::read(&file)?] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
    }
    Ok(hex::encode(digest.finalize())[..24].to_owned())
}

/// Compiles the relay, without symbols, to `folder`.
fn build(folder: &Path) -> Result<PathBuf> {
    tracing::info!("building the relay image");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(source());
    // All of the workspace, so that dependencies are built with the features, hence the files, of any other build.
    cargo.args(["build", "--quiet", "--workspace", "--bin", "lab-relay", "--message-format", "json"]);
    let messages = run(&mut cargo)?;
    let built = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let program = (message["target"]["name"] == "lab-relay").then(|| message["executable"].as_str());
        program.flatten().map(PathBuf::from)
    });
    let program = folder.join("lab-relay");
    run(Command::new("strip").arg("-o").arg(&program).arg(built.context("cargo built no lab-relay")?))?;
    Ok(program)
}

/// The shared libraries of a program and its loader, by the paths it looks for them.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let listed = run(Command::new("ldd").arg(program))?;
    let paths = listed.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(paths.map(PathBuf::from).collect())
}

/// Writes an image of one layer to `archive`. Returns its id.
fn write_archive(program: &Path, archive: &Path) -> Result<String> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => bail!("no relay image for {other}"),
    };
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, Path::new("lab-relay"), &fs::read(program)?, 0o755)?;
    for library in libraries(program)? {
        append(&mut layer, library.strip_prefix("/")?, &fs::read(&library)?, 0o755)?;
    }
    let layer = layer.into_inner()?;
    let configuration = json!({
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": { "Entrypoint": ["/lab-relay"], "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", digest(&layer))] },
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "lab" }],
    });
    let configuration = configuration.to_string();
    let id = digest(configuration.as_bytes());
    let manifest =
        json!([{ "Config": format!("{id}.json"), "RepoTags": [TAG], "Layers": ["layer/layer.tar"] }]);
    let mut image = tar::Builder::new(Vec::new());
    append(&mut image, format!("{id}.json").as_ref(), configuration.as_bytes(), 0o644)?;
    append(&mut image, "layer/layer.tar".as_ref(), &layer, 0o644)?;
    append(&mut image, "manifest.json".as_ref(), manifest.to_string().as_bytes(), 0o644)?;
    File::create(archive)?.write_all(&image.into_inner()?)?;
    Ok(format!("sha256:{id}"))
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &Path, content: &[u8], mode: u32) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len().try_into()?);
    header.set_mode(mode);
    header.set_mtime(0);
    Ok(tar.append_data(&mut header, name, content)?)
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Keeps the newest `count` images.
fn remove_older(folder: &Path, count: usize) -> Result<()> {
    let mut archives = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "tar") {
            archives.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    archives.sort();
    for (_, path) in archives.iter().rev().skip(count) {
        fs::remove_file(path.with_extension("id"))?;
        fs::remove_file(path)?;
    }
    Ok(())
}
