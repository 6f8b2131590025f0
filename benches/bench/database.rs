//! Databases to measure on, thrown away at the end.

use std::process;

use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;

use crate::Result;

/// A database that is thrown away.
pub struct BenchDatabase {
    /// Where it is.
    pub url: String,
    /// For the key file, and for the database file of SQLite.
    pub folder: TempDir,
    server: Option<Server>,
}

/// A PostgreSQL server and the schema that is made in it.
struct Server {
    url: String,
    schema: String,
}

/// A database that can be made.
pub struct Planned {
    server: Option<String>,
}

impl BenchDatabase {
    /// SQLite, and PostgreSQL where the tests would run on it too.
    pub fn all() -> impl Iterator<Item = Planned> {
        let server = std::env::var("KONTOR_TEST_DATABASE_URL").ok();
        let servers = [None].into_iter();
        servers
            .chain(server.filter(|url| !url.is_empty()).map(Some))
            .map(|server| Planned { server })
    }

    /// What reports call it.
    pub fn name(&self) -> &'static str {
        match self.server {
            None => "sqlite",
            Some(_) => "postgres",
        }
    }

    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// Removes it.
    pub async fn remove(self) -> Result<()> {
        if let Some(Server { url, schema }) = &self.server {
            execute(url, &format!("DROP SCHEMA {schema} CASCADE")).await?;
        }
        Ok(self.folder.close()?)
    }
}

impl Planned {
    /// Makes it, without tables.
    pub async fn create(self) -> Result<BenchDatabase> {
        // Not in the folder for temporary files, which may be memory: a commit must reach a disk.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let Some(server) = self.server else {
            return Ok(BenchDatabase {
                url: format!("sqlite://{}", folder.path().join("bench.db").display()),
                folder,
                server: None,
            });
        };
        let schema = format!("kontor_bench_{}", process::id());
        execute(&server, &format!("CREATE SCHEMA {schema}")).await?;
        let mark = if server.contains('?') { '&' } else { '?' };
        Ok(BenchDatabase {
            url: format!("{server}{mark}options=-c%20search_path%3D{schema}"),
            folder,
            server: Some(Server {
                url: server,
                schema,
            }),
        })
    }
}

async fn execute(server: &str, sql: &str) -> Result<()> {
    let connection = sea_orm::Database::connect(server).await?;
    connection.execute_unprepared(sql).await?;
    Ok(connection.close().await?)
}
