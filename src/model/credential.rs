//! A credential as received and as normalised.

use super::ids::CandidateRef;
use super::report::{Check, Outcome};
use super::skill::SkillAssertion;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The data model that a document follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    #[serde(rename = "ob1")]
    OpenBadges1,
    #[serde(rename = "ob2")]
    OpenBadges2,
    #[serde(rename = "ob3")]
    OpenBadges3,
    #[serde(rename = "clr2")]
    Clr2,
    /// W3C Verifiable Credential, data model 1.1, without a more specific format.
    #[serde(rename = "vc1")]
    Vc1,
    /// W3C Verifiable Credential, data model 2.0, without a more specific format.
    #[serde(rename = "vc2")]
    Vc2,
    /// European Learning Model 3 (European Digital Credentials).
    #[serde(rename = "elm3")]
    Elm3,
    /// HR Open LER-RS.
    #[serde(rename = "ler_rs")]
    LerRs,
    /// IETF SD-JWT VC without a W3C data model.
    #[serde(rename = "sd_jwt_vc")]
    SdJwtVc,
    /// A verifiable presentation, which carries credentials; it has a separate report.
    #[serde(rename = "presentation")]
    Presentation,
    /// Not a known credential format.
    #[serde(rename = "other")]
    Other,
}

impl Format {
    /// The format's name for recruiters.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenBadges1 => "Open Badges 1",
            Self::OpenBadges2 => "Open Badges 2.0",
            Self::OpenBadges3 => "Open Badges 3.0",
            Self::Clr2 => "Comprehensive Learner Record 2.0",
            Self::Vc1 => "Verifiable Credential (data model 1.1)",
            Self::Vc2 => "Verifiable Credential (data model 2.0)",
            Self::Elm3 => "European Digital Credential (ELM 3)",
            Self::LerRs => "Learning and Employment Record (LER-RS)",
            Self::SdJwtVc => "SD-JWT credential",
            Self::Presentation => "Verifiable Presentation",
            Self::Other => "unknown",
        }
    }
}

/// How a document is protected against change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Securing {
    DataIntegrity,
    VcJwt,
    SdJwt,
    /// W3C Verifiable Credential as a signed CBOR message (COSE).
    VcCose,
    /// Open Badges 2.0 signed: a JWS over the assertion.
    SignedBadge,
    /// Open Badges 2.0 hosted: the document at its own URL counts.
    Hosted,
    None,
}

/// The containers around a credential in an upload, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    Zip,
    Pdf,
    Mail,
    Png,
    Svg,
    QrCode,
    Presentation,
}

/// The secured form of one credential, before verification.
#[derive(Clone, Debug)]
pub enum Document {
    /// A JSON object: with embedded proofs, a hosted badge, or unsecured.
    Json(Arc<Value>),
    /// A compact JWS: VC-JWT or an Open Badges 2.0 signed badge.
    CompactJws(Token),
    /// `<jws>~<disclosure>~…~[key binding]`
    SdJwt(String),
    /// A signed CBOR message (COSE_Sign1).
    CoseSign1(Vec<u8>),
    /// The URL of a hosted badge in an upload (legacy baked images, link submissions).
    HostedUrl(String),
}

/// A compact JWS with its payload. The payload is read once, on receipt.
#[derive(Clone, Debug)]
pub struct Token {
    pub text: String,
    /// Absent for a payload that is not acceptable JSON.
    pub claims: Option<Arc<Value>>,
}

/// One credential as intake found it: untrusted, its bytes kept exactly as received.
#[derive(Clone, Debug)]
pub struct ReceivedCredential {
    /// Name for people: the uploaded file's name, with the path inside an archive (`badges.zip/ada.png`).
    pub name: String,
    pub containers: Vec<Container>,
    /// The media type of [`ReceivedCredential::bytes`], for example `application/vc+ld+json` or `application/vc+jwt`.
    pub media_type: String,
    /// The credential itself, unbaked and unpacked, byte for byte as received.
    pub bytes: Vec<u8>,
    pub document: Document,
    /// The presentation that carried the credential, if any.
    pub presentation: Option<PresentationFacts>,
}

/// A presentation as intake found it: untrusted. Its credentials are separate and verified one by one.
#[derive(Clone, Debug)]
pub struct ReceivedPresentation {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
    pub document: Document,
    pub credentials: Vec<ReceivedCredential>,
}

/// The facts that a presentation proves about its credentials.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PresentationFacts {
    /// Identifier of the holder, if the presentation's own proof binds it.
    pub proven_holder: Option<String>,
    /// Verdict on the presentation's proof; `None` for a presentation without proof.
    pub proof: Option<Check>,
    /// Whether the holder was asked to sign for a request, and no signature of theirs came with the credential.
    pub unbound: bool,
}

/// The credential's document after verification: only the JSON that the proof covers. A rejected credential has no such document,
/// so its content is not read further.
#[derive(Clone, Debug)]
pub struct VerifiedDocument {
    pub format: Format,
    /// The credential as JSON (the decoded payload for JOSE forms; the whole graph for Open Badges 2.0,
    /// with `badge` and `issuer` inlined).
    pub json: Arc<Value>,
    /// Credentials inside it that were accepted on their own, with the JSON Pointer to each.
    pub nested: Vec<(String, VerifiedDocument)>,
    /// What the type of an SD-JWT VC and its claims are called, where that is at hand.
    pub type_metadata: Option<Arc<Value>>,
}

/// A language map (BCP 47 → text). Text without a language has the key `und`.
pub type LanguageMap = BTreeMap<String, String>;

/// The common model of a credential. See schemas/normalized-credential.json.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalizedCredential {
    /// Version of the common model, semver.
    pub schema_version: String,
    /// Lower-case hex SHA-256 of the bytes as received.
    pub fingerprint: String,
    /// Lower-case hex SHA-256 over issuer id and credential id; a re-issued credential keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub natural_key: Option<String>,
    pub source_format: Format,
    /// The platform that made the file (`credly`, `parchment`, …), if recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_profile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_ref: Option<CandidateRef>,
    pub achievement: Achievement,
    pub issuer: Issuer,
    /// The assessor, if not the issuer (Open Badges `source`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessor: Option<Issuer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awarded_at: Option<DateTime<Utc>>,
    pub outcome: Outcome,
    pub status: CredentialStatus,
    pub attainment: Attainment,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ResultValue>,
    /// Levels of whole qualifications (EQF, NQF, ISCED), which are never a skill's level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qualification_level: Vec<QualificationLevel>,
    pub skills: Vec<SkillAssertion>,
    /// The credentials inside it (CLR), normalised the same way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Members that were not carried over, for example personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Achievement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: LanguageMap,
    /// Open Badges `achievementType` or the closest term.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub achievement_type: Option<String>,
    #[serde(default, skip_serializing_if = "LanguageMap::is_empty")]
    pub description: LanguageMap,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_of_study: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<Credits>,
    /// Alignments of other kinds: accreditation, occupation, course, credential and unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_alignments: Vec<OtherAlignment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<f64>,
    /// For example `ECTS`; absent if the issuer does not state it, which is common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// An alignment classified as something other than a skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherAlignment {
    pub kind: AlignmentKind,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlignmentKind {
    Skill,
    QualificationLevel,
    Occupation,
    Credential,
    Course,
    Accreditation,
    Unknown,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Issuer {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The registry that lists the issuer; absent for an unlisted issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialStatus {
    Active,
    Expired,
    Suspended,
    Revoked,
    Superseded,
    Withdrawn,
}

/// Whether the person attained what a credential awards, by its results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attainment {
    Attained,
    InProgress,
    NotAttained,
    /// A result can't be compared with the requirement, or the credential gives no answer.
    #[default]
    Unknown,
}

/// An Open Badges `Result`, kept raw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultValue {
    /// The result description's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub achieved_level: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether the result reaches the required value of its description; absent if that is uncertain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meets_required: Option<bool>,
    pub counts_as: Attainment,
    pub source_pointer: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualificationLevel {
    /// `EQF`, `ISCED`, or the name of a national framework.
    pub framework: String,
    pub level: String,
    /// The source of the level: `alignment`, `achievement_type`, `eqf_level`, `nqf_level`.
    pub basis: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// JSON Pointer to the inner credential.
    pub pointer: String,
    pub credential: NormalizedCredential,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    pub message: String,
}
