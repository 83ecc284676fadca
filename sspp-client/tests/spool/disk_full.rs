//! A disk without room: a small file system in memory, mounted for a child process alone.

use std::path::Path;
use std::process::Command;

use sspp_client::spool::{Spool, SpoolConfig, SpoolError};
use sspp_core::testing::did_not_run;

use super::{drain, payload};

const FOLDER: &str = "SSPP_TEST_FULL_FOLDER";

/// Not a test by itself: it needs a folder on a disk of 256 KiB.
#[test]
#[ignore = "run by the test below, with a file system of its own"]
fn child() {
    let folder = std::env::var(FOLDER).unwrap();
    let folder = Path::new(&folder).join("spool");
    let spool = Spool::open(SpoolConfig::new(&folder)).unwrap();
    let mut taken = Vec::new();
    let error = loop {
        let next = payload(taken.len(), 900);
        match spool.append(&next) {
            Ok(()) => taken.push(next),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SpoolError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains(folder.to_str().unwrap()) && error.is_retryable(), "{error}");
    assert!(taken.len() > 100, "{}", taken.len());
    assert_eq!((spool.stats().refused, spool.stats().pending), (1, taken.len() as u64));
    // Half a record at the end would hide what comes later.
    drop(spool);
    let spool = Spool::open(SpoolConfig::new(&folder)).unwrap();
    assert_eq!((spool.stats().torn_bytes, spool.stats().damaged), (0, 0));
    // A new file does not fit either, and leaves nothing behind.
    assert!(matches!(spool.append(&payload(0, 900)), Err(SpoolError::DiskFull { .. })));
    assert_eq!(super::segments(&folder).len(), 1);
    assert_eq!(drain(&spool), taken);
    // Delivered: there is room again.
    spool.append(b"again").unwrap();
    assert_eq!(drain(&spool), [b"again"]);
    println!("the full disk was survived");
}

#[test]
fn a_full_disk_is_an_error_that_names_the_folder_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=256k tmpfs "$1" || exit 77
        exec "$2" --exact disk_full::child --ignored --nocapture"#;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--user", "--mount", "sh", "-c", script, "sh"]);
    command.arg(folder.path()).arg(std::env::current_exe().unwrap()).env(FOLDER, folder.path());
    let Ok(output) = command.output() else {
        return did_not_run("there is no unshare(1), so no small disk to fill");
    };
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if said.contains("unshare failed") || output.status.code() == Some(77) {
        return did_not_run(&format!("this system mounts no file system for a test: {said}"));
    }
    assert!(output.status.success() && said.contains("the full disk was survived"), "{said}");
}
