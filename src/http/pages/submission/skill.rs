//! Skills as chips: a name and a level, and behind them why the credential gives the skill.

use crate::model::credential::{Attainment, NormalizedCredential};
use crate::model::skill::{Concept, MappingStatus, SkillAssertion};
use serde::Serialize;
use std::collections::HashSet;

#[derive(Serialize)]
pub struct Chip {
    pub label: String,
    pub lang: Option<String>,
    pub level: Option<String>,
    /// `declared`, `mapped`, …: the end of a text's key.
    pub mapping: &'static str,
    /// Only when it is not plainly attained: the end of a text's key.
    pub attainment: Option<&'static str>,
    pub framework: Option<String>,
    pub concept: Option<String>,
    pub code: Option<String>,
    pub uri: Option<String>,
    /// One sentence, in English.
    pub why: Option<String>,
    /// Where it stands in the credential.
    pub pointers: Vec<String>,
}

/// Skills of the credential and of those inside it, each once.
pub fn chips(content: &NormalizedCredential) -> Vec<Chip> {
    let (mut seen, mut chips) = (HashSet::new(), Vec::new());
    collect(content, &mut seen, &mut chips);
    chips
}

fn collect<'a>(content: &'a NormalizedCredential, seen: &mut HashSet<&'a str>, chips: &mut Vec<Chip>) {
    for skill in &content.skills {
        if seen.insert(skill.assertion_id.as_str()) {
            chips.push(chip(skill));
        }
    }
    for part in &content.parts {
        collect(&part.credential, seen, chips);
    }
}

pub fn chip(skill: &SkillAssertion) -> Chip {
    let concept = skill.concepts.first();
    Chip {
        label: skill.label.text.clone(),
        lang: skill.label.lang.clone(),
        level: level(skill),
        mapping: mapping(skill.mapping_status),
        attainment: attainment(skill.attainment),
        framework: concept.map(framework),
        concept: concept.and_then(|concept| concept.label.clone()).filter(|label| *label != skill.label.text),
        code: concept.and_then(|concept| concept.code.clone()),
        uri: concept.and_then(|concept| concept.uri.clone()),
        why: concept.and_then(|concept| concept.mapping.as_ref()?.why.clone()),
        pointers: skill.source_pointers.clone(),
    }
}

/// As the source words it, with its place in the scale when that is known.
pub fn level(skill: &SkillAssertion) -> Option<String> {
    let level = skill.level.as_ref()?;
    let word = level.raw.label.clone().or_else(|| level.raw.value.clone())?;
    Some(match level.position {
        Some(position) => format!("{word} ({}/{})", position.rank, position.of),
        None => word,
    })
}

pub fn framework(concept: &Concept) -> String {
    match concept.taxonomy.as_str() {
        "esco" => "ESCO".to_owned(),
        "onet" => "O*NET".to_owned(),
        "case" => "CASE".to_owned(),
        "ctdl" => "CTDL".to_owned(),
        "rsd" => "Rich Skill Descriptors".to_owned(),
        "lightcast" => "Lightcast Open Skills".to_owned(),
        other => concept.framework_name.clone().unwrap_or_else(|| other.to_owned()),
    }
}

fn mapping(status: MappingStatus) -> &'static str {
    match status {
        MappingStatus::Declared => "declared",
        MappingStatus::DeclaredMismatch => "declared_mismatch",
        MappingStatus::Mapped => "mapped",
        MappingStatus::Unmapped => "unmapped",
        MappingStatus::Rejected => "rejected",
    }
}

/// Only when it is not plainly attained: the end of a text's key.
pub fn attainment(attainment: Attainment) -> Option<&'static str> {
    match attainment {
        Attainment::Attained => None,
        Attainment::InProgress => Some("in_progress"),
        Attainment::NotAttained => Some("not_attained"),
        Attainment::Unknown => Some("unknown"),
    }
}
