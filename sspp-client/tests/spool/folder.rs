//! Access to a spool's folder, and the errors of one that cannot be used.

use std::path::Path;

use sspp_client::spool::{Spool, SpoolConfig, SpoolError, SpoolSync};

use super::{drain, open, small};

fn refusal(config: SpoolConfig) -> String {
    Spool::open(config).unwrap_err().to_string()
}

#[test]
fn a_second_user_is_refused_until_the_first_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let clone = first.clone();
    for _ in 0..2 {
        let error = Spool::open(small(folder.path())).unwrap_err();
        assert!(matches!(&error, SpoolError::InUse { .. }), "{error}");
        assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
    }
    drop(first);
    assert!(Spool::open(small(folder.path())).is_err(), "the clone has it");
    clone.append(b"still ours").unwrap();
    clone.close().unwrap();
    assert!(matches!(clone.append(b"too late"), Err(SpoolError::Closed { .. })));
    assert_eq!(drain(&open(folder.path())), [b"still ours"]);
}

#[test]
fn faults_name_the_setting_or_the_path() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(SpoolConfig::new("")).contains("folder"));
    assert!(refusal(small(folder.path()).max_bytes(65_535)).contains("65536"));
    assert!(
        refusal(small(folder.path()).sync(SpoolSync::Every(std::time::Duration::ZERO))).contains("interval")
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refusal(small(&file));
    assert!(error.contains(file.to_str().unwrap()), "{error}");
    assert!(Path::new(&file).is_file());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/spool");
    let spool = open(&folder);
    spool.append(b"about a person").unwrap();
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
}

#[test]
fn a_payload_too_long_or_a_batch_beyond_the_limit_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    let long = vec![b' '; 1024 * 1024 + 1];
    assert!(matches!(spool.append(&long), Err(SpoolError::TooLarge { .. })));
    let error = spool.append_all(&[&long[..40_000], &long[..40_000]]).unwrap_err();
    assert!(matches!(error, SpoolError::Full { .. }), "{error}");
    assert!(error.to_string().contains("65536"), "{error}");
    assert_eq!((spool.stats().refused, spool.stats().pending), (3, 0));
    spool.append_all(&[] as &[&[u8]]).unwrap();
    assert!(spool.peek(1, 1).unwrap().is_none());
}

#[test]
fn each_append_reaches_the_disk_before_it_returns() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(small(folder.path()).sync(SpoolSync::EachAppend)).unwrap();
    spool.append_all(&[b"a", b"b"]).unwrap();
    spool.sync().unwrap();
    assert_eq!(drain(&spool), [b"a", b"b"]);
}
