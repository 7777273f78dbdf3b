//! Whether the issuer has withdrawn a credential: every entry of `credentialStatus`, and SD-JWT's `status.status_list`.
//! Comes in: the covered document. Goes out: the `status` check. Silence never means "not revoked".
//! Must not know: trust in the issuer, people.

mod bits;
mod list;
mod revocation_list;
mod token;

pub(crate) use list::document_of;

use crate::document::members::each;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::Verifier;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const ID: CheckId = CheckId::Status;
/// The most entries of one credential that are looked at; more is itself suspicious and is said.
const MAX_ENTRIES: usize = 16;

/// What status is checked with.
pub struct StatusRequest<'a> {
    /// Fetches lists and verifies the list credentials themselves.
    pub verifier: &'a Verifier,
    /// The issuer as the proof binds it.
    pub issuer: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// What one status entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The list was read and the credential is not on it.
    Clear,
    Revoked(Option<String>),
    Suspended(Option<String>),
    /// The list carries a message of the issuer about this credential (purpose `message`).
    Message(String),
    /// A newer edition exists (purpose `refresh`).
    RefreshAvailable,
    /// Code and sentence.
    Unknown(&'static str, String),
}

/// The list that an entry was read from, for receipts and `--explain`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub url: String,
    /// Lower-case hex SHA-256 of the list as fetched.
    pub sha256: Option<String>,
    pub etag: Option<String>,
    pub index: Option<u64>,
    /// Things that a person should know although they don't change the verdict.
    pub remarks: Vec<(&'static str, String)>,
}

/// Checks every entry; the worst one decides.
pub async fn check(document: &Value, request: &StatusRequest<'_>) -> Check {
    let entries = entries_of(document);
    if entries.is_empty() {
        return Check::not_applicable(ID, "The issuer does not publish a revocation list for this credential.");
    }
    let mut results = Vec::new();
    for (pointer, entry) in entries.iter().take(MAX_ENTRIES) {
        let (verdict, source) = match pointer.starts_with("/status") {
            true => token::evaluate(entry, request).await,
            false => evaluate(entry, document, request).await,
        };
        results.push((pointer.clone(), verdict, source));
    }
    if entries.len() > MAX_ENTRIES {
        let detail = format!("only the first {MAX_ENTRIES} of {} status entries were looked at", entries.len());
        results.push(("/credentialStatus".into(), Verdict::Unknown("status_too_many_entries", detail), Source::default()));
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
            let named = types.first().map_or("an entry without a type".to_owned(), |name| format!("\"{}\"", shorten(name)));
            (
                Verdict::Unknown("status_type_unknown", format!("status lists of the kind {named} are not known")),
                Source::default(),
            )
        }
    }
}

fn combine(results: &[(String, Verdict, Source)]) -> Check {
    let mut check = decide(results);
    for (pointer, verdict, source) in results {
        let (code, detail) = match verdict {
            Verdict::Clear => continue_with_remarks(&mut check, pointer, source),
            Verdict::Revoked(reason) => Some(owned(("revoked", said("Revoked", reason.as_deref())))),
            Verdict::Suspended(reason) => Some(owned(("suspended", said("Suspended", reason.as_deref())))),
            Verdict::Message(text) => Some(owned(("status_message", shorten(text)))),
            Verdict::RefreshAvailable => Some(owned(("refresh_available", "A newer edition of the credential exists.".into()))),
            Verdict::Unknown(code, detail) => Some(owned((*code, detail.clone()))),
        }
        .unzip();
        if let (Some(code), Some(detail)) = (code, detail) {
            check = check.finding(Finding { problem_type: problem_type(&code), code, detail, pointer: Some(pointer.clone()) });
        }
    }
    let sources: Vec<Value> =
        results.iter().filter(|(_, _, source)| !source.url.is_empty()).map(|(_, _, source)| explain(source)).collect();
    if !sources.is_empty() {
        check.explain = Some(json!({ "lists": sources }));
    }
    check
}

fn owned((code, detail): (&str, String)) -> (String, String) {
    (code.to_owned(), detail)
}

fn continue_with_remarks(check: &mut Check, pointer: &str, source: &Source) -> Option<(String, String)> {
    for (code, detail) in &source.remarks {
        let finding =
            Finding { problem_type: None, code: (*code).to_owned(), detail: detail.clone(), pointer: Some(pointer.to_owned()) };
        check.findings.push(finding);
    }
    None
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

/// The first of: revoked, suspended, not to be told, a message, clear.
fn decide(results: &[(String, Verdict, Source)]) -> Check {
    let find =
        |wanted: fn(&Verdict) -> bool| results.iter().find(|(_, verdict, _)| wanted(verdict)).map(|(_, verdict, _)| verdict);
    if find(|verdict| matches!(verdict, Verdict::Revoked(_))).is_some() {
        return Check::fail(ID, "revoked", "The issuer has revoked this credential.")
            .next("Don't rely on it. Ask the candidate or the issuer why it was withdrawn.");
    }
    if find(|verdict| matches!(verdict, Verdict::Suspended(_))).is_some() {
        return Check::fail(ID, "suspended", "The issuer has suspended this credential for now.")
            .next("Try again later, or ask the issuer when it will be in force again.");
    }
    if let Some(Verdict::Unknown(_, detail)) = find(|verdict| matches!(verdict, Verdict::Unknown("status_entry_invalid", _))) {
        // Trying again won't help, and a broken entry must not be a way around a revocation.
        return Check::fail(
            ID,
            "status_entry_invalid",
            format!("The credential says in a broken way how its revocation can be checked: {detail}."),
        )
        .next("Ask the issuer to issue the credential again.");
    }
    if let Some(Verdict::Unknown(code, detail)) = find(|verdict| matches!(verdict, Verdict::Unknown(..))) {
        return Check::could_not_check(ID, code, format!("Whether the credential was revoked could not be checked: {detail}."))
            .next("Check again later, or ask the issuer whether the credential is still in force.");
    }
    if find(|verdict| matches!(verdict, Verdict::Message(_))).is_some() {
        return Check::warning(ID, "status_message", "The issuer has published a remark about this credential.")
            .next("Read the remark.");
    }
    if find(|verdict| matches!(verdict, Verdict::RefreshAvailable)).is_some() {
        return Check::warning(ID, "refresh_available", "The issuer has a newer edition of this credential.")
            .next("Ask the candidate for the newer edition.");
    }
    match results.iter().find_map(|(_, _, source)| source.remarks.first()) {
        Some((code, detail)) => Check::warning(ID, code, format!("The credential is not on the revocation list, but {detail}."))
            .next("If it matters, ask the issuer whether the credential is still in force."),
        None => Check::new(ID, CheckStatus::Pass, "not_revoked", "The issuer has neither revoked nor suspended this credential."),
    }
}

/// The problem type that the Bitstring Status List specification gives, where it gives one.
fn problem_type(code: &str) -> Option<String> {
    let name = match code {
        "status_list_unavailable" => "STATUS_RETRIEVAL_ERROR",
        "status_list_too_short" => "STATUS_LIST_LENGTH_ERROR",
        "status_list_invalid"
        | "status_list_expired"
        | "status_list_not_yet_valid"
        | "status_list_signature_invalid"
        | "status_list_wrong_type"
        | "status_list_wrong_purpose" => "STATUS_VERIFICATION_ERROR",
        "status_index_out_of_range" => "RANGE_ERROR",
        _ => return None,
    };
    Some(format!("https://www.w3.org/ns/credentials/status-list#{name}"))
}

/// Foreign text on its way into a sentence.
pub(crate) fn shorten(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    clean
}
