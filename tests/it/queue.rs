//! One list of tests for the queue, in the process and on RabbitMQ.

use crate::support::databases::noon;
use crate::support::made;
use skillgate::model::event::{CandidateEventData, Envelope, Event, EventType};
use skillgate::model::ids::{CandidateRef, ConnectionId, EventId, TenantId};
use skillgate::queue::memory::MemoryQueue;
use skillgate::queue::{Consumer, Message, Queue, QueueError};
use std::sync::Arc;
use std::time::Duration;

/// Makes each function of the list a test on the queue in the process, and one on RabbitMQ that is left out of a plain `cargo test`.
macro_rules! on_both_queues {
    ($($test:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(std::sync::Arc::new(super::MemoryQueue::new())).await;
            })+
        }
        #[cfg(feature = "rabbitmq")]
        mod rabbitmq {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs RabbitMQ"]
            async fn $test() {
                let broker = $crate::support::broker::TestBroker::of_the_run();
                super::$test(std::sync::Arc::new(broker.connect().await)).await;
            })+
        }
    };
}

on_both_queues!(
    an_event_reaches_every_connection_of_its_tenant_and_no_other,
    messages_keep_their_order,
    what_is_not_acknowledged_is_delivered_again,
    what_is_given_back_is_delivered_again,
    no_more_than_the_prefetch_is_out_at_a_time,
    one_connection_can_be_addressed_alone,
    declaring_again_changes_nothing,
    a_removed_queue_ends_its_consumer,
);

/// What a consumer of another make does: it knows the description of the events, and where the broker is.
#[cfg(feature = "rabbitmq")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ"]
async fn rabbitmq_a_consumer_that_knows_the_asyncapi_document_alone_gets_the_events() {
    let broker = crate::support::broker::TestBroker::of_the_run();
    let queue = broker.connect().await;
    let document = skillgate::http::asyncapi::document(&broker.prefix).unwrap();
    let described = &document["channels"]["events"];
    assert_eq!(described["address"], described["bindings"]["amqp"]["exchange"]["name"]);
    let exchange = described["address"].as_str().unwrap();
    let connection = lapin::Connection::connect(&broker.url, lapin::ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let own = lapin::options::QueueDeclareOptions { exclusive: true, ..Default::default() };
    let own = channel.queue_declare("".into(), own, Default::default()).await.unwrap().name().clone();
    channel.queue_bind(own.clone(), exchange.into(), "acme.#".into(), Default::default(), Default::default()).await.unwrap();
    let event = event(&TenantId::from("acme"), 1);
    queue.publish(&Envelope::of(&event).unwrap()).await.unwrap();
    let got =
        channel.basic_get(own, lapin::options::BasicGetOptions { no_ack: true }).await.unwrap().expect("the event is there");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&got.data).unwrap()["id"], event.id.as_str());
    assert_eq!(got.routing_key.as_str(), format!("acme.{}", event.event_type.as_str()));
    let content_type = got.properties.content_type().as_ref().map(|kind| kind.as_str().to_owned());
    assert_eq!(content_type.as_deref(), document["defaultContentType"].as_str());
}

pub fn event(tenant: &TenantId, number: u32) -> Event {
    let candidate = CandidateRef::from("c1");
    let data = CandidateEventData::of(&candidate);
    Event {
        specversion: "1.0".to_owned(),
        id: EventId::generate(),
        source: format!("/tenants/{tenant}/gateway"),
        event_type: EventType::CandidateLinked,
        subject: format!("candidates/{candidate}"),
        time: noon(),
        datacontenttype: "application/json".to_owned(),
        dataschema: "urn:example".to_owned(),
        tenantid: tenant.clone(),
        partitionkey: candidate,
        sequence: format!("{number:010}"),
        privacymode: "pseudonymous".to_owned(),
        causationid: None,
        traceparent: None,
        data: serde_json::to_value(data).unwrap(),
    }
}

async fn next(consumer: &mut Box<dyn Consumer>) -> Option<Message> {
    tokio::time::timeout(Duration::from_secs(10), consumer.next()).await.expect("a message within ten seconds")
}

async fn take(consumer: &mut Box<dyn Consumer>) -> Event {
    let message = next(consumer).await.unwrap();
    message.receipt.acknowledge().await.unwrap();
    message.event.event().unwrap()
}

fn sealed(event: &Event) -> Envelope {
    Envelope::of(event).unwrap()
}

async fn is_quiet(consumer: &mut Box<dyn Consumer>) -> bool {
    tokio::time::timeout(Duration::from_millis(300), consumer.next()).await.is_err()
}

async fn an_event_reaches_every_connection_of_its_tenant_and_no_other(queue: Arc<dyn Queue>) {
    let (here, there) = (made::tenant(), TenantId::from("other"));
    let ids = [ConnectionId::generate(), ConnectionId::generate(), ConnectionId::generate()];
    for (tenant, id) in [(&here, &ids[0]), (&here, &ids[1]), (&there, &ids[2])] {
        queue.declare(tenant, id).await.unwrap();
    }
    let sent = event(&here, 1);
    queue.publish(&sealed(&sent)).await.unwrap();
    for id in &ids[..2] {
        let mut consumer = queue.consume(id, 1).await.unwrap();
        assert_eq!(take(&mut consumer).await, sent);
    }
    let mut other = queue.consume(&ids[2], 1).await.unwrap();
    assert!(is_quiet(&mut other).await);
    queue.ping().await.unwrap();
    for id in &ids {
        queue.remove(id).await.unwrap();
    }
}

async fn one(queue: &Arc<dyn Queue>) -> ConnectionId {
    let id = ConnectionId::generate();
    queue.declare(&made::tenant(), &id).await.unwrap();
    id
}

async fn messages_keep_their_order(queue: Arc<dyn Queue>) {
    let id = one(&queue).await;
    for number in 0..20 {
        queue.publish(&sealed(&event(&made::tenant(), number))).await.unwrap();
    }
    let mut consumer = queue.consume(&id, 5).await.unwrap();
    for number in 0..20 {
        assert_eq!(take(&mut consumer).await.sequence, format!("{number:010}"));
    }
    queue.remove(&id).await.unwrap();
}

async fn what_is_not_acknowledged_is_delivered_again(queue: Arc<dyn Queue>) {
    let id = one(&queue).await;
    let sent = event(&made::tenant(), 1);
    queue.publish(&sealed(&sent)).await.unwrap();
    let mut consumer = queue.consume(&id, 1).await.unwrap();
    drop(next(&mut consumer).await.unwrap());
    drop(consumer);
    let mut consumer = queue.consume(&id, 1).await.unwrap();
    assert_eq!(take(&mut consumer).await, sent);
    assert!(is_quiet(&mut consumer).await);
    queue.remove(&id).await.unwrap();
}

async fn what_is_given_back_is_delivered_again(queue: Arc<dyn Queue>) {
    let id = one(&queue).await;
    let sent = event(&made::tenant(), 1);
    queue.publish(&sealed(&sent)).await.unwrap();
    let mut consumer = queue.consume(&id, 1).await.unwrap();
    next(&mut consumer).await.unwrap().receipt.give_back().await.unwrap();
    assert_eq!(take(&mut consumer).await, sent);
    queue.remove(&id).await.unwrap();
}

async fn no_more_than_the_prefetch_is_out_at_a_time(queue: Arc<dyn Queue>) {
    let id = one(&queue).await;
    for number in 0..3 {
        queue.publish(&sealed(&event(&made::tenant(), number))).await.unwrap();
    }
    let mut consumer = queue.consume(&id, 2).await.unwrap();
    let first = next(&mut consumer).await.unwrap();
    let _second = next(&mut consumer).await.unwrap();
    assert!(is_quiet(&mut consumer).await);
    first.receipt.acknowledge().await.unwrap();
    assert_eq!(next(&mut consumer).await.unwrap().event.event().unwrap().sequence, "0000000002");
    queue.remove(&id).await.unwrap();
}

async fn one_connection_can_be_addressed_alone(queue: Arc<dyn Queue>) {
    let (one, other) = (one(&queue).await, one(&queue).await);
    let sent = event(&made::tenant(), 1);
    queue.publish_to(&one, &sealed(&sent)).await.unwrap();
    assert_eq!(take(&mut queue.consume(&one, 1).await.unwrap()).await, sent);
    assert!(is_quiet(&mut queue.consume(&other, 1).await.unwrap()).await);
    let nowhere = queue.publish_to(&ConnectionId::generate(), &sealed(&sent)).await;
    assert!(matches!(nowhere, Err(QueueError::Refused(_))), "{nowhere:?}");
    queue.publish_dead(&one, &sealed(&sent), "gone").await.unwrap();
    queue.remove(&one).await.unwrap();
    queue.remove(&other).await.unwrap();
}

async fn declaring_again_changes_nothing(queue: Arc<dyn Queue>) {
    let id = one(&queue).await;
    queue.publish(&sealed(&event(&made::tenant(), 1))).await.unwrap();
    queue.declare(&made::tenant(), &id).await.unwrap();
    let mut consumer = queue.consume(&id, 1).await.unwrap();
    assert_eq!(take(&mut consumer).await.sequence, "0000000001");
    assert!(is_quiet(&mut consumer).await);
    queue.remove(&id).await.unwrap();
}

async fn a_removed_queue_ends_its_consumer(queue: Arc<dyn Queue>) {
    let id = one(&queue).await;
    let mut consumer = queue.consume(&id, 1).await.unwrap();
    queue.remove(&id).await.unwrap();
    assert!(next(&mut consumer).await.is_none());
    assert!(queue.consume(&id, 1).await.is_err());
}

#[tokio::test]
async fn a_full_list_says_so_and_keeps_what_it_has() {
    let queue = MemoryQueue::new();
    let id = ConnectionId::generate();
    queue.declare(&made::tenant(), &id).await.unwrap();
    let sent = event(&made::tenant(), 1);
    for _ in 0..skillgate::queue::memory::CAPACITY {
        queue.publish_to(&id, &sealed(&sent)).await.unwrap();
    }
    assert!(matches!(queue.publish_to(&id, &sealed(&sent)).await, Err(QueueError::Full)));
    let mut consumer = queue.consume(&id, 1).await.unwrap();
    assert_eq!(take(&mut consumer).await, sent);
    queue.publish_to(&id, &sealed(&sent)).await.unwrap();
}
