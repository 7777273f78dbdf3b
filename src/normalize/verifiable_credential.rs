//! W3C Verifiable Credentials of other kinds, and SD-JWT credentials without a W3C data model.
//! Comes in: the credential. Goes out: the achievements and skills in members with known names. Other members are not read, and
//! warnings list them.

use super::Draft;
use super::alignment::Surroundings;
use super::attainment::stray;
use super::open_badges_3::{self, read_tag, take_alignment};
use super::reader::{NO_LANGUAGE, Node, preferred, trimmed};
use super::skills::Skills;
use super::type_metadata;
use crate::model::credential::{Achievement, Attainment, LanguageMap};
use crate::model::skill::Derivation;

/// Members of a subject with an award, in the common vocabularies.
const AWARDS: &[&str] = &["hasCredential", "degree", "certification", "license", "educationalCredentialAwarded", "qualification"];
/// Members with skills, as labels or as concepts.
const SKILLS: &[&str] = &["knowsAbout", "skills", "skill", "competency", "competencies", "ceterms:hasCompetency"];

/// Members and claims that are not about the subject (SD-JWT VC §3.2.2.2, VCDM 1.1 and 2.0).
const FRAME: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "cnf",
    "vct",
    "vct#integrity",
    "status",
    "issuer",
    "validFrom",
    "validUntil",
    "issuanceDate",
    "expirationDate",
    "credentialStatus",
    "credentialSchema",
    "credentialSubject",
    "proof",
];

pub fn read(root: &Node<'_>, draft: &mut Draft) -> Skills {
    let mut skills = Skills::default();
    open_badges_3::read_frame(root, draft);
    if draft.credential.issuer.id.is_empty() {
        draft.credential.issuer.id = root.text_of("iss").unwrap_or_default();
    }
    draft.credential.attainment = Attainment::Unknown;
    let subject = root.list("credentialSubject").into_iter().next().unwrap_or_else(|| root.clone());
    if subject.list("achievement").first().is_some_and(|achievement| achievement.value.is_object()) {
        open_badges_3::read_subject(&subject, draft, &mut skills);
        return skills;
    }
    draft.doubt(
        [&subject, root].iter().filter_map(|node| stray::of(node, &["credentialSubject", "credentialStatus", "proof"])),
        &mut skills,
    );
    let award = AWARDS.iter().flat_map(|name| subject.list(name)).next();
    if let Some(award) = &award {
        draft.credential.achievement = describe(award);
    }
    if let Some(metadata) = draft.type_metadata.clone() {
        let achievement = &mut draft.credential.achievement;
        if achievement.name.is_empty() {
            achievement.name = type_metadata::text(&metadata, "name");
        }
        if achievement.description.is_empty() {
            achievement.description = type_metadata::text(&metadata, "description");
        }
    }
    if draft.credential.achievement.name.is_empty() {
        draft.credential.achievement.name = LanguageMap::from([("en".to_owned(), type_name(root))]);
    }
    for name in SKILLS {
        for node in subject.list(name) {
            read_skill(&node, draft, &mut skills);
        }
    }
    let read: Vec<&str> = AWARDS.iter().chain(SKILLS).copied().chain(["id", "type"]).collect();
    match subject.pointer.starts_with("/credentialSubject") {
        true => draft.warn_of_unread(&subject, &read),
        // A token mixes claims about the token and claims about the person at one level.
        false => draft.warn_of_unread(root, &[&read, FRAME].concat()),
    }
    skills
}

fn describe(award: &Node<'_>) -> Achievement {
    let name = award.any(&["name", "title"]).map(|name| name.languages(None)).unwrap_or_default();
    let text = award.value.as_str().map(trimmed).filter(|text| !text.is_empty());
    Achievement {
        id: award.text_of("id"),
        name: if name.is_empty() {
            text.map(|text| LanguageMap::from([(NO_LANGUAGE.to_owned(), text)])).unwrap_or_default()
        } else {
            name
        },
        achievement_type: award.types().first().map(|name| (*name).to_owned()),
        description: award.get("description").map(|node| node.languages(None)).unwrap_or_default(),
        ..Achievement::default()
    }
}

/// The most specific type, in words: `UniversityDegreeCredential` → `University Degree Credential`.
fn type_name(root: &Node<'_>) -> String {
    let special = root.types().into_iter().rfind(|name| *name != "VerifiableCredential").map(str::to_owned);
    let name = special.or_else(|| root.text_of("vct")).unwrap_or_else(|| "Credential".to_owned());
    let mut words = String::new();
    for character in name.chars().take(120) {
        if character.is_uppercase() && words.ends_with(char::is_lowercase) {
            words.push(' ');
        }
        words.push(character);
    }
    words
}

fn read_skill(node: &Node<'_>, draft: &mut Draft, skills: &mut Skills) {
    let around = Surroundings { is_competency: true, ..Surroundings::default() };
    match node.value {
        serde_json::Value::Object(_) if node.any(&["targetUrl", "targetName", "url", "id"]).is_some() => {
            take_alignment(node, &around, None, draft, skills);
        }
        serde_json::Value::Object(_) => match node.any(&["name", "prefLabel", "label"]) {
            Some(name) if preferred(&name.languages(None)).is_some() => skills.add_label(&name, None, Derivation::IssuerTag),
            _ => draft.warn("not_carried_over", Some(&node.pointer), "This skill has no readable name."),
        },
        _ => read_tag(node, &around, draft, skills),
    }
}
