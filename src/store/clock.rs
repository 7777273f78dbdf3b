//! The time that the database has, to compare the machines' clocks.

use super::pool::AnyConnection;
use super::{Result, Store};
use chrono::{DateTime, Utc};

impl Store {
    /// `None`: the database has no clock of its own (SQLite).
    pub async fn database_time(&self) -> Result<Option<DateTime<Utc>>> {
        self.read(|connection| match connection {
            AnyConnection::Sqlite(_) => Ok(None),
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(postgres) => {
                use diesel::prelude::*;

                #[derive(QueryableByName)]
                struct Seconds {
                    #[diesel(sql_type = diesel::sql_types::Double)]
                    seconds: f64,
                }
                let asked = diesel::sql_query("SELECT extract(epoch FROM clock_timestamp())::float8 AS seconds");
                let Seconds { seconds } = asked.get_result(postgres)?;
                Ok(DateTime::from_timestamp_micros((seconds * 1e6) as i64))
            }
        })
        .await
    }
}
