//! The metrics of `/metrics`, in the Prometheus text format. docs/operating.md lists all of them.
//! Comes in: finished requests and submissions. Goes out: text. Other parts register their own collectors in the same registry.
//! Labels come from closed lists only: routes of the table, statuses, outcomes, channels. Never an id or a tenant.

use super::ports::Room;
use crate::model::delivery::DeliveryState;
use crate::model::submission::{Submission, SubmissionState};
use crate::store::{Backlog, PoolUse};
use chrono::{DateTime, Utc};
use prometheus::core::Collector;
use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    submissions: IntCounterVec,
    verifications: IntCounterVec,
    deliveries: IntGaugeVec,
    oldest_pending: IntGauge,
    unpublished: IntGauge,
    oldest_unpublished: IntGauge,
    connections: IntGaugeVec,
    connections_busy: IntGaugeVec,
    disk_size: IntGaugeVec,
    disk_free: IntGaugeVec,
    resident: IntGauge,
    open_files: IntGauge,
}

impl Metrics {
    /// Registers the collectors of the HTTP surface. Fails when the registry already holds them.
    pub fn new(registry: Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let gauges = |name: &str, help: &str, labels: &[&str]| IntGaugeVec::new(Opts::new(name, help), labels);
        let version = gauges("skillgate_build_info", "Always 1; the label says which version runs.", &["version"])?;
        version.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            requests: counter(
                "skillgate_http_requests_total",
                "HTTP requests that were answered.",
                &["method", "route", "status"],
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::new("skillgate_http_request_seconds", "Time until the head of the answer was ready.")
                    .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
                &["route"],
            )?,
            submissions: counter("skillgate_submissions_total", "Submissions that were worked on to their end.", &["channel"])?,
            verifications: counter("skillgate_verifications_total", "Credentials that were verified.", &["outcome"])?,
            deliveries: gauges(
                "skillgate_deliveries",
                "Deliveries that wait (pending) or need a person (parked, dead).",
                &["state"],
            )?,
            oldest_pending: IntGauge::new("skillgate_deliveries_oldest_pending_seconds", "Age of the oldest pending delivery.")?,
            unpublished: IntGauge::new("skillgate_events_unpublished", "Events that are not in the queue yet.")?,
            oldest_unpublished: IntGauge::new("skillgate_events_oldest_unpublished_seconds", "Age of the oldest of them.")?,
            connections: gauges("skillgate_database_connections", "Most connections to the database, by pool.", &["pool"])?,
            connections_busy: gauges("skillgate_database_connections_busy", "Those of them that work.", &["pool"])?,
            disk_size: gauges("skillgate_disk_size_bytes", "Size of the disk that the gateway writes to, by place.", &["place"])?,
            disk_free: gauges("skillgate_disk_free_bytes", "Room that is left on it.", &["place"])?,
            resident: IntGauge::new("process_resident_memory_bytes", "Memory of the process.")?,
            open_files: IntGauge::new("process_open_fds", "Files and connections that the process has open.")?,
            registry,
        };
        let collectors: [Box<dyn Collector>; 15] = [
            Box::new(version),
            Box::new(metrics.requests.clone()),
            Box::new(metrics.seconds.clone()),
            Box::new(metrics.submissions.clone()),
            Box::new(metrics.verifications.clone()),
            Box::new(metrics.deliveries.clone()),
            Box::new(metrics.oldest_pending.clone()),
            Box::new(metrics.unpublished.clone()),
            Box::new(metrics.oldest_unpublished.clone()),
            Box::new(metrics.connections.clone()),
            Box::new(metrics.connections_busy.clone()),
            Box::new(metrics.disk_size.clone()),
            Box::new(metrics.disk_free.clone()),
            Box::new(metrics.resident.clone()),
            Box::new(metrics.open_files.clone()),
        ];
        for collector in collectors {
            metrics.registry.register(collector)?;
        }
        Ok(metrics)
    }

    pub fn request(&self, method: &str, route: &str, status: u16, seconds: f64) {
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.seconds.with_label_values(&[route]).observe(seconds);
    }

    /// Counts a submission once it is complete; call it where the submission was worked on.
    pub fn submission(&self, submission: &Submission) {
        if submission.state != SubmissionState::Complete {
            return;
        }
        self.submissions.with_label_values(&[submission.channel.as_str()]).inc();
        for credential in submission.files.iter().flat_map(|file| &file.credentials) {
            self.verifications.with_label_values(&[credential.outcome.as_str()]).inc();
        }
    }

    /// Sets the gauges of the backlog as of `now`.
    pub fn backlog(&self, backlog: &Backlog, now: DateTime<Utc>) {
        for state in [DeliveryState::Pending, DeliveryState::Parked, DeliveryState::Dead] {
            let found = backlog.deliveries.iter().find(|(known, _)| *known == state);
            self.deliveries.with_label_values(&[state.as_str()]).set(found.map_or(0, |(_, count)| *count as i64));
        }
        let age = |since: Option<DateTime<Utc>>| since.map_or(0, |since| (now - since).num_seconds().max(0));
        self.oldest_pending.set(age(backlog.oldest_pending));
        self.unpublished.set(backlog.unpublished as i64);
        self.oldest_unpublished.set(age(backlog.oldest_unpublished));
    }

    pub fn pools(&self, pools: &[PoolUse]) {
        for pool in pools {
            self.connections.with_label_values(&[pool.name]).set(pool.size.into());
            self.connections_busy.with_label_values(&[pool.name]).set(pool.busy.into());
        }
    }

    pub fn rooms(&self, rooms: &[Room]) {
        for room in rooms {
            self.disk_size.with_label_values(&[room.place]).set(i64::try_from(room.size).unwrap_or(i64::MAX));
            self.disk_free.with_label_values(&[room.place]).set(i64::try_from(room.free).unwrap_or(i64::MAX));
        }
    }

    /// Memory and open files of this process, where the system shows them below `/proc`.
    pub fn process(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<i64>().ok());
        if let Some(kibibytes) = resident {
            self.resident.set(kibibytes.saturating_mul(1024));
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            self.open_files.set(i64::try_from(files.count()).unwrap_or(i64::MAX));
        }
    }

    /// Everything in the registry.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new(Registry::new()).unwrap();
        metrics.request("GET", "/healthz", 200, 0.001);
        metrics.request("GET", "/healthz", 200, 0.001);
        let text = String::from_utf8(metrics.render().unwrap()).unwrap();
        assert!(text.contains(r#"skillgate_http_requests_total{method="GET",route="/healthz",status="200"} 2"#), "{text}");
    }
}
