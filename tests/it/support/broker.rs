//! RabbitMQ for one test: names of its own under a random prefix, removed at the end.

use skillgate::model::ids::ConnectionId;
use skillgate::queue::rabbitmq::RabbitQueue;
use skillgate::queue::topology::Topology;
use std::sync::Mutex;

pub struct TestBroker {
    pub url: String,
    pub prefix: String,
    /// Their queues are removed with the rest.
    connections: Mutex<Vec<ConnectionId>>,
}

impl TestBroker {
    /// SKILLGATE_TEST_QUEUE_URL says where RabbitMQ is.
    pub fn of_the_run() -> Self {
        Self::if_at_hand().expect("SKILLGATE_TEST_QUEUE_URL says where RabbitMQ is")
    }

    pub fn if_at_hand() -> Option<Self> {
        let url = std::env::var("SKILLGATE_TEST_QUEUE_URL").ok()?;
        Some(Self { url, prefix: format!("test-{}", uuid::Uuid::now_v7().simple()), connections: Mutex::default() })
    }

    pub async fn connect(&self) -> RabbitQueue {
        RabbitQueue::connect(&self.url, None, &self.prefix).await.unwrap()
    }

    pub fn remove_at_the_end(&self, connection: &ConnectionId) {
        self.connections.lock().unwrap().push(connection.clone());
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        let topology = Topology::new(&self.prefix);
        let connections = std::mem::take(&mut *self.connections.lock().unwrap());
        let queues = connections.iter().map(|id| topology.connection(id)).chain([topology.dead()]).collect();
        let (url, exchanges) = (self.url.clone(), vec![topology.events(), topology.dead()]);
        // A runtime of its own: the test's may be the one that is being left.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(remove(&url, queues, exchanges))
        });
        match removed.join() {
            Ok(Ok(())) => {}
            problem => eprintln!("queues with the prefix {} stay behind: {problem:?}", self.prefix),
        }
    }
}

async fn remove(url: &str, queues: Vec<String>, exchanges: Vec<String>) -> Result<(), lapin::Error> {
    let connection = lapin::Connection::connect(url, lapin::ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    for queue in queues {
        channel.queue_delete(queue.as_str().into(), Default::default()).await?;
    }
    for exchange in exchanges {
        channel.exchange_delete(exchange.as_str().into(), Default::default()).await?;
    }
    connection.close(200, "done".into()).await
}
