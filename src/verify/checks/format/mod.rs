//! The structure that the W3C data models require of every document.
//! Comes in: a credential or presentation as JSON. Goes out: the `format` check, with every place that breaks a rule.
//! Must not know: keys, signatures, the network. The check `controller` requires the issuer's identifier.

mod terms;

use super::validity::parse_moment;
use crate::document::classify::names_data_model_2;
use crate::document::members::entries;
use crate::jsonld::{Contexts, Edition};
use crate::model::code::Code;
use crate::model::credential::Format;
use crate::model::report::{Check, CheckId, Finding};
use serde_json::{Map, Value};
use url::Url;

/// Base context of the data models 1.1 and 2.0.
pub const BASE: [&str; 2] = ["https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"];
/// The most problems that a report lists; the first problem decides.
const MAX_FINDINGS: usize = 20;

/// One broken rule: its place, and a clause that says what is wrong.
struct Broken(String, String);

struct Reader<'a> {
    contexts: &'a Contexts,
    broken: Vec<Broken>,
    version_2: bool,
}

/// The `format` check of a credential of the W3C family.
pub fn check_credential(document: &Value, format: Format, contexts: &Contexts) -> Check {
    let Some(members) = document.as_object() else { return nothing() };
    if format == Format::Other && !has_type(members, "VerifiableCredential") && !members.contains_key("credentialSubject") {
        return nothing();
    }
    let mut reader = Reader::new(members, contexts);
    reader.context(members, format);
    reader.types(members, "", "VerifiableCredential");
    reader.identifier(members, "");
    reader.issuer(members);
    reader.subjects(members, format);
    reader.dates(members);
    if let Some((place, what)) = terms::own_vocabulary_problem(members, contexts) {
        reader.broken(place, what);
    }
    reader.proofs(members);
    if format == Format::OpenBadges3 {
        reader.badge_types(members);
    }
    for (member, needs_id) in [
        ("credentialStatus", false),
        ("credentialSchema", true),
        ("refreshService", false),
        ("termsOfUse", false),
        ("evidence", false),
    ] {
        reader.typed_objects(members, member, needs_id);
    }
    if reader.version_2 {
        reader.related_resources(members);
        reader.language_values(members, "");
        if let Some(issuer) = members.get("issuer").and_then(Value::as_object) {
            reader.language_values(issuer, "/issuer");
        }
    }
    reader.conclude(&format!("The file is a well-formed {} document.", format.title()))
}

/// The `format` check of a presentation.
pub fn check_presentation(document: &Value, contexts: &Contexts) -> Check {
    let Some(members) = document.as_object() else { return nothing() };
    let mut reader = Reader::new(members, contexts);
    reader.context(members, Format::Presentation);
    reader.types(members, "", "VerifiablePresentation");
    reader.identifier(members, "");
    match members.get("holder") {
        None => {}
        Some(Value::String(holder)) if is_url(holder) => {}
        Some(Value::Object(holder)) if holder.get("id").and_then(Value::as_str).is_some_and(is_url) => {}
        Some(_) => reader.broken("/holder", "the holder has no identifier"),
    }
    for (index, entry) in entries(members.get("verifiableCredential")).enumerate() {
        let place = format!("/verifiableCredential/{index}");
        match entry {
            Value::Object(entry) if has_type(entry, "EnvelopedVerifiableCredential") => {
                let is_data = entry.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with("data:application/"));
                if !is_data {
                    reader.broken(&place, "an enveloped credential holds no data");
                }
                if !names_data_model_2(entry) {
                    reader.broken(&place, "an enveloped credential does not name the vocabulary of the data model");
                }
            }
            Value::Object(entry) if has_type(entry, "VerifiableCredential") => {}
            Value::String(_) if !reader.version_2 => {}
            _ => reader.broken(&place, "an entry is not a credential"),
        }
    }
    reader.conclude("The file is a well-formed presentation.")
}

fn nothing() -> Check {
    Check::fail(CheckId::Format, Code::NoCredential, "the file holds no credential of a known kind").found()
}

impl<'a> Reader<'a> {
    fn new(members: &Map<String, Value>, contexts: &'a Contexts) -> Self {
        let version_2 = entries(members.get("@context")).any(|context| context == BASE[1]);
        Self { contexts, broken: Vec::new(), version_2 }
    }

    fn broken(&mut self, place: &str, what: &str) {
        self.broken.push(Broken(place.to_owned(), what.to_owned()));
    }

    fn conclude(self, good: &str) -> Check {
        let Some(Broken(_, first)) = self.broken.first() else { return Check::pass(CheckId::Format, good) };
        let mut check = Check::fail(CheckId::Format, Code::Malformed, first).found();
        let listed = self.broken.iter().take(MAX_FINDINGS);
        check.findings = listed.map(|Broken(place, what)| Finding::new(Code::Malformed, what).at(place.clone())).collect();
        check
    }

    /// The base context comes first; the others are absolute URLs or objects (VCDM 2.0 §4.3, 1.1 §4.1).
    fn context(&mut self, members: &Map<String, Value>, format: Format) {
        let listed: Vec<&Value> = entries(members.get("@context")).collect();
        match listed.first().and_then(|first| first.as_str()) {
            Some(first) if BASE.contains(&first) => {}
            _ => self.broken("/@context", "the document does not list the vocabulary of its data model first"),
        }
        for (index, context) in listed.iter().enumerate() {
            let fine = context.is_object() || context.as_str().is_some_and(is_url);
            if !fine {
                self.broken(&format!("/@context/{index}"), "a vocabulary in the list is not a web address");
            }
        }
        let vocabulary = match format {
            Format::OpenBadges3 => Some("/ob/v3p0/"),
            Format::Clr2 => Some("/clr/v2p0/"),
            _ => None,
        };
        let named = |part: &str| listed.iter().any(|context| context.as_str().is_some_and(|url| url.contains(part)));
        let drafted =
            listed.iter().any(|context| context.as_str().is_some_and(|url| url.contains("imsglobal") && !self.is_known(url)));
        if let Some(part) = vocabulary
            && !named(part)
            && !drafted
        {
            self.broken("/@context", "the document does not name the vocabulary that this kind of credential needs");
        }
    }

    /// VCDM 2.0 §4.12, 1.1 §4.7: a proof has a `type`.
    fn proofs(&mut self, members: &Map<String, Value>) {
        let untyped =
            |proof: &&Value| proof.as_object().is_some_and(|proof| type_names(proof).is_none_or(|names| names.is_empty()));
        if entries(members.get("proof")).any(|proof| untyped(&proof)) {
            self.broken("/proof/type", "a signature (proof) has no type");
        }
    }

    fn is_known(&self, url: &str) -> bool {
        self.contexts.get(url, Edition(0)).is_some()
    }

    fn types(&mut self, object: &Map<String, Value>, place: &str, required: &str) {
        let here = format!("{place}/type");
        let Some(types) = type_names(object) else {
            return self.broken(&here, "the type is missing or is not text");
        };
        if !types.contains(&required) {
            self.broken(&here, &format!("the type {required} is missing"));
        }
        self.known_terms(object, &types, &here);
    }

    /// A type is an absolute URL or a term that a context defines.
    fn known_terms(&mut self, object: &Map<String, Value>, types: &[&str], place: &str) {
        let context = object.get("@context");
        if context.is_none() || !self.version_2 {
            return;
        }
        if let Some(unknown) = types.iter().find(|name| terms::is_undefined(name, context, self.contexts)) {
            self.broken(place, &format!("the type {unknown:.60} is not defined"));
        }
    }

    fn identifier(&mut self, object: &Map<String, Value>, place: &str) {
        if let Some(id) = object.get("id")
            && !id.as_str().is_some_and(is_url)
        {
            self.broken(&format!("{place}/id"), "the identifier is not a single URL");
        }
    }

    fn issuer(&mut self, members: &Map<String, Value>) {
        match members.get("issuer") {
            None => {}
            Some(Value::String(issuer)) if is_url(issuer) => {}
            Some(Value::Object(issuer)) => self.identifier(issuer, "/issuer"),
            Some(_) => self.broken("/issuer", "the issuer's identifier is not a URL"),
        }
    }

    fn subjects(&mut self, members: &Map<String, Value>, format: Format) {
        let subjects: Vec<&Value> = entries(members.get("credentialSubject")).collect();
        if subjects.is_empty() {
            self.broken("/credentialSubject", "the credential says nothing about a person or thing");
        }
        for subject in subjects {
            let Some(subject) = subject.as_object().filter(|subject| !subject.is_empty()) else {
                self.broken("/credentialSubject", "the credential's subject is empty or not an object");
                continue;
            };
            self.identifier(subject, "/credentialSubject");
            let is_badge = ["OpenBadgeCredential", "AchievementCredential"].iter().any(|name| has_type(members, name));
            if format == Format::OpenBadges3 && is_badge && !subject.get("achievement").is_some_and(Value::is_object) {
                self.broken("/credentialSubject/achievement", "the badge does not say what it was awarded for");
            }
        }
    }

    /// A part of a badge that has a type has the type that Open Badges 3.0, appendix B, requires.
    fn badge_types(&mut self, members: &Map<String, Value>) {
        const PARTS: [(&[&str], &str); 6] = [
            (&["issuer"], "Profile"),
            (&["issuer", "parentOrg"], "Profile"),
            (&["credentialSubject"], "AchievementSubject"),
            (&["credentialSubject", "source"], "Profile"),
            (&["credentialSubject", "achievement"], "Achievement"),
            (&["credentialSubject", "result"], "Result"),
        ];
        let is_badge = ["OpenBadgeCredential", "AchievementCredential"].iter().any(|name| has_type(members, name));
        if !is_badge {
            return;
        }
        for (path, expected) in PARTS {
            let mut found: Vec<&Value> = entries(members.get(path[0])).collect();
            for member in path.iter().skip(1) {
                found = found.into_iter().flat_map(|value| entries(value.get(*member))).collect();
            }
            let wrong = |value: &&Value| {
                value.as_object().is_some_and(|object| object.contains_key("type") && !has_type(object, expected))
            };
            if found.iter().any(wrong) {
                self.broken(
                    &format!("/{}/type", path.join("/")),
                    &format!("a part of the badge should be a {expected}, but has another type"),
                );
            }
        }
    }

    fn dates(&mut self, members: &Map<String, Value>) {
        let mut moments = Vec::new();
        for member in ["validFrom", "issuanceDate", "validUntil", "expirationDate"] {
            let Some(value) = members.get(member) else { continue };
            match value.as_str().and_then(parse_moment) {
                Some(moment) if moment.has_offset => moments.push((member, moment)),
                Some(_) => self.broken(&format!("/{member}"), "a date does not say its time zone"),
                None => self.broken(&format!("/{member}"), "a date can't be read"),
            }
        }
        let of = |name: &str| moments.iter().find(|(member, _)| *member == name).map(|(_, moment)| *moment);
        for (start, end) in [("validFrom", "validUntil"), ("issuanceDate", "expirationDate")] {
            if let (Some(from), Some(until)) = (of(start), of(end))
                && until < from
            {
                self.broken(&format!("/{end}"), "the credential ends before it begins");
            }
        }
    }

    /// Members whose values are objects with a type, and with an identifier that is a URL.
    fn typed_objects(&mut self, members: &Map<String, Value>, member: &str, needs_id: bool) {
        let context = members.get("@context");
        for value in entries(members.get(member)) {
            let place = format!("/{member}");
            let Some(object) = value.as_object() else {
                self.broken(&place, &format!("{member} is not an object"));
                continue;
            };
            match type_names(object) {
                Some(types) if !types.is_empty() => {
                    let undefined = |name: &&&str| self.version_2 && terms::is_undefined(name, context, self.contexts);
                    if let Some(unknown) = types.iter().find(undefined) {
                        self.broken(&format!("{place}/type"), &format!("the type {unknown:.60} is not defined"));
                    }
                }
                _ => self.broken(&format!("{place}/type"), &format!("{member} has no type")),
            }
            if needs_id && !object.contains_key("id") {
                self.broken(&format!("{place}/id"), &format!("{member} has no identifier"));
            }
            if entries(object.get("statusPurpose")).any(|purpose| !purpose.is_string()) {
                self.broken(&format!("{place}/statusPurpose"), "the purpose of a status entry is not text");
            }
            self.identifier(object, &place);
        }
    }

    /// VCDM 2.0 §5.3: each resource once, each with a digest.
    fn related_resources(&mut self, members: &Map<String, Value>) {
        let mut seen = Vec::new();
        for resource in entries(members.get("relatedResource")) {
            let id = resource.get("id").and_then(Value::as_str).filter(|id| is_url(id));
            let Some(id) = id else {
                self.broken("/relatedResource", "a related resource has no address");
                continue;
            };
            if seen.contains(&id) {
                self.broken("/relatedResource", "a related resource is listed twice");
            }
            seen.push(id);
            let digest = |name: &str| resource.get(name).is_some_and(Value::is_string);
            if !digest("digestSRI") && !digest("digestMultibase") {
                self.broken("/relatedResource", "a related resource has no digest");
            }
        }
    }

    /// `name` and `description`: text, or language value objects with nothing else in them (VCDM 2.0 §11.1).
    fn language_values(&mut self, object: &Map<String, Value>, place: &str) {
        const ALLOWED: [&str; 3] = ["@value", "@language", "@direction"];
        for member in ["name", "description"] {
            for value in entries(object.get(member)) {
                let fine = match value {
                    Value::String(_) => true,
                    Value::Object(parts) => {
                        parts.get("@value").is_some_and(Value::is_string)
                            && parts.iter().all(|(name, part)| ALLOWED.contains(&name.as_str()) && part.is_string())
                    }
                    _ => false,
                };
                if !fine {
                    self.broken(&format!("{place}/{member}"), &format!("the {member} is neither text nor text in a language"));
                }
            }
        }
    }
}

/// The names in `type`; `None` when there is none or one is not text.
fn type_names(object: &Map<String, Value>) -> Option<Vec<&str>> {
    let value = object.get("type")?;
    let names: Vec<&str> = entries(Some(value)).map(Value::as_str).collect::<Option<_>>()?;
    names.iter().all(|name| !name.trim().is_empty()).then_some(names)
}

/// Whether an object has a type by this name.
pub fn has_type(object: &Map<String, Value>, name: &str) -> bool {
    entries(object.get("type")).any(|kind| kind == name)
}

/// The identifier of a member that is a URL or an object with an `id`.
pub fn identifier_of(value: Option<&Value>) -> Option<&str> {
    let value = value?;
    value.as_str().or_else(|| value.get("id").and_then(Value::as_str)).filter(|id| !id.is_empty())
}

/// An absolute URL without white space: what the data models call a URL, `did:` and `urn:` included.
fn is_url(text: &str) -> bool {
    let is_plain = || text.bytes().all(|byte| byte.is_ascii_graphic());
    // Most identifiers need no further check.
    if (text.starts_with("urn:") || text.starts_with("did:")) && is_plain() {
        return true;
    }
    !text.contains(char::is_whitespace) && text.contains(':') && Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests;
