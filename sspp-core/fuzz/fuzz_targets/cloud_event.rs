//! Hands the fuzzer's bytes to the laws that the normal tests check too.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sspp_core::testing::fuzz::cloud_event(bytes));
