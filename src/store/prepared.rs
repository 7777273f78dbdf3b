//! Statements that a connection prepares once, although diesel would prepare them anew each time: it takes every UPDATE, and every
//! statement with a literal in it, for a statement whose text changes.
//! Comes in: a statement whose text is always the same, whatever its values. Goes out: the same statement, to be loaded or run.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::LoadQuery;
use std::marker::PhantomData;

/// Only for statements whose texts are few: each text stays prepared as long as the connection lives. `Rows` says whether the rows are
/// those of the statement or do not come.
pub struct Prepared<Q, Rows = OwnRows> {
    statement: Q,
    rows: PhantomData<Rows>,
}

/// The rows that the statement names.
pub struct OwnRows;

/// No rows come.
pub struct NoRows;

impl<Q> Prepared<Q> {
    pub fn new(statement: Q) -> Self {
        Self { statement, rows: PhantomData }
    }
}

impl<Q> Prepared<Q, NoRows> {
    /// A statement that gives back no rows.
    pub fn command(statement: Q) -> Self {
        Self { statement, rows: PhantomData }
    }

    /// Runs the statement as a query. What is only executed is handed to the connection by reference, and diesel does not ask a reference
    /// whether it may stay prepared.
    pub fn run<'query, C>(self, connection: &mut C) -> QueryResult<()>
    where
        Self: LoadQuery<'query, C, i32>,
    {
        let none: Vec<i32> = self.load(connection)?;
        debug_assert!(none.is_empty());
        Ok(())
    }
}

impl<Q, Rows, DB> QueryFragment<DB> for Prepared<Q, Rows>
where
    DB: Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// The connection knows the statement by its text.
impl<Q, Rows> QueryId for Prepared<Q, Rows> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

/// The type of the rows that do not come.
impl<Q> Query for Prepared<Q, NoRows> {
    type SqlType = diesel::sql_types::Integer;
}

impl<Q, Rows, C> RunQueryDsl<C> for Prepared<Q, Rows> {}

/// Loads the rows with these keys. PostgreSQL takes them as one list; on SQLite each number of keys has a statement of its own, of
/// which those for few keys stay prepared.
macro_rules! load_for_keys {
    ($connection:expr, $keys:expr, $query:expr) => {
        match $connection {
            $crate::store::pool::AnyConnection::Sqlite(c) if $keys.len() > $crate::store::transaction::FEW_ROWS => $query.load(c),
            $crate::store::pool::AnyConnection::Sqlite(c) => $crate::store::prepared::Prepared::new($query).load(c),
            #[cfg(feature = "postgres")]
            $crate::store::pool::AnyConnection::Postgres(c) => $crate::store::prepared::Prepared::new($query).load(c),
        }
    };
}
pub(super) use load_for_keys;

/// Runs a statement that gives back no rows.
macro_rules! run_prepared {
    ($connection:expr, $statement:expr) => {
        $crate::store::pool::each_backend!($connection, c => $crate::store::prepared::Prepared::command($statement).run(c))
    };
}
pub(super) use run_prepared;

/// Runs a statement for rows with these keys: PostgreSQL takes all keys at once; SQLite, whose statement would be another one for each
/// number of keys, takes one after the other.
macro_rules! run_for_keys {
    ($connection:expr, $column:expr, $keys:expr, |$rows:ident| $statement:expr) => {
        match $connection {
            $crate::store::pool::AnyConnection::Sqlite(c) => {
                for key in $keys {
                    let $rows = $column.eq(key);
                    $crate::store::prepared::Prepared::command($statement).run(c)?;
                }
            }
            #[cfg(feature = "postgres")]
            $crate::store::pool::AnyConnection::Postgres(c) => {
                let $rows = $column.eq_any($keys);
                $crate::store::prepared::Prepared::command($statement).run(c)?;
            }
        }
    };
}
pub(super) use run_for_keys;
