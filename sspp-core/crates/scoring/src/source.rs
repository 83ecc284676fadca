//! Where a model comes from: a document, or this build.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::compile::compile;
use super::condition::Compiler;
use super::document::{read_json, read_toml};
use super::faults::ModelFaults;
use super::model::ScoringModel;

/// The constants are the predecessor's, so only the name differs.
static PREDECESSOR: LazyLock<Arc<ScoringModel>> = LazyLock::new(|| {
    let text =
        include_str!("../models/default.toml").replacen("name = \"default\"", "name = \"predecessor\"", 1);
    #[expect(
        clippy::expect_used,
        reason = "a constant of the build; every test that imports would find it broken"
    )]
    let model = ScoringModel::from_toml(&text).expect("the predecessor's model");
    Arc::new(model)
});

static DEFAULT: LazyLock<Arc<ScoringModel>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "a constant of the build; every test that scores would find it broken"
    )]
    let model = ScoringModel::from_toml(include_str!("../models/default.toml")).expect("the embedded model");
    Arc::new(model)
});

impl ScoringModel {
    /// The model used when no other is given: the predecessor's constants. Compiled once.
    pub fn embedded_default() -> Arc<Self> {
        Arc::clone(&DEFAULT)
    }

    /// The model under which signals of the predecessor are kept: their scores are its own, and this is what they are explained
    /// by. Compiled once.
    ///
    /// ```
    /// use sspp_core::ScoringModel;
    /// let (model, default) = (ScoringModel::predecessor(), ScoringModel::embedded_default());
    /// assert_eq!(model.name(), "predecessor");
    /// assert_ne!(model.digest(), default.digest());
    /// ```
    pub fn predecessor() -> Arc<Self> {
        Arc::clone(&PREDECESSOR)
    }

    /// Reads and compiles a TOML document of at most 1 MiB.
    pub fn from_toml(text: &str) -> Result<Self, ModelFaults> {
        read_toml(text).and_then(|document| Self::of(&document))
    }

    /// Reads and compiles a JSON document of at most 1 MiB. No member may appear twice.
    pub fn from_json(text: &str) -> Result<Self, ModelFaults> {
        read_json(text).and_then(|document| Self::of(&document))
    }

    pub(super) fn of(document: &Value) -> Result<Self, ModelFaults> {
        compile(document, Compiler::default())
    }
}
