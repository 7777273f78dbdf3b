//! A plain HTTP client's view of the gateway: answers read to their end, and forms that a test can also write wrongly.

use serde_json::Value;

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
