//! The Rust examples of the guide (`sspp-core/docs/guide`) and of the repository's README: they run as doc tests.
#![cfg(doctest)]

macro_rules! pages {
    ($($page:literal $name:ident)*) => {
        $(#[doc = include_str!(concat!("../../sspp-core/docs/guide/src/", $page, ".md"))]
        struct $name;)*
    };
}

pages! {
    "client/emit" Emit
    "client/read" Read
    "client/settings" ClientSettings
    "client/spool" Spool
    "client/testing" TestAProgram
    "embed/engine" Engine
    "embed/intake" Intake
    "embed/pipeline" Pipeline
    "embed/ports" Ports
    "embed/testing" TestWithStores
    "scoring/conditions" Conditions
    "scoring/models" Models
    "scoring/test" TestAModel
    "start/rust" FirstProgram
}

#[doc = include_str!("../../README.md")]
struct Readme;
