//! The gateway as it ships, started for one test: `App::build`, the product's HTTP state, the real server on port 0.
//! Relay and workers don't run by themselves: [`TestApp::drain`] steps them. When the test ends, what is left is looked at.

use super::broker::TestBroker;
use super::client::{Answer, Form};
use super::databases::{MASTER_KEY, TestStore};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use skillgate::app::{App, Listening};
use skillgate::channel::{ChannelSettings, Channels};
use skillgate::config::{self, Settings};
use skillgate::document::Limits;
use skillgate::model::clock::Clock;
use skillgate::model::delivery::DeliveryState;
use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The moment at which every test takes place.
pub const NOW: &str = "2026-03-01T12:00:00Z";

/// A running gateway; it stops when it is dropped. Then its outbox must be empty after a drain, and no delivery dead.
pub struct TestApp {
    pub address: String,
    pub key: String,
    pub clock: Clock,
    pub app: App,
    pub channels: Channels,
    pub client: reqwest::Client,
    pub database: TestStore,
    server: actix_web::dev::ServerHandle,
    dead_letters_are_expected: AtomicBool,
    broker: Option<TestBroker>,
    _folder: tempfile::TempDir,
}

pub async fn spawn_app() -> TestApp {
    spawn_app_as(|_| ()).await
}

pub async fn spawn_app_with(limits: Limits) -> TestApp {
    spawn_app_as(|settings| settings.intake = limits).await
}

/// A gateway whose channels are set up in another way; its outbound requests may reach this machine.
pub async fn spawn_app_with_channels(channels: ChannelSettings) -> TestApp {
    spawn_app_as(|settings| settings.channels = channels).await
}

/// A gateway with other settings than the tests' own.
pub async fn spawn_app_as(change: impl FnOnce(&mut Settings)) -> TestApp {
    // A second installation is refused, which is fine: the first one does.
    drop(rustls::crypto::ring::default_provider().install_default());
    let (database, broker) = (TestStore::of_the_run().await, TestBroker::if_at_hand());
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(NOW.parse().unwrap());
    let key = "sk_test_0123456789abcdefghij".to_owned();
    let mut settings = settings(&database.url, broker.as_ref(), folder.path());
    settings.auth.bootstrap_key = skillgate::model::secret::Secret::new(&key);
    change(&mut settings);
    let app = App::build(settings, clock.clone()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let Listening { server, url, channels, first_key } = app.listen(listener).await.unwrap();
    assert!(first_key.is_none(), "the key was chosen");
    let handle = server.handle();
    tokio::spawn(server);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let dead_letters_are_expected = AtomicBool::new(false);
    TestApp {
        address: url,
        key,
        clock,
        app,
        channels,
        client,
        database,
        server: handle,
        dead_letters_are_expected,
        broker,
        _folder: folder,
    }
}

/// Settings of a gateway on this database and queue that fetches nothing, and whose outbound requests may reach this machine.
/// `folder`: where it may leave files.
pub fn settings(database_url: &str, broker: Option<&TestBroker>, folder: &Path) -> Settings {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/connectors");
    let (queue, prefix) =
        broker.map_or(("memory:".to_owned(), String::new()), |broker| (broker.url.clone(), broker.prefix.clone()));
    let flags = [
        ("database.url", database_url.to_owned()),
        ("queue.url", queue),
        ("queue.prefix", prefix),
        ("security.master_key", STANDARD.encode(MASTER_KEY)),
        ("http.workers", "1".to_owned()),
        ("http_client.timeout_seconds", "5".to_owned()),
        ("http_client.max_body_bytes", (1 << 20).to_string()),
        ("http_client.max_redirects", "1".to_owned()),
        ("http_client.allow_private", "127.0.0.0/8".to_owned()),
        ("issuer_client.timeout_seconds", "5".to_owned()),
        ("issuer_client.max_body_bytes", (1 << 20).to_string()),
        ("issuer_client.max_redirects", "1".to_owned()),
        ("issuer_client.allow_private", "127.0.0.0/8".to_owned()),
        // What a test needs of the network, it provides.
        ("verify.offline", "true".to_owned()),
        ("delivery.connectors_dir", fixtures.display().to_string()),
        ("skills.taxonomies_dir", folder.join("taxonomies").display().to_string()),
        ("delivery.files_dir", folder.join("files").display().to_string()),
    ];
    let flags = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    config::load(None, HashMap::new(), &flags).unwrap()
}

impl TestApp {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// A request with the API key.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.stranger(method, path).bearer_auth(&self.key)
    }

    /// A request without any key.
    pub fn stranger(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), self.url(path))
    }

    /// Works on what was left for later, relays and delivers until nothing is left to do now.
    pub async fn drain(&self) {
        self.app.drain().await.unwrap();
    }

    /// Sends files as one form.
    pub fn upload(&self, form: Form) -> reqwest::RequestBuilder {
        self.request("POST", "/v1/submissions").header("content-type", Form::content_type()).body(form.end())
    }

    pub async fn get_json(&self, path: &str) -> Value {
        let answer = Answer::of(self.request("GET", path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// To be said by a test that makes a delivery fail for good.
    pub fn expect_dead_letters(&self) {
        self.dead_letters_are_expected.store(true, Ordering::SeqCst);
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.server.stop(false));
        if std::thread::panicking() {
            return;
        }
        let (settings, clock) = ((*self.app.settings).clone(), self.clock.clone());
        // What a process that is started next finds. On a thread of its own: the test's runtime is the one that is being left.
        let looked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(left_over(settings, clock))
        });
        let left = looked.join().expect("what is left can be looked at");
        if let Some(broker) = &self.broker {
            left.connections.iter().for_each(|connection| broker.remove_at_the_end(connection));
        }
        assert_eq!(left.unpublished, 0, "events stay in the outbox after a drain");
        assert!(left.dead == 0 || self.dead_letters_are_expected.load(Ordering::SeqCst), "{} deliveries are dead", left.dead);
    }
}

struct Left {
    unpublished: u64,
    dead: u64,
    connections: Vec<skillgate::model::ids::ConnectionId>,
}

async fn left_over(settings: Settings, clock: Clock) -> Left {
    let app = App::build(settings, clock).await.unwrap();
    app.drain().await.unwrap();
    let backlog = app.store.backlog().await.unwrap();
    let dead = backlog.deliveries.iter().filter(|(state, _)| *state == DeliveryState::Dead).map(|(_, count)| count).sum();
    let connections = app.store.list_connections(&super::made::tenant()).await.unwrap();
    Left {
        unpublished: backlog.unpublished,
        dead,
        connections: connections.into_iter().map(|connection| connection.id).collect(),
    }
}
