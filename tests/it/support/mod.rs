//! A gateway for tests: temporary database, port 0, a clock that stands still, and a plain HTTP client.

pub mod disclosure;
pub mod edits;
pub mod examine;
pub mod fake_host;
pub mod platform;
mod ports;
pub mod range;
pub mod tokens;
pub mod wallet;

use crate::databases::{TestStore, sealer};
use ports::{FakeConnectors, FakeHealth, RecordedTasks};
use serde_json::Value;
use skillgate::channel::{ChannelSettings, Channels};
use skillgate::document::Limits;
use skillgate::examine::Examiner;
use skillgate::http::budget::Budget;
use skillgate::http::metrics::Metrics;
use skillgate::http::{State, server};
use skillgate::http_client::{HttpClient, HttpClientConfig};
use skillgate::jsonld::Contexts;
use skillgate::model::clock::Clock;
use skillgate::model::ids::TenantId;
use skillgate::model::tenant::hash_api_key;
use skillgate::pipeline::Pipeline;
use skillgate::verify::Verifier;
use skillgate::verify::documents::Documents;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The moment at which every test takes place.
pub const NOW: &str = "2026-03-01T12:00:00Z";

/// A folder of what others made for testing, where that lies beside the project.
pub fn beside(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if !folder.is_dir() {
        println!("{name} is not at hand: not run");
        return None;
    }
    Some(folder)
}

/// A running gateway; it stops when it is dropped.
pub struct TestApp {
    pub address: String,
    pub key: String,
    pub clock: Clock,
    pub pipeline: Pipeline,
    pub channels: Channels,
    pub health: Arc<FakeHealth>,
    pub tasks: Arc<RecordedTasks>,
    pub client: reqwest::Client,
    server: actix_web::dev::ServerHandle,
    _database: TestStore,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

pub async fn spawn_app() -> TestApp {
    spawn_app_with(Limits::default()).await
}

pub async fn spawn_app_with(limits: Limits) -> TestApp {
    spawn(limits, ChannelSettings::default()).await
}

/// A gateway whose channels are set up in another way; its outbound requests may reach this machine.
pub async fn spawn_app_with_doors(settings: ChannelSettings) -> TestApp {
    spawn(Limits::default(), settings).await
}

async fn spawn(limits: Limits, settings: ChannelSettings) -> TestApp {
    let clock = Clock::fixed(NOW.parse().unwrap());
    let sealer = sealer();
    let database = database().await;
    let store = database.store.clone();
    let key = "sk_test_0123456789abcdefghij".to_owned();
    let tenant = TenantId::from("default");
    store.create_api_key(&tenant, "test key", "sk_test", &hash_api_key(&key), clock.now()).await.unwrap();

    // Nothing is fetched: what a test needs of the network, it provides.
    let verifier = Verifier::new(Documents::default(), Contexts::built_in());
    let pipeline = Pipeline {
        examiner: Examiner::new(verifier, limits.clone()),
        store: store.clone(),
        clock: clock.clone(),
        status_interval: Some(chrono::Duration::hours(24)),
    };
    let (health, tasks) = (Arc::new(FakeHealth::default()), Arc::new(RecordedTasks::default()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let http = HttpClient::new(&HttpClientConfig {
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        allow_http: false,
        timeout_seconds: 5,
        max_body_bytes: 1 << 20,
        max_redirects: 1,
    });
    let channels = Channels::new(settings, &address, pipeline.clone(), http.unwrap()).unwrap();
    let state = State {
        store,
        channels: channels.clone(),
        pipeline: pipeline.clone(),
        clock: clock.clone(),
        limits,
        public_url: address.clone(),
        sealer,
        connectors: Arc::new(FakeConnectors),
        health: health.clone(),
        tasks: tasks.clone(),
        metrics: Metrics::new(prometheus::Registry::new()).unwrap(),
        budget: Budget::new(64 << 20),
    };
    let running = server::start(state, listener, 1).unwrap();
    let handle = running.handle();
    tokio::spawn(running);
    TestApp { address, key, clock, pipeline, channels, health, tasks, client: client(), server: handle, _database: database }
}

/// PostgreSQL when the environment says where it is, else SQLite.
async fn database() -> TestStore {
    match TestStore::postgres().await {
        Some(database) => database,
        None => TestStore::sqlite().await,
    }
}

#[allow(clippy::disallowed_methods, reason = "a test is a stranger: it does not go through the gateway's own client")]
fn client() -> reqwest::Client {
    // A second installation is refused, which is fine: the first one does.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
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

    /// Works on every submission that was left for later, as the composition root's tasks would.
    pub async fn drain(&self) {
        let waiting: Vec<_> = std::mem::take(&mut *self.tasks.resumed.lock().unwrap());
        for submission in waiting {
            self.pipeline.resume(&submission).await.unwrap();
        }
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
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Asserts that this is a problem of the table, and gives its code.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.json();
        let code = body["code"].as_str().unwrap().to_owned();
        let known = skillgate::http::problem::Code::ALL.iter().find(|known| known.as_str() == code).unwrap();
        assert_eq!(u64::from(known.status()), body["status"].as_u64().unwrap());
        assert_eq!(self.status, known.status());
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert!(!body["detail"].as_str().unwrap().is_empty());
        code
    }
}

/// A form with text fields and files, written by hand so that a test can also write a wrong one.
pub struct Form {
    body: Vec<u8>,
}

pub const BOUNDARY: &str = "a-test-boundary";

impl Form {
    pub fn new() -> Self {
        Self { body: Vec::new() }
    }

    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.body
            .extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        self
    }

    pub fn file(mut self, name: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        self.body.extend(head.into_bytes());
        self.body.extend(bytes);
        self.body.extend(b"\r\n");
        self
    }

    pub fn end(mut self) -> Vec<u8> {
        self.body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        self.body
    }

    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }
}
