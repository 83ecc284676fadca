//! Scores with a model of your own, offline: what a webinar is worth, and why.
//!
//! `cargo run -p sspp-examples --bin custom_scoring`

use std::error::Error;

use sspp_core::{Event, ScoringModel};

fn main() -> Result<(), Box<dyn Error>> {
    let model = ScoringModel::from_toml(MODEL)?;
    for minutes in [10, 50] {
        let event = Event::builder("acme", "ada", "webinar_attended", "2026-01-15T10:00:00Z")
            .metadata(format!(r#"{{"minutes": {minutes}}}"#))
            .build()?;
        let explanation = model.explain(&event)?;
        println!("{minutes} minutes: {}", explanation.score);
        for step in &explanation.steps {
            println!("  {:+.2}  {}", step.delta.to_f64(), step.reason);
        }
    }

    // A model with mistakes is refused; the error names each mistake and its place.
    if let Err(mistakes) = ScoringModel::from_toml("name = \"broken\"\nversion = 0") {
        println!("\nrefused: {mistakes}");
    }
    println!("\nServe it with: sspp-api --model webinars.toml");
    Ok(())
}

const MODEL: &str = r#"
name = "webinars"
version = 1

[events.webinar_attended]
base = 0.50
signal_type = "intent"
group = "intent"

[[modifiers]]
id = "stayed"
when = "num(metadata.minutes) >= 45"
add = 0.30
reason = "stayed for at least 45 minutes"
"#;
