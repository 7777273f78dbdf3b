//! What is over a limit or broken on the wire gets a clear answer, before the gateway has read all of it.

use crate::support::{Answer, BOUNDARY, Form, TestApp, spawn_app_with};
use futures_util::stream;
use skillgate::document::Limits;
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

const LIMIT: usize = 256 << 10;

async fn small_app() -> TestApp {
    spawn_app_with(Limits { max_upload_bytes: LIMIT, max_file_bytes: LIMIT / 2, ..Limits::default() }).await
}

/// The problem that a request is refused with.
async fn refused(request: reqwest::RequestBuilder) -> String {
    Answer::of(request).await.problem()
}

fn form(app: &TestApp, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    app.request("POST", "/v1/submissions").header("content-type", Form::content_type()).body(body)
}

fn raw(app: &TestApp, media_type: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    app.request("POST", "/v1/submissions").header("content-type", media_type).body(body)
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_or_not_it_announces_its_length() {
    let app = small_app().await;
    let large = vec![b'x'; LIMIT + (2 << 20)];
    assert_eq!(refused(form(&app, Form::new().file("large.bin", &large).end())).await, "payload_too_large");
    assert_eq!(refused(raw(&app, "application/json", large.clone())).await, "payload_too_large");

    // A body without an end: only a gateway that stops reading answers at all.
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 64 << 10]));
    let unannounced = reqwest::Body::wrap_stream(endless);
    assert_eq!(refused(raw(&app, "application/json", unannounced)).await, "payload_too_large");
}

#[tokio::test]
async fn one_file_over_its_limit_is_named() {
    let app = small_app().await;
    let body = Form::new().file("small.json", b"{}").file("large.png", &vec![b'x'; LIMIT / 2 + 1]).end();
    let answer = Answer::of(form(&app, body)).await;
    assert_eq!(answer.problem(), "payload_too_large");
    assert!(answer.text.contains("large.png"), "{}", answer.text);
}

#[tokio::test]
async fn many_files_together_are_bounded_too() {
    let app = small_app().await;
    let part = vec![b'x'; LIMIT / 2 - 10];
    let body = Form::new().file("1", &part).file("2", &part).file("3", &part).end();
    assert_eq!(refused(form(&app, body)).await, "payload_too_large");
    let parts = (0..1_001).fold(Form::new(), |form, _| form.text("candidate_email", ""));
    assert_eq!(refused(form(&app, parts.end())).await, "payload_too_large");
}

#[tokio::test]
async fn a_body_of_the_wrong_type_or_encoding_is_refused() {
    let app = small_app().await;
    for media_type in ["text/html", "application/x-www-form-urlencoded", "video/mp4", "multipart/mixed; boundary=x", "nonsense"] {
        assert_eq!(refused(raw(&app, media_type, "x")).await, "unsupported_media_type", "{media_type}");
    }
    let packed = raw(&app, "application/json", "x").header("content-encoding", "gzip");
    assert_eq!(refused(packed).await, "unsupported_media_type");
    assert_eq!(refused(raw(&app, "application/json", "")).await, "no_file");
}

#[tokio::test]
async fn a_broken_form_is_refused() {
    let app = small_app().await;
    let whole = Form::new().file("a.json", b"{}").end();
    let cut = whole[..whole.len() - BOUNDARY.len()].to_vec();
    for body in [
        cut,
        b"no boundary at all".to_vec(),
        Vec::new(),
        format!("--{BOUNDARY}\r\n\r\nno disposition\r\n--{BOUNDARY}--\r\n").into_bytes(),
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--{BOUNDARY}--\r\n").into_bytes(),
        format!("--{BOUNDARY}\r\n\0\0: x\r\n\r\n\r\n--{BOUNDARY}--\r\n").into_bytes(),
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--{BOUNDARY}--\r\n").into_bytes(),
    ] {
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(refused(form(&app, body)).await, "invalid_multipart", "{shown}");
    }
    let without = app.request("POST", "/v1/submissions").header("content-type", "multipart/form-data").body(whole);
    assert_eq!(refused(without).await, "invalid_multipart");
}

#[tokio::test]
async fn a_connection_that_ends_early_or_speaks_no_http_harms_nobody() {
    let app = small_app().await;
    let host = app.address.trim_start_matches("http://").to_owned();
    let key = app.key.clone();
    tokio::task::spawn_blocking(move || {
        let head = format!(
            "POST /v1/submissions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        for bytes in [head.as_bytes(), b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n"] {
            let mut socket = std::net::TcpStream::connect(&host).unwrap();
            socket.write_all(bytes).unwrap();
            socket.shutdown(std::net::Shutdown::Write).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let mut answer = Vec::new();
            let read = socket.read_to_end(&mut answer);
            let is_open = read.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
            assert!(!is_open, "the gateway ends the connection");
            assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
            assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
        }
    })
    .await
    .unwrap();
    assert_eq!(Answer::of(app.stranger("GET", "/healthz")).await.status, 200);
}
