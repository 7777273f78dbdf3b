//! What a person can do now, in one catalogue: each skill once, merged over credentials, with everything that supports it.

use crate::model::ids::{CandidateRef, CredentialId};
use crate::model::report::Outcome;
use crate::model::skill::{Concept, Level, SkillAssertion};
use serde::Serialize;

#[derive(Serialize)]
pub struct Snapshot {
    pub candidate_ref: CandidateRef,
    pub catalogue: String,
    pub skills: Vec<Held>,
}

/// One skill of the person.
#[derive(Serialize)]
pub struct Held {
    pub label: String,
    /// Absent: the skill has no concept in this catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concept: Option<Concept>,
    /// The highest level on the scale from 0 to 1 that a credential places the person at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    pub supporting: Vec<Support>,
}

#[derive(Serialize)]
pub struct Support {
    pub credential_id: CredentialId,
    pub outcome: Outcome,
    pub assertion_id: String,
    pub label: String,
    pub source_pointers: Vec<String>,
}

/// `given`: each skill in force with its credential.
pub fn merged(candidate_ref: CandidateRef, catalogue: String, given: Vec<(CredentialId, Outcome, SkillAssertion)>) -> Snapshot {
    let mut skills: Vec<Held> = Vec::new();
    for (credential_id, outcome, skill) in given {
        let concept = skill.concepts.iter().find(|concept| concept.taxonomy == catalogue).cloned();
        let support = Support {
            credential_id,
            outcome,
            assertion_id: skill.assertion_id,
            label: skill.label.text.clone(),
            source_pointers: skill.source_pointers,
        };
        let same = |held: &&mut Held| match (&held.concept, &concept) {
            (Some(one), Some(other)) => one.uri == other.uri,
            (None, None) => held.label.to_lowercase() == skill.label.text.to_lowercase(),
            _ => false,
        };
        if let Some(held) = skills.iter_mut().find(same) {
            held.supporting.push(support);
            held.level = higher(held.level.take(), skill.level);
            continue;
        }
        let label = concept.as_ref().and_then(|concept| concept.label.clone()).unwrap_or(skill.label.text);
        skills.push(Held { label, concept, level: skill.level, supporting: vec![support] });
    }
    Snapshot { candidate_ref, catalogue, skills }
}

fn higher(one: Option<Level>, other: Option<Level>) -> Option<Level> {
    match (one, other) {
        (Some(one), Some(other)) if other.ordinal > one.ordinal => Some(other),
        (one, other) => one.or(other),
    }
}
