//! Keeps one consumer per active connection, and follows connections that are added, paused and removed.
//! Comes in: the store's list of connections, messages of their queues. Goes out: handled messages.
//! Starts no task of its own: it is one future that the composition root runs and stops.

use super::{Handled, Worker, WorkerError};
use crate::model::connection::Connection;
use crate::model::ids::{CandidateRef, ConnectionId};
use crate::queue::Message;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time between two looks at the connections while the worker is not woken.
const LOOK: Duration = Duration::from_secs(2);
/// Pause after an error of the database or the queue, doubled up to a limit.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Messages taken from the queue per running delivery. A message about a candidate with a running delivery waits, and later messages go ahead.
const LOOKAHEAD: u16 = 4;

impl Worker {
    /// Delivers until `shutdown`; then finishes the attempts that are under way.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut serving: FuturesUnordered<BoxFuture<'static, ConnectionId>> = FuturesUnordered::new();
        let mut stops: HashMap<ConnectionId, CancellationToken> = HashMap::new();
        while !shutdown.is_cancelled() {
            match self.store.active_connections().await {
                Ok(active) => self.adjust(active, &mut serving, &mut stops, &shutdown),
                Err(error) => tracing::warn!(%error, "the connections could not be read and will be read again"),
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
        let window = at_once.saturating_mul(LOOKAHEAD);
        let mut consumer = self.queue.consume(&connection.id, window).await?;
        let mut under_way = FuturesUnordered::new();
        let mut line = Line::default();
        let mut pause = FIRST_PAUSE;
        let mut rest_until: Option<Instant> = None;
        let mut open = true;
        while open || !under_way.is_empty() {
            while open && rest_until.is_none() && under_way.len() < usize::from(at_once) {
                let Some(message) = line.next() else { break };
                let about = message.event.partitionkey.clone();
                let handled = self.handle(&connection.tenant_id, &connection.id, message);
                under_way.push(async move { (about, handled.await) });
            }
            let has_room = open && rest_until.is_none() && line.len() + under_way.len() < usize::from(window);
            tokio::select! {
                () = tokio::time::sleep_until(rest_until.unwrap_or_else(Instant::now)), if rest_until.is_some() => rest_until = None,
                () = stop.cancelled(), if open => open = false,
                message = consumer.next(), if has_room => match message {
                    Some(message) => line.join(message),
                    None => open = false,
                },
                Some((about, handled)) = under_way.next() => {
                    line.done(&about);
                    match handled {
                        Ok(Handled::Paused) => open = false,
                        Ok(_) => pause = FIRST_PAUSE,
                        Err(error) => {
                            tracing::warn!(connection = %connection.id, %error, "a message went back to its queue");
                            // Database or broker are away: slow down before the next message.
                            rest_until = Some(Instant::now() + pause.mul_f64(0.5 + rand::random::<f64>()));
                            pause = (pause * 2).min(LONGEST_PAUSE);
                        }
                    }
                },
            }
        }
        for message in line.waiting {
            message.receipt.give_back().await?;
        }
        Ok(())
    }

    fn concurrency(&self, connection: &Connection) -> u16 {
        let allowed = self.connector_of(connection).map_or(1, |connector| connector.manifest.limits.concurrency);
        self.options.concurrency.min(allowed).max(1)
    }

    /// Handles the messages that the queues hold now, connection by connection; returns the number of attempts.
    /// `patience`: time to wait for a message from a queue that looks empty. For tests and one-off runs.
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

/// Messages in their order, one of each candidate at a time: events about one candidate are delivered in order.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Message>,
    busy: HashSet<CandidateRef>,
}

impl Line {
    fn join(&mut self, message: Message) {
        self.waiting.push_back(message);
    }

    fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The first message about a candidate without a running delivery.
    fn next(&mut self) -> Option<Message> {
        let place = self.waiting.iter().position(|message| !self.busy.contains(&message.event.partitionkey))?;
        let message = self.waiting.remove(place)?;
        self.busy.insert(message.event.partitionkey.clone());
        Some(message)
    }

    fn done(&mut self, about: &CandidateRef) {
        self.busy.remove(about);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{QueueError, Receipt};

    struct NoReceipt;

    #[async_trait::async_trait]
    impl Receipt for NoReceipt {
        async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
            Ok(())
        }
        async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
            Ok(())
        }
    }

    fn message(about: &str, number: u32) -> Message {
        let event = serde_json::json!({"specversion": "1.0", "id": format!("{about}-{number}"), "source": "/tenants/default/gateway",
            "type": "org.skillgate.skill.asserted.v1", "subject": "candidates/x", "time": "2026-06-01T12:00:00Z",
            "datacontenttype": "application/json", "dataschema": "urn:x", "tenantid": "default", "partitionkey": about,
            "sequence": format!("{number:010}"), "privacymode": "pseudonymous", "data": {}});
        Message { event: serde_json::from_value(event).unwrap(), receipt: Box::new(NoReceipt) }
    }

    #[test]
    fn messages_about_one_person_go_one_after_the_other_and_others_go_ahead() {
        let mut line = Line::default();
        for (about, number) in [("ada", 1), ("ada", 2), ("bob", 1), ("ada", 3)] {
            line.join(message(about, number));
        }
        let next = |line: &mut Line| line.next().map(|message| message.event.id.to_string());
        assert_eq!(next(&mut line).as_deref(), Some("ada-1"));
        assert_eq!(next(&mut line).as_deref(), Some("bob-1"));
        assert_eq!(next(&mut line), None, "ada is being worked on");
        line.done(&CandidateRef::from("ada"));
        assert_eq!(next(&mut line).as_deref(), Some("ada-2"));
        assert_eq!((next(&mut line), line.len()), (None, 1));
    }
}
