//! Comprehensive Learner Record 2.0: a record of independent credentials.
//! Comes in: a ClrCredential and the inner credentials that were verified alone. Goes out: the record with its parts.
//! The record's signature does not make an inner credential valid: only verified inner credentials are read.

use super::reader::{Node, trimmed};
use super::skills::Skills;
use super::{Draft, Origin, natural_key, normalize, open_badges_3};
use crate::model::credential::{Attainment, Format, NormalizedCredential, Part, VerifiedDocument};
use crate::model::report::VerificationReport;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

pub fn read(root: &Node<'_>, draft: &mut Draft) -> Skills {
    open_badges_3::read_frame(root, draft);
    draft.credential.attainment = Attainment::Unknown;
    draft.credential.achievement.achievement_type = Some("LearnerRecord".to_owned());
    // A record has no achievement, and its `name` may be a person's name, so the type serves as the name.
    draft.credential.achievement.name.insert("en".to_owned(), "Comprehensive Learner Record".to_owned());
    for subject in root.list("credentialSubject") {
        for achievement in subject.list("achievement") {
            draft.warn(
                "described_only",
                Some(&achievement.pointer),
                "The record describes this achievement, but no credential in the record awards it.",
            );
        }
        for association in subject.list("association") {
            draft.warn(
                "not_carried_over",
                Some(&association.pointer),
                "This relation between achievements was not carried over, because the common model has no place for it.",
            );
        }
    }
    Skills::default()
}

/// Normalises the verified inner credentials, and adds their skills to the outer credential's skills.
pub fn add_parts(
    credential: &mut NormalizedCredential,
    document: &VerifiedDocument,
    report: &VerificationReport,
    origin: &Origin,
) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, skill) in credential.skills.iter().enumerate() {
        seen.insert(skill_key(skill), index);
    }
    for (pointer, inner) in &document.nested {
        let inner_report = report.nested.iter().find(|nested| &nested.pointer == pointer).map_or(report, |nested| &nested.report);
        let fingerprint = hex::encode(Sha256::digest(inner.json.to_string()));
        let inner_origin = Origin { fingerprint, ..origin.clone() };
        let part = normalize(inner, inner_report, &inner_origin);
        for skill in &part.skills {
            let mut skill = skill.clone();
            skill.source_pointers.iter_mut().for_each(|place| place.insert_str(0, pointer));
            let key = skill_key(&skill);
            match seen.get(&key).and_then(|&index| credential.skills.get_mut(index)) {
                Some(known) => {
                    known.source_pointers.append(&mut skill.source_pointers);
                    if known.assertion_id != skill.assertion_id && !known.merged_from.contains(&skill.assertion_id) {
                        known.merged_from.push(skill.assertion_id);
                    }
                }
                None => {
                    seen.insert(key, credential.skills.len());
                    credential.skills.push(skill);
                }
            }
        }
        credential.parts.push(Part { pointer: pointer.clone(), credential: part });
    }
    if document.format == Format::Clr2 {
        credential.attainment = of_record(&credential.parts);
    }
}

/// A record awards nothing itself: it has the attainment that all its parts share.
fn of_record(parts: &[Part]) -> Attainment {
    let mut all = parts.iter().map(|part| part.credential.attainment);
    let first = all.next().unwrap_or_default();
    if all.all(|other| other == first) { first } else { Attainment::Unknown }
}

/// Two credentials give the same skill when concept (or else label) and attainment are equal.
fn skill_key(skill: &crate::model::skill::SkillAssertion) -> String {
    let concept = skill.concepts.first().and_then(|concept| concept.uri.clone());
    let what = concept.unwrap_or_else(|| trimmed(&skill.label.text).to_lowercase());
    natural_key(&what, &format!("{:?} {:?}", skill.attainment, skill.asserted_by))
}
