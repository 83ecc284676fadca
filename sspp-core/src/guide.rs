//! The pages of the guide (`docs/guide`) whose Rust examples need this crate: they run as its doc tests.

macro_rules! pages {
    ($($page:literal $name:ident)*) => {
        $(#[doc = include_str!(concat!("../docs/guide/src/", $page, ".md"))]
        struct $name;)*
    };
}

pages! {
    "scoring/models" Models
    "scoring/conditions" Conditions
    "scoring/test" TestAModel
    "embed/engine" Engine
}

#[cfg(all(feature = "sqlite", feature = "postgres", feature = "redis", feature = "testing"))]
pages! {
    "embed/ports" Ports
    "embed/intake" Intake
    "embed/pipeline" Pipeline
    "embed/testing" Testing
}
