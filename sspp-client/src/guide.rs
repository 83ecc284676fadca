//! The pages of the repository's guide (`sspp-core/docs/guide`) whose Rust examples need this crate: they run as its doc tests.

macro_rules! pages {
    ($($page:literal $name:ident)*) => {
        $(#[doc = include_str!(concat!("../../sspp-core/docs/guide/src/", $page, ".md"))]
        struct $name;)*
    };
}

pages! {
    "start/rust" FirstProgram
    "client/settings" Settings
    "client/read" Read
    "client/testing" Testing
}

#[cfg(feature = "blocking")]
pages! { "client/emit" Emit }

#[cfg(feature = "spool")]
pages! { "client/spool" Spool }

/// The README of the repository: its examples of this crate and of `sspp-core`.
#[doc = include_str!("../../README.md")]
struct Readme;
