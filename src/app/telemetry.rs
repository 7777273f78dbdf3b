//! Destination and format of the log, and the collector of traces. Messages are past-tense sentences with ids only: never names, addresses
//! or credential bodies.

use super::AppError;
use super::traces::Collector;
use crate::config::{LogFormat, LogSettings, TraceSettings};
use crate::trace::TARGET;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::IsTerminal;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Unless the operator's filter names the library.
const SERVER_LIBRARY: &str = "actix_http=off";

/// What must be ended before the process ends.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Starts logging to standard error, and the collection of spans if the settings name a collector; a second call has no effect.
    /// Needs the async runtime: spans are sent on it. An unreadable filter falls back to `info`.
    ///
    /// # Errors
    /// The address of the collector is none.
    pub fn start(log: &LogSettings, traces: &TraceSettings) -> Result<Self, AppError> {
        let provider = Collector::of(traces)?.map(Collector::provider).transpose()?;
        // The layer takes the spans of one target alone, and no lines of the log.
        let spans = provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("skillgate"))
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET))
        });
        let format = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
        // A file or a journal gets no colours; on a terminal the library heeds NO_COLOR.
        let format = if std::io::stderr().is_terminal() { format } else { format.with_ansi(false) };
        // A line that can't be written, for example because the log's disk is full, is lost. To complain about it would be a panic.
        let format = format.log_internal_errors(false);
        let lines = match log.format {
            LogFormat::Text => format.compact().with_filter(filter(log)).boxed(),
            LogFormat::Json => format.json().flatten_event(true).with_filter(filter(log)).boxed(),
        };
        if tracing_subscriber::registry().with(lines).with(spans).try_init().is_err() {
            tracing::debug!("logging was already started");
        }
        Ok(Self(provider))
    }

    /// Sends the last spans.
    pub async fn end(self) {
        let Some(provider) = self.0 else { return };
        // The library waits for its own thread, which needs this runtime.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent to the collector of traces");
        }
    }
}

fn filter(log: &LogSettings) -> EnvFilter {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    // The server's library calls each malformed request of a stranger an error: anybody could fill the log.
    let quiet = Some(SERVER_LIBRARY).filter(|_| !log.level.contains("actix_http"));
    let directives = quiet.into_iter().map(str::to_owned).chain([format!("{TARGET}=off")]);
    directives.filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive)
}
