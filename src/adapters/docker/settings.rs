//! Our words for a container and its files, in Docker's.

use std::collections::{BTreeSet, HashMap};

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};

use crate::fleet::files::UploadFile;
use crate::fleet::relay::ContainerSettings;

/// The request body that creates a container.
pub(super) fn body(settings: ContainerSettings) -> ContainerCreateBody {
    let ContainerSettings {
        name: _,
        image,
        command,
        labels,
        ports,
        read_only,
        security,
        cap_drop,
        cap_add,
        memory,
        pids,
        tmpfs,
        volumes,
        log_options,
    } = settings;
    let binding = |port: u16| {
        Some(vec![PortBinding { host_ip: Some("0.0.0.0".to_owned()), host_port: Some(port.to_string()) }])
    };
    let host = HostConfig {
        readonly_rootfs: Some(read_only),
        security_opt: Some(security),
        cap_drop: Some(cap_drop),
        cap_add: Some(cap_add),
        memory: Some(memory),
        memory_swap: Some(memory),
        pids_limit: Some(pids),
        tmpfs: Some(tmpfs.into_iter().map(|path| (path, String::new())).collect()),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        port_bindings: Some(ports.iter().map(|(inside, port)| (inside.clone(), binding(*port))).collect()),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from_iter(log_options)),
        }),
        ..HostConfig::default()
    };
    ContainerCreateBody {
        image: Some(image),
        cmd: Some(command),
        labels: Some(labels),
        exposed_ports: Some(ports.into_iter().map(|(inside, _)| inside).collect()),
        volumes: Some(volumes),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

/// A tar of the files and the folders that lead to them, all of root's.
///
/// # Panics
/// If a path is absolute or longer than a tar can say, which ours aren't.
pub(super) fn archive(files: &[UploadFile]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |path: &str, kind: tar::EntryType, mode: u32, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
        archive
            .append_data(&mut header, path, content)
            .expect("our paths fit a tar, and memory takes all bytes");
    };
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|f| f.path.rsplit_once('/')).map(|(dir, _)| dir).collect();
    for folder in folders {
        add(&format!("{folder}/"), tar::EntryType::Directory, 0o700, &[]);
    }
    for file in files {
        add(&file.path, tar::EntryType::Regular, file.mode, &file.content);
    }
    archive.into_inner().expect("memory takes all bytes")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn the_archive_keeps_modes_and_is_roots() {
        let file = |path: &str, mode, content: &str| UploadFile {
            path: path.to_owned(),
            mode,
            content: Zeroizing::new(content.as_bytes().to_vec()),
        };
        let bytes = archive(&[
            file("certs/a.crt", 0o644, "C"),
            file("certs/a.key", 0o600, "K"),
            file("m", 0o600, "M"),
        ]);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let seen: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut content = String::new();
                entry.read_to_string(&mut content).unwrap();
                let header = entry.header();
                assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
                (entry.path().unwrap().to_string_lossy().into_owned(), header.mode().unwrap(), content)
            })
            .collect();
        let expected = [
            ("certs/", 0o700, ""),
            ("certs/a.crt", 0o644, "C"),
            ("certs/a.key", 0o600, "K"),
            ("m", 0o600, "M"),
        ];
        assert_eq!(seen, expected.map(|(path, mode, content)| (path.to_owned(), mode, content.to_owned())));
    }
}
