//! The probes behind `/readyz`: database and queue.

use crate::app::disk;
use crate::http::ports::{Health, Probe, Room};
use crate::queue::Queue;
use crate::store::{Store, StoreError};
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3);

/// The database and the queue that the gateway runs on.
pub struct Dependencies {
    pub store: Store,
    pub queue: Arc<dyn Queue>,
    /// What the gateway writes to, by name.
    pub folders: Vec<(&'static str, PathBuf)>,
}

#[async_trait]
impl Health for Dependencies {
    async fn probe(&self) -> Vec<Probe> {
        let database = tokio::time::timeout(PATIENCE, self.store.ping()).await;
        let queue = tokio::time::timeout(PATIENCE, self.queue.ping()).await;
        let without_database = match &database {
            Ok(Err(StoreError::Full(_))) => "The disk of the database is full; nothing can be stored until there is room.",
            _ => "The database does not answer.",
        };
        vec![
            probe("database", matches!(database, Ok(Ok(()))), without_database),
            probe("queue", matches!(queue, Ok(Ok(()))), "The message queue does not answer; events wait in the database."),
        ]
    }

    fn rooms(&self) -> Vec<Room> {
        let room = |(place, folder): &(&'static str, PathBuf)| {
            let disk::Space { size, free } = disk::space(folder)?;
            Some(Room { place, size, free })
        };
        self.folders.iter().filter_map(room).collect()
    }
}

fn probe(name: &str, ok: bool, otherwise: &str) -> Probe {
    Probe { name: name.to_owned(), ok, message: (!ok).then(|| otherwise.to_owned()) }
}
