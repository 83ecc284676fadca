//! The table at the end: a line a measure, with its limit in the same run and its target.

use std::io::Write;

use crate::Failure;
use crate::stats::Summary;

/// One line of the table.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Line {
    pub(crate) measure: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: Summary,
    /// What it is judged by, in words, and its median.
    pub(crate) limit: Option<(&'static str, f64)>,
    /// Value by limit, within each round.
    pub(crate) ratio: Option<Summary>,
    pub(crate) target: Target,
}

#[derive(Debug, Clone, Copy, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    RatioAtLeast(f64),
    AtMost(f64),
    Context,
}

impl Line {
    /// A value that is judged by itself.
    pub(crate) fn plain(measure: &'static str, unit: &'static str, value: Summary, target: Target) -> Self {
        Self { measure, unit, value, limit: None, ratio: None, target }
    }

    /// A rate that is judged by what was measured beside it, round by round.
    pub(crate) fn rate<R>(
        measure: &'static str,
        rounds: &[R],
        value: impl Fn(&R) -> f64,
        name: &'static str,
        limit: impl Fn(&R) -> f64,
        target: Target,
    ) -> Self {
        Self {
            measure,
            unit: "/s",
            value: Summary::of(rounds.iter().map(&value)),
            limit: Some((name, Summary::of(rounds.iter().map(&limit)).median)),
            ratio: Some(Summary::of(rounds.iter().map(|round| value(round) / limit(round)))),
            target,
        }
    }

    fn met(&self) -> Option<bool> {
        match self.target {
            Target::RatioAtLeast(least) => self.ratio.map(|ratio| ratio.median >= least),
            Target::AtMost(most) => Some(self.value.median <= most),
            Target::Context => None,
        }
    }
}

/// Not a number where the system does not tell.
#[expect(clippy::cast_precision_loss, reason = "memory stays far below 2^53 bytes")]
pub(crate) fn megabytes(bytes: Option<u64>) -> f64 {
    bytes.map_or(f64::NAN, |bytes| bytes as f64 / 1e6)
}

fn number(value: f64) -> String {
    match value {
        absent if absent.is_nan() => "-".to_owned(),
        large if large >= 1_000.0 => format!("{large:.0}"),
        small => format!("{small:.2}"),
    }
}

/// Prints the lines under a head.
pub(crate) fn print(out: &mut impl Write, lines: &[Line]) -> Result<(), Failure> {
    writeln!(
        out,
        "{:<20}{:>10} {:<5}{:>22}{:>8}  {:<12}{:<8}spread",
        "measure", "value", "", "limit", "ratio", "target", ""
    )?;
    for line in lines {
        let limit = line.limit.map_or_else(String::new, |(name, limit)| format!("{name} {}", number(limit)));
        let ratio = line.ratio.map_or_else(String::new, |ratio| number(ratio.median));
        let target = match line.target {
            Target::RatioAtLeast(least) => format!(">= {least}"),
            Target::AtMost(most) => format!("<= {most}"),
            Target::Context => String::new(),
        };
        let met = line.met().map_or("", |met| if met { "met" } else { "MISSED" });
        let spread = line.ratio.unwrap_or(line.value);
        writeln!(
            out,
            "{:<20}{:>10} {:<5}{limit:>22}{ratio:>8}  {target:<12}{met:<8}{} to {}",
            line.measure,
            number(line.value.median),
            line.unit,
            number(spread.least),
            number(spread.most),
        )?;
    }
    Ok(writeln!(out)?)
}
