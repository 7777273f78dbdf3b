//! The demo's receiver of webhooks: checks each event's signature (Standard Webhooks) and prints one line for each event.
//! Comes in: connections of the gateway's own worker. Goes out: 204, or 401 when the signature is wrong.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MAX_HEADERS: usize = 64;
const MAX_BYTES: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers for ever, one connection after the other.
pub async fn receive(listener: TcpListener, secret: &str) {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap_or_default();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // A connection that breaks is the sender's to repeat.
        if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, answer(stream, &key)).await {
            tracing::debug!(cause = %error, "a connection to the demo's receiver broke");
        }
    }
}

async fn answer(mut stream: TcpStream, key: &[u8]) -> std::io::Result<()> {
    let mut received = Vec::new();
    let status = loop {
        let mut part = [0u8; 8_192];
        let count = stream.read(&mut part).await?;
        received.extend_from_slice(&part[..count]);
        match told(&received, key) {
            Some(status) => break status,
            None if count == 0 || received.len() > MAX_BYTES => break "400 Bad Request",
            None => {}
        }
    };
    stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).await
}

/// The status for a request; `None` while a part of it is missing.
fn told(received: &[u8], key: &[u8]) -> Option<&'static str> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(received) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return None,
        Err(_) => return Some("400 Bad Request"),
    };
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok()).unwrap_or_default()
    };
    let length: usize = header("content-length").parse().ok().filter(|length| *length <= MAX_BYTES).unwrap_or_default();
    let body = received.get(head..head + length)?;
    if !is_signed(key, header("webhook-id"), header("webhook-timestamp"), body, header("webhook-signature")) {
        println!("refused: the signature is wrong");
        return Some("401 Unauthorized");
    }
    println!("{}", line(body));
    Some("204 No Content")
}

/// One of the signatures is HMAC-SHA256 over `id.timestamp.body`.
fn is_signed(key: &[u8], id: &str, timestamp: &str, body: &[u8], signatures: &str) -> bool {
    signatures.split(' ').filter_map(|part| STANDARD.decode(part.strip_prefix("v1,")?).ok()).any(|given| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac.verify_slice(&given).is_ok()
    })
}

fn line(body: &[u8]) -> String {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let names = event.pointer("/data/credential/achievement/name").and_then(Value::as_object);
    let title = names.and_then(|names| names.values().next()?.as_str()).unwrap_or_default().to_owned();
    let about = [text("/data/assertion/label/text"), title].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    format!("signature ok  {}  {about}", text("/type")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_request_with_the_right_signature_is_taken_and_another_is_refused() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let request = |signature: &str| {
            format!(
                "POST / HTTP/1.1\r\nwebhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nWebhook-Timestamp: 1614265330\r\n\
                 webhook-signature: {signature}\r\ncontent-length: 20\r\n\r\n{{\"test\": 2432232314}}"
            )
        };
        let right = request("v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(told(right.as_bytes(), &key), Some("204 No Content"));
        assert_eq!(told(&right.as_bytes()[..right.len() - 1], &key), None, "a byte of the body is missing");
        assert_eq!(told(request("v1,AAAA").as_bytes(), &key), Some("401 Unauthorized"));
        assert_eq!(told(b"\0\0", &key), Some("400 Bad Request"));
    }
}
