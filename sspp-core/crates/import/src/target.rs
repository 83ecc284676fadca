//! Where an import goes.

use crate::error::ImportError;
use crate::rows::Row;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Rows that are done, with those of earlier calls.
    pub rows: u64,
    /// The line of the last row that was read.
    pub line: u64,
    /// How many bytes were read.
    pub bytes: u64,
}

/// What takes the rows of an import. It also shows a person how the import goes.
pub trait Target {
    /// What a good row becomes.
    type Item;
    /// Why the target stops.
    type Error: From<ImportError>;

    /// Reads a row: an item, or why the row is rejected. `made_id` makes an event id for a row that names none: it is the same
    /// when the import continues after an interruption.
    fn read(&mut self, row: &Row, made_id: &dyn Fn() -> String) -> Result<Self::Item, String>;

    /// Opens the target. It is called once, when the first good row was read.
    fn open(&mut self) -> impl Future<Output = Result<(), Self::Error>> {
        std::future::ready(Ok(()))
    }

    /// Puts in the items of a batch: for each, in their order, whether it was taken, or why it is rejected. An error ends the
    /// import, and the batch comes again when it continues.
    fn put(
        &mut self,
        items: Vec<Self::Item>,
    ) -> impl Future<Output = Result<Vec<Result<(), String>>, Self::Error>>;

    /// A row is rejected, the `count`-th of all. `reason` names its line.
    fn rejected(&mut self, count: u64, reason: &str);

    /// A batch was read.
    fn progress(&mut self, position: Position);

    /// Something that the user should know.
    fn note(&self, text: &str);

    /// Does `work`, which no interruption may cut in two. After it, the import is at this position; `None` at its end.
    fn commit(
        &mut self,
        position: Option<Position>,
        work: impl FnOnce() -> Result<(), ImportError>,
    ) -> Result<(), Self::Error> {
        let _ = position;
        Ok(work()?)
    }

    /// An error with how to continue.
    fn stopped(&self, error: Self::Error, position: Position) -> Self::Error {
        let _ = position;
        error
    }

    /// Whether nothing can have been taken, as under an unknown key: then an import that has just begun leaves no checkpoint.
    fn is_refused(&self, error: &Self::Error) -> bool {
        let _ = error;
        false
    }
}
