//! Reads a platform's events out of a request that is known to be the platform's.
//! Comes in: the parsed body, the manifest. Goes out: events, and for each the badge that it names.
//! Must not know: whether an event came before, how a badge is fetched.

use super::manifest::{Kind, Manifest};
use super::place::Place;
use super::signature::Received;
use crate::document::{Limits, json};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Most events in one request. A platform that has more sends more requests.
pub const MAX_EVENTS: usize = 50;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    #[error("the body holds no list of events at {0}")]
    NoEvents(String),
    #[error("the body holds {0} events; a request may hold {MAX_EVENTS}")]
    TooMany(usize),
    #[error("the event names no badge where the platform's manifest expects one")]
    NoBadge,
    #[error("the event does not say how the platform can be asked about it")]
    NoDetails,
}

/// One event, before its details are known.
#[derive(Clone, Debug, PartialEq)]
pub struct PushEvent {
    /// Lower-case hex SHA-256 of what tells the event from all others.
    pub key: String,
    pub kind: Kind,
    pub content: Value,
}

/// Where the badge of an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadgeSource {
    /// An address to be resolved by the table of platforms.
    Link(String),
    /// The badge, as text.
    Document(String),
}

impl PushEvent {
    /// The events of a request; `None` for an event of a type that is not about badges.
    pub fn read(manifest: &Manifest, request: &Received<'_>, body: Value) -> Result<Vec<Option<Self>>, PushError> {
        let contents = match &manifest.each {
            None => vec![body],
            Some(pointer) => match body.pointer(pointer) {
                Some(Value::Array(items)) => items.clone(),
                _ => return Err(PushError::NoEvents(pointer.clone())),
            },
        };
        if contents.len() > MAX_EVENTS {
            return Err(PushError::TooMany(contents.len()));
        }
        let one = |content: Value| {
            let kind = kind_of(manifest, request, &content)?;
            let key = match first(&manifest.event.id, request, &content) {
                Some(id) => digest(&["id", &id]),
                None => digest(&["content", &content.to_string()]),
            };
            Some(Self { key, kind, content })
        };
        Ok(contents.into_iter().map(one).collect())
    }

    /// Where the platform is asked about the event; `None` when the manifest asks nobody.
    pub fn details_url(&self, manifest: &Manifest, request: &Received<'_>) -> Result<Option<String>, PushError> {
        let Some(details) = &manifest.details else { return Ok(None) };
        details.url.text(request, &self.content).map(Some).ok_or(PushError::NoDetails)
    }

    /// `known`: the event, or the platform's answer about it.
    pub fn badge(manifest: &Manifest, request: &Received<'_>, known: &Value) -> Result<BadgeSource, PushError> {
        for pointer in manifest.badge.credential.iter().filter_map(Place::pointer) {
            match known.pointer(pointer) {
                Some(Value::Object(members)) => return Ok(BadgeSource::Document(Value::Object(members.clone()).to_string())),
                Some(Value::String(text)) if !text.is_empty() => return Ok(BadgeSource::Document(text.clone())),
                _ => {}
            }
        }
        first(&manifest.badge.url, request, known).map(BadgeSource::Link).ok_or(PushError::NoBadge)
    }
}

impl BadgeSource {
    /// Lower-case hex SHA-256 of what tells the badge from all others: its address, else its `id`, else its text.
    pub fn key(&self) -> String {
        match self {
            Self::Link(link) => digest(&["link", link]),
            Self::Document(text) => {
                let document: Option<Value> = serde_json::from_str(text).ok();
                match document.as_ref().and_then(|document| document.get("id")).and_then(Value::as_str) {
                    Some(id) => digest(&["id", id]),
                    None => digest(&["text", text]),
                }
            }
        }
    }
}

fn kind_of(manifest: &Manifest, request: &Received<'_>, content: &Value) -> Option<Kind> {
    let events = &manifest.event;
    let Some(name) = first(&events.kind, request, content) else { return events.without_kind };
    let table = [(Kind::Issued, &events.issued), (Kind::Changed, &events.changed), (Kind::Revoked, &events.revoked)];
    table.into_iter().find(|(_, names)| names.contains(&name)).map(|(kind, _)| kind)
}

/// Parses what a platform sent or answered. The error is the rest of a sentence.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, String> {
    json::parse(bytes, limits).map_err(|error| error.to_string())
}

/// The first of the places that is there.
pub fn first(places: &[Place], request: &Received<'_>, content: &Value) -> Option<String> {
    places.iter().find_map(|place| place.text(request, content))
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}
