//! INSERT statements of a few fixed numbers of rows: most of a statement's cost is the way to the connection's thread and back,
//! and each number of rows would be a prepared statement to keep.

/// Rows a statement.
const SIZES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// An INSERT of some columns, the first of them never NULL, in all its sizes.
#[derive(Debug)]
pub(super) struct MultiInsert {
    texts: [String; SIZES.len()],
}

impl MultiInsert {
    /// Rows that are not bound are NULL, and left out. A row that is refused leaves those before it: the caller undoes them, so that
    /// SQLite keeps no journal of every page that the statement changes.
    pub(super) fn new(table: &str, columns: &str, conflict: &str) -> Self {
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        let text = |rows| {
            let rows = vec![row.as_str(); rows].join(",");
            format!(
                "INSERT OR FAIL INTO {table} ({columns}) SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL {conflict}"
            )
        };
        Self { texts: SIZES.map(text) }
    }

    /// Splits rows into stretches, each with the statement that takes it.
    pub(super) fn stretches<'s, 'r, T>(&'s self, rows: &'r [T]) -> impl Iterator<Item = (&'s str, &'r [T])> {
        let most = SIZES[SIZES.len() - 1];
        rows.chunks(most).map(|stretch| {
            let at = SIZES.partition_point(|size| *size < stretch.len());
            (self.texts[at].as_str(), stretch)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_stretch() {
        let insert = MultiInsert::new("t", "a, b", "ON CONFLICT DO NOTHING");
        for rows in [0, 1, 2, 3, 64, 65, 128, 300] {
            let rows: Vec<usize> = (0..rows).collect();
            let stretches: Vec<_> = insert.stretches(&rows).collect();
            assert_eq!(stretches.iter().flat_map(|(_, rows)| rows.iter().copied()).collect::<Vec<_>>(), rows);
            for (text, rows) in &stretches {
                let room = text.matches("(?,?)").count();
                assert!(rows.len() <= room && room < 2 * rows.len(), "{room} for {}", rows.len());
            }
        }
        assert_eq!(
            insert.stretches(&[7]).next().unwrap().0,
            "INSERT OR FAIL INTO t (a, b) SELECT * FROM (VALUES (?,?)) WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING"
        );
    }
}
