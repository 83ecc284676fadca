//! The indexes of signals by account, user and timestamp. The writer adds the newest signals window by window, in the order of the
//! index and a part in each transaction: a page then takes many entries at once, and no caller waits for a whole window.

use std::sync::LazyLock;

use sqlx::SqliteConnection;

use crate::multi_insert::MultiInsert;
use sspp_events::Event;

/// Entries that are added for each new signal: more than one for each index, so that a window ends before the next is full.
const ENTRIES: usize = 4;
/// Entries that are added at a time while nothing else is to do.
const IDLE_ENTRIES: usize = 2_048;
/// So few are scanned as fast as they are found in an index.
const FEW: usize = 32;

/// Of a signal what the indexes need.
#[derive(Debug, Clone)]
pub(crate) struct Indexed {
    id: i64,
    account_id: Box<str>,
    user_id: Box<str>,
    timestamp: i64,
    processed_at: i64,
}

impl Indexed {
    pub(super) fn new(id: i64, event: &Event, processed_at: i64) -> Self {
        Self {
            id,
            account_id: event.account_id.as_str().into(),
            user_id: event.user_id.as_str().into(),
            timestamp: event.timestamp.micros(),
            processed_at,
        }
    }
}

/// The signals that are not in the indexes yet, as far as they are committed or added in this transaction. After a failed
/// transaction it is read anew.
#[derive(Debug)]
pub(crate) struct Index {
    /// Signals a window, at least; fewer while the writer is idle.
    size: usize,
    /// Later than the window.
    newest: Vec<Indexed>,
    /// The signals that are being added, in the order of the table at hand.
    window: Vec<Indexed>,
    /// Up to which signal the window goes.
    window_to: i64,
    /// The table at hand, and how much of the window it has.
    table: usize,
    at: usize,
}

/// An index as a table.
struct Table {
    insert: MultiInsert,
    sort: fn(&mut [Indexed]),
    bind: for<'q> fn(Query<'q>, &'q Indexed) -> Query<'q>,
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

static TABLES: LazyLock<[Table; 3]> = LazyLock::new(|| {
    let insert = |table, columns| MultiInsert::new("", table, columns, "ON CONFLICT DO NOTHING");
    [
        Table {
            insert: insert("by_account", "account_id, processed_at, id"),
            sort: |window| {
                window.sort_unstable_by(|a, b| {
                    (&a.account_id, a.processed_at, a.id).cmp(&(&b.account_id, b.processed_at, b.id))
                });
            },
            bind: |query, signal| query.bind(&*signal.account_id).bind(signal.processed_at).bind(signal.id),
        },
        Table {
            insert: insert("by_user", "user_id, processed_at, id"),
            sort: |window| {
                window.sort_unstable_by(|a, b| {
                    (&a.user_id, a.processed_at, a.id).cmp(&(&b.user_id, b.processed_at, b.id))
                });
            },
            bind: |query, signal| query.bind(&*signal.user_id).bind(signal.processed_at).bind(signal.id),
        },
        Table {
            insert: insert("by_timestamp", "timestamp, id"),
            sort: |window| window.sort_unstable_by_key(|signal| (signal.timestamp, signal.id)),
            bind: |query, signal| query.bind(signal.timestamp).bind(signal.id),
        },
    ]
});

impl Index {
    /// Reads from the file what is not in the indexes.
    pub(crate) async fn load(connection: &mut SqliteConnection, size: usize) -> sqlx::Result<Self> {
        let sql = "SELECT id, account_id, user_id, timestamp, processed_at FROM signals \
                   WHERE id > (SELECT indexed_to FROM totals) ORDER BY id";
        let rows: Vec<(i64, String, String, i64, i64)> = sqlx::query_as(sql).fetch_all(connection).await?;
        let newest = rows.into_iter().map(|(id, account_id, user_id, timestamp, processed_at)| Indexed {
            id,
            account_id: account_id.into(),
            user_id: user_id.into(),
            timestamp,
            processed_at,
        });
        Ok(Self { size, newest: newest.collect(), window: Vec::new(), window_to: 0, table: 0, at: 0 })
    }

    /// Adds a part of the window for the signals that were added in this transaction.
    pub(crate) async fn follow(
        &mut self,
        added: &mut Vec<Indexed>,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let entries = added.len() * ENTRIES;
        self.newest.append(added);
        self.add(entries, self.size, connection).await
    }

    /// Whether there is work for an idle writer.
    pub(crate) fn is_behind(&self) -> bool {
        self.newest.len() + self.window.len() > FEW
    }

    /// Adds a part of what there is.
    pub(crate) async fn add_some(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        self.add(IDLE_ENTRIES, 1, connection).await
    }

    /// Brings the indexes up to the last signal.
    pub(crate) async fn add_all(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        self.add(usize::MAX, 1, connection).await
    }

    /// Adds so many entries, as long as there is a window of at least so many signals.
    async fn add(
        &mut self,
        mut entries: usize,
        least: usize,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        while entries > 0 {
            if self.window.is_empty() {
                if self.newest.len() < least {
                    return Ok(());
                }
                self.window = std::mem::take(&mut self.newest);
                self.window_to = self.window.last().map_or(0, |signal| signal.id);
                self.table = 0;
                self.at = 0;
            }
            let table = &TABLES[self.table];
            if self.at == 0 {
                (table.sort)(&mut self.window);
            }
            let rest = &self.window[self.at..];
            let part = &rest[..rest.len().min(entries).min(MultiInsert::MOST)];
            let mut query = sqlx::query(table.insert.text(part.len()));
            for signal in part {
                query = (table.bind)(query, signal);
            }
            query.execute(&mut *connection).await?;
            entries -= part.len();
            self.at += part.len();
            if self.at == self.window.len() {
                self.at = 0;
                self.table += 1;
            }
            if self.table == TABLES.len() {
                sqlx::query("UPDATE totals SET indexed_to = ?")
                    .bind(self.window_to)
                    .execute(&mut *connection)
                    .await?;
                self.window = Vec::new();
            }
        }
        Ok(())
    }
}
