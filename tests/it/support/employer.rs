//! A fake employer system on a real socket: answers what it was told to, one answer per request, and fails on any other.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use chrono::{DateTime, Utc};
use serde_json::Value;
use skillgate::store::Store;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

pub struct Received {
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    received: Mutex<Vec<Received>>,
    unexpected: Mutex<u32>,
}

pub struct Employer {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
    server: actix_web::dev::ServerHandle,
}

impl Employer {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let data = web::Data::from(Arc::clone(&shared));
        let make = move || App::new().app_data(data.clone()).default_service(web::to(receive));
        let server = HttpServer::new(make).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, shared, server: handle }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the next request is told.
    pub fn answer(&self, status: u16, headers: &[(&str, &str)], body: Value) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.shared.answers.lock().unwrap().push_back(Answer { status, headers, body });
    }

    /// What was received since the last time.
    pub fn requests(&self) -> Vec<Received> {
        std::mem::take(&mut *self.shared.received.lock().unwrap())
    }
}

impl Drop for Employer {
    fn drop(&mut self) {
        drop(self.server.stop(false));
        let unexpected = *self.shared.unexpected.lock().unwrap();
        if !std::thread::panicking() {
            assert_eq!(unexpected, 0, "requests that nobody expected");
        }
    }
}

async fn receive(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let text = |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    shared.received.lock().unwrap().push(Received { headers, body: body.to_vec() });
    let Some(answer) = shared.answers.lock().unwrap().pop_front() else {
        *shared.unexpected.lock().unwrap() += 1;
        return HttpResponse::NotImplemented().finish();
    };
    let mut response = HttpResponse::build(actix_web::http::StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in &answer.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    if answer.body.is_null() { response.finish() } else { response.json(answer.body) }
}

/// What the relay does with new events, without a queue: the deliveries are made, the events are marked.
pub async fn take_events(store: &Store, now: DateTime<Utc>) {
    let taken =
        store.take_unpublished(now, chrono::Duration::seconds(30), chrono::Duration::minutes(5), 100, |_, _| true).await.unwrap();
    let positions: Vec<i64> = taken.iter().map(|outgoing| outgoing.position).collect();
    store.mark_published(&positions, now).await.unwrap();
}
