//! RabbitMQ: a topic exchange for all events, one quorum queue per connection, an exchange with a quorum queue for dead
//! letters. Messages are persistent and confirmed. Everything is declared again after each reconnect.

use super::topology::Topology;
use super::{Consumer, Message, Queue, QueueError, Receipt};
use crate::model::event::Envelope;
use crate::model::ids::{ConnectionId, TenantId};
use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::tcp::OwnedTLSConfig;
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, ExchangeKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// CloudEvents, JSON format, structured content mode.
const CONTENT_TYPE: &str = "application/cloudevents+json";
const PERSISTENT: u8 = 2;
/// For connecting, declaring and confirming.
const PATIENCE: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct RabbitQueue {
    url: Arc<str>,
    /// PEM file with authorities that an `amqps://` broker's certificate may lead to, beside those of the system.
    authorities: Option<Arc<Path>>,
    topology: Topology,
    link: Arc<Mutex<LinkState>>,
}

#[derive(Default)]
struct LinkState {
    link: Option<Arc<Link>>,
    /// Failed attempts to connect in a row, and the time of the next permitted attempt.
    failures: u32,
    not_before: Option<Instant>,
}

struct Link {
    connection: Connection,
    /// With publisher confirms.
    publisher: Channel,
}

impl Link {
    fn is_up(&self) -> bool {
        self.connection.status().connected() && self.publisher.status().connected()
    }
}

impl RabbitQueue {
    /// `url`: `amqp://…` or `amqps://…`. `authorities`: a PEM file with the authorities that the broker's certificate may
    /// lead to, beside those of the system. `prefix` and a dot are put before every name. Errors when the broker can't be reached
    /// now; later calls reconnect by themselves.
    pub async fn connect(url: &str, authorities: Option<&Path>, prefix: &str) -> Result<Self, QueueError> {
        let authorities = authorities.map(Into::into);
        let queue = Self { url: url.into(), authorities, topology: Topology::new(prefix), link: Arc::default() };
        queue.link().await?;
        Ok(queue)
    }

    /// The connection, made anew when it is lost: not before a pause that doubles with each failure and is jittered, so
    /// that a returning broker is not flooded.
    async fn link(&self) -> Result<Arc<Link>, QueueError> {
        let mut state = self.link.lock().await;
        if let Some(link) = state.link.as_ref().filter(|link| link.is_up()) {
            return Ok(link.clone());
        }
        state.link = None;
        if state.not_before.is_some_and(|moment| Instant::now() < moment) {
            return Err(QueueError::Unavailable("waiting before the next attempt to connect".to_owned()));
        }
        match in_time(self.open()).await {
            Ok(link) => {
                let link = Arc::new(link);
                *state = LinkState { link: Some(link.clone()), ..LinkState::default() };
                Ok(link)
            }
            Err(error) => {
                state.failures += 1;
                state.not_before = Some(Instant::now() + pause_after(state.failures));
                Err(error)
            }
        }
    }

    async fn open(&self) -> Result<Link, QueueError> {
        let properties = ConnectionProperties::default().with_connection_name("skillgate".into());
        let tls = self.tls().await?;
        let runtime = lapin::runtime::default_runtime().map_err(|error| QueueError::Unavailable(error.to_string()))?;
        let connection = Connection::connect_with_config(&self.url, properties, tls, runtime).await.map_err(told)?;
        let publisher = connection.create_channel().await.map_err(told)?;
        publisher.confirm_select(ConfirmSelectOptions::default()).await.map_err(told)?;
        let (events, dead) = (self.topology.events(), self.topology.dead());
        for exchange in [&events, &dead] {
            let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
            let name = exchange.as_str().into();
            publisher.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default()).await.map_err(told)?;
        }
        declare_quorum_queue(&publisher, &dead, None).await?;
        bind(&publisher, &dead, &dead, "#").await?;
        Ok(Link { connection, publisher })
    }

    /// OpenSSL is built in and knows no system's folder of certificates: it is told where they are.
    async fn tls(&self) -> Result<OwnedTLSConfig, QueueError> {
        if !self.url.starts_with("amqps:") {
            return Ok(OwnedTLSConfig::default());
        }
        let mut authorities = String::new();
        for file in openssl_probe::probe().cert_file.iter().map(PathBuf::as_path).chain(self.authorities.as_deref()) {
            let text = tokio::fs::read_to_string(file).await;
            authorities += &text
                .map_err(|error| QueueError::Refused(format!("the certificates in {} can't be read: {error}", file.display())))?;
            authorities.push('\n');
        }
        Ok(OwnedTLSConfig { identity: None, cert_chain: Some(authorities) })
    }

    async fn send(
        &self,
        exchange: &str,
        key: &str,
        event: &Envelope,
        headers: FieldTable,
        must_arrive: bool,
    ) -> Result<(), QueueError> {
        let properties = BasicProperties::default()
            .with_content_type(CONTENT_TYPE.into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(event.id.as_str().into())
            .with_type(event.event_type.as_str().into())
            .with_headers(headers);
        let options = BasicPublishOptions { mandatory: must_arrive, ..BasicPublishOptions::default() };
        let link = self.link().await?;
        let confirmed = in_time(async {
            let sent =
                link.publisher.basic_publish(exchange.into(), key.into(), options, event.body.as_bytes(), properties).await;
            sent.map_err(told)?.await.map_err(told)
        });
        match confirmed.await? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(QueueError::Refused(format!("no queue takes messages for {key}"))),
            Confirmation::Nack(_) | Confirmation::NotRequested => {
                Err(QueueError::Unavailable("the broker did not confirm a message".to_owned()))
            }
        }
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    fn keeps_messages(&self) -> bool {
        true
    }

    async fn declare(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<(), QueueError> {
        let link = self.link().await?;
        // A refused declaration closes its channel. This channel is not the publisher's channel.
        let channel = in_time(async { link.connection.create_channel().await.map_err(told) }).await?;
        let name = self.topology.connection(connection);
        in_time(async {
            declare_quorum_queue(&channel, &name, Some(&self.topology.dead())).await?;
            bind(&channel, &name, &self.topology.events(), &Topology::binding(tenant)).await?;
            channel.close(200, "done".into()).await.map_err(told)
        })
        .await
    }

    async fn remove(&self, connection: &ConnectionId) -> Result<(), QueueError> {
        let link = self.link().await?;
        let channel = in_time(async { link.connection.create_channel().await.map_err(told) }).await?;
        let name = self.topology.connection(connection);
        in_time(async {
            channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await.map_err(told)?;
            channel.close(200, "done".into()).await.map_err(told)
        })
        .await
    }

    async fn publish(&self, event: &Envelope) -> Result<(), QueueError> {
        // Not mandatory: a tenant without connections is not an error.
        self.send(&self.topology.events(), &Topology::routing_key(event), event, FieldTable::default(), false).await
    }

    async fn publish_to(&self, connection: &ConnectionId, event: &Envelope) -> Result<(), QueueError> {
        self.send("", &self.topology.connection(connection), event, FieldTable::default(), true).await
    }

    async fn publish_dead(&self, connection: &ConnectionId, event: &Envelope, reason: &str) -> Result<(), QueueError> {
        let mut headers = FieldTable::default();
        for (name, value) in [("x-skillgate-connection", connection.as_str()), ("x-skillgate-reason", reason)] {
            headers.insert(name.into(), AMQPValue::LongString(LongString::from(value)));
        }
        self.send(&self.topology.dead(), &Topology::routing_key(event), event, headers, false).await
    }

    async fn consume(&self, connection: &ConnectionId, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        let link = self.link().await?;
        let name = self.topology.connection(connection);
        let consumer = in_time(async {
            let channel = link.connection.create_channel().await.map_err(told)?;
            channel.basic_qos(prefetch.max(1), BasicQosOptions::default()).await.map_err(told)?;
            let options = BasicConsumeOptions::default();
            let inner = channel.basic_consume(name.as_str().into(), "".into(), options, FieldTable::default()).await;
            Ok(RabbitConsumer { inner: inner.map_err(told)?, _channel: channel, _link: link.clone() })
        });
        Ok(Box::new(consumer.await?))
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.link().await.map(drop)
    }
}

struct RabbitConsumer {
    inner: lapin::Consumer,
    _channel: Channel,
    _link: Arc<Link>,
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self) -> Option<Message> {
        loop {
            let delivery = match self.inner.next().await? {
                Ok(delivery) => delivery,
                Err(error) => {
                    tracing::warn!(%error, "a consumer was cancelled by the broker");
                    return None;
                }
            };
            match read(&delivery.data) {
                Ok(event) => return Some(Message { event, receipt: Box::new(RabbitReceipt(delivery)) }),
                Err(error) => {
                    tracing::error!(%error, "a message that is not an event was moved to the dead letters");
                    let refused = BasicNackOptions { requeue: false, ..BasicNackOptions::default() };
                    delivery.nack(refused).await.ok()?;
                }
            }
        }
    }
}

fn read(data: &[u8]) -> Result<Envelope, String> {
    let body = std::str::from_utf8(data).map_err(|error| error.to_string())?;
    Envelope::read(body).map_err(|error| error.to_string())
}

struct RabbitReceipt(Delivery);

#[async_trait]
impl Receipt for RabbitReceipt {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        self.0.ack(BasicAckOptions::default()).await.map(drop).map_err(told)
    }

    async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
        let again = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        self.0.nack(again).await.map(drop).map_err(told)
    }
}

async fn declare_quorum_queue(channel: &Channel, name: &str, dead_letters_to: Option<&str>) -> Result<(), QueueError> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    if let Some(exchange) = dead_letters_to {
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(LongString::from(exchange)));
    }
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.into(), options, arguments).await.map(drop).map_err(told)
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), QueueError> {
    let bound = channel.queue_bind(queue.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default());
    bound.await.map_err(told)
}

async fn in_time<T>(work: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
    let too_late = |_| QueueError::Unavailable(format!("no answer within {} seconds", PATIENCE.as_secs()));
    timeout(PATIENCE, work).await.map_err(too_late)?
}

/// An answer of the broker is a refusal; any other error means that the broker is away. The message omits the URL, which holds a password.
fn told(error: lapin::Error) -> QueueError {
    match error.kind() {
        ErrorKind::ProtocolError(refusal) => QueueError::Refused(refusal.to_string()),
        _ => QueueError::Unavailable(error.to_string()),
    }
}

fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.min(10));
    doubled.min(LONGEST_PAUSE).mul_f64(0.5 + rand::random::<f64>() / 2.0)
}
