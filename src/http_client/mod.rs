//! The only outbound HTTP client: time-outs, size cap, redirect and private-address policy.
//! Comes in: a URL or a request. Goes out: a bounded response or a plain refusal.
//! Must not know: the caller and its purpose.

mod address;
mod hosts;

use bytes::{Bytes, BytesMut};
use hosts::Hosts;
use ipnet::IpNet;
pub use reqwest::Method;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header;
use serde::Deserialize;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;
use url::{Host, Url};

/// `http_client.*` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpClientConfig {
    /// Private networks that requests may reach, in CIDR form.
    pub allow_private: Vec<IpNet>,
    /// Whether plain `http://` is allowed (always allowed towards `allow_private` networks).
    pub allow_http: bool,
    /// Time limit for name resolution, connecting, headers, body and redirects together, in seconds.
    pub timeout_seconds: u64,
    /// Largest response body, in bytes.
    pub max_body_bytes: usize,
    pub max_redirects: usize,
}

/// The reason why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The policy forbids the address or the scheme; another try won't help.
    #[error("the gateway is not allowed to contact {0}")]
    Refused(String),
    #[error("{0} did not answer within the time limit")]
    TimedOut(String),
    #[error("the response from {0} is larger than allowed")]
    TooLarge(String),
    /// Name resolution, connection, TLS or protocol failure.
    #[error("{host} could not be reached: {cause}")]
    Unreachable { host: String, cause: String },
}

/// A request to send. Only the redirects of a GET are followed.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
    /// Overrides the configured time limit.
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

const USER_AGENT: &str = concat!("Skillgate/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A host that was silent for less time did not fail.
const FAIR: Duration = Duration::from_secs(3);
/// The guard's refusal, which the HTTP library passes on as a resolver error.
const REFUSED: &str = "the policy forbids every address of the host";

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Does the work; every request in it has ended by the deadline, and none begins after it. Inside other such work the earlier deadline
/// holds.
pub async fn until<T>(deadline: Instant, work: impl Future<Output = T>) -> T {
    let outer = DEADLINE.try_with(|outer| *outer).ok();
    DEADLINE.scope(outer.map_or(deadline, |outer| outer.min(deadline)), work).await
}

/// Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    config: Arc<HttpClientConfig>,
    /// `None`: every host is asked as often as the caller likes.
    hosts: Option<Hosts>,
    /// Built at the first request: reading the system's certificates would slow down the start.
    connections: Arc<OnceLock<Result<Connections, String>>>,
}

/// `https` may reach public and allowed addresses. `closed_http` (for plain http, unless the settings allow it) may reach only allowed
/// addresses.
struct Connections {
    https: reqwest::Client,
    closed_http: reqwest::Client,
}

impl HttpClient {
    /// # Errors
    /// None today; settings that can be wrong may follow.
    pub fn new(config: &HttpClientConfig) -> Result<Self, HttpError> {
        Ok(Self { config: Arc::new(config.clone()), hosts: None, connections: Arc::default() })
    }

    /// For hosts that strangers name: each is asked few things at a time, and left alone for a while after it failed.
    #[must_use]
    pub fn considerate(self) -> Self {
        Self { hosts: Some(Hosts::new()), ..self }
    }

    /// GET with an `Accept` header; redirects are followed under the policy.
    pub async fn get(&self, url: &Url, accept: &str) -> Result<OutboundResponse, HttpError> {
        self.send(OutboundRequest {
            method: Method::GET,
            url: url.clone(),
            headers: vec![("accept".to_owned(), accept.to_owned())],
            body: None,
            timeout: None,
            max_body_bytes: None,
            follow_redirects: true,
        })
        .await
    }

    /// Sends a request. The time limit covers name resolution, connecting, headers, body and redirects together.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let budget = request.timeout.unwrap_or(Duration::from_secs(self.config.timeout_seconds));
        let begun = Instant::now();
        let deadline = DEADLINE.try_with(|deadline| *deadline).map_or(begun + budget, |deadline| deadline.min(begun + budget));
        let host = name_of(&request.url);
        if deadline <= begun {
            return Err(HttpError::TimedOut(host));
        }
        let Some(hosts) = &self.hosts else {
            return tokio::time::timeout_at(deadline, self.follow(request)).await.unwrap_or(Err(HttpError::TimedOut(host)));
        };
        let leave = match tokio::time::timeout_at(deadline, hosts.ask(&host)).await {
            Err(_) => return Err(HttpError::TimedOut(host)),
            Ok(None) => return Err(HttpError::Unreachable { host, cause: "it failed a moment ago".to_owned() }),
            Ok(Some(leave)) => leave,
        };
        let asked = Instant::now();
        let result = tokio::time::timeout_at(deadline, self.follow(request)).await.unwrap_or(Err(HttpError::TimedOut(host)));
        match &result {
            Ok(_) | Err(HttpError::TooLarge(_)) => leave.answered(),
            // Nobody was asked; or there was too little time left for an answer.
            Err(HttpError::Refused(_)) => {}
            Err(HttpError::TimedOut(_)) if asked.elapsed() < FAIR => {}
            Err(_) => leave.failed(),
        }
        result
    }

    async fn follow(&self, mut request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let may_redirect = request.follow_redirects && request.method == Method::GET;
        for _ in 0..=self.config.max_redirects {
            let (response, location) = self.send_once(&request).await?;
            let target = match location {
                Some(location) if may_redirect => location,
                _ => return Ok(response),
            };
            let next = request.url.join(&target).map_err(|_| HttpError::Refused(target))?;
            if next.scheme() != request.url.scheme() {
                return Err(HttpError::Refused(next.to_string()));
            }
            if next.origin() != request.url.origin() {
                // Other headers may hold a secret for the first host only.
                request.headers.retain(|(name, _)| name.eq_ignore_ascii_case("accept"));
            }
            request.url = next;
        }
        Err(HttpError::Unreachable { host: name_of(&request.url), cause: "too many redirects".to_owned() })
    }

    /// One exchange; the second value is where a redirect points.
    async fn send_once(&self, request: &OutboundRequest) -> Result<(OutboundResponse, Option<String>), HttpError> {
        let host = name_of(&request.url);
        let unreachable = |cause: String| HttpError::Unreachable { host: host.clone(), cause };
        let client = self.client_for(&request.url)?;
        let mut builder = client.request(request.method.clone(), request.url.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let mut response = builder.send().await.map_err(|error| match is_refusal(&error) {
            true => HttpError::Refused(host.clone()),
            false => unreachable(cause_of(&error)),
        })?;
        let status = response.status();
        let location = response.headers().get(header::LOCATION).filter(|_| is_redirect(status.as_u16()));
        let location = location.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();

        let cap = request.max_body_bytes.unwrap_or(self.config.max_body_bytes);
        if response.content_length().is_some_and(|length| length > cap as u64) {
            return Err(HttpError::TooLarge(host));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(cause_of(&error)))? {
            if body.len() + chunk.len() > cap {
                return Err(HttpError::TooLarge(host));
            }
            body.extend_from_slice(&chunk);
        }
        let answer = OutboundResponse { status: status.as_u16(), headers, body: body.freeze(), final_url: request.url.clone() };
        Ok((answer, location))
    }

    /// The client whose guard fits the URL. Literal addresses do not pass the resolver, so they are checked here.
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, HttpError> {
        let refused = || HttpError::Refused(name_of(url));
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(HttpError::Refused(url.to_string())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused());
        }
        let closed = plain && !self.config.allow_http;
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(refused()),
        };
        if literal.is_some_and(|address| !may_contact(address, &self.config.allow_private, closed)) {
            return Err(refused());
        }
        let connections = self.connections.get_or_init(|| connect(&self.config));
        match connections {
            Ok(connections) if closed => Ok(&connections.closed_http),
            Ok(connections) => Ok(&connections.https),
            Err(cause) => Err(HttpError::Unreachable { host: name_of(url), cause: cause.clone() }),
        }
    }
}

fn may_contact(address: IpAddr, allowed: &[IpNet], only_allowed: bool) -> bool {
    address::is_allowed_private(address, allowed) || (!only_allowed && address::is_public(address))
}

#[allow(clippy::disallowed_methods, reason = "the one place that builds clients")]
fn connect(config: &HttpClientConfig) -> Result<Connections, String> {
    // An `Err` means that the process already has a provider.
    drop(rustls::crypto::ring::default_provider().install_default());
    let build = |only_allowed: bool| {
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(4)
            .dns_resolver(Arc::new(GuardedResolver { allowed: config.allow_private.clone(), only_allowed }))
            .build()
            .map_err(|error| cause_of(&error))
    };
    Ok(Connections { https: build(false)?, closed_http: build(true)? })
}

/// Resolves names only to addresses that may be contacted. The client connects to the checked address, so a name that resolves
/// differently at a second look-up gains nothing.
struct GuardedResolver {
    allowed: Vec<IpNet>,
    only_allowed: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.allowed.clone();
        let only_allowed = self.only_allowed;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let usable: Vec<SocketAddr> =
                found.iter().copied().filter(|address| may_contact(address.ip(), &allowed, only_allowed)).collect();
            if usable.is_empty() && !found.is_empty() {
                return Err(REFUSED.into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn name_of(url: &Url) -> String {
    url.host_str().unwrap_or(url.scheme()).to_owned()
}

fn is_refusal(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.to_string() == REFUSED)
}

/// The innermost cause names the fault. The outer causes repeat the URL, which may hold a secret.
fn cause_of(error: &reqwest::Error) -> String {
    let innermost = causes(error).last().map_or_else(|| "no cause was given".to_owned(), ToString::to_string);
    // The text of a name-resolution error differs between systems and rarely helps.
    if innermost.starts_with("failed to lookup address") { "its name is not known".to_owned() } else { innermost }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source())
}
