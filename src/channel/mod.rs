//! The stateful side of a channel, between its protocol and the pipeline: load the state, ask the protocol, call the pipeline, store the state.
//! Comes in: requests that the modules of `protocol` have read. Goes out: the answers to them.
//! Must not know: HTTP servers, queues. How a proof is checked is the verifier's business.

pub mod answer;
pub mod applications;
pub mod backpack;
pub mod changes;
pub mod client_assertion;
pub mod consent;
pub mod exchange;
pub mod host;
pub mod limiter;
pub mod link;
pub mod person;
pub mod push;
pub mod secrets;
pub mod settings;
pub mod system_token;
pub mod tokens;
pub mod verification;

pub use applications::Applications;
pub use changes::Changes;
pub use limiter::Limiter;
pub use settings::ChannelSettings;

use crate::http_client::HttpClient;
use crate::model::clock::Clock;
use crate::model::ids::TenantId;
use crate::pipeline::Pipeline;
use crate::protocol::oid4vp::request::Deployment;
use crate::protocol::oid4vp::signing::{RequestSigner, SignerError};
use crate::protocol::push::Registry;
use crate::protocol::push::registry::RegistryError;
use crate::store::Store;
use chrono::{DateTime, Utc};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// What one person may send or decide on their own page in a minute.
const PERSON_ACTS_PER_MINUTE: u32 = 20;

/// Why the channels can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error("{0} can't be read: {1}")]
    File(String, std::io::Error),
    #[error("channels.{0}_file and channels.{0}_key_file belong together; one of them is empty")]
    HalfSigner(&'static str),
    #[error(
        "requests are signed for a certificate or for an attestation, not for both: empty channels.certificate_file or channels.attestation_file"
    )]
    TwoSigners,
    #[error("signed requests can't be made: {0}")]
    Signer(#[from] SignerError),
    #[error(transparent)]
    Push(#[from] RegistryError),
}

/// The parts that all channels use. Cheap to clone.
#[derive(Clone)]
pub struct Channels {
    pub pipeline: Pipeline,
    pub http: HttpClient,
    /// How the gateway is reached from outside, without a trailing slash.
    pub public_url: String,
    pub settings: Arc<ChannelSettings>,
    pub changes: Changes,
    pub registrations: Limiter<IpAddr>,
    /// Platforms that push events, and how often each subscription may.
    pub platforms: Registry,
    pub pushes: Limiter<String>,
    /// How often something may be done on one person's page.
    pub person_acts: Limiter<String>,
    signer: Option<Arc<RequestSigner>>,
}

impl Channels {
    /// `public_url`: without a trailing slash.
    pub fn new(settings: ChannelSettings, public_url: &str, pipeline: Pipeline, http: HttpClient) -> Result<Self, ChannelError> {
        let signer = request_signer(&settings, public_url)?;
        if let Some(notice) = signer.as_ref().and_then(|signer| signer.notice(pipeline.clock.now())) {
            tracing::warn!("{notice}");
        }
        Ok(Self {
            pipeline,
            http,
            public_url: public_url.to_owned(),
            registrations: Limiter::per_minute(settings.registrations_per_minute),
            platforms: Registry::load(&settings.push_dir)?,
            pushes: Limiter::per_minute(settings.pushes_per_minute),
            person_acts: Limiter::per_minute(PERSON_ACTS_PER_MINUTE),
            settings: Arc::new(settings),
            changes: Changes::default(),
            signer: signer.map(Arc::new),
        })
    }

    pub fn store(&self) -> &Store {
        &self.pipeline.store
    }

    pub fn clock(&self) -> &Clock {
        &self.pipeline.clock
    }

    /// Until when the certificate of signed requests is valid; `None` without a certificate.
    pub fn certificate_until(&self) -> Option<DateTime<Utc>> {
        self.signer.as_ref().map(|signer| signer.expires)
    }

    /// How OpenID4VP requests are made here.
    pub fn oid4vp(&self, tenant: &TenantId) -> Deployment<'_> {
        Deployment {
            signer: self.signer.as_deref(),
            compatibility: self.settings.oid4vp_compatibility,
            unbound: self.takes_unbound(tenant),
        }
    }

    /// Deletes expired rows and pulls due backpacks. The composition root calls it every minute.
    pub async fn tick(&self) {
        if let Err(error) = self.store().tidy_channels(self.clock().now()).await {
            tracing::warn!(cause = %error, "expired codes, tokens and exchanges could not be removed");
        }
        backpack::pull_due(self).await;
    }

    pub fn terms_url(&self) -> String {
        own_or(&self.settings.terms_url, format!("{}/about/terms", self.public_url))
    }

    pub fn privacy_url(&self) -> String {
        own_or(&self.settings.privacy_url, format!("{}/about/privacy", self.public_url))
    }
}

/// The signer of OpenID4VP requests, if the settings name a certificate or an attestation. `public_url`: where wallets reach the gateway.
///
/// # Errors
/// The files can't be read, or they don't fit one another or the host.
pub fn request_signer(settings: &ChannelSettings, public_url: &str) -> Result<Option<RequestSigner>, ChannelError> {
    let certificate = both("certificate", &settings.certificate_file, &settings.certificate_key_file)?;
    let attestation = both("attestation", &settings.attestation_file, &settings.attestation_key_file)?;
    match (certificate, attestation) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ChannelError::TwoSigners),
        (Some((certificate, key)), None) => {
            let host = url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
            Ok(Some(RequestSigner::from_pem(&certificate, &key, &host)?.named_by(settings.certificate_name)))
        }
        (None, Some((attestation, key))) => Ok(Some(RequestSigner::attested(&attestation, &key)?)),
    }
}

/// The contents of two files that belong together; `None` when neither is named.
fn both(name: &'static str, first: &Path, second: &Path) -> Result<Option<(String, String)>, ChannelError> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| ChannelError::File(path.display().to_string(), error));
    match (first.as_os_str().is_empty(), second.as_os_str().is_empty()) {
        (false, false) => Ok(Some((read(first)?, read(second)?))),
        (true, true) => Ok(None),
        _ => Err(ChannelError::HalfSigner(name)),
    }
}

fn own_or(configured: &str, built_in: String) -> String {
    if configured.is_empty() { built_in } else { configured.to_owned() }
}
