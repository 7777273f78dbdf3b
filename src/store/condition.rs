//! The condition of a database, for commands that must not change it.
//! Comes in: the database's URL. Goes out: whether it is there, and whether its schema is today's. Makes no file and no table.

use super::pool::{AnyConnection, Target, each_backend};
use super::{Result, Store, StoreError};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::MigrationHarness;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The first start makes it: there is no file, or no table of the gateway's.
    Missing,
    /// An earlier version made its schema; the next start, or `skillgate migrate`, changes it.
    Behind,
    Ready,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Store {
    /// # Errors
    /// `Unavailable`: the database does not answer. `Internal`: the URL is wrong.
    pub async fn condition(url: &str) -> Result<Condition> {
        let url = url.to_owned();
        let looked = tokio::task::spawn_blocking(move || condition(&Target::parse(&url)?)).await;
        looked.map_err(|error| StoreError::Internal(error.to_string()))?
    }
}

fn condition(target: &Target) -> Result<Condition> {
    if let Target::Sqlite(path) = target
        && !Path::new(path).exists()
    {
        return Ok(Condition::Missing);
    }
    let mut connection = target.connect()?;
    let tables = match &connection {
        AnyConnection::Sqlite(_) => "SELECT count(*) AS count FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => {
            "SELECT count(*) AS count FROM pg_class WHERE oid = to_regclass('__diesel_schema_migrations')"
        }
    };
    let found: Count = each_backend!(&mut connection, c => diesel::sql_query(tables).get_result(c))?;
    if found.count == 0 {
        return Ok(Condition::Missing);
    }
    let pending = match &mut connection {
        AnyConnection::Sqlite(sqlite) => sqlite.has_pending_migration(super::migrations::SQLITE_MIGRATIONS),
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => postgres.has_pending_migration(super::migrations::POSTGRES_MIGRATIONS),
    };
    let pending = pending.map_err(|error| StoreError::Internal(format!("the schema can't be read: {error}")))?;
    Ok(if pending { Condition::Behind } else { Condition::Ready })
}
