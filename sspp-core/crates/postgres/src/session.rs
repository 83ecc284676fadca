//! One connection for one call. A call that fails or is late closes its connection: what state it is in is unknown, and
//! a silently dead one would keep its place in the pool.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres};
use tokio::sync::watch;

use super::failure::Failure;
use super::last_break::LastBreak;
use super::place::{Away, Place};
use sspp_engine::StoreError;

/// How long past the server's own limit a call is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// How long a connection is waited for before the server itself is looked at.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Sessions {
    pub(super) place: Place,
    pub(super) pool: PgPool,
    pub(super) statement_timeout: Duration,
    /// Why the database cannot be used, as its last connection said.
    pub(super) unfit: watch::Receiver<Option<String>>,
    pub(super) last_break: LastBreak,
}

impl Sessions {
    /// Asks a question that may read much: the server gives it up after a limit of its own.
    pub(super) async fn within<T: Send + 'static>(
        &self,
        limit: Duration,
        question: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let limit = limit.min(self.statement_timeout);
        self.with(|connection| {
            async move {
                let begin = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {}", limit.as_millis());
                sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut *connection).await?;
                let answer = question(&mut *connection).await;
                let answer = answer.map_err(|error| Failure::from(error).or_too_broad(limit))?;
                sqlx::raw_sql("COMMIT").execute(connection).await?;
                Ok(answer)
            }
            .boxed()
        })
        .await
    }

    /// Runs a call on a connection of its own.
    pub(super) async fn with<T>(
        &self,
        call: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, Failure>> + Send,
    ) -> Result<T, StoreError> {
        let mut session = Session(Some(self.acquire().await?));
        if let Some(reason) = self.unfit.borrow().clone() {
            return Err(StoreError::Setup { reason });
        }
        let limit = self.statement_timeout + GRACE;
        let Some(connection) = session.0.as_mut() else { return Err(StoreError::Closed) };
        let outcome =
            tokio::time::timeout(limit, call(connection)).await.unwrap_or(Err(Failure::Late(limit)));
        if outcome.is_ok() {
            drop(session.0.take());
        }
        outcome.map_err(|failure| {
            let is_silent = matches!(failure, Failure::Late(_));
            let error = failure.or_late(self.statement_timeout).into();
            if is_silent || matches!(error, StoreError::Unavailable { .. }) {
                self.last_break.note();
            }
            error
        })
    }

    /// A connection, or why there is none. Where nothing listens the pool tries again and again, and then says only that it was
    /// late: so after a while this asks the server itself.
    async fn acquire(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let mut acquiring = std::pin::pin!(self.pool.acquire());
        let mut looking = std::pin::pin!(async {
            tokio::time::sleep(PATIENCE).await;
            self.place.look().await
        });
        let mut found = None;
        let error = loop {
            tokio::select! {
                biased;
                acquired = &mut acquiring => match acquired {
                    Ok(connection) => return Ok(connection),
                    Err(error) => break error,
                },
                looked = &mut looking, if found.is_none() => match looked {
                    Err(Away { reason, answers: false }) => return Err(StoreError::Unavailable { reason }),
                    looked => found = Some(looked),
                },
            }
        };
        let limits = self.pool.options();
        let reason = match (&error, found) {
            (sqlx::Error::PoolTimedOut, Some(Err(away))) => away.reason,
            (sqlx::Error::PoolTimedOut, Some(Ok(()))) => format!(
                "{} is available, but all {} connections of this process are in use; allow more (SSPP_DATABASE_CONNECTIONS)",
                self.place,
                limits.get_max_connections()
            ),
            (sqlx::Error::PoolTimedOut, None) => self.place.no_answer(limits.get_acquire_timeout()),
            (error, _) => self.place.unreachable(error),
        };
        Err(match StoreError::from(Failure::from(error)) {
            StoreError::Unavailable { .. } => StoreError::Unavailable { reason },
            other => other,
        })
    }
}

/// A connection that goes back to the pool only after a call that ended well. Otherwise, and when the call is dropped
/// half-way, its socket is closed at once: the server may not answer, and a transaction may be open.
struct Session(Option<PoolConnection<Postgres>>);

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
