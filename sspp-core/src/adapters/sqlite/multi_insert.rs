//! INSERT statements of a few fixed numbers of rows, so that each is prepared once.

use std::sync::Arc;

/// Rows a statement, the largest first. Most of a statement's cost is the way to the connection's thread and back.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// An INSERT of some columns in all its sizes.
#[derive(Debug)]
pub(super) struct MultiInsert {
    texts: [Arc<str>; SIZES.len()],
}

impl MultiInsert {
    /// The text is `head VALUES (?,…),… tail`.
    pub(super) fn new(head: &str, columns: usize, tail: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        let text = |rows| format!("{head} VALUES {} {tail}", vec![row.as_str(); rows].join(",")).into();
        Self { texts: SIZES.map(text) }
    }

    /// Splits rows into stretches, each with the statement that takes it.
    pub(super) fn stretches<'a, T>(&'a self, mut rows: &'a [T]) -> impl Iterator<Item = (Arc<str>, &'a [T])> {
        std::iter::from_fn(move || {
            let at = SIZES.iter().position(|size| *size <= rows.len())?;
            let (stretch, rest) = rows.split_at(SIZES[at]);
            rows = rest;
            Some((Arc::clone(&self.texts[at]), stretch))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_stretch() {
        let insert = MultiInsert::new("INSERT INTO t (a, b)", 2, "ON CONFLICT DO NOTHING");
        let rows: Vec<usize> = (0..150).collect();
        let stretches: Vec<_> = insert.stretches(&rows).collect();
        let sizes: Vec<_> = stretches.iter().map(|(_, rows)| rows.len()).collect();
        assert_eq!(sizes, [64, 64, 16, 4, 1, 1]);
        assert_eq!(stretches.iter().flat_map(|(_, rows)| rows.iter().copied()).collect::<Vec<_>>(), rows);
        assert_eq!(&*stretches[4].0, "INSERT INTO t (a, b) VALUES (?,?) ON CONFLICT DO NOTHING");
    }
}
