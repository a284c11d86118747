use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("derpshop-secret-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn keyring(&self) -> PathBuf {
        self.0.join("keyring")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn ring() -> (Folder, Keyring) {
    let folder = Folder::new();
    let ring = Keyring::create_or_load(&folder.keyring()).unwrap();
    (folder, ring)
}

const ROW: &str = "serial_numbers:5f:code";

#[test]
fn a_sealed_value_opens_in_its_own_row_only() {
    let (_folder, ring) = ring();
    let sealed = ring.seal.seal(ROW, b"7KQ2");
    assert_eq!(ring.open.open(ROW, &sealed).unwrap().as_slice(), b"7KQ2");
    assert_eq!(ring.open.open("serial_numbers:60:code", &sealed).unwrap_err(), SecretError::WrongRow);
    // A row that is a prefix of another, with the rest of it in the value, is another row.
    assert_eq!(ring.open.open("serial_numbers:5f", &sealed).unwrap_err(), SecretError::WrongRow);
    let empty = ring.seal.seal("", b"");
    assert!(ring.open.open("", &empty).unwrap().is_empty());
}

#[test]
fn an_inbox_value_opens_in_its_own_row_only() {
    let (_folder, ring) = ring();
    let sealed = ring.inbox.seal("telegram_updates:1:9", b"{}");
    assert_eq!(ring.inbox.open("telegram_updates:1:9", &sealed).unwrap().as_slice(), b"{}");
    assert_eq!(ring.inbox.open("telegram_updates:1:10", &sealed).unwrap_err(), SecretError::Refused);
    assert_ne!(sealed, ring.inbox.seal("telegram_updates:1:9", b"{}"), "nonces are fresh");
}

#[test]
fn another_keyring_opens_nothing() {
    let (_one, ours) = ring();
    let (_two, theirs) = ring();
    let sealed = ours.seal.seal(ROW, b"x");
    assert_eq!(theirs.open.open(ROW, &sealed).unwrap_err(), SecretError::Refused);
    let sealed = ours.inbox.seal(ROW, b"x");
    assert_eq!(theirs.inbox.open(ROW, &sealed).unwrap_err(), SecretError::Refused);
    assert_ne!(ours.lookup.digest("serial", b"x"), theirs.lookup.digest("serial", b"x"));
}

#[test]
fn every_altered_byte_and_every_shorter_length_is_refused() {
    let (_folder, ring) = ring();
    let boxed = ring.seal.seal(ROW, b"secret");
    let inbox = ring.inbox.seal(ROW, b"secret");
    for (sealed, open) in [
        (&boxed, &(|s: &[u8]| ring.open.open(ROW, s).map(drop)) as &dyn Fn(&[u8]) -> Result<(), SecretError>),
        (&inbox, &|s: &[u8]| ring.inbox.open(ROW, s).map(drop)),
    ] {
        open(sealed).unwrap();
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 0x20;
            let expected = if at == 0 { SecretError::UnknownKey(0x21) } else { SecretError::Refused };
            assert_eq!(open(&bad).unwrap_err(), expected, "byte {at}");
            assert!(open(&sealed[..at]).is_err(), "length {at}");
        }
    }
}

#[test]
fn digests_are_stable_and_separated_by_purpose() {
    let (folder, ring) = ring();
    let again = Keyring::create_or_load(&folder.keyring()).unwrap();
    assert_eq!(ring.lookup.digest("serial", b"x"), again.lookup.digest("serial", b"x"));
    assert_ne!(ring.lookup.digest("serial", b"x"), ring.lookup.digest("token", b"x"));
    assert_ne!(ring.lookup.digest("seria", b"lx"), ring.lookup.digest("serial", b"x"), "no shifted boundary");
}

#[test]
fn a_digest_is_hmac_sha256_over_length_purpose_and_data() {
    let key = LookupKey { key: SecretBox::new(Box::new([0x0b; 32])) };
    // From an independent implementation: HMAC-SHA256(0b*32, 0000000000000003 || "abc" || "def").
    assert_eq!(
        hex::encode(key.digest("abc", b"def")),
        "a4fe20544a2f3d0aca36d462e485d27d99ceb68fad8d2f5bac2ed9cd37fd802d"
    );
}

#[test]
fn the_webhook_needs_no_private_half() {
    let (folder, ring) = ring();
    fs::remove_file(folder.keyring().join("seal.private")).unwrap();
    let keys = WebhookKeys::load(&folder.keyring()).unwrap();
    let sealed = keys.seal.seal(ROW, b"x");
    assert_eq!(ring.open.open(ROW, &sealed).unwrap().as_slice(), b"x");
    assert_eq!(keys.lookup.digest("a", b"b"), ring.lookup.digest("a", b"b"));
    assert!(ring.inbox.open(ROW, &keys.inbox.seal(ROW, b"x")).is_ok());
    // The whole keyring is refused then, rather than made anew.
    let missing = Keyring::create_or_load(&folder.keyring()).unwrap_err();
    assert!(matches!(missing, KeyringError::Missing { .. }), "{missing}");
}

#[test]
fn files_are_private_and_others_are_refused_with_the_cure() {
    let (folder, _ring) = ring();
    let dir = folder.keyring();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o7777, 0o700);
    for name in KEYRING_FILES {
        let path = dir.join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600, "{name}");
        for mode in [0o640, 0o604, 0o620] {
            chmod(&path, mode);
            let refused = Keyring::load(&dir).unwrap_err().to_string();
            assert!(refused.contains(&format!("chmod 600 {}", path.display())), "{refused}");
        }
        chmod(&path, 0o600);
    }
    chmod(&dir, 0o750);
    assert!(matches!(Keyring::load(&dir).unwrap_err(), KeyringError::Exposed { .. }));
    assert!(matches!(WebhookKeys::load(&dir).unwrap_err(), KeyringError::Exposed { .. }));
}

#[test]
fn first_starts_at_the_same_time_agree() {
    let folder = Folder::new();
    let dir = folder.keyring();
    let digests: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Keyring::create_or_load(&dir).unwrap().lookup.digest("a", b"b")))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "no half-made keyring stays behind");
}

#[test]
fn an_added_key_takes_over_and_the_old_one_still_opens() {
    let (folder, old) = ring();
    let (sealed, queued) = (old.seal.seal(ROW, b"old"), old.inbox.seal(ROW, b"old"));
    let private = SecretKey::generate(&mut OsRng);
    let append = |name: &str, key: &[u8]| {
        let path = folder.keyring().join(name);
        let text = format!("{}2 {}\n", fs::read_to_string(&path).unwrap(), hex::encode(key));
        fs::write(&path, text).unwrap();
    };
    append("seal.private", &private.to_bytes());
    append("inbox", &[7; 32]);
    append("seal.public", private.public_key().as_bytes());
    let new = Keyring::load(&folder.keyring()).unwrap();
    assert_eq!(new.open.open(ROW, &sealed).unwrap().as_slice(), b"old");
    assert_eq!(new.inbox.open(ROW, &queued).unwrap().as_slice(), b"old");
    let (sealed, queued) = (new.seal.seal(ROW, b"new"), new.inbox.seal(ROW, b"new"));
    assert_eq!((sealed[0], queued[0]), (2, 2));
    assert_eq!(new.open.open(ROW, &sealed).unwrap().as_slice(), b"new");
    assert_eq!(old.open.open(ROW, &sealed).unwrap_err(), SecretError::UnknownKey(2));
    append("lookup", &[7; 32]);
    assert!(matches!(Keyring::load(&folder.keyring()).unwrap_err(), KeyringError::Malformed { line: 2, .. }));
}

#[test]
fn a_broken_file_is_named_without_its_content() {
    let (folder, _ring) = ring();
    let path = folder.keyring().join("inbox");
    let key = "ab".repeat(32);
    for (text, line) in [
        (String::new(), 0),
        ("1 abcd\n".into(), 1),
        (format!("0 {key}\n"), 1),
        (format!("256 {key}\n"), 1),
        (format!("1 {key}\n1 {key}\n"), 2),
        (format!("{key}\n"), 1),
    ] {
        fs::write(&path, &text).unwrap();
        let refused = Keyring::load(&folder.keyring()).unwrap_err();
        assert!(
            matches!(refused, KeyringError::Malformed { line: at, .. } if at == line),
            "{text:?}: {refused}"
        );
        assert!(!refused.to_string().contains("abcd"));
    }
}

#[test]
fn halves_that_do_not_belong_together_are_refused() {
    let (one, _) = ring();
    let (two, _) = ring();
    fs::copy(one.keyring().join("seal.public"), two.keyring().join("seal.public")).unwrap();
    assert!(matches!(Keyring::load(&two.keyring()).unwrap_err(), KeyringError::Mismatch { .. }));
}

#[test]
fn debug_prints_no_key() {
    let (folder, ring) = ring();
    let shown = format!("{ring:?} {:?}", WebhookKeys::load(&folder.keyring()).unwrap());
    for name in KEYRING_FILES {
        let text = fs::read_to_string(folder.keyring().join(name)).unwrap();
        let key = text.trim().split_once(' ').unwrap().1;
        assert!(!shown.contains(key));
    }
    assert!(shown.contains("SealPrivate([redacted])"), "{shown}");
}

#[test]
fn equality_compares_content_and_length() {
    assert!(eq("abc", b"abc"));
    assert!(!eq("abc", "abd"));
    assert!(!eq("abc", "abcd"));
    assert!(!eq("", "a"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_open_or_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let seal = SealPrivate { keys: BTreeMap::from([(1, SecretKey::from([3; 32]))]) };
        let inbox = InboxKey { current: (1, SecretBox::new(Box::new([3; 32]))), older: BTreeMap::new() };
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        prop_assert!(seal.open(ROW, &bytes).is_err());
        prop_assert!(inbox.open(ROW, &bytes).is_err());
    }
}
