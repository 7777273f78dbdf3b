//! Another server for tests: answers what it was told to, and remembers what it was asked.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug)]
pub struct Asked {
    /// With the query.
    pub path: String,
    pub accept: String,
    pub authorization: String,
    pub body: String,
}

#[derive(Clone)]
struct Canned {
    status: u16,
    media_type: String,
    body: String,
    headers: Vec<(String, String)>,
}

#[derive(Clone, Default)]
struct Shared {
    answers: Arc<Mutex<HashMap<String, Vec<Canned>>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub struct FakeHost {
    pub address: String,
    shared: Shared,
    server: actix_web::dev::ServerHandle,
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl FakeHost {
    pub async fn start() -> Self {
        let shared = Shared::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let data = shared.clone();
        let running = HttpServer::new(move || App::new().app_data(web::Data::new(data.clone())).default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let server = running.handle();
        tokio::spawn(running);
        Self { address, shared, server }
    }

    /// The path without its query. Several answers are given in turn; the last one stays.
    pub fn serve(&self, path: &str, status: u16, media_type: &str, body: String) {
        self.serve_with(path, status, media_type, body, &[]);
    }

    pub fn serve_with(&self, path: &str, status: u16, media_type: &str, body: String, headers: &[(&str, &str)]) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let canned = Canned { status, media_type: media_type.to_owned(), body, headers };
        self.shared.answers.lock().unwrap().entry(path.to_owned()).or_default().push(canned);
    }

    pub fn requests(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub fn forget(&self, path: &str) {
        self.shared.answers.lock().unwrap().remove(path);
    }
}

async fn answer(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    shared.asked.lock().unwrap().push(Asked {
        path: request.uri().to_string(),
        accept: header("accept"),
        authorization: header("authorization"),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let mut answers = shared.answers.lock().unwrap();
    let Some(list) = answers.get_mut(request.path()) else { return HttpResponse::NotFound().finish() };
    let canned = if list.len() > 1 { list.remove(0) } else { list[0].clone() };
    let mut response = HttpResponse::build(actix_web::http::StatusCode::from_u16(canned.status).unwrap());
    response.insert_header(("content-type", canned.media_type));
    for header in canned.headers {
        response.insert_header(header);
    }
    response.body(canned.body)
}
