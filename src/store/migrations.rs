//! Brings the schema of the database up to date. Comes in: a connection. Goes out: the same, with the tables of this version.

use super::pool::AnyConnection;
use super::{Result, StoreError};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::time::Duration;

pub(super) const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
pub(super) const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number: every Skillgate process takes the same lock while it migrates.
#[cfg(feature = "postgres")]
const MIGRATION_LOCK: i64 = 0x5b1_11a7e;

/// Brings the schema up to date; safe when several processes start at once.
pub(super) fn migrate(connection: &mut AnyConnection) -> Result<()> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            switch_to_write_ahead_log(sqlite)?;
            sqlite.immediate_transaction(|sqlite| {
                sqlite.run_pending_migrations(SQLITE_MIGRATIONS).map(drop).map_err(MigrationError::from)
            })?;
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => {
            postgres.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")?;
            postgres.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
            let migrated = postgres.run_pending_migrations(POSTGRES_MIGRATIONS).map(drop).map_err(MigrationError::from);
            postgres.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
            migrated?;
        }
    }
    Ok(())
}

/// Two processes that create the file at the same moment may find it locked, whatever the time-out.
fn switch_to_write_ahead_log(connection: &mut SqliteConnection) -> Result<()> {
    let mut tries = 0;
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Ok(()) => return Ok(()),
            Err(error) if tries == 50 => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
        tries += 1;
    }
}

#[derive(Debug)]
struct MigrationError(String);

impl From<Box<dyn std::error::Error + Send + Sync>> for MigrationError {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self(error.to_string())
    }
}

impl From<diesel::result::Error> for MigrationError {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<MigrationError> for StoreError {
    fn from(error: MigrationError) -> Self {
        Self::Internal(format!("the schema could not be brought up to date: {}", error.0))
    }
}
