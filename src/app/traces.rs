//! The collector of traces: spans go to it in batches, as OTLP over HTTP in JSON, through the gateway's own HTTP client.
//! Comes in: `traces.*` of the settings. Goes out: the provider that the telemetry begins with. Must not know: what the spans are about.

use super::AppError;
use crate::config::TraceSettings;
use crate::http_client::{HttpClient, HttpClientConfig, Method, OutboundRequest};
use opentelemetry::KeyValue;
use opentelemetry_http::{Bytes, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;
use url::Url;

const TIMEOUT_SECONDS: u64 = 10;
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Cheap to clone.
#[derive(Clone)]
pub struct Collector {
    endpoint: Url,
    authorization: Option<String>,
    share: f64,
    client: HttpClient,
    /// The library calls from a thread of its own.
    runtime: Handle,
    /// Whether the last batch was not taken: a collector that is away is said once.
    is_away: Arc<AtomicBool>,
}

impl fmt::Debug for Collector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Collector").finish_non_exhaustive()
    }
}

impl Collector {
    /// `None` without an address.
    ///
    /// # Errors
    /// The address is no address of the web, or the share is not between 0 and 1.
    pub fn of(settings: &TraceSettings) -> Result<Option<Self>, AppError> {
        if settings.endpoint.is_empty() {
            return Ok(None);
        }
        let wrong = |cause: &str| AppError::Settings(cause.to_owned());
        let endpoint = Url::parse(&settings.endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let endpoint = endpoint.ok_or_else(|| wrong("traces.endpoint is no http or https address"))?;
        if !(0.0..=1.0).contains(&settings.share) {
            return Err(wrong("traces.share is not between 0 and 1"));
        }
        // The operator names the address; a collector is usually in the same network.
        let config = HttpClientConfig {
            allow_private: ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse().ok()).collect(),
            allow_http: true,
            timeout_seconds: TIMEOUT_SECONDS,
            max_body_bytes: MAX_ANSWER_BYTES,
            max_redirects: 0,
        };
        let client = HttpClient::new(&config).map_err(|error| wrong(&error.to_string()))?;
        let authorization = Some(settings.authorization.expose().to_owned()).filter(|value| !value.is_empty());
        let runtime = Handle::try_current().map_err(|_| wrong("spans need the async runtime"))?;
        Ok(Some(Self { endpoint, authorization, share: settings.share, client, runtime, is_away: Arc::default() }))
    }

    pub fn provider(self) -> Result<SdkTracerProvider, AppError> {
        // The same in every process that has a part of the trace, and nothing that a stranger's request could set.
        let sampler = Sampler::TraceIdRatioBased(self.share);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(self.endpoint.as_str())
            .with_protocol(Protocol::HttpJson)
            .with_http_client(self)
            .build()
            .map_err(|error| AppError::Settings(format!("traces.endpoint can't be used: {error}")))?;
        let resource = Resource::builder_empty()
            .with_service_name("skillgate")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()))
            .build();
        Ok(SdkTracerProvider::builder().with_resource(resource).with_sampler(sampler).with_batch_exporter(exporter).build())
    }

    fn note(&self, failure: Option<&str>) {
        let was_away = self.is_away.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(cause) if !was_away => tracing::warn!(cause, "the collector of traces did not take spans; they are lost"),
            None if was_away => tracing::info!("the collector of traces takes spans again"),
            _ => {}
        }
    }
}

#[async_trait::async_trait]
impl opentelemetry_http::HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in &head.headers {
            headers.push((name.as_str().to_owned(), value.to_str()?.to_owned()));
        }
        headers.extend(self.authorization.clone().map(|value| ("authorization".to_owned(), value)));
        let outbound = OutboundRequest {
            method: Method::POST,
            url: self.endpoint.clone(),
            headers,
            body: Some(body),
            timeout: None,
            max_body_bytes: None,
            follow_redirects: false,
        };
        let client = self.client.clone();
        let answer = self.runtime.spawn(async move { client.send(outbound).await }).await?;
        match &answer {
            Ok(answer) if (200..300).contains(&answer.status) => self.note(None),
            Ok(answer) => self.note(Some(&format!("it answered {}", answer.status))),
            Err(error) => self.note(Some(&error.to_string())),
        }
        let answer = answer?;
        Ok(Response::builder().status(answer.status).body(answer.body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    fn settings(endpoint: &str, share: f64) -> TraceSettings {
        TraceSettings { endpoint: endpoint.to_owned(), authorization: Secret::new(String::new()), share }
    }

    #[tokio::test]
    async fn an_address_and_a_share_that_can_not_be_meant_are_refused_at_the_start() {
        assert!(Collector::of(&settings("", 1.0)).unwrap().is_none());
        assert!(Collector::of(&settings("http://127.0.0.1:4318/v1/traces", 0.5)).unwrap().is_some());
        for (endpoint, share) in [("127.0.0.1:4318", 1.0), ("ftp://collector.example.org", 1.0), ("http://127.0.0.1", 1.5)] {
            assert!(Collector::of(&settings(endpoint, share)).is_err(), "{endpoint} {share}");
        }
    }
}
