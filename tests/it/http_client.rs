//! The outbound client against a local listener: addresses, redirects, sizes, time.

use skillgate::http_client::{HttpClient, HttpClientConfig, HttpError, Method, OutboundRequest};
use skillgate::verify::documents::{DocumentError, Documents};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

fn config(allow: &[&str]) -> HttpClientConfig {
    HttpClientConfig {
        allow_private: allow.iter().map(|network| network.parse().unwrap()).collect(),
        allow_http: false,
        timeout_seconds: 5,
        max_body_bytes: 1_000,
        max_redirects: 3,
    }
}

fn client(allow: &[&str]) -> HttpClient {
    HttpClient::new(&config(allow)).unwrap()
}

/// Answers each request with what `answer` makes of its text; returns the port.
async fn listen(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let mut buffer = vec![0; 8192];
                let read = stream.read(&mut buffer).await.unwrap_or(0);
                let reply = answer(&String::from_utf8_lossy(&buffer[..read]));
                drop(stream.write_all(reply.as_bytes()).await);
            });
        }
    });
    port
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[tokio::test]
async fn private_addresses_are_refused_whatever_they_are_called() {
    let port = listen(|_| reply("200 OK", "", "secret")).await;
    let names = [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("https://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "file:///etc/hostname".to_owned(),
        "ftp://example.org/".to_owned(),
    ];
    for name in names {
        let result = client(&[]).get(&url(&name), "*/*").await;
        assert!(matches!(result, Err(HttpError::Refused(_))), "{name}: {result:?}");
    }
}

#[tokio::test]
async fn an_allowed_network_may_be_reached_by_address_and_by_name() {
    let port = listen(|request| reply("200 OK", "", request.lines().next().unwrap_or_default())).await;
    let client = client(&["127.0.0.0/8"]);
    for host in ["127.0.0.1", "localhost"] {
        let answer = client.get(&url(&format!("http://{host}:{port}/x?y=1")), "*/*").await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"GET /x?y=1 HTTP/1.1"[..]));
    }
}

#[tokio::test]
async fn credentials_in_the_address_are_refused() {
    let result = client(&["127.0.0.0/8"]).get(&url("http://user:secret@127.0.0.1:1/"), "*/*").await;
    assert!(matches!(result, Err(HttpError::Refused(_))));
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_place_is_refused() {
    for target in ["http://169.254.169.254/", "http://10.0.0.1/", "file:///etc/passwd", "gopher://example.org/"] {
        let port = listen(move |_| reply("302 Found", &format!("Location: {target}\r\n"), "")).await;
        let result = client(&["127.0.0.0/8"]).get(&url(&format!("http://127.0.0.1:{port}/")), "*/*").await;
        assert!(matches!(result, Err(HttpError::Refused(_))), "{target}: {result:?}");
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let other = listen(|request| reply("200 OK", "", request)).await;
    let first = listen(move |_| reply("307 Temporary Redirect", &format!("Location: http://localhost:{other}/\r\n"), "")).await;
    let request = OutboundRequest {
        method: Method::GET,
        url: url(&format!("http://127.0.0.1:{first}/")),
        headers: vec![
            ("authorization".into(), "Bearer secret".into()),
            ("x-api-key".into(), "secret".into()),
            ("accept".into(), "a/b".into()),
        ],
        body: None,
        timeout: None,
        max_body_bytes: Some(10_000),
        follow_redirects: true,
    };
    let answer = client(&["127.0.0.0/8", "::1/128"]).send(request).await.unwrap();
    let seen = String::from_utf8_lossy(&answer.body).to_lowercase();
    assert!(!seen.contains("secret") && seen.contains("accept: a/b") && seen.contains("user-agent: skillgate/"), "{seen}");
}

#[tokio::test]
async fn redirects_end_somewhere() {
    let port = listen(|_| reply("302 Found", "Location: /again\r\n", "")).await;
    let result = client(&["127.0.0.0/8"]).get(&url(&format!("http://127.0.0.1:{port}/")), "*/*").await;
    assert!(matches!(result, Err(HttpError::Unreachable { .. })), "{result:?}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_to_its_end() {
    let declared = listen(|_| reply("200 OK", "", &"x".repeat(2_000))).await;
    let streamed = listen(|_| format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(2_000))).await;
    for port in [declared, streamed] {
        let result = client(&["127.0.0.0/8"]).get(&url(&format!("http://127.0.0.1:{port}/")), "*/*").await;
        assert!(matches!(result, Err(HttpError::TooLarge(_))), "{result:?}");
    }
}

#[tokio::test]
async fn the_time_allowed_covers_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let request = OutboundRequest {
        method: Method::GET,
        url: url(&format!("http://127.0.0.1:{port}/")),
        headers: Vec::new(),
        body: None,
        timeout: Some(Duration::from_millis(100)),
        max_body_bytes: None,
        follow_redirects: true,
    };
    assert!(matches!(client(&["127.0.0.0/8"]).send(request).await, Err(HttpError::TimedOut(_))));
    drop(listener);
}

#[tokio::test]
async fn documents_are_fetched_once_and_a_withdrawn_one_is_gone() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let port = listen(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        if request.starts_with("GET /gone") { reply("410 Gone", "", "") } else { reply("200 OK", "ETag: \"1\"\r\n", "{}") }
    })
    .await;
    let documents = Documents::new(HashMap::new(), Some(client(&["127.0.0.0/8"])));
    let address = format!("http://127.0.0.1:{port}/list");
    for _ in 0..3 {
        assert_eq!(documents.get(&address, "*/*").await.unwrap().bytes, "{}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let gone = documents.get(&format!("http://127.0.0.1:{port}/gone"), "*/*").await;
    assert!(matches!(gone, Err(DocumentError::Gone(_))), "{gone:?}");
}
