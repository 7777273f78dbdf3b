//! HR Open LER-RS: a résumé as a document. Its own statements are self-asserted; the credentials inside it, verified alone, are
//! parts. Comes in: the document, bare or as a credential's subject. Goes out: self-asserted skills.

use super::reader::{Node, preferred};
use super::skills::{Skills, Stated};
use super::{Draft, frameworks, open_badges_3};
use crate::model::credential::{Achievement, Attainment, LanguageMap};
use crate::model::skill::{AssertedBy, Concept, Derivation, Relation};

/// Sections about skills or learning; all other sections hold personal details.
const SECTIONS: &[&str] = &["certifications", "licenses", "educationAndLearnings", "employmentHistories"];

pub fn read(root: &Node<'_>, draft: &mut Draft) -> Skills {
    let mut skills = Skills::default();
    open_badges_3::read_frame(root, draft);
    draft.asserted_by = AssertedBy::Self_;
    draft.credential.attainment = Attainment::Unknown;
    draft.credential.achievement = Achievement {
        name: LanguageMap::from([("en".to_owned(), "Learning and employment record".to_owned())]),
        achievement_type: Some("LearningAndEmploymentRecord".to_owned()),
        ..Achievement::default()
    };
    let document = root.list("credentialSubject").into_iter().next().unwrap_or_else(|| root.clone());
    if draft.credential_id.is_none() {
        draft.credential_id = document.get("documentId").and_then(|id| id.text().or_else(|| id.text_of("value")));
    }
    for skill in document.list("skills") {
        read_skill(&skill, &mut skills);
    }
    for section in SECTIONS {
        for entry in document.list(section).iter().filter(|entry| entry.get("verifications").is_none()) {
            draft.warn("self_stated", Some(&entry.pointer), "The person states this; no credential in the document supports it.");
        }
    }
    draft.warn_of_withheld(&document, &["person", "communication", "narratives", "attachments"]);
    skills
}

fn read_skill(node: &Node<'_>, skills: &mut Skills) {
    let names = node.get("name").map(|name| name.languages(None)).unwrap_or_default();
    let Some(original) = preferred(&names).map(|(_, text)| text.to_owned()) else { return };
    let reference = node
        .get("definitionReference")
        .and_then(|reference| reference.any(&["reference", "id", "url"]).and_then(|id| id.text()).or_else(|| reference.text()));
    let scheme = node
        .get("schemeReference")
        .and_then(|scheme| scheme.text().or_else(|| scheme.any(&["reference", "name"]).and_then(|id| id.text())));
    let concept = reference.map(|reference| {
        let known = frameworks::by_url(&reference);
        let is_uri = url::Url::parse(&reference).is_ok();
        Concept {
            taxonomy: frameworks::taxonomy(Some(&reference), scheme.as_deref()),
            taxonomy_version: None,
            uri: known.as_ref().map(|known| known.uri.clone()).or_else(|| Some(reference.clone()).filter(|_| is_uri)),
            code: known.and_then(|known| known.code).or_else(|| Some(reference).filter(|_| !is_uri)),
            label: Some(original.clone()),
            framework_name: scheme,
            relation: Relation::Exact,
            confidence: None,
            mapping: None,
        }
    });
    skills.add(Stated {
        names,
        original,
        concept,
        derivation: Derivation::SelfAsserted,
        level: None,
        attainment: None,
        pointer: node.pointer.clone(),
    });
}
