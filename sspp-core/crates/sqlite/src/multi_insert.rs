//! INSERT statements of a few fixed numbers of rows, several of them sent as one text: most of a statement's cost is the
//! way to the connection's thread and back.

/// Rows a statement, the largest first.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];
/// Rows a text at most, so that there are only so many texts to be kept prepared.
const MOST_ROWS: usize = 128;

/// An INSERT of some columns in all its sizes.
#[derive(Debug)]
pub(super) struct MultiInsert {
    texts: [String; SIZES.len()],
}

impl MultiInsert {
    /// The text is `head VALUES (?,…),… tail`.
    pub(super) fn new(head: &str, columns: usize, tail: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        let text = |rows| format!("{head} VALUES {} {tail}", vec![row.as_str(); rows].join(","));
        Self { texts: SIZES.map(text) }
    }

    /// Splits rows into stretches of the fixed sizes, each with its statement: for rows of many columns, whose
    /// statements are too large to keep one for each number of rows.
    pub(super) fn single<'a, T>(&'a self, mut rows: &'a [T]) -> impl Iterator<Item = (String, &'a [T])> {
        std::iter::from_fn(move || {
            let at = SIZES.iter().position(|size| *size <= rows.len())?;
            let (stretch, rest) = rows.split_at(SIZES[at]);
            rows = rest;
            Some((self.texts[at].clone(), stretch))
        })
    }

    /// Splits rows into stretches, each with the text of the statements that take it.
    pub(super) fn stretches<'a, T>(&'a self, rows: &'a [T]) -> impl Iterator<Item = (String, &'a [T])> {
        rows.chunks(MOST_ROWS).map(|stretch| (self.text(stretch.len()), stretch))
    }

    fn text(&self, mut rows: usize) -> String {
        let mut text = String::new();
        while let Some(at) = SIZES.iter().position(|size| *size <= rows) {
            text.push_str(&self.texts[at]);
            text.push(';');
            rows -= SIZES[at];
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_stretch() {
        let insert = MultiInsert::new("INSERT INTO t (a, b)", 2, "ON CONFLICT DO NOTHING");
        let rows: Vec<usize> = (0..300).collect();
        let stretches: Vec<_> = insert.stretches(&rows).collect();
        let sizes: Vec<_> = stretches.iter().map(|(_, rows)| rows.len()).collect();
        assert_eq!(sizes, [128, 128, 44]);
        assert_eq!(stretches.iter().flat_map(|(_, rows)| rows.iter().copied()).collect::<Vec<_>>(), rows);
        for (text, rows) in &stretches {
            assert_eq!(text.matches("(?,?)").count(), rows.len());
        }
        assert_eq!(
            insert.single(&rows).map(|(_, rows)| rows.len()).collect::<Vec<_>>(),
            [64, 64, 64, 64, 32, 8, 4]
        );
        let one = "INSERT INTO t (a, b) VALUES (?,?) ON CONFLICT DO NOTHING;";
        assert_eq!(insert.text(1), one);
        assert!(insert.text(3).ends_with(one) && insert.text(3).matches(';').count() == 2);
    }
}
