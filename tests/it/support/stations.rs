//! Stops the delivering side at a station of an event's way: the real queue and the real outside world, each with a place
//! before and after every step at which the whole can be left for good.

use async_trait::async_trait;
use skillgate::connector::file::{FileEnd, FileError, FileJob};
use skillgate::connector::outside::{Outside, World};
use skillgate::http_client::{HttpError, OutboundRequest, OutboundResponse};
use skillgate::model::event::Envelope;
use skillgate::model::ids::{ConnectionId, TenantId};
use skillgate::queue::{Consumer, Message, Queue, QueueError, Receipt};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::sync::mpsc::UnboundedSender;

/// Where an event is, in the order of its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Station {
    BeforePublishing,
    AfterPublishing,
    AfterConsuming,
    BeforeLooking,
    AfterLooking,
    BeforeWriting,
    /// The system has it, and nothing of that is recorded.
    AfterWriting,
    /// So many times the process had to wait since the system had it: for the ledger, the attempt's record, the broker.
    WaitsAfterWriting(usize),
    BeforeAcknowledging,
    AfterAcknowledging,
}

/// The one station at which a process is stopped, if at any.
pub struct Stop {
    at: Option<Station>,
    reached: AtomicBool,
    has_written: AtomicBool,
}

impl Stop {
    pub fn at(station: Option<Station>) -> Arc<Self> {
        Arc::new(Self { at: station, reached: AtomicBool::new(false), has_written: AtomicBool::new(false) })
    }

    /// Never ends when this is the station.
    async fn pass(&self, station: Station) {
        if self.at == Some(station) {
            self.reached.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
    }

    /// Lives until the station is reached, which drops everything that was under way, or until `life` ends. True: stopped.
    pub async fn live(&self, life: impl Future<Output = ()>) -> bool {
        let mut life = pin!(life);
        let mut waits = 0;
        poll_fn(|context| {
            if life.as_mut().poll(context).is_ready() {
                return Poll::Ready(false);
            }
            if self.has_written.load(Ordering::SeqCst) {
                waits += 1;
            }
            let waited_enough = self.at.is_some_and(|at| at == Station::WaitsAfterWriting(waits)) && waits > 0;
            match self.reached.load(Ordering::SeqCst) || waited_enough {
                true => Poll::Ready(true),
                false => Poll::Pending,
            }
        })
        .await
    }
}

/// What became of a message, or of the subscription that it would come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Acknowledged,
    GivenBack,
    ConsumerEnded,
}

pub struct WatchedQueue {
    pub inner: Arc<dyn Queue>,
    pub stop: Arc<Stop>,
    /// Where a test hears of it.
    pub told: Option<UnboundedSender<Told>>,
}

fn tell(told: Option<&UnboundedSender<Told>>, what: Told) {
    // Nobody has to listen to the end.
    told.map(|told| told.send(what).ok());
}

#[async_trait]
impl Queue for WatchedQueue {
    fn keeps_messages(&self) -> bool {
        self.inner.keeps_messages()
    }
    async fn declare(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<(), QueueError> {
        self.inner.declare(tenant, connection).await
    }
    async fn remove(&self, connection: &ConnectionId) -> Result<(), QueueError> {
        self.inner.remove(connection).await
    }
    async fn publish(&self, event: &Envelope) -> Result<(), QueueError> {
        self.stop.pass(Station::BeforePublishing).await;
        self.inner.publish(event).await?;
        self.stop.pass(Station::AfterPublishing).await;
        Ok(())
    }
    async fn publish_to(&self, connection: &ConnectionId, event: &Envelope) -> Result<(), QueueError> {
        self.stop.pass(Station::BeforePublishing).await;
        self.inner.publish_to(connection, event).await?;
        self.stop.pass(Station::AfterPublishing).await;
        Ok(())
    }
    async fn publish_dead(&self, connection: &ConnectionId, event: &Envelope, reason: &str) -> Result<(), QueueError> {
        self.inner.publish_dead(connection, event, reason).await
    }
    async fn consume(&self, connection: &ConnectionId, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        let inner = self.inner.consume(connection, prefetch).await?;
        Ok(Box::new(WatchedConsumer { inner, stop: self.stop.clone(), told: self.told.clone() }))
    }
    async fn ping(&self) -> Result<(), QueueError> {
        self.inner.ping().await
    }
}

struct WatchedConsumer {
    inner: Box<dyn Consumer>,
    stop: Arc<Stop>,
    told: Option<UnboundedSender<Told>>,
}

impl Drop for WatchedConsumer {
    fn drop(&mut self) {
        tell(self.told.as_ref(), Told::ConsumerEnded);
    }
}

#[async_trait]
impl Consumer for WatchedConsumer {
    async fn next(&mut self) -> Option<Message> {
        let Message { event, receipt } = self.inner.next().await?;
        self.stop.pass(Station::AfterConsuming).await;
        Some(Message {
            event,
            receipt: Box::new(WatchedReceipt { inner: receipt, stop: self.stop.clone(), told: self.told.clone() }),
        })
    }
}

struct WatchedReceipt {
    inner: Box<dyn Receipt>,
    stop: Arc<Stop>,
    told: Option<UnboundedSender<Told>>,
}

#[async_trait]
impl Receipt for WatchedReceipt {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        self.stop.pass(Station::BeforeAcknowledging).await;
        self.inner.acknowledge().await?;
        tell(self.told.as_ref(), Told::Acknowledged);
        self.stop.pass(Station::AfterAcknowledging).await;
        Ok(())
    }
    async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
        self.inner.give_back().await?;
        tell(self.told.as_ref(), Told::GivenBack);
        Ok(())
    }
}

pub struct WatchedWorld {
    pub inner: World,
    pub stop: Arc<Stop>,
}

#[async_trait]
impl Outside for WatchedWorld {
    async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let looks = request.method.as_str() == "GET";
        self.stop.pass(if looks { Station::BeforeLooking } else { Station::BeforeWriting }).await;
        let response = self.inner.send(request).await?;
        self.stop.pass(if looks { Station::AfterLooking } else { Station::AfterWriting }).await;
        if !looks {
            self.stop.has_written.store(true, Ordering::SeqCst);
        }
        Ok(response)
    }
    async fn write_file(&self, owner: &TenantId, job: FileJob) -> Result<FileEnd, FileError> {
        self.inner.write_file(owner, job).await
    }
}
