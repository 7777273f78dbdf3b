//! Finds credentials in other JSON: lists, maps, API answers, wallet backups, with any member names.
//! Comes in: a parsed value and its exact text. Goes out: the credentials in it, each with exactly its bytes in the text.
//! A document with a signature over the whole is never split, and a credential inside a credential stays inside. The text is read once.

use super::found::{Content, Found, MAX_ITEMS, OpenInner, SEALED, Source, named};
use super::problem;
use crate::document::classify::{self, Kind, Standing};
use crate::document::spans;
use crate::model::code::Code;
use crate::model::credential::{Document, ReceivedCredential};
use crate::model::submission::FileProblem;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Beginnings of base64 text that encodes a JSON object, a list of objects, or a token.
const ENCODED_STARTS: &[&str] = &["eyJ", "eyAi", "ewog", "ewoJ", "ew0K", "W3si", "WyJleUo", "ZXlK"];
/// The shortest credential.
const SHORTEST: usize = 40;
/// Members of descriptions that hold others' statements about the described object; they award nothing to anybody.
const ENDORSEMENTS: &[&str] = &["endorsement", "endorsements", "endorsementJwt"];
/// Members of JSON schemas whose own members have the names of a credential's members.
const SHAPES: &[&str] = &["properties", "$defs", "definitions", "patternProperties"];

/// `json`: the exact text of `value`; `open`: opens a found credential.
pub(super) fn open(json: &str, value: &Value, source: &Source<'_>, open: OpenInner) -> Vec<Found> {
    let mut search =
        Search { source: source.deeper(), open, found: Vec::new(), drafts: Vec::new(), nothing: None, credentials: 0 };
    search.walk(json, 0, value);
    search.finish()
}

struct Search<'a> {
    source: Source<'a>,
    open: OpenInner,
    found: Vec<Found>,
    /// Templates and the like, taken only without a better find.
    drafts: Vec<Found>,
    /// The first recognised object that is not a credential.
    nothing: Option<Found>,
    credentials: usize,
}

impl Search<'_> {
    /// `at`: the place in the text before the value; white space may follow. Returns the place behind the value.
    fn walk(&mut self, json: &str, at: usize, value: &Value) -> usize {
        let at = spans::after_space(json, at);
        match value {
            Value::Object(object) => self.object(json, at, object),
            Value::Array(items) => self.list(json, at, items),
            Value::String(content) => {
                self.string(content);
                spans::end(json, at)
            }
            _ => spans::end(json, at),
        }
    }

    fn list(&mut self, json: &str, at: usize, items: &[Value]) -> usize {
        let mut at = at + 1;
        for item in items {
            // A comma or the closing bracket follows the item.
            at = spans::after_space(json, self.walk(json, at, item)) + 1;
        }
        if items.is_empty() { spans::after_space(json, at) + 1 } else { at }
    }

    fn object(&mut self, json: &str, start: usize, object: &Map<String, Value>) -> usize {
        if let Some(standing) = classify::standing(object) {
            let end = spans::end(json, start);
            let opened = (self.open)(json.get(start..end).unwrap_or_default(), &self.source);
            opened.into_iter().for_each(|found| self.add(found, standing));
            return end;
        }
        let kind = classify::kind(object);
        let is_description = matches!(kind, Kind::Description(_));
        let is_schema = ["$schema", "$defs", "$id"].iter().any(|member| object.contains_key(*member));
        if self.nothing.is_none() {
            self.nothing = match kind {
                Kind::Other(what) => Some(Found::nothing(what, problem::not_a_credential(what))),
                Kind::Description(what) => Some(Found::nothing(what, problem::description(what))),
                _ => None,
            };
        }
        let mut at = spans::after_space(json, start + 1);
        for _ in 0..object.len() {
            let name_end = spans::end(json, at);
            let name: String = json.get(at..name_end).and_then(|name| serde_json::from_str(name).ok()).unwrap_or_default();
            let colon = spans::after_space(json, name_end);
            let member = object.get(&name).unwrap_or(&Value::Null);
            // A context defines words with the names of a credential's members, and what stands in `@graph` and its like takes its
            // meaning from the document around it, so that readers could disagree about it.
            let is_keyword = name.starts_with('@');
            let skip = is_keyword
                || is_description && ENDORSEMENTS.contains(&name.as_str())
                || is_schema && SHAPES.contains(&name.as_str());
            let end = match skip {
                true => spans::end(json, spans::after_space(json, colon + 1)),
                false => self.walk(json, colon + 1, member),
            };
            // A comma or the closing brace follows the member.
            at = spans::after_space(json, spans::after_space(json, end) + 1);
        }
        spans::end(json, start)
    }

    /// A token, a data URL, or JSON inside a text. Problems of other texts are dropped, since such a text may be anything.
    fn string(&mut self, content: &str) {
        if !may_hold_credential(content) {
            return;
        }
        for found in (self.open)(content, &self.source) {
            match &found.content {
                Content::Nothing(problem) if !is_crowd(problem) => {}
                _ => self.add(found, Standing::Signed),
            }
        }
    }

    fn add(&mut self, found: Found, standing: Standing) {
        if self.credentials > MAX_ITEMS {
            return;
        }
        match &found.content {
            Content::Credentials(credentials) => self.credentials += credentials.len(),
            Content::Presentation(_) => self.credentials += 1,
            Content::Nothing(_) => {}
        }
        match standing {
            Standing::Draft => self.drafts.push(found),
            _ => self.found.push(found),
        }
    }

    fn finish(mut self) -> Vec<Found> {
        if self.credentials > MAX_ITEMS {
            return vec![crowd()];
        }
        if self.found.iter().all(|found| matches!(found.content, Content::Nothing(_))) {
            self.found.append(&mut self.drafts);
        }
        let found = merged(self.found);
        if found.is_empty() {
            return vec![self.nothing.unwrap_or_else(|| Found::nothing("JSON document", problem::unknown()))];
        }
        found
    }
}

fn crowd() -> Found {
    let message = format!("The file holds more than {MAX_ITEMS} credentials, but at most {MAX_ITEMS} are allowed in one file.");
    Found::nothing("many credentials", FileProblem::new(Code::TooManyItems, message))
}

fn may_hold_credential(content: &str) -> bool {
    let start = content.trim_start_matches('\u{FEFF}').trim_start();
    if start.len() < SHORTEST {
        return false;
    }
    let is_token = || {
        ["eyJ", "eyA", "ewo", "ew0", "ewk"].iter().any(|start| content.contains(start))
            && content.bytes().filter(|byte| *byte == b'.').count() >= 2
    };
    start.starts_with(['{', '[', '"'])
        || start.starts_with("data:")
        || is_encoded(start)
        || content.contains("\"proof\"")
        || is_token()
}

/// Whether the text looks like JSON, a token or a signed message in base64.
pub(super) fn is_encoded(content: &str) -> bool {
    ENCODED_STARTS.iter().chain(&["0oR", "hE", "hF"]).any(|start| content.starts_with(start))
}

/// Whether more credentials were found than are allowed. This is reported.
pub(super) fn is_crowd(problem: &FileProblem) -> bool {
    matches!(problem.code, Code::TooManyItems | Code::TooManyCredentials)
}

/// Plain credentials of one file form one item; presentations and problems are separate items. The same bytes count once, and an
/// unsigned copy of a signed credential does not count. Other objects beside credentials are left out.
pub(super) fn merged(found: Vec<Found>) -> Vec<Found> {
    let mut seen = HashSet::new();
    let mut credentials: Vec<ReceivedCredential> = Vec::new();
    let mut detected = Vec::new();
    let mut apart = Vec::new();
    let mut problems = Vec::new();
    for one in found {
        match one.content {
            Content::Credentials(some) => {
                let before = credentials.len();
                credentials.extend(some.into_iter().filter(|credential| seen.insert(credential.bytes.clone())));
                detected.extend((before < credentials.len()).then_some(one.detected));
            }
            Content::Presentation(ref presentation) => {
                if seen.insert(presentation.bytes.clone()) {
                    apart.push(one);
                }
            }
            Content::Nothing(_) => problems.push(one),
        }
    }
    let signed: Vec<Value> = credentials.iter().filter(|credential| !is_unsigned(credential)).filter_map(said).collect();
    credentials.retain(|credential| {
        let copy = said(credential).filter(|_| is_unsigned(credential));
        !copy.is_some_and(|copy| signed.iter().any(|signed| is_same_award(&copy, signed)))
    });
    if credentials.len() + apart.len() > MAX_ITEMS {
        return vec![crowd()];
    }
    let mut result = Vec::new();
    if !credentials.is_empty() {
        let detected = match (credentials.as_slice(), detected.as_slice()) {
            ([_], [only]) => only.clone(),
            ([only], _) => said(only).map_or_else(|| "credential".to_owned(), |said| named(classify::format_of(&said))),
            _ => format!("{} credentials", credentials.len()),
        };
        result.push(Found { detected, content: Content::Credentials(credentials) });
    }
    result.append(&mut apart);
    if result.is_empty() {
        problems.truncate(1);
    } else {
        problems.retain(|found| matches!(&found.content, Content::Nothing(problem) if problem::is_telling(problem)));
    }
    result.append(&mut problems);
    result
}

/// JSON without a signature that can't be a hosted badge either.
pub(super) fn is_unsigned(credential: &ReceivedCredential) -> bool {
    let Document::Json(json) = &credential.document else { return false };
    let is_sealed = credential.media_type == SEALED;
    !is_sealed && json.get("proof").is_none_or(Value::is_null) && json.get("badge").is_none()
}

/// A credential without its signature.
fn said(credential: &ReceivedCredential) -> Option<Value> {
    match &credential.document {
        Document::Json(json) => Some(Value::clone(json)),
        Document::CompactJws(token) => {
            let claims = token.claims.as_deref()?;
            Some(claims.get("vc").unwrap_or(claims).clone())
        }
        _ => None,
    }
}

/// Whether a copy and a signed credential award the same: they have the same identifier or the same subject.
fn is_same_award(copy: &Value, signed: &Value) -> bool {
    let both = |member: &str| copy.get(member).filter(|value| !value.is_null()).zip(signed.get(member));
    let is_same = |member: &str| both(member).is_some_and(|(one, other)| one == other);
    is_same("id") || is_same("credentialSubject")
}
