//! The steps that one transaction is made of. The rules that combine them are the pipeline's.

use super::data_keys::DataKey;
use super::pool::AnyConnection;
use super::{Result, Vault};
use crate::model::ids::{CandidateRef, TenantId};
use std::collections::HashMap;

/// An open transaction. Its steps are in the files of the tables that they touch.
pub struct Transaction<'a> {
    pub(super) connection: &'a mut AnyConnection,
    pub(super) vault: &'a Vault,
    /// Keys of persons that this transaction has read.
    pub(super) keys: HashMap<(TenantId, CandidateRef), DataKey>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a mut AnyConnection, vault: &'a Vault) -> Self {
        Self { connection, vault, keys: HashMap::new() }
    }

    /// Locks these names until the transaction ends, also where there is no row to lock
    /// yet. Each caller names all at once, so that two can't wait for each other.
    pub fn lock_names(&mut self, names: &[String]) -> Result<()> {
        lock_names(self.connection, names)
    }
}

/// On SQLite there is only one writer, so nothing is to be done.
pub(super) fn lock_names(connection: &mut AnyConnection, names: &[String]) -> Result<()> {
    match connection {
        AnyConnection::Sqlite(_) => tracing::trace!(names = names.len(), "no lock was taken because SQLite has one writer"),
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => {
            use diesel::prelude::*;
            let mut keys: Vec<i64> = names.iter().map(|name| lock_key(name)).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<diesel::sql_types::BigInt, _>(key);
                lock.execute(postgres)?;
            }
        }
    }
    Ok(())
}

#[cfg(feature = "postgres")]
fn lock_key(name: &str) -> i64 {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(name.as_bytes());
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// Rows per statement: PostgreSQL takes at most 65,535 parameters.
pub(super) const ROWS_PER_STATEMENT: usize = 500;
/// Up to so many rows, the statement for each number of rows stays prepared.
pub(super) const FEW_ROWS: usize = 8;

/// Writes rows with a statement. PostgreSQL gets several at once, which saves waits for its answers; SQLite answers at once, and
/// gets one statement per row: a statement for one row is always the same, and is prepared once.
macro_rules! write_rows {
    ($connection:expr, $rows:expr, |$some:ident| $statement:expr) => {
        match $connection {
            $crate::store::pool::AnyConnection::Sqlite(c) => {
                for $some in &$rows {
                    $crate::store::prepared::Prepared::command($statement).run(c)?;
                }
            }
            #[cfg(feature = "postgres")]
            $crate::store::pool::AnyConnection::Postgres(c) => {
                if $rows.len() <= $crate::store::transaction::FEW_ROWS {
                    if !$rows.is_empty() {
                        let $some = &$rows[..];
                        $crate::store::prepared::Prepared::command($statement).run(c)?;
                    }
                } else {
                    for $some in $rows.chunks($crate::store::transaction::ROWS_PER_STATEMENT) {
                        $statement.execute(c)?;
                    }
                }
            }
        }
    };
}
pub(super) use write_rows;

/// Inserts rows into a table; rows that are there already are left alone.
macro_rules! insert_all {
    ($connection:expr, $table:expr, $rows:expr) => {
        $crate::store::transaction::write_rows!($connection, $rows, |rows| {
            diesel::insert_into($table).values(rows).on_conflict_do_nothing()
        })
    };
}
pub(super) use insert_all;
