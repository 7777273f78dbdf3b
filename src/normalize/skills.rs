//! Gathers the skills of one credential: each once, with the pointers to all its places.
//! Comes in: declared concepts and labels with their pointers. Goes out: [`SkillAssertion`]s with stable ids.
//! Must not know: credential formats, the later mapping of labels to concepts.

use super::reader::{NO_LANGUAGE, Node, preferred, trimmed};
use super::{MAX_SKILLS, Origin, attainment, level};
use crate::model::credential::{Attainment, LanguageMap};
use crate::model::skill::{AssertedBy, Concept, Derivation, Label, Level, MappingStatus, SkillAssertion, SkillKind, SkillStatus};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Major version of the common model: a part of every assertion id.
const MODEL_MAJOR: &str = "1";

/// A skill from a format's reader.
pub struct Stated {
    pub names: LanguageMap,
    pub original: String,
    pub concept: Option<Concept>,
    pub derivation: Derivation,
    pub level: Option<Level>,
    /// `None`: the attainment of the whole credential.
    pub attainment: Option<Attainment>,
    pub pointer: String,
}

/// The facts that all skills of a credential share.
pub struct Common<'a> {
    pub origin: &'a Origin,
    pub natural_key: Option<&'a str>,
    pub attainment: Attainment,
    pub asserted_by: AssertedBy,
    pub valid_from: Option<DateTime<Utc>>,
    pub valid_until: Option<DateTime<Utc>>,
}

/// The skills so far, with an index by concept and by label.
#[derive(Default)]
pub struct Skills {
    stated: Vec<Gathered>,
    by_uri: HashMap<String, usize>,
    by_label: HashMap<String, usize>,
    /// The number of skills over the limit, which were left out.
    pub dropped: usize,
}

struct Gathered {
    first: Stated,
    concepts: Vec<Concept>,
    pointers: Vec<String>,
}

impl Skills {
    /// Adds a skill. A known skill (same concept, or same label apart from case and spaces) gains a pointer.
    pub fn add(&mut self, stated: Stated) {
        let label = normalized(&stated.original);
        if label.is_empty() {
            return;
        }
        let uri = stated.concept.as_ref().and_then(|concept| concept.uri.clone());
        let known = uri.as_ref().and_then(|uri| self.by_uri.get(uri)).or_else(|| self.by_label.get(&label)).copied();
        if let Some(known) = known.and_then(|index| self.stated.get_mut(index)) {
            known.merge(stated);
        } else if self.stated.len() >= MAX_SKILLS {
            self.dropped += 1;
            return;
        } else {
            let pointers = vec![stated.pointer.clone()];
            let concepts = stated.concept.iter().cloned().collect();
            self.stated.push(Gathered { first: stated, concepts, pointers });
        }
        let index = known.unwrap_or(self.stated.len() - 1);
        self.by_label.entry(label).or_insert(index);
        if let Some(uri) = uri {
            self.by_uri.entry(uri).or_insert(index);
        }
    }

    /// A plain label, for example a tag.
    pub fn add_label(&mut self, node: &Node<'_>, language: Option<&str>, derivation: Derivation) {
        let names = node.languages(language);
        let Some((_, text)) = preferred(&names) else { return };
        let original = node.value.as_str().map_or_else(|| text.to_owned(), str::to_owned);
        let pointer = node.pointer.clone();
        self.add(Stated { original, names, concept: None, derivation, level: None, attainment: None, pointer });
    }

    pub fn len(&self) -> usize {
        self.stated.len()
    }

    pub fn is_empty(&self) -> bool {
        self.stated.is_empty()
    }

    /// Applies the attainment of the whole credential to all skills, also to skills with their own result.
    pub fn doubt(&mut self, said: Attainment) {
        for own in self.stated.iter_mut().filter_map(|gathered| gathered.first.attainment.as_mut()) {
            *own = attainment::combined([*own, said]).unwrap_or(said);
        }
    }

    /// The only skill, if there is exactly one.
    pub fn only(&mut self) -> Option<&mut Stated> {
        match self.stated.as_mut_slice() {
            [only] => Some(&mut only.first),
            _ => None,
        }
    }

    pub fn finish(self, common: &Common<'_>) -> Vec<SkillAssertion> {
        self.stated.into_iter().map(|gathered| gathered.assertion(common)).collect()
    }
}

impl Gathered {
    fn merge(&mut self, other: Stated) {
        if !self.pointers.contains(&other.pointer) {
            self.pointers.push(other.pointer);
        }
        if let Some(concept) = other.concept
            && !self.concepts.iter().any(|one| one.uri == concept.uri && one.code == concept.code)
        {
            self.concepts.push(concept);
        }
        for (language, text) in other.names {
            self.first.names.entry(language).or_insert(text);
        }
        // The signature over RDF does not cover the order of results, so the order must not matter.
        self.first.level = match (self.first.level.take(), other.level) {
            (Some(one), Some(other)) => Some(level::lower(one, other)),
            (one, other) => one.or(other),
        };
        self.first.attainment = attainment::combined(self.first.attainment.into_iter().chain(other.attainment));
    }

    fn assertion(self, common: &Common<'_>) -> SkillAssertion {
        let is_declared = self.concepts.iter().any(|concept| concept.uri.is_some() || concept.code.is_some());
        let status = if is_declared { MappingStatus::Declared } else { MappingStatus::Unmapped };
        let kind = self.concepts.first().map_or(SkillKind::Unknown, kind);
        let source = self
            .first
            .concept
            .as_ref()
            .and_then(|concept| concept.uri.clone())
            .unwrap_or_else(|| normalized(&self.first.original));
        SkillAssertion {
            assertion_id: assertion_id(common, &source),
            label: label(self.first.names, self.first.original),
            kind,
            concepts: if is_declared { self.concepts } else { Vec::new() },
            mapping_status: status,
            derivation: self.first.derivation,
            confidence: None,
            level: self.first.level,
            attainment: self.first.attainment.unwrap_or(common.attainment),
            asserted_by: common.asserted_by,
            source_pointers: self.pointers,
            merged_from: Vec::new(),
            valid_from: common.valid_from,
            valid_until: common.valid_until,
            alternatives: Vec::new(),
            status: SkillStatus::Asserted,
        }
    }
}

/// The form in which labels are compared: without differences in case and white space.
pub fn normalized(label: &str) -> String {
    trimmed(label).to_lowercase()
}

/// UUIDv5 over tenant, candidate, natural key, source and model version, with unambiguous separators. The mapped concept and the
/// place in the list are left out, because they can change while the assertion stays the same.
fn assertion_id(common: &Common<'_>, source: &str) -> String {
    let candidate = common.origin.candidate_ref.as_ref().map_or("", |candidate| candidate.as_str());
    let key = common.natural_key.unwrap_or(&common.origin.fingerprint);
    let parts = [common.origin.tenant_id.as_str(), candidate, key, source, MODEL_MAJOR];
    let name = serde_json::Value::from(parts.to_vec()).to_string();
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"skill-assertion.skillgate.org");
    Uuid::new_v5(&namespace, name.as_bytes()).to_string()
}

fn label(mut names: LanguageMap, original: String) -> Label {
    let shown = preferred(&names).map(|(language, text)| (language.to_owned(), text.to_owned()));
    let (language, text) = shown.unwrap_or_else(|| (NO_LANGUAGE.to_owned(), trimmed(&original)));
    names.remove(&language);
    Label {
        text,
        lang: Some(language).filter(|language| language != NO_LANGUAGE && language != "@none"),
        original,
        translations: names,
    }
}

fn kind(concept: &Concept) -> SkillKind {
    match concept.taxonomy.as_str() {
        "cefr" => SkillKind::Language,
        _ => SkillKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{CandidateRef, TenantId};
    use crate::model::skill::Relation;

    fn stated(text: &str, uri: Option<&str>, pointer: &str) -> Stated {
        let concept = uri.map(|uri| Concept {
            taxonomy: "esco".to_owned(),
            taxonomy_version: None,
            uri: Some(uri.to_owned()),
            code: None,
            label: None,
            framework_name: None,
            relation: Relation::Exact,
            confidence: None,
            mapping: None,
        });
        let names = LanguageMap::from([("en".to_owned(), trimmed(text))]);
        Stated {
            names,
            original: text.to_owned(),
            concept,
            derivation: Derivation::IssuerTag,
            level: None,
            attainment: None,
            pointer: pointer.to_owned(),
        }
    }

    fn finished(all: Vec<Stated>, candidate: &str) -> Vec<SkillAssertion> {
        let mut skills = Skills::default();
        all.into_iter().for_each(|one| skills.add(one));
        let origin = Origin {
            tenant_id: TenantId::from("default"),
            candidate_ref: Some(CandidateRef::from(candidate)),
            fingerprint: "f".to_owned(),
        };
        let common = Common {
            origin: &origin,
            natural_key: Some("k"),
            attainment: Attainment::Attained,
            asserted_by: AssertedBy::Issuer,
            valid_from: None,
            valid_until: None,
        };
        skills.finish(&common)
    }

    #[test]
    fn a_skill_is_listed_once_with_all_its_places() {
        let skills = finished(
            vec![
                stated("Python", Some("urn:p"), "/a/0"),
                stated(" python ", None, "/t/0"),
                stated("Snake language", Some("urn:p"), "/a/1"),
                stated("Writing", None, "/t/1"),
            ],
            "c",
        );
        assert_eq!(skills.iter().map(|skill| skill.source_pointers.len()).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(
            skills.iter().map(|skill| skill.mapping_status).collect::<Vec<_>>(),
            [MappingStatus::Declared, MappingStatus::Unmapped]
        );
    }

    #[test]
    fn the_id_survives_another_order_and_spelling_but_not_another_person() {
        let one = finished(vec![stated("A", None, "/t/0"), stated("Two  words", None, "/t/1")], "c");
        let other = finished(vec![stated("two words ", None, "/t/0"), stated("A", None, "/t/1")], "c");
        let id = |skills: &[SkillAssertion], index: usize| skills.get(index).map(|skill| skill.assertion_id.clone());
        assert_eq!(id(&one, 1), id(&other, 0));
        let stranger = finished(vec![stated("A", None, "/t/0")], "d");
        assert_ne!(id(&one, 0), id(&stranger, 0));
    }

    #[test]
    fn thousands_of_tags_are_cut_and_counted() {
        let mut skills = Skills::default();
        for index in 0..MAX_SKILLS + 7 {
            skills.add(stated(&format!("tag {index}"), None, "/t"));
        }
        assert_eq!((skills.len(), skills.dropped), (MAX_SKILLS, 7));
    }
}
