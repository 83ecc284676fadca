//! Tests that need what this machine does not have.

/// Says loudly that a test did not run, and why. The test is to end then.
///
/// ```
/// # if std::env::var("CI").as_deref() != Ok("true") {
/// sspp_core::testing::did_not_run("pgbouncer is not installed");
/// # }
/// ```
///
/// # Panics
/// When `CI` is `true`: everything has to be there then.
pub fn did_not_run(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "this must run where CI=true: {why}");
    // Past the capture of a test's output: what passes without having run has to be seen.
    let mut out = std::io::stderr().lock();
    drop(std::io::Write::write_all(&mut out, format!("!!! DID NOT RUN: {why}\n").as_bytes()));
}
