//! What a process exports in Prometheus' text format, compared with the list of metrics.

use std::collections::{BTreeMap, BTreeSet};

/// The samples of one metric.
#[derive(Debug, Default)]
struct Exported<'t> {
    kind: &'t str,
    series: Vec<BTreeMap<&'t str, &'t str>>,
}

/// Compares `/metrics` of a process (`direct` or `queued`: `sspp-api` by its intake; or `worker`) with the list (`sspp-core/crates/runtime/metrics.tsv`), in both directions: names,
/// kinds and label names; and gives a sentence for everything that differs.
///
/// ```
/// let list = "name\tkind\tprocess\tlabels\tmeaning\na_total\tcounter\tqueued,worker\tkind\tsomething\n";
/// let check = |text| sspp_core::testing::differences(text, list, "worker");
/// assert_eq!(check("# TYPE a_total counter\na_total{kind=\"x\"} 1\n"), Vec::<String>::new());
/// assert_eq!(check("# TYPE a_total gauge\na_total 1\n").len(), 2);
/// assert_eq!(check("").len(), 1);
/// ```
pub fn differences(text: &str, list: &str, process: &str) -> Vec<String> {
    let mut exported = exported(text);
    let mut found = Vec::new();
    for line in list.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[name, kind, of, labels, meaning] = cells.as_slice() else {
            found.push(format!("the list has a line of {} cells: {line}", cells.len()));
            continue;
        };
        if meaning.is_empty() || !of.split(',').all(|of| ["direct", "queued", "worker"].contains(&of)) {
            found.push(format!(
                "{name} has no meaning, or a process that is neither direct, queued nor worker"
            ));
        }
        if !of.split(',').any(|of| of == process) {
            continue;
        }
        let Some(metric) = exported.remove(name) else {
            found.push(format!("{name} is in the list but not exported"));
            continue;
        };
        if metric.kind != kind {
            found.push(format!("{name} is a {}, not a {kind}", metric.kind));
        }
        let expected: BTreeSet<&str> = labels.split(',').filter(|label| !label.is_empty()).collect();
        for series in metric.series {
            let given: BTreeSet<&str> = series.keys().copied().filter(|label| *label != "le").collect();
            if given != expected {
                found.push(format!("{name} has the labels {given:?}, not {expected:?}"));
                break;
            }
        }
    }
    found.extend(exported.keys().map(|name| format!("{name} is exported but not in the list")));
    found
}

/// Every value that a label has in `/metrics`.
///
/// ```
/// let text = "# TYPE a_total counter\na_total{kind=\"x\"} 1\na_total{kind=\"y\"} 1\n";
/// assert_eq!(sspp_core::testing::label_values(text, "kind").into_iter().collect::<Vec<_>>(), ["x", "y"]);
/// ```
pub fn label_values<'t>(text: &'t str, label: &str) -> BTreeSet<&'t str> {
    let series = exported(text).into_values().flat_map(|metric| metric.series);
    series.filter_map(|series| series.get(label).copied()).collect()
}

fn exported(text: &str) -> BTreeMap<&str, Exported<'_>> {
    let mut all: BTreeMap<&str, Exported<'_>> = BTreeMap::new();
    let mut current = "";
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            current = name;
            all.entry(name).or_default().kind = kind;
        } else if !line.is_empty() && !line.starts_with('#') {
            let (name, labels) = sample(line);
            let base = if name.starts_with(current) && !current.is_empty() { current } else { name };
            all.entry(base).or_default().series.push(labels);
        }
    }
    all
}

/// The name and the labels of a sample. Values of ours hold neither quotes nor backslashes.
fn sample(line: &str) -> (&str, BTreeMap<&str, &str>) {
    let Some((name, rest)) = line.split_once('{') else {
        return (line.split(' ').next().unwrap_or_default(), BTreeMap::new());
    };
    let labels = rest.rsplit_once('}').map_or("", |(labels, _)| labels);
    let pairs = labels.split("\",").filter_map(|pair| pair.trim_end_matches('"').split_once("=\""));
    (name, pairs.collect())
}
