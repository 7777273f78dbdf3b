//! SQLite or PostgreSQL behind one connection type, pooled, and brought up to date at the start.
//! SQLite has one writer: its pool of writers holds one connection, and write-ahead logging lets readers go on.
//! A write that was promised to a caller is on the disk, also after a power cut ([`Promise`]).
//! `secure_delete`: deleted rows are overwritten.

use super::migrations::migrate;
use super::outage::Outage;
use super::writer::Writer;
use super::{Promise, Result, StoreError};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const SQLITE_READERS: u32 = 4;
#[cfg(feature = "postgres")]
const POSTGRES_CONNECTIONS: u32 = 10;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// For making a connection.
const POOL_TIMEOUT: Duration = Duration::from_secs(3);
/// For a turn among the connections.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(8);
/// Added to the URL of a PostgreSQL database where it does not say otherwise (libpq's names): a server that went away silently is
/// noticed, instead of being waited for until the operating system gives up.
#[cfg(feature = "postgres")]
const PATIENCE: [(&str, &str); 5] = [
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "10000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
];
/// For statements of a running gateway; migrations may take longer.
#[cfg(feature = "postgres")]
const LIMITS: &str = "SET client_min_messages = warning; SET statement_timeout = '60s'; SET lock_timeout = '20s'; \
    SET idle_in_transaction_session_timeout = '60s'";

/// Plain queries go through the enum. Queries that its backend can't express (`ON CONFLICT`, several rows at once, `RETURNING`,
/// row locks) go through [`each_backend`](super::each_backend).
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// Expands the same expression for the connection of each database.
macro_rules! each_backend {
    ($connection:expr, $inner:ident => $body:expr) => {
        match $connection {
            $crate::store::pool::AnyConnection::Sqlite($inner) => $body,
            #[cfg(feature = "postgres")]
            $crate::store::pool::AnyConnection::Postgres($inner) => $body,
        }
    };
}
pub(crate) use each_backend;

#[derive(Clone, Debug)]
pub(super) enum Target {
    Sqlite(String),
    #[cfg(feature = "postgres")]
    Postgres(String, Promise),
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path {
                "" | ":memory:" => Err(StoreError::Internal("sqlite:// needs the path of a file".to_owned())),
                path => Ok(Self::Sqlite(path.to_owned())),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            #[cfg(feature = "postgres")]
            return Ok(Self::Postgres(with_patience(url), Promise::Kept));
            #[cfg(not(feature = "postgres"))]
            return Err(StoreError::Internal("this build has no PostgreSQL support".to_owned()));
        }
        // The URL itself may hold a password.
        Err(StoreError::Internal("the database URL must start with sqlite:// or postgres://".to_owned()))
    }

    /// Not the derive's `establish`, which hides the real error.
    pub(super) fn connect(&self) -> Result<AnyConnection> {
        match self {
            Self::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path)?;
                connection.batch_execute(&format!(
                    "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; \
                     PRAGMA secure_delete = ON;",
                    BUSY_TIMEOUT.as_millis()
                ))?;
                Ok(AnyConnection::Sqlite(connection))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(url, promise) => {
                let mut connection = PgConnection::establish(url)?;
                connection.batch_execute(LIMITS)?;
                if *promise == Promise::Soon {
                    connection.batch_execute("SET synchronous_commit = off")?;
                }
                Ok(AnyConnection::Postgres(connection))
            }
        }
    }
}

#[cfg(feature = "postgres")]
fn with_patience(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in PATIENCE {
        if !url.contains(&format!("{name}=")) {
            let separator = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{separator}{name}={value}"));
        }
    }
    url
}

pub struct Manager {
    target: Target,
    outage: Outage,
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = StoreError;

    fn connect(&self) -> Result<AnyConnection> {
        self.target.connect()
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<()> {
        match connection {
            AnyConnection::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(postgres) if self.outage.is_suspected(Instant::now()) => {
                Ok(postgres.batch_execute("SELECT 1")?)
            }
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(_) => Ok(()),
        }
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        std::thread::panicking() || each_backend!(connection, c => AnsiTransactionManager::is_broken_transaction_manager(c))
    }
}

/// The connections of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    pub name: &'static str,
    pub size: u32,
    pub busy: u32,
}

/// The pools. Permits are taken before a thread of the blocking pool is, so that waiting costs no thread.
pub struct Database {
    readers: Connections,
    writers: Writers,
}

enum Writers {
    /// SQLite has one.
    One(Writer),
    #[cfg(feature = "postgres")]
    Many { kept: Connections, soon: Connections },
}

#[derive(Clone)]
struct Connections {
    pool: Pool<Manager>,
    permits: Arc<Semaphore>,
    outage: Outage,
}

impl Database {
    /// Blocks: connects, migrates, and makes the pools.
    pub fn open(url: &str) -> Result<Self> {
        let target = Target::parse(url)?;
        if let Target::Sqlite(path) = &target {
            create_private_file(Path::new(path))?;
        }
        let mut first = target.connect()?;
        migrate(&mut first)?;
        drop(first);
        match target {
            Target::Sqlite(_) => {
                let readers = pool(target.clone(), SQLITE_READERS);
                Ok(Self { readers, writers: Writers::One(Writer::new(pool(target, 1).pool)) })
            }
            #[cfg(feature = "postgres")]
            Target::Postgres(url, _) => {
                let readers = pool(Target::Postgres(url.clone(), Promise::Kept), POSTGRES_CONNECTIONS);
                let soon = pool(Target::Postgres(url, Promise::Soon), POSTGRES_CONNECTIONS / 2);
                Ok(Self { writers: Writers::Many { kept: readers.clone(), soon }, readers })
            }
        }
    }

    pub fn is_shared(&self) -> bool {
        !matches!(self.writers, Writers::One(_))
    }

    /// How many connections each pool may have, and how many of them work.
    pub fn pool_use(&self) -> Vec<PoolUse> {
        let used = |name, connections: &Connections| {
            let size = connections.pool.max_size();
            let idle = u32::try_from(connections.permits.available_permits()).unwrap_or(size);
            PoolUse { name, size, busy: size.saturating_sub(idle) }
        };
        let mut pools = vec![used("read", &self.readers)];
        match &self.writers {
            Writers::One(writer) => pools.push(PoolUse { name: "write", size: 1, busy: u32::from(writer.is_busy()) }),
            // What is promised is written over the readers' connections.
            #[cfg(feature = "postgres")]
            Writers::Many { soon, .. } => pools.push(used("write_soon", soon)),
        }
        pools
    }

    /// Runs on the blocking pool, without a transaction.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    {
        run(&self.readers, work).await
    }

    /// Runs on the blocking pool, in one transaction: committed when the work is `Ok`, else rolled back.
    pub async fn write<T, F>(&self, promise: Promise, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    {
        match &self.writers {
            Writers::One(writer) => writer.write(promise, work).await,
            #[cfg(feature = "postgres")]
            Writers::Many { kept, soon } => {
                let connections = if promise == Promise::Kept { kept } else { soon };
                run(connections, move |connection| in_transaction(connection, work)).await
            }
        }
    }
}

/// Takes away what was written before a deletion: moves everything from SQLite's write-ahead log into the database file and empties
/// the log; has PostgreSQL free the rows of destroyed keys. False when somebody was reading from SQLite's log all the time.
pub(super) fn empty_log(connection: &mut AnyConnection) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        busy: i32,
    }
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            let done: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(sqlite)?;
            Ok(done.busy == 0)
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => {
            postgres.batch_execute("VACUUM data_keys")?;
            Ok(true)
        }
    }
}

fn pool(target: Target, size: u32) -> Connections {
    let outage = Outage::default();
    let pool = Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .connection_timeout(POOL_TIMEOUT)
        .error_handler(Box::new(LogOnce))
        .build_unchecked(Manager { target, outage: outage.clone() });
    Connections { pool, permits: Arc::new(Semaphore::new(size as usize)), outage }
}

/// A connection that could not be made shows as a time-out of the pool; the cause goes to the log.
#[derive(Debug)]
struct LogOnce;

impl diesel::r2d2::HandleError<StoreError> for LogOnce {
    fn handle_error(&self, error: StoreError) {
        tracing::warn!(%error, "a database connection could not be made");
    }
}

async fn run<T, F>(connections: &Connections, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
{
    let Connections { pool, permits, outage } = connections.clone();
    if !outage.may_try(Instant::now()) {
        return Err(StoreError::Unavailable("it was away a moment ago".to_owned()));
    }
    let permit = match tokio::time::timeout(PERMIT_TIMEOUT, permits.acquire_owned()).await {
        Ok(Ok(permit)) => permit,
        Ok(Err(_)) => return Err(StoreError::Unavailable("shutting down".to_owned())),
        Err(_) => return Err(StoreError::Unavailable("every connection is in use".to_owned())),
    };
    let task = tokio::task::spawn_blocking(move || {
        let mut connection = pool.get().inspect_err(|_| outage.began(Instant::now()))?;
        outage.ended();
        let result = work(&mut connection);
        if matches!(result, Err(StoreError::Unavailable(_))) {
            outage.failed(Instant::now());
        }
        drop(connection);
        drop(permit);
        result
    });
    task.await.map_err(|error| StoreError::Internal(format!("a database task was stopped: {error}")))?
}

pub(super) fn in_transaction<T>(connection: &mut AnyConnection, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
    match connection {
        // Taking the write lock at once: a transaction that reads first could not get it later.
        AnyConnection::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => AnsiTransactionManager::begin_transaction(c)?,
    }
    let result = work(connection);
    match result {
        Ok(value) => {
            each_backend!(connection, c => AnsiTransactionManager::commit_transaction(c))?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = each_backend!(connection, c => AnsiTransactionManager::rollback_transaction(c)) {
                tracing::warn!(error = %rollback, "a transaction could not be rolled back; its connection is dropped");
            }
            Err(error)
        }
    }
}

/// The file holds personal data: only its owner may read it.
fn create_private_file(path: &Path) -> Result<()> {
    let unavailable = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(unavailable)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(unavailable)
}
