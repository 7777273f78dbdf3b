//! Collects the findings from a document, a mail or a picture.
//! Comes in: its parts, texts, links and values, one after the other. Goes out: the opened items, or a problem that names the searched
//! places, with the links that may lead to a credential.
//! Must not know: how documents are built. A link is kept, never followed.

use super::budget::Opening;
use super::found::{Content, OpenedFile, Source};
use super::{problem, text};
use crate::document::private_key;
use crate::model::code::Code;
use crate::model::credential::Container;
use crate::model::submission::FileProblem;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// Most links that are kept.
const MAX_LINKS: usize = 200;
/// Longest link.
const MAX_LINK_BYTES: usize = 2_000;
/// Most values of one document that are searched.
const MAX_VALUES: usize = 1_000;
/// Longest piece of a link that is shown.
const SHOWN_CHARS: usize = 80;

/// Beginnings and parameters of links that only a wallet can open (OpenID for Verifiable Credentials, VCALM).
const WALLET_SCHEMES: &[&str] = &[
    "openid4vp",
    "openid-credential-offer",
    "openid-initiate-issuance",
    "openid-vc",
    "openid",
    "haip",
    "eudi-openid4vp",
    "dccrequest",
    "didcomm",
];
const WALLET_PARAMETERS: &[&str] = &["iuv", "credential_offer", "credential_offer_uri", "request_uri", "vc_request_url"];

/// The place of a finding in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    QrCode,
    Metadata,
    Field,
    Text,
}

impl Place {
    fn words(self) -> &'static str {
        match self {
            Self::QrCode => "a QR code",
            Self::Metadata => "its metadata",
            Self::Field => "a link or a field",
            Self::Text => "its text",
        }
    }
}

pub(super) struct Findings<'a> {
    name: &'a str,
    what: &'static str,
    containers: Vec<Container>,
    opening: Opening<'a>,
    opened: Vec<OpenedFile>,
    /// Parts that look like credentials and could not be read.
    spoiled: Vec<OpenedFile>,
    links: Vec<String>,
    wallet_link: Option<String>,
    seen: HashSet<[u8; 32]>,
    left_out: bool,
    /// Whether the document holds a private key.
    holds_key: bool,
}

impl<'a> Findings<'a> {
    /// `what`: for people, without an article: `PDF document`. `containers` end with the document's own kind.
    pub(super) fn new(name: &'a str, what: &'static str, containers: Vec<Container>, opening: Opening<'a>) -> Self {
        Self {
            name,
            what,
            containers,
            opening,
            opened: Vec::new(),
            spoiled: Vec::new(),
            links: Vec::new(),
            wallet_link: None,
            seen: HashSet::new(),
            left_out: false,
            holds_key: false,
        }
    }

    /// Notes that a part was not searched, because it is damaged or the budget was used up.
    pub(super) fn left_out(&mut self) {
        self.left_out = true;
    }

    /// An attached file, opened like an uploaded file.
    pub(super) fn part(&mut self, name: &str, bytes: &[u8]) {
        if !self.is_new(bytes) {
            return;
        }
        if !self.opening.budget.take_entries(1) {
            self.left_out = true;
            return;
        }
        let full_name = format!("{}/{name}", self.name);
        let mut items = Vec::new();
        (self.opening.part)(&full_name, bytes, &self.containers, self.opening, &mut |item| items.push(item));
        for mut item in items {
            self.links.append(&mut item.links);
            self.holds_key |= item.warnings.iter().any(|warning| warning.code == Code::PrivateKeyFound);
            item.warnings.clear();
            match &item.content {
                Content::Credentials(_) | Content::Presentation(_) => self.opened.push(item),
                Content::Nothing(problem) if problem::is_telling(problem) => self.spoiled.push(item),
                Content::Nothing(_) => {}
            }
        }
        self.links.truncate(MAX_LINKS);
    }

    /// Whether [`Findings::value`] can find a credential in such a text.
    pub(super) fn may_be_value(text: &str) -> bool {
        let text = text.trim_start();
        let start: String = text.chars().take(40).collect::<String>().to_ascii_lowercase();
        start.starts_with(['{', '[']) && text.len() > 40
            || start.starts_with("ey") && text.len() > 40
            || ["http://", "https://", "data:", "www."].iter().any(|begin| start.starts_with(begin))
            || is_wallet_link(text.trim())
    }

    /// One whole value: the text of a QR code or of a field.
    pub(super) fn value(&mut self, value: &str, place: Place) {
        let value = value.trim();
        if !Self::may_be_value(value) || self.seen.len() >= MAX_VALUES || !self.is_new(value.as_bytes()) {
            return;
        }
        if is_wallet_link(value) {
            self.wallet_link.get_or_insert_with(|| value.to_owned());
            return;
        }
        if value.split_whitespace().count() == 1
            && ["http", "www."].iter().any(|begin| value.to_ascii_lowercase().starts_with(begin))
        {
            self.link(value);
            return;
        }
        self.credentials_in(value, place);
    }

    fn credentials_in(&mut self, value: &str, place: Place) {
        let mut containers = self.containers.clone();
        if place == Place::QrCode {
            containers.push(Container::QrCode);
        }
        let source = Source { name: self.name, containers: &containers, limits: self.opening.limits, nesting: 0 };
        for found in text::open(value, &source) {
            let is_credential = !matches!(found.content, Content::Nothing(_));
            if is_credential {
                let detected = format!("{} with a credential in {} ({})", self.what, place.words(), found.detected);
                self.opened.push(OpenedFile {
                    name: self.name.to_owned(),
                    sha256: hex::encode(Sha256::digest(value.as_bytes())),
                    detected,
                    content: found.content,
                    links: Vec::new(),
                    people: Vec::new(),
                    warnings: Vec::new(),
                });
            }
        }
    }

    /// Running text: links and credentials in it count, however mail programs broke their lines.
    pub(super) fn text(&mut self, text: &str, place: Place) {
        self.holds_key |= private_key::is_in(text, self.opening.limits);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | '\\' | '“' | '”' | '«' | '»');
        for word in text.split(ends).map(|word| word.trim_start_matches(['(', '[', '{', ','])) {
            let begin = word.find("http").unwrap_or(0);
            let word = word.get(begin..).unwrap_or_default();
            if word.starts_with("http") || word.starts_with("www.") || is_wallet_link(word) {
                self.value(word, place);
            }
        }
        let before = self.opened.len();
        if self.seen.len() < MAX_VALUES && self.is_new(text.as_bytes()) {
            self.credentials_in(text, place);
        }
        if self.opened.len() == before
            && let (Some(start), Some(end)) = (text.find('{'), text.rfind('}'))
            && text.contains("\"@context\"")
            && let Some(json) = text.get(start..=end)
        {
            self.value(json, place);
        }
    }

    fn link(&mut self, link: &str) {
        // Pages and mails write the `&` between parameters as an entity.
        let link = link.replace("&amp;", "&");
        let link = link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '*', '_']);
        let link = unwrapped(link).unwrap_or_else(|| link.to_owned());
        if link.len() <= MAX_LINK_BYTES && self.links.len() < MAX_LINKS && !self.links.contains(&link) {
            self.links.push(link);
        }
    }

    fn is_new(&mut self, bytes: &[u8]) -> bool {
        self.seen.insert(Sha256::digest(bytes.trim_ascii()).into())
    }

    /// Hands over the items with a credential, else one item for the whole document with the problem `otherwise`.
    pub(super) fn finish(self, sha256: &str, otherwise: FileProblem, sink: &mut dyn FnMut(OpenedFile)) {
        let mut warnings: Vec<FileProblem> = self.holds_key.then(problem::private_key).into_iter().collect();
        // Only the first item carries the document's warnings.
        let mut sink = |item: OpenedFile| sink(OpenedFile { warnings: std::mem::take(&mut warnings), ..item });
        if !self.opened.is_empty() {
            self.opened.into_iter().for_each(sink);
            return;
        }
        let mut problem = match &self.wallet_link {
            Some(link) if self.links.is_empty() => problem::wallet_link(self.what, &shown(link)),
            _ => otherwise,
        };
        if self.left_out {
            problem.message.push_str(" Not all of it could be searched: it is too large, or parts of it are damaged.");
        }
        // A broken credential is a better explanation than a missing credential.
        let speaks = self.links.is_empty() && self.wallet_link.is_none() && !self.spoiled.is_empty();
        if speaks {
            self.spoiled.into_iter().for_each(sink);
            return;
        }
        let (name, detected) = (self.name.to_owned(), self.what.to_owned());
        let content = Content::Nothing(problem);
        sink(OpenedFile {
            name,
            sha256: sha256.to_owned(),
            detected,
            content,
            links: self.links,
            warnings: Vec::new(),
            people: Vec::new(),
        });
    }
}

fn is_wallet_link(text: &str) -> bool {
    if text.contains(char::is_whitespace) || text.len() > MAX_LINK_BYTES * 4 {
        return false;
    }
    let Ok(url) = url::Url::parse(text) else { return false };
    WALLET_SCHEMES.contains(&url.scheme())
        || matches!(url.scheme(), "http" | "https")
            && url.query_pairs().any(|(name, _)| WALLET_PARAMETERS.contains(&name.as_ref()))
}

/// The original link inside a link of a mail program's link check.
fn unwrapped(link: &str) -> Option<String> {
    let url = url::Url::parse(link).ok()?;
    let parameter = match url.host_str()? {
        host if host.ends_with(".safelinks.protection.outlook.com") => "url",
        "www.google.com" | "google.com" if url.path() == "/url" => "q",
        _ => return None,
    };
    url.query_pairs().find(|(name, value)| name == parameter && value.starts_with("http")).map(|(_, value)| value.into_owned())
}

fn shown(link: &str) -> String {
    let short: String = link.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    if short.len() < link.len() { format!("{short}…") } else { short }
}
