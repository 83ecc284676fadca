//! Integration tests of sspp-runtime, one module a subject.

mod metrics_list;
