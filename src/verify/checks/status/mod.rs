//! Whether the issuer has withdrawn a credential: every entry of `credentialStatus`, and SD-JWT's `status.status_list`.
//! Comes in: the covered document. Goes out: the `status` check, which passes only after every list was read.
//! Must not know: trust in the issuer, people.

mod bits;
mod list;
mod revocation_list;
mod token;

pub(crate) use list::document_of;

use crate::document::members::each;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::Verifier;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};

const ID: CheckId = CheckId::Status;
/// The most entries of one credential that are checked. More entries are suspicious and are reported.
const MAX_ENTRIES: usize = 16;

/// The inputs of the status check.
pub struct StatusRequest<'a> {
    /// Fetches lists and verifies the list credentials themselves.
    pub verifier: &'a Verifier,
    /// The issuer as the proof binds it.
    pub issuer: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// The verdict of one status entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The list was read, and the credential is not on it.
    Clear,
    Revoked(Option<String>),
    Suspended(Option<String>),
    /// The list carries a message of the issuer about this credential (purpose `message`).
    Message(String),
    /// A newer edition exists (purpose `refresh`).
    RefreshAvailable,
    /// Code and clause.
    Unknown(Code, String),
}

/// The list that an entry was read from, for receipts and `--explain`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub url: String,
    /// Lower-case hex SHA-256 of the list as fetched.
    pub sha256: Option<String>,
    pub etag: Option<String>,
    pub index: Option<u64>,
    /// Remarks for a person; they do not change the verdict.
    pub remarks: Vec<(Code, String)>,
}

/// Checks every entry; the worst one decides.
pub async fn check(document: &Value, request: &StatusRequest<'_>) -> Check {
    let entries = entries_of(document);
    if entries.is_empty() {
        return Check::not_applicable(ID, "The issuer does not publish a revocation list for this credential.");
    }
    // All at once: a list that does not come delays no other.
    let looked_up = entries.iter().take(MAX_ENTRIES).map(|(pointer, entry)| async move {
        let (verdict, source) = match pointer.starts_with("/status") {
            true => token::evaluate(entry, request).await,
            false => evaluate(entry, document, request).await,
        };
        (pointer.clone(), verdict, source)
    });
    let mut results = join_all(looked_up).await;
    if entries.len() > MAX_ENTRIES {
        let detail = format!("only {MAX_ENTRIES} of the credential's {} status entries were checked", entries.len());
        results.push(("/credentialStatus".into(), Verdict::Unknown(Code::StatusTooManyEntries, detail), Source::default()));
    }
    combine(&results)
}

fn entries_of(document: &Value) -> Vec<(String, &Value)> {
    let mut entries = Vec::new();
    match &document["credentialStatus"] {
        Value::Null => {}
        Value::Array(items) => entries.extend(items.iter().enumerate().map(|(i, item)| (format!("/credentialStatus/{i}"), item))),
        single => entries.push(("/credentialStatus".to_owned(), single)),
    }
    match &document["status"]["status_list"] {
        Value::Null => {}
        token => entries.push(("/status/status_list".to_owned(), token)),
    }
    entries
}

async fn evaluate(entry: &Value, document: &Value, request: &StatusRequest<'_>) -> (Verdict, Source) {
    let types: Vec<&str> = each(&entry["type"]).filter_map(Value::as_str).collect();
    let has = |name: &str| types.contains(&name);
    if has("1EdTechRevocationList") {
        return revocation_list::evaluate(entry, document, request).await;
    }
    match types.iter().find_map(|name| list::Kind::of_entry(name)) {
        Some(kind) => list::evaluate(entry, kind, request).await,
        None => {
            let named = types.first().map_or("(no type)".to_owned(), |name| format!("\"{}\"", shorten(name)));
            (
                Verdict::Unknown(Code::StatusTypeUnknown, format!("the gateway does not know status lists of the kind {named}")),
                Source::default(),
            )
        }
    }
}

fn combine(results: &[(String, Verdict, Source)]) -> Check {
    let mut check = decide(results);
    for (pointer, verdict, source) in results {
        let found = match verdict {
            Verdict::Clear => source.remarks.iter().map(|(code, detail)| Finding::new(*code, detail)).collect(),
            Verdict::Revoked(reason) => vec![Finding::new(Code::Revoked, said("Revoked", reason.as_deref()))],
            Verdict::Suspended(reason) => vec![Finding::new(Code::Suspended, said("Suspended", reason.as_deref()))],
            Verdict::Message(text) => vec![Finding::new(Code::StatusMessage, format!("The issuer's remark: {}", shorten(text)))],
            Verdict::RefreshAvailable => vec![Finding::new(Code::RefreshAvailable, "A newer edition of the credential exists.")],
            Verdict::Unknown(code, detail) => vec![Finding::new(*code, detail)],
        };
        check.findings.extend(found.into_iter().map(|finding| finding.at(pointer)));
    }
    let sources: Vec<Value> =
        results.iter().filter(|(_, _, source)| !source.url.is_empty()).map(|(_, _, source)| explain(source)).collect();
    if !sources.is_empty() {
        check.explain = Some(json!({ "lists": sources }));
    }
    check
}

fn explain(source: &Source) -> Value {
    json!({ "url": source.url, "sha256": source.sha256, "etag": source.etag, "index": source.index })
}

fn said(what: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{what} by the issuer: {}", shorten(reason)),
        None => format!("{what} by the issuer."),
    }
}

/// The first of: revoked, suspended, unknown, a message, clear.
fn decide(results: &[(String, Verdict, Source)]) -> Check {
    let find =
        |wanted: fn(&Verdict) -> bool| results.iter().find(|(_, verdict, _)| wanted(verdict)).map(|(_, verdict, _)| verdict);
    if find(|verdict| matches!(verdict, Verdict::Revoked(_))).is_some() {
        return Check::fail(ID, Code::Revoked, "The issuer has revoked this credential.");
    }
    if find(|verdict| matches!(verdict, Verdict::Suspended(_))).is_some() {
        return Check::fail(ID, Code::Suspended, "The issuer has suspended this credential for now.");
    }
    if let Some(Verdict::Unknown(_, detail)) = find(|verdict| matches!(verdict, Verdict::Unknown(Code::StatusEntryInvalid, _))) {
        // Another try won't help, and a broken entry must not hide a revocation.
        return Check::fail(
            ID,
            Code::StatusEntryInvalid,
            format!("The credential does not say correctly where its status is published: {detail}."),
        );
    }
    if let Some(Verdict::Unknown(code, detail)) = find(|verdict| matches!(verdict, Verdict::Unknown(..))) {
        return Check::could_not_check(
            ID,
            *code,
            format!("It could not be checked whether the credential was revoked: {detail}."),
        );
    }
    if find(|verdict| matches!(verdict, Verdict::Message(_))).is_some() {
        return Check::warning(ID, Code::StatusMessage, "The issuer has published a remark about this credential.");
    }
    if find(|verdict| matches!(verdict, Verdict::RefreshAvailable)).is_some() {
        return Check::warning(ID, Code::RefreshAvailable, "The issuer has a newer edition of this credential.");
    }
    match results.iter().find_map(|(_, _, source)| source.remarks.first()) {
        Some((code, detail)) => Check::warning(ID, *code, format!("The credential is not on the revocation list, but {detail}.")),
        None => {
            Check::new(ID, CheckStatus::Pass, Code::NotRevoked, "The issuer has neither revoked nor suspended this credential.")
        }
    }
}

/// Foreign text, shortened for a sentence.
pub(crate) fn shorten(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    clean
}
