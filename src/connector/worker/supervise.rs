//! Keeps one consumer per active connection, and notices when connections come, pause and go.
//! Comes in: the store's list of connections, messages of their queues. Goes out: handled messages.
//! Starts no task of its own: the whole is one future that the composition root runs and stops.

use super::{Handled, Worker, WorkerError};
use crate::model::connection::Connection;
use crate::model::ids::ConnectionId;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often connections are looked at when nobody wakes the worker.
const LOOK: Duration = Duration::from_secs(2);
/// Pause after an error of the database or the queue, doubled up to a limit.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Worker {
    /// Delivers until `shutdown`; then finishes the attempts that are under way.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut serving: FuturesUnordered<BoxFuture<'static, ConnectionId>> = FuturesUnordered::new();
        let mut stops: HashMap<ConnectionId, CancellationToken> = HashMap::new();
        while !shutdown.is_cancelled() {
            match self.store.active_connections().await {
                Ok(active) => self.adjust(active, &mut serving, &mut stops, &shutdown),
                Err(error) => tracing::warn!(%error, "the connections could not be read; the worker looks again"),
            }
            let look = tokio::time::sleep(LOOK);
            tokio::pin!(look);
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = &mut look => break,
                    () = self.wake.notified() => break,
                    Some(ended) = serving.next() => drop(stops.remove(&ended)),
                }
            }
        }
        while serving.next().await.is_some() {}
    }

    fn adjust(
        self: &Arc<Self>,
        active: Vec<Connection>,
        serving: &mut FuturesUnordered<BoxFuture<'static, ConnectionId>>,
        stops: &mut HashMap<ConnectionId, CancellationToken>,
        shutdown: &CancellationToken,
    ) {
        for (id, stop) in stops.iter() {
            if !active.iter().any(|connection| connection.id == *id) && !stop.is_cancelled() {
                stop.cancel();
                self.engine.forget(id);
            }
        }
        for connection in active {
            if stops.contains_key(&connection.id) {
                continue;
            }
            let stop = shutdown.child_token();
            stops.insert(connection.id.clone(), stop.clone());
            let worker = Arc::clone(self);
            serving.push(Box::pin(async move {
                if let Err(error) = worker.serve(&connection, &stop).await {
                    tracing::warn!(connection = %connection.id, %error, "a connection's queue could not be served; the worker tries again");
                }
                connection.id
            }));
        }
    }

    /// Takes the connection's messages until it is stopped, paused or the queue goes away.
    async fn serve(&self, connection: &Connection, stop: &CancellationToken) -> Result<(), WorkerError> {
        self.queue.declare(&connection.tenant_id, &connection.id).await?;
        let at_once = self.concurrency(connection);
        let mut consumer = self.queue.consume(&connection.id, at_once).await?;
        let mut under_way = FuturesUnordered::new();
        let mut pause = FIRST_PAUSE;
        let mut rest_until: Option<Instant> = None;
        let mut open = true;
        while open || !under_way.is_empty() {
            let has_room = open && rest_until.is_none() && under_way.len() < usize::from(at_once);
            tokio::select! {
                () = tokio::time::sleep_until(rest_until.unwrap_or_else(Instant::now)), if rest_until.is_some() => rest_until = None,
                () = stop.cancelled(), if open => open = false,
                message = consumer.next(), if has_room => match message {
                    Some(message) => under_way.push(self.handle(&connection.tenant_id, &connection.id, message)),
                    None => open = false,
                },
                Some(handled) = under_way.next() => match handled {
                    Ok(Handled::Paused) => open = false,
                    Ok(_) => pause = FIRST_PAUSE,
                    Err(error) => {
                        tracing::warn!(connection = %connection.id, %error, "a message went back to its queue");
                        // Database or broker are away: not everything at once again.
                        rest_until = Some(Instant::now() + pause.mul_f64(0.5 + rand::random::<f64>()));
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                },
            }
        }
        Ok(())
    }

    fn concurrency(&self, connection: &Connection) -> u16 {
        let allowed = self.connector_of(connection).map_or(1, |connector| connector.manifest.limits.concurrency);
        self.options.concurrency.min(allowed).max(1)
    }

    /// Handles what the queues hold now, connection by connection; how many messages led to an attempt.
    /// `patience`: how long an empty-looking queue is listened to. For tests and one-off runs.
    pub async fn drain(&self, patience: Duration) -> Result<usize, WorkerError> {
        let mut attempted = 0;
        for connection in self.store.active_connections().await? {
            self.queue.declare(&connection.tenant_id, &connection.id).await?;
            let mut consumer = self.queue.consume(&connection.id, 1).await?;
            while let Ok(Some(message)) = tokio::time::timeout(patience, consumer.next()).await {
                match self.handle(&connection.tenant_id, &connection.id, message).await? {
                    Handled::Attempted => attempted += 1,
                    Handled::Skipped => {}
                    Handled::Paused => break,
                }
            }
        }
        Ok(attempted)
    }
}
