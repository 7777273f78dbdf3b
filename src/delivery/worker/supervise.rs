//! Keeps one consumer per active connection, and follows connections that are added, paused and removed.
//! Comes in: the store's list of connections, messages of their queues. Goes out: handled messages.
//! Starts no task of its own: it is one future that the composition root runs and stops.

use super::hints::Hints;
use super::session::{self, Session};
use super::{Handled, Worker, WorkerError};
use crate::model::connection::Connection;
use crate::model::ids::{CandidateRef, ConnectionId};
use crate::queue::{QueueError, Receipt};
use crate::store::Claim;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time between two looks at the connections while the worker is not woken.
const LOOK: Duration = Duration::from_secs(2);
/// Pause after an error of the database or the queue, doubled up to a limit.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// While fewer lanes stand in the line, they gather for a moment between two claims: a claim costs nearly the same for one lane and
/// for many.
const MANY: usize = 16;
const GATHERING: Duration = Duration::from_millis(5);
/// Messages taken from the queue per running delivery; half as many lanes are claimed ahead.
const LOOKAHEAD: u16 = 16;

impl Worker {
    /// Delivers until `shutdown`; then finishes the attempts that are under way, as far as the time allows, and gives the rest back.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let give_up = CancellationToken::new();
        let mut serving: FuturesUnordered<BoxFuture<'static, ConnectionId>> = FuturesUnordered::new();
        let mut stops: HashMap<ConnectionId, CancellationToken> = HashMap::new();
        while !shutdown.is_cancelled() {
            match self.store.active_connections().await {
                Ok(active) => self.adjust(active, &mut serving, &mut stops, (&shutdown, &give_up)),
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
        let finished = async { while serving.next().await.is_some() {} };
        if tokio::time::timeout(self.options.drain, finished).await.is_err() {
            tracing::warn!("some attempts did not end in time; their deliveries are given back");
            give_up.cancel();
            while serving.next().await.is_some() {}
        }
    }

    fn adjust(
        self: &Arc<Self>,
        active: Vec<Connection>,
        serving: &mut FuturesUnordered<BoxFuture<'static, ConnectionId>>,
        stops: &mut HashMap<ConnectionId, CancellationToken>,
        (shutdown, give_up): (&CancellationToken, &CancellationToken),
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
            let (worker, give_up) = (Arc::clone(self), give_up.clone());
            serving.push(Box::pin(async move {
                if let Err(error) = worker.serve(&connection, &stop, &give_up).await {
                    tracing::warn!(connection = %connection.id, %error, "a connection's queue could not be served; the worker tries again");
                }
                connection.id
            }));
        }
    }

    /// Takes the connection's messages until it is stopped, paused or the queue goes away.
    async fn serve(
        &self,
        connection: &Connection,
        stop: &CancellationToken,
        give_up: &CancellationToken,
    ) -> Result<(), WorkerError> {
        self.queue.declare(&connection.tenant_id, &connection.id).await?;
        let at_once = self.concurrency(connection);
        let window = at_once.saturating_mul(LOOKAHEAD);
        let mut consumer = self.queue.consume(&connection.id, window).await?;
        let session = Session::new(self, &connection.tenant_id, &connection.id, stop.clone());
        let slots = Semaphore::new(usize::from(at_once));
        let mut hints = Hints::default();
        // Everything that must be polled while lanes are delivered: claims, renewals, acknowledgements.
        let mut chores: FuturesUnordered<BoxFuture<'_, Chore>> = FuturesUnordered::new();
        let mut lanes = FuturesUnordered::new();
        let mut is_claiming = false;
        let mut next_claim = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut rest_until: Option<Instant> = None;
        let mut renewal = tokio::time::interval(session::RENEWAL);
        let mut open = true;
        while open || !lanes.is_empty() || !chores.is_empty() {
            let is_time = hints.line() >= MANY || Instant::now() >= next_claim;
            if open && rest_until.is_none() && !is_claiming && is_time {
                let asked = hints.take(usize::from(window) / 2);
                if !asked.is_empty() {
                    is_claiming = true;
                    let session = &session;
                    chores.push(Box::pin(async move { Chore::Claimed(session.claim(&asked).await, asked) }));
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until(rest_until.unwrap_or_else(Instant::now)), if rest_until.is_some() => rest_until = None,
                () = tokio::time::sleep_until(next_claim), if !is_time && hints.line() > 0 => {}
                () = stop.cancelled(), if open => open = false,
                () = give_up.cancelled() => break,
                _ = renewal.tick() => if hints.holds_any() {
                    let (session, held) = (&session, hints.held());
                    chores.push(Box::pin(async move {
                        session.renew(&held).await;
                        Chore::Done(Ok(()))
                    }));
                },
                message = consumer.next(), if open && rest_until.is_none() && hints.waiting() < usize::from(window) => match message {
                    Some(message) if message.event.tenantid != connection.tenant_id => {
                        session.refuse(&message.event);
                        chores.push(acknowledge(message.receipt));
                    }
                    Some(message) => if let Some(receipt) = hints.join(message) {
                        chores.push(acknowledge(receipt));
                    },
                    None => open = false,
                },
                Some(chore) = chores.next() => match chore {
                    Chore::Done(Ok(())) => {}
                    Chore::Done(Err(error)) => tracing::warn!(connection = %connection.id, %error, "a message could not be settled; the broker returns it when the channel closes"),
                    Chore::Claimed(claim, asked) => {
                        is_claiming = false;
                        next_claim = Instant::now() + GATHERING;
                        match claim {
                            Ok(Claim::Gone | Claim::Paused) => {
                                hints.put_back(asked);
                                open = false;
                            }
                            Ok(Claim::Lanes { claimed, unread }) => {
                                pause = FIRST_PAUSE;
                                let has = |asked: &CandidateRef| claimed.iter().any(|lane| lane.candidate == *asked) || unread.contains(asked);
                                for candidate in asked.iter().filter(|asked| !has(asked)) {
                                    chores.extend(hints.done(candidate).into_iter().map(acknowledge));
                                }
                                hints.put_back(unread);
                                for lane in claimed {
                                    let (session, slots, about) = (&session, &slots, lane.candidate.clone());
                                    lanes.push(async move { (about, session.deliver(lane, slots).await) });
                                }
                            }
                            Err(error) => {
                                tracing::warn!(connection = %connection.id, %error, "lanes could not be claimed and will be claimed again");
                                hints.put_back(asked);
                                rest_until = Some(rest(&mut pause));
                            }
                        }
                    }
                },
                Some((about, delivered)) = lanes.next() => {
                    let receipts = hints.done(&about);
                    match delivered {
                        Ok(_) => chores.extend(receipts.into_iter().map(acknowledge)),
                        Err(error) => {
                            tracing::warn!(connection = %connection.id, %error, "a lane's messages went back to their queue");
                            chores.extend(receipts.into_iter().map(give_back));
                            // Database or broker are away: slow down before the next claim.
                            rest_until = Some(rest(&mut pause));
                        }
                    }
                },
            }
        }
        // Lanes that are still held are those whose attempts were broken off.
        drop((lanes, chores));
        if hints.holds_any() {
            session.release(&hints.held()).await?;
        }
        for receipt in hints.into_receipts() {
            receipt.give_back().await?;
        }
        Ok(())
    }

    fn concurrency(&self, connection: &Connection) -> u16 {
        let allowed = self.registry.get(&connection.connector).map_or(1, |connector| connector.manifest.limits.concurrency);
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

/// The tasks beside the deliveries.
enum Chore {
    Claimed(Result<Claim, WorkerError>, Vec<CandidateRef>),
    Done(Result<(), QueueError>),
}

fn acknowledge<'a>(receipt: Box<dyn Receipt>) -> BoxFuture<'a, Chore> {
    Box::pin(async move { Chore::Done(receipt.acknowledge().await) })
}

fn give_back<'a>(receipt: Box<dyn Receipt>) -> BoxFuture<'a, Chore> {
    Box::pin(async move { Chore::Done(receipt.give_back().await) })
}

/// The end of a rest after an error; the next rest is longer.
fn rest(pause: &mut Duration) -> Instant {
    let until = Instant::now() + pause.mul_f64(0.5 + rand::random::<f64>());
    *pause = (*pause * 2).min(LONGEST_PAUSE);
    until
}
