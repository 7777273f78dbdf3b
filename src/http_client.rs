//! The only outbound HTTP client: time-outs, size cap, redirect and private-address policy.
//! Comes in: a URL or a request that some part of the product wants to send. Goes out: a bounded response or a plain refusal.
//! Must not know: who asks and why.

use bytes::Bytes;
use ipnet::IpNet;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// `http_client.*` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpClientConfig {
    /// Networks that requests may reach although private, in CIDR form.
    pub allow_private: Vec<IpNet>,
    /// Whether plain `http://` is allowed (always allowed towards `allow_private` networks).
    pub allow_http: bool,
    /// Budget over name resolution, connecting, headers, body and redirects, in seconds.
    pub timeout_seconds: u64,
    /// Largest response body, in bytes.
    pub max_body_bytes: usize,
    pub max_redirects: usize,
}

/// Why no response was obtained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Policy forbids the address or the scheme; trying again won't help.
    #[error("{0} is not an address that may be contacted")]
    Refused(String),
    #[error("{0} did not answer within the time allowed")]
    TimedOut(String),
    #[error("the answer of {0} is larger than allowed")]
    TooLarge(String),
    /// Name resolution, connection, TLS or protocol failure.
    #[error("{host} could not be reached: {cause}")]
    Unreachable { host: String, cause: String },
}

/// A request to send. Redirects are followed for GET only.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    pub method: reqwest::Method,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
    /// Overrides the configured budget.
    pub timeout: Option<Duration>,
    /// Overrides the configured cap.
    pub max_body_bytes: Option<usize>,
    pub follow_redirects: bool,
}

#[derive(Clone, Debug)]
pub struct OutboundResponse {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// After redirects.
    pub final_url: Url,
}

impl OutboundResponse {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {}

impl HttpClient {
    pub fn new(_config: &HttpClientConfig) -> Result<Self, HttpError> {
        unimplemented!()
    }

    /// GET with an `Accept` header, following redirects under the policy.
    pub async fn get(&self, _url: &Url, _accept: &str) -> Result<OutboundResponse, HttpError> {
        unimplemented!()
    }

    pub async fn send(&self, _request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        unimplemented!()
    }
}
