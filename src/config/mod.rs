//! Settings: defaults.toml (embedded, also the manual) → file → SKILLGATE_SECTION__KEY → flags.
//! Comes in: a file name, the environment, flags. Goes out: typed [`Settings`], or the wrong key and the reason.
//! Must not know: the use of the settings.

mod known;
mod load;
mod master_key;

pub use load::{DEFAULTS, Overrides, SettingsError, load};
pub use master_key::{MasterKeyError, existing_master_key, master_key, master_key_of_file};

use crate::account::AccountSettings;
use crate::channel::ChannelSettings;
use crate::document::Limits;
use crate::http_client::HttpClientConfig;
use crate::model::retention::RetentionRules;
use crate::model::secret::Secret;
use ipnet::IpNet;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: HttpSettings,
    pub metrics: MetricsSettings,
    pub database: DatabaseSettings,
    pub queue: QueueSettings,
    pub auth: AuthSettings,
    pub accounts: AccountSettings,
    pub security: SecuritySettings,
    pub intake: Limits,
    /// Requests of connectors.
    pub http_client: HttpClientConfig,
    /// Requests on behalf of a credential, a link or a platform.
    pub issuer_client: HttpClientConfig,
    pub verify: VerifySettings,
    pub delivery: DeliverySettings,
    /// Rules for every tenant that has none of its own; keys: see src/config/defaults.toml.
    pub retention: RetentionRules,
    pub channels: ChannelSettings,
    pub skills: SkillSettings,
    pub log: LogSettings,
    pub traces: TraceSettings,
}

/// Keys: `listen`, `public_url`, `workers`, `proxies`, `connections_per_address`, `stop_delay_seconds`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    pub listen: String,
    /// The gateway's public address; empty means `http://` and the listening address.
    pub public_url: String,
    /// 0 means one per core.
    pub workers: usize,
    /// Networks of the proxies in front, whose `X-Forwarded-For` is trusted.
    pub proxies: Vec<IpNet>,
    /// Most open connections of one address; proxies are exempt.
    pub connections_per_address: usize,
    /// Time between the signal to stop and the end of answering, for the proxy in front.
    pub stop_delay_seconds: u64,
}

/// Keys: `listen`, `key`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// An address of its own for metrics and probes; empty means that the gateway's address answers them.
    pub listen: String,
    /// What a reader of the metrics must send as a bearer token; empty means nothing.
    pub key: Secret,
}

/// Keys: `url`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    pub url: Secret,
}

/// Keys: `url`, `authorities_file`, `prefix`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSettings {
    pub url: Secret,
    /// PEM file with certificate authorities for the broker, in addition to the system's; may be empty.
    pub authorities_file: PathBuf,
    /// First part of the names of exchanges and queues, so that several gateways can share a broker.
    pub prefix: String,
}

/// Keys: `bootstrap_key`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// The first API key; empty means that the gateway makes a key and prints it once.
    pub bootstrap_key: Secret,
}

/// Keys: `master_key`, `master_key_file`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecuritySettings {
    /// Base64 of 32 bytes; empty means that `master_key_file` holds the key.
    pub master_key: Secret,
    /// The first start makes a missing file.
    pub master_key_file: PathBuf,
}

/// Keys: `policy_file`, `policy_folder`, `contexts_file`, `documents_file`, `offline`, `ebsi_registry`, `universal_resolver`,
/// `status_check_hours`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifySettings {
    /// Trust policy; empty means the built-in policy, under which an unknown issuer needs attention.
    pub policy_file: PathBuf,
    /// Folder with the tenants' own policies; empty means no folder.
    pub policy_folder: PathBuf,
    /// JSON map of context URL → file; empty means only the built-in contexts.
    pub contexts_file: PathBuf,
    /// JSON map of URL or DID → file, used instead of the network; empty means no map.
    pub documents_file: PathBuf,
    pub offline: bool,
    /// Base address of EBSI's registry of DIDs; empty means no registry.
    pub ebsi_registry: String,
    /// Base address of a universal resolver; empty means no resolver.
    pub universal_resolver: String,
    /// Hours until the gateway asks the issuer again whether a credential is still valid; 0 means never.
    pub status_check_hours: u16,
}

/// Keys: `retry_schedule_seconds`, `concurrency`, `connectors_dir`, `secrets_dir`, `files_dir`, `drain_seconds`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverySettings {
    /// Waits between attempts, in seconds; after the last attempt, the delivery is a dead letter.
    pub retry_schedule_seconds: Vec<u64>,
    /// Deliveries of one connection that run at the same time.
    pub concurrency: u16,
    /// Folder with more connectors; empty means only the built-in connectors.
    pub connectors_dir: PathBuf,
    /// Holds the tenants' folders of secrets given as `file:`; empty means that such secrets are refused.
    pub secrets_dir: PathBuf,
    /// Holds the tenants' folders that connectors may write to; the gateway makes a missing folder.
    pub files_dir: PathBuf,
    /// Time limit for running attempts after the signal to stop.
    pub drain_seconds: u64,
}

/// Keys: `taxonomies_dir`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillSettings {
    /// Folder of the imported taxonomies; made when the first is imported.
    pub taxonomies_dir: PathBuf,
    /// The tenant whose administrators may change the taxonomies, which all tenants share.
    pub managed_by: String,
}

/// Keys: `level`, `format`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// `tracing` filter, for example `info,skillgate=debug`.
    pub level: String,
    pub format: LogFormat,
}

/// Keys: `endpoint`, `authorization`, `share`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSettings {
    /// Where the collector takes OTLP over HTTP in JSON; empty means that no spans are made.
    pub endpoint: String,
    /// The value of the header `Authorization`; empty means that none is sent.
    pub authorization: Secret,
    /// The part of all traces that is collected, from 0 to 1.
    pub share: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}
