//! What holds for every model and every event.
#![expect(clippy::panic, reason = "helpers of tests fail by panicking")]

use proptest::prelude::*;
use serde_json::Value;
use sspp_core::{ScoringModel, StepKind, Units};

use crate::strategies::{document, event, mutated, toml_of};

fn model(document: &Value) -> ScoringModel {
    ScoringModel::from_json(&document.to_string()).unwrap_or_else(|faults| panic!("{faults}\n{document}"))
}

/// The same document with all members in reverse order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().rev().map(|(name, member)| (name.clone(), reversed(member))).collect()
        }
        Value::Array(elements) => elements.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

proptest! {
    // Every case compiles a model or several: parsing CEL is slow without optimization.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn steps_sum_to_the_score(document in document(), event in event()) {
        let model = model(&document);
        let explanation = model.explain(&event).unwrap();
        let sum: Units = explanation.steps.iter().map(|step| step.delta).sum();
        prop_assert_eq!(sum, explanation.score.units());
        let mut total = Units::ZERO;
        for step in &explanation.steps {
            total = total + step.delta;
            prop_assert_eq!(step.total, total);
            prop_assert!(step.fired != Some(false) || step.delta == Units::ZERO);
            prop_assert!(step.error.is_none() || step.fired == Some(false));
        }
    }

    #[test]
    fn scores_lie_within_the_bounds_unless_dropped(document in document(), event in event()) {
        let model = model(&document);
        let explanation = model.explain(&event).unwrap();
        let bound = |name: &str, default| document.pointer(&format!("/signal/{name}")).map_or(default, |value| value.as_f64().unwrap());
        let dropped = explanation.steps.iter().any(|step| step.kind == StepKind::Cap && step.reason.contains("dropped"));
        let score = explanation.score.to_f64();
        if dropped {
            prop_assert_eq!(explanation.score.units(), Units::ZERO);
        } else {
            prop_assert!((bound("min", 0.0)..=bound("max", 1.0)).contains(&score), "{}", score);
        }
        prop_assert_eq!(explanation.score.units().get() % 100, 0);
    }

    #[test]
    fn a_score_is_what_its_explanation_says(document in document(), event in event()) {
        let model = model(&document);
        let (scored, explanation) = (model.score(&event).unwrap(), model.explain(&event).unwrap());
        prop_assert_eq!((scored.score, scored.signal_type), (explanation.score, explanation.signal_type));
    }

    #[test]
    fn a_digest_depends_on_what_is_said_and_not_on_how(document in document(), event in event()) {
        let given = model(&document);
        let as_toml = ScoringModel::from_toml(&toml_of(&document).unwrap()).unwrap();
        let kept = ScoringModel::from_json(&given.to_record().document).unwrap();
        for other in [model(&reversed(&document)), as_toml, kept] {
            prop_assert_eq!(other.digest(), given.digest());
            prop_assert_eq!(other.explain(&event), given.explain(&event));
            prop_assert_eq!(other.to_record(), given.to_record());
        }
        let mut renamed = document;
        renamed["name"] = "another".into();
        prop_assert_ne!(model(&renamed).digest(), given.digest());
    }

    #[test]
    fn a_mutated_document_is_compiled_or_refused(
        document in document().prop_flat_map(mutated).prop_flat_map(mutated),
        event in event(),
    ) {
        match ScoringModel::from_json(&document.to_string()) {
            Ok(model) => {
                let _ = model.explain(&event);
            }
            Err(faults) => {
                prop_assert!(!faults.0.is_empty());
                prop_assert_eq!(faults.to_string().lines().count(), faults.0.len() + 1);
            }
        }
        if let Some(text) = toml_of(&document) {
            let _ = ScoringModel::from_toml(&text);
        }
    }

    #[test]
    fn any_text_is_compiled_or_refused(text in ".{0,200}") {
        prop_assert!(ScoringModel::from_toml(&text).is_err());
        prop_assert!(ScoringModel::from_json(&text).is_err());
    }
}
