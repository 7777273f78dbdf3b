//! An employer system in which the effect of every write can be counted: `PUT /resources/{event}` sets, `POST /notes` adds.
//! It can keep its answer to itself: then it has the write, and the gateway does not know.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use skillgate::model::connection::Connection;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// How a write of the connector `effects` is kept from having two effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Natural,
    Set,
    Observe,
    LedgerOnly,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Natural => "natural",
            Self::Set => "set",
            Self::Observe => "observe",
            Self::LedgerOnly => "ledger_only",
        }
    }
}

#[derive(Default)]
struct Kept {
    resources: BTreeMap<String, Value>,
    notes: Vec<String>,
    writes: Vec<String>,
    keeps_answers: bool,
}

#[derive(Default)]
struct Shared {
    kept: Mutex<Kept>,
    has_it: Notify,
}

pub struct EffectsSystem {
    pub url: String,
    shared: Arc<Shared>,
    server: actix_web::dev::ServerHandle,
}

impl Drop for EffectsSystem {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl EffectsSystem {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let data = web::Data::from(shared.clone());
        let running = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let server = running.handle();
        tokio::spawn(running);
        Self { url, shared, server }
    }

    /// A connection to this system whose write is of the kind given.
    pub fn connection(&self, kind: Kind) -> Connection {
        let fields = json!({"url": self.url, "kind": kind.name()});
        Connection {
            connector: "effects".to_owned(),
            fields: fields.as_object().unwrap().clone(),
            ..super::made::connection(kind.name())
        }
    }

    /// How often the event has had its effect.
    pub fn effects(&self, event: &str) -> usize {
        let kept = self.shared.kept.lock().unwrap();
        usize::from(kept.resources.contains_key(event)) + kept.notes.iter().filter(|noted| *noted == event).count()
    }

    /// How often the event was written, with or without a further effect.
    pub fn writes(&self, event: &str) -> usize {
        self.shared.kept.lock().unwrap().writes.iter().filter(|written| *written == event).count()
    }

    /// From now on a write is taken and not answered, or answered again.
    pub fn keep_answers(&self, keeps: bool) {
        self.shared.kept.lock().unwrap().keeps_answers = keeps;
    }

    /// Ends when the system has taken a write since the last time.
    pub async fn has_a_write(&self) {
        self.shared.has_it.notified().await;
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let event = |value: &Value| value["event"].as_str().unwrap_or_default().to_owned();
    if request.method() == "GET" {
        let asked = request.query_string().trim_start_matches("event=").to_owned();
        let kept = shared.kept.lock().unwrap();
        let notes: Vec<&String> = kept.notes.iter().filter(|noted| **noted == asked).collect();
        return HttpResponse::Ok().json(json!({"notes": notes}));
    }
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    let keeps_answer = {
        let mut kept = shared.kept.lock().unwrap();
        kept.writes.push(event(&value));
        if request.method() == "PUT" {
            drop(kept.resources.insert(event(&value), value));
        } else {
            kept.notes.push(event(&value));
        }
        kept.keeps_answers
    };
    shared.has_it.notify_one();
    if keeps_answer {
        std::future::pending::<()>().await;
    }
    HttpResponse::Ok().json(json!({}))
}
