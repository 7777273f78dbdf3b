//! `channels.*` of the configuration.

use crate::protocol::oid4vp::signing::CertificateName;
use serde::Deserialize;
use std::path::PathBuf;

/// Keys: see src/config/defaults.toml, which is the manual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelSettings {
    /// The employer's name, shown to candidates, platforms and wallets.
    pub organisation: String,
    pub terms_url: String,
    pub privacy_url: String,
    /// Whether platforms may register themselves.
    pub registration: bool,
    /// Of one address.
    pub registrations_per_minute: u32,
    /// Of all together.
    pub registrations_per_day: u32,
    pub access_token_seconds: i64,
    pub refresh_token_days: i64,
    pub exchange_seconds: i64,
    pub holder_signature_seconds: i64,
    pub oid4vp_compatibility: bool,
    pub certificate_file: PathBuf,
    pub certificate_key_file: PathBuf,
    pub certificate_name: CertificateName,
    pub attestation_file: PathBuf,
    pub attestation_key_file: PathBuf,
    pub encrypted_answers: bool,
    pub link_hosts: Vec<String>,
    pub link_platforms_off: Vec<String>,
    pub pull_hours: i64,
    pub push_dir: PathBuf,
    /// Of one subscription.
    pub pushes_per_minute: u32,
    /// Of one connection.
    pub applications_per_day: u32,
    pub application_megabytes_per_day: u32,
    /// Lifetime of a link to a person's own page, in days.
    pub person_link_days: i64,
    /// Whether a person who asks for it is erased without anybody's confirmation.
    pub erase_at_once: bool,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            organisation: "The employer".to_owned(),
            terms_url: String::new(),
            privacy_url: String::new(),
            registration: true,
            registrations_per_minute: 60,
            registrations_per_day: 1_000,
            access_token_seconds: 3600,
            refresh_token_days: 90,
            exchange_seconds: 900,
            holder_signature_seconds: 300,
            oid4vp_compatibility: true,
            certificate_file: PathBuf::new(),
            certificate_key_file: PathBuf::new(),
            certificate_name: CertificateName::X509SanDns,
            attestation_file: PathBuf::new(),
            attestation_key_file: PathBuf::new(),
            encrypted_answers: false,
            link_hosts: Vec::new(),
            link_platforms_off: Vec::new(),
            pull_hours: 24,
            push_dir: PathBuf::new(),
            pushes_per_minute: 600,
            applications_per_day: 2_000,
            application_megabytes_per_day: 1_000,
            person_link_days: 90,
            erase_at_once: false,
        }
    }
}
