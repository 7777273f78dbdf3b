//! Destination and format of the log. Messages are past-tense sentences with ids only: never names, addresses or credential bodies.

use crate::config::{LogFormat, LogSettings};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Unless the operator's filter names the library.
const SERVER_LIBRARY: &str = "actix_http=off";

/// Starts logging to standard error; a second call has no effect. An unreadable filter falls back to `info`.
pub fn telemetry(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    // The server's library calls each malformed request of a stranger an error: anybody could fill the log.
    let quiet = SERVER_LIBRARY.parse().ok().filter(|_| !settings.level.contains("actix_http"));
    let filter = quiet.into_iter().fold(filter, EnvFilter::add_directive);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A file or a journal gets no colours; on a terminal the library heeds NO_COLOR.
    let builder = if std::io::stderr().is_terminal() { builder } else { builder.with_ansi(false) };
    // A line that can't be written, for example because the log's disk is full, is lost. To complain about it would be a panic.
    let builder = builder.log_internal_errors(false);
    let started = match settings.format {
        LogFormat::Text => builder.compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
}
