//! What one attempt at one event is given. Plain data: whoever interprets it decides nothing about what is in it.

use super::registry::Connector;
use crate::model::candidate::Identity;
use crate::model::connection::{Connection, Secrets};
use crate::model::event::Event;

/// The inputs of one delivery.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub connector: &'a Connector,
    pub connection: &'a Connection,
    /// Resolved: values, not references.
    pub secrets: &'a Secrets,
    pub event: &'a Event,
    pub candidate: &'a Identity,
    /// This is a replay of a delivered event: writes that are harmless to repeat are repeated.
    pub again: bool,
    /// [`settings::require_valid`](super::settings::require_valid) found nothing wrong with this version of the connection.
    pub is_checked: bool,
}
