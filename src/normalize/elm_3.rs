//! European Learning Model 3 (European Digital Credentials for Learning).
//! Comes in: a EuropeanDigitalCredential. Goes out: the claims' achievements with learning outcomes as skills.
//! Claims nest. A concept under several outcomes becomes one skill with several pointers.

use super::attainment::words::{Word, word};
use super::attainment::{Given, Kind, Required, combined, counts_as};
use super::reader::{Node, preferred};
use super::skills::{Skills, Stated};
use super::{Draft, frameworks, level, open_badges_3};
use crate::model::credential::{Achievement, Attainment, Credits, QualificationLevel, ResultValue};
use crate::model::skill::{Concept, Derivation, Level, Relation};

pub fn read(root: &Node<'_>, draft: &mut Draft) -> Skills {
    let mut skills = Skills::default();
    open_badges_3::read_frame(root, draft);
    draft.credential.attainment = Attainment::Attained;
    let claims: Vec<Node<'_>> = root.list("credentialSubject").iter().flat_map(|subject| subject.list("hasClaim")).collect();
    for (index, claim) in claims.iter().enumerate() {
        if index == 0 {
            draft.credential.achievement = describe(claim);
        }
        read_claim(claim, Attainment::Attained, draft, &mut skills);
    }
    if claims.is_empty() {
        draft.warn("no_claim", Some("/credentialSubject"), "The credential makes no claim that can be read.");
    }
    draft.warn_of_withheld(root, &["evidence", "displayParameter"]);
    skills
}

fn describe(claim: &Node<'_>) -> Achievement {
    let specification = claim.list("specifiedBy").into_iter().next();
    let within = |names: &[&str]| specification.as_ref().and_then(|node| node.any(names)).or_else(|| claim.any(names));
    let texts = |names: &[&str]| within(names).map(|node| node.languages(None)).unwrap_or_default();
    let credits = specification.as_ref().and_then(|node| node.list("creditPoint").into_iter().next()).map(|credit| Credits {
        available: credit.number_of("point"),
        earned: None,
        unit: credit.get("framework").and_then(|framework| label(&framework)),
    });
    Achievement {
        id: specification.as_ref().and_then(Node::id),
        name: texts(&["title", "prefLabel"]),
        achievement_type: claim.types().first().map(|name| (*name).to_owned()),
        description: texts(&["description", "definition"]),
        field_of_study: within(&["ISCEDFCode", "thematicArea"]).and_then(|field| field.items().first().and_then(label)),
        credits,
        ..Achievement::default()
    }
}

/// Reads a claim and its parts. The depth of the JSON bounds the recursion.
///
/// `whole`: the attainment of the enclosing claim.
fn read_claim(claim: &Node<'_>, whole: Attainment, draft: &mut Draft, skills: &mut Skills) {
    // A claim may be an assessment itself; its parts are claims, too.
    let mut said = read_grades(claim, draft);
    for assessment in claim.list("provenBy") {
        read_assessment(&assessment, draft, &mut said);
    }
    let counts_as = combined(said.into_iter().chain([whole])).unwrap_or(whole);
    draft.credential.attainment = combined([draft.credential.attainment, counts_as]).unwrap_or(counts_as);
    for specification in claim.list("specifiedBy") {
        for (name, framework, basis) in [
            ("EQFLevel", "EQF", "eqf_level"),
            ("eqfLevel", "EQF", "eqf_level"),
            ("NQFLevel", "NQF", "nqf_level"),
            ("nqfLevel", "NQF", "nqf_level"),
        ] {
            for concept in specification.list(name) {
                read_level(&concept, framework, basis, draft);
            }
        }
        for outcome in specification.list("learningOutcome") {
            read_outcome(&outcome, counts_as, skills);
        }
    }
    for name in ["hasPart", "hasSubLearningAchievement"] {
        for part in claim.list(name) {
            read_claim(&part, counts_as, draft, skills);
        }
    }
}

fn read_level(concept: &Node<'_>, framework: &str, basis: &str, draft: &mut Draft) {
    let id = concept.id().unwrap_or_default();
    let name = label(concept).or_else(|| id.rsplit('/').next().map(str::to_owned)).unwrap_or_default();
    let framework = concept.get("inScheme").and_then(|scheme| label(&scheme)).unwrap_or_else(|| framework.to_owned());
    let level = QualificationLevel { framework, level: name, basis: basis.to_owned() };
    if !level.level.is_empty() && !draft.credential.qualification_level.contains(&level) {
        draft.credential.qualification_level.push(level);
    }
}

/// Reads an assessment and its parts.
fn read_assessment(assessment: &Node<'_>, draft: &mut Draft, said: &mut Vec<Attainment>) {
    said.extend(read_grades(assessment, draft));
    for part in assessment.list("hasPart") {
        read_assessment(&part, draft, said);
    }
}

/// European credentials name no required grade, so only known words count.
fn read_grades(assessment: &Node<'_>, draft: &mut Draft) -> Vec<Attainment> {
    let status = assessment.list("gradeStatus").into_iter().flat_map(|status| all_words(&status));
    let statuses: Vec<Given> = status.map(|word| word.map_or(Given::Unreadable, Given::Status)).collect();
    let required = if statuses.is_empty() { Required::Nothing } else { Required::AnsweredElsewhere };
    let mut said: Vec<Attainment> = statuses.into_iter().map(|given| counts_as(Kind::Graded, required, given)).collect();
    for grade in assessment.list("grade") {
        let words = all_words(&grade);
        let given = words.into_iter().map(|word| word.map_or(Given::Uncompared, Given::Word));
        let grade_says = combined(given.map(|given| counts_as(Kind::Graded, required, given))).unwrap_or_default();
        let title = assessment.get("title").map(|title| title.languages(None));
        let note = grade.get("noteLiteral").map(|note| note.languages(None));
        draft.take_result(ResultValue {
            name: title.and_then(|map| preferred(&map).map(|(_, text)| text.to_owned())),
            value: note
                .and_then(|map| preferred(&map).map(|(_, text)| text.to_owned()))
                .or_else(|| grade.text())
                .or_else(|| label(&grade)),
            counts_as: combined(said.iter().copied().chain([grade_says])).unwrap_or_default(),
            source_pointer: grade.pointer.clone(),
            ..ResultValue::default()
        });
        said.push(grade_says);
    }
    said
}

/// The meaning of a grade, or of a status concept, in each language; `None` for an unknown word.
fn all_words(node: &Node<'_>) -> Vec<Option<Word>> {
    let texts = ["noteLiteral", "prefLabel", "title", "name"].iter().filter_map(|name| node.get(name));
    let mut texts: Vec<String> = texts.flat_map(|text| text.languages(None).into_values()).collect();
    if texts.is_empty() {
        texts.extend(node.id());
    }
    if texts.is_empty() { vec![None] } else { texts.iter().map(|text| word(text)).collect() }
}

/// An outcome's related concepts are its skills. Without related concepts, its title is a skill in the issuer's own words.
fn read_outcome(outcome: &Node<'_>, counts_as: Attainment, skills: &mut Skills) {
    let related: Vec<Node<'_>> = ["relatedESCOSkill", "relatedSkill"].iter().flat_map(|name| outcome.list(name)).collect();
    let level = related.iter().find_map(digcomp_level);
    let mut taken = 0_usize;
    for concept in related.iter().filter(|concept| digcomp_level(concept).is_none()) {
        taken += usize::from(take_concept(concept, level.as_ref(), counts_as, skills));
    }
    if taken == 0
        && let Some(title) = outcome.any(&["title", "prefLabel"])
    {
        let names = title.languages(None);
        let Some(original) = preferred(&names).map(|(_, text)| text.to_owned()) else { return };
        let pointer = title.pointer.clone();
        skills.add(Stated {
            names,
            original,
            concept: None,
            derivation: Derivation::IssuerTag,
            level,
            attainment: Some(counts_as),
            pointer,
        });
    }
}

/// The levels of DigComp are separate concepts with names such as `Level 4`.
fn digcomp_level(concept: &Node<'_>) -> Option<Level> {
    let id = concept.id().filter(|id| id.contains("data.europa.eu/snb/dcf/"))?;
    level::of_framework("digcomp", &label(concept)?, Some(id))
}

fn take_concept(node: &Node<'_>, level: Option<&Level>, counts_as: Attainment, skills: &mut Skills) -> bool {
    let names = node.any(&["prefLabel", "title", "targetName", "name"]).map(|name| name.languages(None)).unwrap_or_default();
    let id = node.any(&["id", "targetUrl", "uri"]).and_then(|id| id.text()).or_else(|| node.value.as_str().map(str::to_owned));
    let known = id.as_deref().and_then(frameworks::by_url);
    let is_skill =
        known.as_ref().is_none_or(|known| matches!(known.kind, None | Some(crate::model::credential::AlignmentKind::Skill)));
    let Some(original) = preferred(&names).map(|(_, text)| text.to_owned()).or_else(|| id.clone()).filter(|_| is_skill) else {
        return false;
    };
    let scheme = node.get("inScheme").and_then(|scheme| label(&scheme));
    let concept = Concept {
        taxonomy: frameworks::taxonomy(id.as_deref(), scheme.as_deref()),
        taxonomy_version: None,
        uri: known.as_ref().map(|known| known.uri.clone()).or(id),
        code: known.and_then(|known| known.code),
        label: Some(original.clone()),
        framework_name: None,
        relation: Relation::Exact,
        confidence: None,
        mapping: None,
    };
    let level = level.filter(|_| concept.taxonomy == "digcomp").cloned();
    skills.add(Stated {
        names,
        original,
        concept: Some(concept),
        derivation: Derivation::IssuerAlignment,
        level,
        attainment: Some(counts_as),
        pointer: node.pointer.clone(),
    });
    true
}

fn label(concept: &Node<'_>) -> Option<String> {
    let names = concept.any(&["prefLabel", "title", "name"])?.languages(None);
    preferred(&names).map(|(_, text)| text.to_owned())
}
