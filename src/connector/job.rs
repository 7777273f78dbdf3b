//! What one attempt at one event is given. Plain data: whoever interprets it decides nothing about what is in it.

use super::limits::Rate;
use super::redact::Redactor;
use super::registry::Connector;
use super::settings;
use super::stop::Stop;
use super::variables::Settings;
use crate::model::candidate::Identity;
use crate::model::connection::{Connection, Secrets};
use crate::model::event::Envelope;
use std::sync::Arc;

/// A connection, and all that its deliveries need and that does not change between them. Made once for each version of a connection.
pub struct Setup {
    pub connector: Arc<Connector>,
    pub connection: Connection,
    /// Resolved: values, not references.
    pub secrets: Secrets,
    /// The secrets as they were before their last change, while that counts.
    pub previous: Option<Secrets>,
    /// `Err`: the settings need a change.
    pub checked: Result<(), Stop>,
    pub(super) settings: Settings,
    pub(super) rates: Vec<Rate>,
    /// Knows the secrets; a delivery adds its person.
    pub(super) redactor: Redactor,
}

impl Setup {
    pub fn new(connector: Arc<Connector>, connection: Connection, secrets: Secrets) -> Self {
        Self {
            checked: settings::require_valid(&connector, &connection, &secrets),
            settings: Settings::new(&connector, &connection),
            rates: connector.manifest.limits.rate.as_deref().map(Rate::parse_all).unwrap_or_default(),
            redactor: Redactor::new(&secrets, &Identity::default(), &connector.manifest.redact),
            connector,
            connection,
            secrets,
            previous: None,
        }
    }

    /// `old`: values of secrets before their last change. Signatures are made with both, and what is refused with the new value is tried
    /// with the old one.
    #[must_use]
    pub fn with_previous(mut self, old: Secrets) -> Self {
        if !old.is_empty() {
            old.values().for_each(|secret| self.redactor.add_secret(secret.expose()));
            let mut previous = self.secrets.clone();
            previous.extend(old);
            self.previous = Some(previous);
        }
        self
    }
}

/// The inputs of one delivery.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub setup: &'a Setup,
    pub event: &'a Envelope,
    pub candidate: &'a Identity,
    /// The system's identifier of the person, where somebody has linked the two.
    pub link: Option<&'a str>,
    /// This is a replay of a delivered event: writes that are harmless to repeat are repeated.
    pub again: bool,
}
