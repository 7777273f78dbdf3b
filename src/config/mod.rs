//! Settings: defaults.toml (embedded, it is the manual) → file → SKILLGATE_SECTION__KEY → flags.

use crate::http_client::HttpClientConfig;
use crate::intake::Limits;
use crate::model::secret::Secret;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: HttpSettings,
    pub database: DatabaseSettings,
    pub queue: QueueSettings,
    pub auth: AuthSettings,
    pub security: SecuritySettings,
    pub intake: Limits,
    pub http_client: HttpClientConfig,
    pub verify: VerifySettings,
    pub delivery: DeliverySettings,
    pub log: LogSettings,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    pub listen: String,
    /// How the gateway is reached from outside; empty means `http://` and the listening address.
    pub public_url: String,
    pub workers: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    pub url: Secret,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSettings {
    pub url: Secret,
    /// Put before the names of exchanges and queues, so that several gateways can share a broker.
    pub prefix: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// The first API key; empty means that one is made and printed once.
    pub bootstrap_key: Secret,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecuritySettings {
    /// Base64 of 32 bytes; empty means that `master_key_file` holds it.
    pub master_key: Secret,
    /// Made at the first start when it is missing.
    pub master_key_file: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifySettings {
    /// Trust policy; empty means the built-in one, under which an unknown issuer needs attention.
    pub policy_file: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverySettings {
    /// Waits between attempts, in seconds; after the last one the delivery is a dead letter.
    pub retry_schedule_seconds: Vec<u64>,
    /// Deliveries of one connection that run at the same time.
    pub concurrency: u16,
    /// Folder with more connectors; empty means only the built-in ones.
    pub connectors_dir: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// `tracing` filter, for example `info,skillgate=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}
