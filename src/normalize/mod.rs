//! Any verified format → the common skills model.
//! Comes in: the document that the proof covers, and its report. Goes out: a [`NormalizedCredential`].
//! Must not know: cryptography, storage, events. Members that name the person are not carried over.

pub mod alignment;
pub mod attainment;
pub mod clr_2;
pub mod elm_3;
pub mod frameworks;
pub mod ler_rs;
pub mod level;
pub mod open_badges_2;
pub mod open_badges_3;
pub mod reader;
pub mod skills;
pub mod type_metadata;
pub mod verifiable_credential;

#[cfg(test)]
mod tests;

use crate::model::code::Code;
use crate::model::credential::{
    Attainment, CredentialStatus, Format, Issuer, NormalizedCredential, ResultValue, VerifiedDocument, Warning,
};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::report::{CheckId, VerificationReport};
use crate::model::skill::AssertedBy;
use attainment::Order;
use reader::{Node, moment, preferred};
use serde_json::Value;
use sha2::{Digest, Sha256};
use skills::{Common, Skills};
use std::sync::Arc;

/// Version of the common model; see schemas/normalized-credential.json.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Most skills that are taken from one credential; real credentials have fewer than fifty.
pub const MAX_SKILLS: usize = 500;
const MAX_WARNINGS: usize = 50;
/// Most results that are kept of one credential. All results are judged.
pub const MAX_RESULTS: usize = 500;

/// Facts that are not in the document.
#[derive(Clone, Debug)]
pub struct Origin {
    pub tenant_id: TenantId,
    pub candidate_ref: Option<CandidateRef>,
    /// Lower-case hex SHA-256 of the bytes as received.
    pub fingerprint: String,
}

/// Reads a verified document into the common model. Never fails: an unreadable part becomes a warning.
pub fn normalize(document: &VerifiedDocument, report: &VerificationReport, origin: &Origin) -> NormalizedCredential {
    let root = Node::root(&document.json);
    let mut draft = Draft::new(document, report, origin);
    let skills = match document.format {
        Format::OpenBadges1 | Format::OpenBadges2 => open_badges_2::read(&root, &mut draft),
        Format::OpenBadges3 => open_badges_3::read(&root, &mut draft),
        Format::Clr2 => clr_2::read(&root, &mut draft),
        Format::Elm3 => elm_3::read(&root, &mut draft),
        Format::LerRs => ler_rs::read(&root, &mut draft),
        Format::Vc1 | Format::Vc2 | Format::SdJwtVc | Format::Presentation | Format::Other => {
            verifiable_credential::read(&root, &mut draft)
        }
    };
    draft.finish(skills, document, report, origin)
}

/// The common model that a format's reader fills.
pub struct Draft {
    pub credential: NormalizedCredential,
    pub asserted_by: AssertedBy,
    /// The scales of levels whose order the signature covers.
    pub order: Order,
    /// Whether the holder could have left out a result.
    pub results_withholdable: bool,
    /// The credential's identifier, which forms the natural key with the issuer's identifier.
    pub credential_id: Option<String>,
    /// See [`VerifiedDocument::type_metadata`].
    pub type_metadata: Option<Arc<Value>>,
}

impl Draft {
    fn new(document: &VerifiedDocument, report: &VerificationReport, origin: &Origin) -> Self {
        let credential = NormalizedCredential {
            schema_version: SCHEMA_VERSION.to_owned(),
            fingerprint: origin.fingerprint.clone(),
            natural_key: None,
            source_format: document.format,
            source_profile: None,
            candidate_ref: origin.candidate_ref.clone(),
            achievement: Default::default(),
            issuer: Issuer::default(),
            assessor: None,
            valid_from: None,
            valid_until: None,
            awarded_at: None,
            outcome: report.outcome,
            status: status(report),
            attainment: Attainment::Unknown,
            results: Vec::new(),
            qualification_level: Vec::new(),
            skills: Vec::new(),
            parts: Vec::new(),
            warnings: Vec::new(),
        };
        let findings = report.check(CheckId::Integrity).map(|check| check.findings.as_slice()).unwrap_or_default();
        Self {
            credential,
            asserted_by: AssertedBy::Issuer,
            order: Order::of(&Node::root(&document.json), report.secured_with),
            results_withholdable: findings.iter().any(|finding| finding.code == Code::ResultWithholdable),
            credential_id: None,
            type_metadata: document.type_metadata.clone(),
        }
    }

    /// Adds a warning about a member. Messages hold no values of the document, since values may be personal.
    pub fn warn(&mut self, code: &str, pointer: Option<&str>, message: impl Into<String>) {
        if self.credential.warnings.len() < MAX_WARNINGS {
            let pointer = pointer.map(str::to_owned);
            self.credential.warnings.push(Warning { code: code.to_owned(), pointer, message: message.into() });
        }
    }

    /// Keeps a result, with a warning if the result proves nothing.
    pub fn take_result(&mut self, result: ResultValue) {
        if result.counts_as == Attainment::Unknown {
            let message = "This result can't be compared with the achievement's requirement with certainty, so it is unknown whether the person attained the achievement.";
            self.warn("unclear_result", Some(&result.source_pointer), message);
        }
        if self.credential.results.len() < MAX_RESULTS {
            self.credential.results.push(result);
        }
    }

    /// Adds a statement about the attainment from outside the results: the least favourable statement counts, also for every skill.
    pub fn doubt(&mut self, said: impl IntoIterator<Item = Attainment>, skills: &mut Skills) {
        let Some(said) = attainment::combined(said) else { return };
        self.credential.attainment = attainment::combined([self.credential.attainment, said]).unwrap_or(said);
        skills.doubt(said);
    }

    /// One warning per member that the reader does not know.
    pub fn warn_of_unread(&mut self, node: &Node<'_>, read: &[&str]) {
        for (name, member) in node.members().filter(|(name, _)| !read.contains(name) && !name.starts_with('@')) {
            let label = self.type_metadata.as_deref().and_then(|metadata| type_metadata::label(metadata, name));
            let called = label.map_or(String::new(), |label| format!(" (“{label}”)"));
            let message = format!(
                "This part of the credential{called} was not carried over, because the common model has no place for it."
            );
            self.warn("not_carried_over", Some(&member.pointer), message);
        }
    }

    /// One warning per member that is left out because it may identify the person.
    pub fn warn_of_withheld(&mut self, node: &Node<'_>, withheld: &[&str]) {
        for member in withheld.iter().filter_map(|name| node.get(name)) {
            self.warn(
                "withheld",
                Some(&member.pointer),
                "This part of the credential was left out, because it may hold personal data.",
            );
        }
    }

    /// Reads a moment; an unreadable moment becomes a warning.
    pub fn moment(&mut self, node: &Node<'_>, names: &[&str]) -> Option<chrono::DateTime<chrono::Utc>> {
        let found = node.any(names)?;
        let read = found.text().as_deref().and_then(moment);
        if read.is_none() {
            self.warn("unreadable_date", Some(&found.pointer), "This date can't be read.");
        }
        read
    }

    /// Identifier, name and page of an issuer; the issuer may be only a reference.
    pub fn issuer(node: &Node<'_>) -> Issuer {
        let first = node.items().into_iter().next().unwrap_or_else(|| node.clone());
        let name = first.any(&["name", "legalName", "prefLabel", "legal_name"]).map(|name| name.languages(None));
        Issuer {
            id: first.id().unwrap_or_default(),
            name: name.and_then(|map| preferred(&map).map(|(_, text)| text.to_owned())),
            url: first.any(&["url", "homepage"]).and_then(|url| url.items().first().and_then(Node::id)),
            registry: None,
        }
    }

    fn finish(
        mut self,
        skills: Skills,
        document: &VerifiedDocument,
        report: &VerificationReport,
        origin: &Origin,
    ) -> NormalizedCredential {
        if let Some(id) = &report.issuer_id {
            self.credential.issuer.id = id.clone();
        }
        if let Some(vouched) = report.issuer_name.as_ref().filter(|name| name.registry.is_some()) {
            self.credential.issuer.name = Some(vouched.name.clone());
            self.credential.issuer.registry = vouched.registry.clone();
        }
        self.credential.natural_key = self.credential_id.as_deref().map(|id| natural_key(&self.credential.issuer.id, id));
        let identifiers =
            [self.credential_id.as_deref(), Some(self.credential.issuer.id.as_str()), self.credential.achievement.id.as_deref()];
        self.credential.source_profile = identifiers.into_iter().flatten().find_map(frameworks::profile_of).map(str::to_owned);
        if skills.dropped > 0 {
            let message = format!("{} skills were left out: the credential names more than {MAX_SKILLS}.", skills.dropped);
            self.warn("too_many_skills", None, message);
        }
        let common = Common {
            origin,
            natural_key: self.credential.natural_key.as_deref(),
            attainment: self.credential.attainment,
            asserted_by: self.asserted_by,
            valid_from: self.credential.valid_from,
            valid_until: self.credential.valid_until,
        };
        self.credential.skills = skills.finish(&common);
        clr_2::add_parts(&mut self.credential, document, report, origin);
        self.credential
    }
}

/// Lower-case hex SHA-256 over issuer and credential identifier, percent-unescaped and trimmed:
/// a credential that is issued again keeps this key.
fn natural_key(issuer: &str, credential: &str) -> String {
    let plain = |text: &str| percent_encoding::percent_decode_str(text.trim()).decode_utf8_lossy().into_owned();
    let parts = serde_json::Value::from(vec![plain(issuer), plain(credential)]);
    hex::encode(Sha256::digest(parts.to_string()))
}

fn status(report: &VerificationReport) -> CredentialStatus {
    let code = |id| report.check(id).map(|check| check.code);
    match (code(CheckId::Status), code(CheckId::Validity)) {
        (Some(Code::Revoked), _) => CredentialStatus::Revoked,
        (Some(Code::Suspended), _) => CredentialStatus::Suspended,
        (_, Some(Code::Expired)) => CredentialStatus::Expired,
        _ => CredentialStatus::Active,
    }
}
