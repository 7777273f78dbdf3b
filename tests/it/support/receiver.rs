//! An employer's webhook receiver that checks signatures as Standard Webhooks prescribes, and can be away.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Seen {
    genuine: Vec<Value>,
    forged: usize,
    away: bool,
}

pub struct Receiver {
    pub url: String,
    seen: Arc<Mutex<Seen>>,
    server: actix_web::dev::ServerHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl Receiver {
    pub async fn start(secret: &str) -> Self {
        let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let shared = seen.clone();
        let server = HttpServer::new(move || {
            let state = web::Data::new((key.clone(), shared.clone()));
            App::new().app_data(state).default_service(web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, seen, server: handle }
    }

    /// Events whose signature was right, in the order of their arrival.
    pub fn genuine(&self) -> Vec<Value> {
        self.seen.lock().unwrap().genuine.clone()
    }

    pub fn forged(&self) -> usize {
        self.seen.lock().unwrap().forged
    }

    /// While away, every request is answered 503.
    pub fn be_away(&self, away: bool) {
        self.seen.lock().unwrap().away = away;
    }
}

async fn receive(state: web::Data<(Vec<u8>, Arc<Mutex<Seen>>)>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (key, seen) = state.get_ref();
    let mut seen = seen.lock().unwrap();
    if seen.away {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    if !header("webhook-signature").split(' ').any(|given| given == expected) {
        seen.forged += 1;
        return HttpResponse::Unauthorized().finish();
    }
    seen.genuine.push(serde_json::from_slice(&body).unwrap());
    HttpResponse::NoContent().finish()
}
