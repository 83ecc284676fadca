//! Integration tests of sspp-runtime, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod metrics_list;
