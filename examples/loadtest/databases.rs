//! The databases of a run: made beside the one that was named, removed at the end.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::Failure;

/// Where they are, and what their names begin with.
#[derive(Debug, Clone)]
pub(crate) struct Databases<'u> {
    url: &'u str,
    pub(crate) prefix: String,
}

impl<'u> Databases<'u> {
    /// Names that no other run has.
    pub(crate) fn of_this_run(url: &'u str) -> Self {
        Self { url, prefix: format!("sspp_loadtest_{}", std::process::id()) }
    }

    async fn admin(&self) -> Result<PgConnection, Failure> {
        Ok(PgConnection::connect(self.url)
            .await
            .map_err(|error| format!("cannot reach PostgreSQL (--postgres): {error}"))?)
    }

    /// Makes one; gives its URL.
    pub(crate) async fn create(&self, name: &str) -> Result<String, Failure> {
        let name = format!("{}_{name}", self.prefix);
        let create = format!("CREATE DATABASE {name}");
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut self.admin().await?).await?;
        let options: PgConnectOptions = self.url.parse()?;
        Ok(options.database(&name).to_url_lossy().to_string())
    }

    pub(crate) async fn drop(&self, name: &str) -> Result<(), Failure> {
        self.remove(&format!("{}_{name}", self.prefix)).await
    }

    async fn remove(&self, full_name: &str) -> Result<(), Failure> {
        let drop = format!("DROP DATABASE IF EXISTS {full_name} WITH (FORCE)");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut self.admin().await?).await?;
        Ok(())
    }

    pub(crate) async fn clean_up(&self) -> Result<(), Failure> {
        let names: Vec<String> =
            sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname LIKE $1 || '%'")
                .bind(&self.prefix)
                .fetch_all(&mut self.admin().await?)
                .await?;
        for name in names {
            self.remove(&name).await?;
        }
        Ok(())
    }
}
