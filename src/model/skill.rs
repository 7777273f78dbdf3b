//! A skill that a credential asserts. See schemas/skill-assertion.json.

use super::credential::{Attainment, LanguageMap};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One skill, from one credential, about one candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillAssertion {
    /// UUIDv5 of (tenant, candidate, natural key, source label or declared URI, model major):
    /// an assertion keeps its id when it is published again or mapped to another concept.
    pub assertion_id: String,
    pub label: Label,
    pub kind: SkillKind,
    /// Preferred concept first; empty for an unmapped skill.
    pub concepts: Vec<Concept>,
    pub mapping_status: MappingStatus,
    pub derivation: Derivation,
    /// 0..1, calibrated; absent for concepts that the issuer declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    pub attainment: Attainment,
    pub asserted_by: AssertedBy,
    /// JSON Pointers into the credential; several when labels were merged.
    pub source_pointers: Vec<String>,
    /// Ids of assertions with the same concept that were merged into this assertion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_from: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
    /// Up to five other concepts that a reviewer may choose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Concept>,
    pub status: SkillStatus,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Trimmed, with single spaces.
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The issuer's own spelling.
    pub original: String,
    /// Other languages, if the source is a language map.
    #[serde(default, skip_serializing_if = "LanguageMap::is_empty")]
    pub translations: LanguageMap,
}

impl Label {
    /// What equal labels share: decisions are remembered by it.
    pub fn key(&self) -> String {
        label_key(&self.text)
    }
}

/// Case and white space make no difference between two labels.
pub fn label_key(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl SkillAssertion {
    /// How the preferred concept was found.
    pub fn method(&self) -> Option<Method> {
        self.concepts.first()?.mapping.as_ref().map(|mapping| mapping.method)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillKind {
    Skill,
    Knowledge,
    Language,
    Technology,
    Transversal,
    Unknown,
}

/// An item of a framework.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concept {
    /// `esco`, `onet`, `case`, `lightcast`, `ctdl`, `rsd`, … or the issuer's name for the framework.
    pub taxonomy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxonomy_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The framework's name as the issuer wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework_name: Option<String>,
    pub relation: Relation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// How the concept was found; absent for an issuer's concept that no loaded taxonomy holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
}

/// Why a concept stands at a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    pub method: Method,
    /// Names of the groups above the concept, the widest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// One sentence for a person who decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Of the weights and thresholds that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration_id: Option<String>,
    /// Of the person's decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
}

impl Mapping {
    pub fn of(method: Method) -> Self {
        Self { method, path: Vec::new(), why: None, calibration_id: None, decision_id: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The issuer named the concept, and a loaded taxonomy holds it.
    Declared,
    /// A published crosswalk, or the taxonomy's own note of a replacement, leads to it.
    Crosswalk,
    /// A person decided.
    Decision,
    /// The name is exactly that of one concept.
    Exact,
    /// The combiner found it more probable than the threshold.
    Combined,
    /// A suggestion for a person; nothing is published from it.
    Suggested,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    Exact,
    Close,
    Broader,
    Narrower,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingStatus {
    Declared,
    DeclaredMismatch,
    Mapped,
    Unmapped,
    /// A person decided that the text is no skill.
    Rejected,
}

/// The source of the claim, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Derivation {
    IssuerAlignment,
    IssuerCrosswalk,
    IssuerTag,
    AchievementName,
    CriteriaText,
    SelfAsserted,
    TenantRule,
    Reviewer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssertedBy {
    Issuer,
    #[serde(rename = "self")]
    Self_,
    Employer,
    Peer,
}

/// A level as the source states it. The common scale is given only if a published table maps the level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    pub raw: RawLevel,
    /// Position in an ordered list of levels, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// 0 (lowest) to 1 (highest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<f64>,
    /// 1 aware, 2 basic with help, 3 independent in routine, 4 advanced, 5 expert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common: Option<u8>,
    /// The derivation: `rubric_level`, `allowed_value`, `range`, `digcomp`, `cefr`, `badge_level`, `raw`.
    pub method: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawLevel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub rank: u32,
    pub of: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillStatus {
    Asserted,
    Withdrawn,
    Superseded,
    Expired,
    Erased,
}
