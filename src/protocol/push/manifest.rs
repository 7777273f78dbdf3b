//! The typed form of channels/NAME/manifest.yaml: a platform that sends events, described as data.
//! Must not know: subscriptions, requests.

use super::place::Place;
use super::signature::Proof;
use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Equal to the folder's name.
    pub channel: String,
    pub title: String,
    pub status: Status,
    #[serde(default)]
    pub docs: Vec<String>,
    /// What the administrator does at the platform, in plain sentences.
    pub setup: String,
    pub verify: Proof,
    /// JSON pointer of the list of events; absent: the body is one event.
    pub each: Option<String>,
    pub event: EventSpec,
    /// Asks the platform for the event itself; everything below is then read from that answer.
    pub details: Option<Details>,
    pub badge: BadgeSpec,
    #[serde(default)]
    pub candidate: CandidateSpec,
}

/// How well it is known to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Stable,
    /// Built on what the platform documents; nobody has confirmed it against the platform.
    Beta,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSpec {
    /// The first of these that is there is the event's type.
    #[serde(default)]
    pub kind: Vec<Place>,
    /// The first of these that is there tells the event from all others; without it, the event's content does.
    #[serde(default)]
    pub id: Vec<Place>,
    #[serde(default)]
    pub issued: Vec<String>,
    /// The badge may say something else now.
    #[serde(default)]
    pub changed: Vec<String>,
    #[serde(default)]
    pub revoked: Vec<String>,
    /// What an event without a type is; absent: such an event is left out.
    pub without_kind: Option<Kind>,
}

/// What an event says about a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Issued,
    Changed,
    Revoked,
}

/// A GET with the subscription's token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    pub url: Place,
    pub auth: DetailsAuth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetailsAuth {
    /// `Authorization: Basic`, with the token as the user name and no password.
    BasicUsername,
    Bearer,
}

/// The badge itself, or its address; the first place that is there counts, badges before addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadgeSpec {
    /// A JSON document, or a text with one or with a token.
    #[serde(default)]
    pub credential: Vec<Place>,
    /// A link that the table of platforms or the administrator's list knows.
    #[serde(default)]
    pub url: Vec<Place>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CandidateSpec {
    pub email: Vec<Place>,
    pub name: Vec<Place>,
}

impl Manifest {
    /// # Errors
    /// What its author must change.
    pub fn parse(folder: &str, text: &str) -> Result<Self, String> {
        let manifest: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if manifest.channel != folder {
            return Err(format!("it calls itself {}, but its folder is {folder}", manifest.channel));
        }
        if !is_name(&manifest.channel) {
            return Err("its name may hold lower-case letters, digits and -".to_owned());
        }
        manifest.verify.check()?;
        if manifest.badge.credential.is_empty() && manifest.badge.url.is_empty() {
            return Err("badge names no place".to_owned());
        }
        if manifest.badge.credential.iter().any(|place| place.pointer().is_none()) {
            return Err("badge.credential must be pointers".to_owned());
        }
        let events = &manifest.event;
        if events.issued.is_empty() && events.changed.is_empty() && events.revoked.is_empty() && events.without_kind.is_none() {
            return Err("event names no types".to_owned());
        }
        if let Some(details) = &manifest.details {
            has_fixed_host(&details.url)?;
        }
        Ok(manifest)
    }
}

/// The token must never go to a host that an event names.
fn has_fixed_host(url: &Place) -> Result<(), String> {
    let beginning = url.beginning();
    let parsed = Url::parse(beginning).map_err(|_| "details.url must begin with the platform's address".to_owned())?;
    let ends_host = beginning.splitn(4, '/').count() == 4;
    match parsed.has_host() && ends_host && parsed.username().is_empty() {
        true => Ok(()),
        false => Err("details.url must name the platform's host before its first place".to_owned()),
    }
}

fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "channel: school\ntitle: School\nstatus: beta\nsetup: Enter the address.\nverify: {type: address}\n\
        event: {issued: [issued], kind: ['{/type}']}\nbadge: {url: ['{/url}']}\n";

    #[test]
    fn a_manifest_that_would_send_a_token_elsewhere_or_reads_nothing_is_refused() {
        Manifest::parse("school", GOOD).unwrap();
        assert!(Manifest::parse("other", GOOD).unwrap_err().contains("folder"));
        let details = |url: &str| format!("{GOOD}details: {{url: '{url}', auth: bearer}}\n");
        Manifest::parse("school", &details("https://api.example.org/events/{/id}")).unwrap();
        for url in ["{/url}", "https://{/host}/x", "https://api.example.org{/x}", "https://u:p@api.example.org/{/x}", "/x/{/id}"]
        {
            assert!(Manifest::parse("school", &details(url)).is_err(), "{url}");
        }
        for (from, to) in [
            ("badge: {url: ['{/url}']}", "badge: {}"),
            ("badge: {url: ['{/url}']}", "badge: {credential: ['x{/url}']}"),
            ("event: {issued: [issued], kind: ['{/type}']}", "event: {}"),
            ("title: School", "titel: School"),
            ("verify: {type: address}", "verify: {type: hmac, header: s, signed: 'x'}"),
        ] {
            assert!(Manifest::parse("school", &GOOD.replace(from, to)).is_err(), "{to}");
        }
    }
}
