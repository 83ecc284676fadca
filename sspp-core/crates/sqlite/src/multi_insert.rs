//! INSERT statements of a few fixed numbers of rows: most of a statement's cost is the way to the connection's thread and back,
//! and each number of rows would be a prepared statement to keep.

/// Rows a statement.
const SIZES: [usize; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// An INSERT of some columns, the first of them never NULL, in all its sizes.
#[derive(Debug)]
pub(super) struct MultiInsert {
    texts: [String; SIZES.len()],
}

impl MultiInsert {
    /// Rows that are not bound are NULL, and left out. A row that is refused leaves those before it: the caller undoes them, so that
    /// SQLite keeps no journal of every page that the statement changes.
    ///
    /// `before` are statements in front of it, in the same text.
    pub(super) fn new(before: &str, table: &str, columns: &str, conflict: &str) -> Self {
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        let text = |rows| {
            let rows = vec![row.as_str(); rows].join(",");
            format!(
                "{before}INSERT OR FAIL INTO {table} ({columns}) SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL {conflict}"
            )
        };
        Self { texts: SIZES.map(text) }
    }

    /// The text for so many rows, at most [`Self::MOST`].
    pub(super) fn text(&self, rows: usize) -> &str {
        &self.texts[SIZES.partition_point(|size| *size < rows)]
    }

    /// The most rows that one text takes.
    pub(super) const MOST: usize = SIZES[SIZES.len() - 1];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_room_for_its_rows_and_not_for_twice_as_many() {
        let insert = MultiInsert::new("", "t", "a, b", "ON CONFLICT DO NOTHING");
        for rows in 1..=MultiInsert::MOST {
            let room = insert.text(rows).matches("(?,?)").count();
            assert!(rows <= room && room < 2 * rows, "{room} for {rows}");
        }
        assert_eq!(
            insert.text(1),
            "INSERT OR FAIL INTO t (a, b) SELECT * FROM (VALUES (?,?)) WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING"
        );
    }
}
