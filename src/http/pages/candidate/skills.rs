//! A person's skills, each once, over all credentials in force. Comes in: each skill with its credential. Goes out: rows.

use crate::http::pages::submission::skill::{framework, level};
use crate::http::pages::words::Text;
use crate::model::ids::{CandidateRef, CredentialId};
use crate::model::report::Outcome;
use crate::model::search::ListedCredential;
use crate::model::skill::SkillAssertion;
use crate::web::messages::Language;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashMap;

#[derive(Serialize)]
pub struct SkillRow {
    pub label: String,
    pub level: Option<String>,
    pub framework: Option<String>,
    pub uri: Option<String>,
    /// The best verdict on a credential that gives the skill.
    pub outcome: &'static str,
    pub sources: Vec<Source>,
    /// Until the last of its credentials ends; absent when one of them never does.
    pub valid_until: Option<String>,
}

#[derive(Serialize)]
pub struct Source {
    pub credential: String,
    /// Absent beyond the listed credentials.
    pub title: Option<Text>,
    pub address: Option<String>,
}

struct Merging {
    skill: SkillAssertion,
    outcome: Outcome,
    credentials: Vec<CredentialId>,
    /// `None`: without an end.
    valid_until: Option<DateTime<Utc>>,
}

/// The same concept, or the same text where there is no concept, is one skill. `listed`: credentials whose titles are at hand.
pub fn merged(
    support: Vec<(CredentialId, Outcome, SkillAssertion)>,
    listed: &[ListedCredential],
    language: Language,
) -> Vec<SkillRow> {
    let mut order: Vec<String> = Vec::new();
    let mut skills: HashMap<String, Merging> = HashMap::new();
    for (credential, outcome, skill) in support {
        let concept = skill.concepts.first().and_then(|concept| concept.uri.clone());
        let key = concept.unwrap_or_else(|| format!("text:{}", skill.label.key()));
        let until = skill.valid_until;
        let Some(known) = skills.get_mut(&key) else {
            order.push(key.clone());
            skills.insert(key, Merging { skill, outcome, credentials: vec![credential], valid_until: until });
            continue;
        };
        if !known.credentials.contains(&credential) {
            known.credentials.push(credential);
        }
        known.outcome = known.outcome.min(outcome);
        known.valid_until = known.valid_until.zip(until).map(|(one, other)| one.max(other));
        if ordinal(&skill) > ordinal(&known.skill) {
            known.skill = skill;
        }
    }
    let mut rows: Vec<SkillRow> =
        order.iter().filter_map(|key| skills.remove(key)).map(|one| row(one, listed, language)).collect();
    rows.sort_by_key(|row| row.label.to_lowercase());
    rows
}

fn ordinal(skill: &SkillAssertion) -> f64 {
    skill.level.as_ref().and_then(|level| level.ordinal).unwrap_or(-1.0)
}

fn row(merging: Merging, listed: &[ListedCredential], language: Language) -> SkillRow {
    let source = |id: &CredentialId| {
        let known = listed.iter().find(|row| row.id == *id);
        Source {
            credential: id.to_string(),
            title: known.map(|row| Text::of(&row.title, language).unwrap_or_else(|| Text::plain(&row.file))),
            address: known.map(|row| format!("/submissions/{}#{}", row.submission_id, row.id)),
        }
    };
    let concept = merging.skill.concepts.first();
    SkillRow {
        level: level(&merging.skill),
        framework: concept.map(framework),
        uri: concept.and_then(|concept| concept.uri.clone()),
        outcome: merging.outcome.as_str(),
        sources: merging.credentials.iter().map(source).collect(),
        valid_until: merging.valid_until.map(|until| until.to_rfc3339()),
        label: merging.skill.label.text,
    }
}

impl SkillRow {
    pub fn row(self, candidate: &CandidateRef) -> Vec<String> {
        let credentials: Vec<String> = self.sources.into_iter().map(|source| source.credential).collect();
        vec![
            candidate.to_string(),
            self.label,
            self.level.unwrap_or_default(),
            self.framework.unwrap_or_default(),
            self.uri.unwrap_or_default(),
            self.outcome.to_owned(),
            credentials.join(" "),
            self.valid_until.unwrap_or_default(),
        ]
    }
}
