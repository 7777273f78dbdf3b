//! A database of one test's own, SQLite or PostgreSQL, and the macro that runs a list of tests on both.

use chrono::{DateTime, TimeZone, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use skillgate::seal::Sealer;
use skillgate::store::Store;

pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 6, 1, 12, 0, 0).unwrap()
}

/// Of every database here: what one process seals, another can open.
pub const MASTER_KEY: [u8; 32] = [42; 32];

pub fn sealer() -> Sealer {
    Sealer::new(&MASTER_KEY)
}

/// A store with a database of its own, removed at the end.
pub struct TestStore {
    pub store: Store,
    pub url: String,
    _removed_at_the_end: Database,
}

#[allow(dead_code, reason = "held for its Drop")]
enum Database {
    Folder(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Schema(postgres::Schema),
}

impl TestStore {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/skillgate.sqlite", folder.path().display());
        Self { store: Store::connect(&url, sealer()).await.unwrap(), url, _removed_at_the_end: Database::Folder(folder) }
    }

    /// In a schema of its own; SKILLGATE_TEST_DATABASE_URL says where PostgreSQL is.
    #[cfg(feature = "postgres")]
    pub async fn postgres() -> Self {
        let base = std::env::var("SKILLGATE_TEST_DATABASE_URL").expect("SKILLGATE_TEST_DATABASE_URL says where PostgreSQL is");
        let schema = tokio::task::spawn_blocking(move || postgres::Schema::create(&base)).await.unwrap();
        let url = schema.url.clone();
        let store = Store::connect(&url, sealer()).await.unwrap();
        Self { store, url, _removed_at_the_end: Database::Schema(schema) }
    }

    /// PostgreSQL when the environment says where it is, else SQLite.
    pub async fn of_the_run() -> Self {
        #[cfg(feature = "postgres")]
        if std::env::var_os("SKILLGATE_TEST_DATABASE_URL").is_some() {
            return Self::postgres().await;
        }
        Self::sqlite().await
    }

    /// Statements that the store does not offer: a test breaks the database with them, and mends it.
    pub async fn execute(&self, statements: &str) {
        let (url, statements) = (self.url.clone(), statements.to_owned());
        let done = tokio::task::spawn_blocking(move || match url.strip_prefix("sqlite://") {
            Some(path) => SqliteConnection::establish(path).unwrap().batch_execute(&statements).unwrap(),
            #[cfg(feature = "postgres")]
            None => diesel::PgConnection::establish(&url).unwrap().batch_execute(&statements).unwrap(),
            #[cfg(not(feature = "postgres"))]
            None => panic!("{url}"),
        });
        done.await.unwrap();
    }

    /// Everything that the database holds, as text: on SQLite the raw files (the database, its log and its index), on PostgreSQL every
    /// row of every table; there, binary values are hexadecimal.
    pub async fn dump(&self) -> String {
        let url = self.url.clone();
        let read = tokio::task::spawn_blocking(move || match url.strip_prefix("sqlite://") {
            Some(path) => ["", "-wal", "-shm"]
                .iter()
                .filter_map(|end| std::fs::read(format!("{path}{end}")).ok())
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .collect(),
            #[cfg(feature = "postgres")]
            None => postgres::dump(&url),
            #[cfg(not(feature = "postgres"))]
            None => panic!("{url}"),
        });
        read.await.unwrap()
    }

    /// The database as another process, or this one after a restart, sees it.
    pub async fn reopened(&self) -> Store {
        Store::connect(&self.url, sealer()).await.unwrap()
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::connection::SimpleConnection;
    use diesel::sql_types::{Nullable, Text};
    use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};

    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Nullable<Text>)]
        line: Option<String>,
    }

    pub fn dump(url: &str) -> String {
        let mut connection = PgConnection::establish(url).unwrap();
        let tables = "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = current_schema()";
        let tables: Vec<Line> = sql_query(tables).load(&mut connection).unwrap();
        let mut whole = String::new();
        for table in tables.into_iter().filter_map(|table| table.line) {
            let rows: Vec<Line> = sql_query(format!("SELECT t::text AS line FROM \"{table}\" t")).load(&mut connection).unwrap();
            whole.extend(rows.into_iter().filter_map(|row| row.line).map(|row| row + "\n"));
        }
        whole
    }

    pub struct Schema {
        base: String,
        name: String,
        pub url: String,
    }

    impl Schema {
        pub fn create(base: &str) -> Self {
            let name = format!("skillgate_test_{}", uuid::Uuid::now_v7().simple());
            let mut connection = PgConnection::establish(base).unwrap();
            connection.batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
            let separator = if base.contains('?') { '&' } else { '?' };
            let url = format!("{base}{separator}options=-csearch_path%3D{name}");
            Self { base: base.to_owned(), name, url }
        }
    }

    impl Drop for Schema {
        fn drop(&mut self) {
            let Ok(mut connection) = PgConnection::establish(&self.base) else { return };
            let dropped = connection.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name));
            dropped.unwrap_or_else(|error| eprintln!("schema {} stays behind: {error}", self.name));
        }
    }
}

/// Makes each function of the list a test on SQLite, and one on PostgreSQL that is left out of a plain `cargo test`.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&$crate::support::databases::TestStore::sqlite().await).await;
            })+
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs PostgreSQL"]
            async fn $test() {
                super::$test(&$crate::support::databases::TestStore::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;
