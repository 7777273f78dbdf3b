//! Open Badges 3.0.
//! Comes in: an OpenBadgeCredential (AchievementCredential). Goes out: achievement, results, levels and skills.
//! The credential's own `name` is never read, because real platforms write the holder's name there.

use super::Draft;
use super::alignment::{self, Aligned, Surroundings};
use super::attainment;
use super::level::{self, Read};
use super::reader::{Node, preferred};
use super::skills::{Skills, Stated};
use crate::model::credential::{Achievement, AlignmentKind, Attainment, Credits, LanguageMap, QualificationLevel};
use crate::model::skill::Derivation;

const CREDENTIAL: &[&str] = &[
    "id",
    "type",
    "issuer",
    "credentialSubject",
    "name",
    "description",
    "image",
    "proof",
    "validFrom",
    "validUntil",
    "issuanceDate",
    "expirationDate",
    "issued",
    "awardedDate",
    "credentialStatus",
    "credentialSchema",
    "refreshService",
    "termsOfUse",
    "evidence",
    "endorsement",
    "endorsementJwt",
];
const SUBJECT: &[&str] = &[
    "id",
    "type",
    "identifier",
    "achievement",
    "result",
    "creditsEarned",
    "source",
    "role",
    "narrative",
    "licenseNumber",
    "term",
    "image",
    "activityStartDate",
    "activityEndDate",
    "name",
    "givenName",
    "familyName",
];
const ACHIEVEMENT: &[&str] = &[
    "id",
    "type",
    "name",
    "description",
    "achievementType",
    "criteria",
    "image",
    "alignment",
    "tag",
    "fieldOfStudy",
    "specialization",
    "humanCode",
    "inLanguage",
    "version",
    "creditsAvailable",
    "resultDescription",
    "creator",
    "otherIdentifier",
    "related",
    "endorsement",
    "endorsementJwt",
    "ECTS",
];
/// Members that may identify the person.
const WITHHELD: &[&str] = &["narrative", "licenseNumber", "role"];

/// Achievement types with their level of ISCED 2011.
const ISCED: &[(&str, &str)] = &[
    ("SecondarySchoolDiploma", "3"),
    ("GeneralEducationDevelopment", "3"),
    ("AssociateDegree", "5"),
    ("BachelorDegree", "6"),
    ("MasterDegree", "7"),
    ("DoctoralDegree", "8"),
    ("ProfessionalDoctorate", "8"),
    ("ResearchDoctorate", "8"),
];

pub fn read(root: &Node<'_>, draft: &mut Draft) -> Skills {
    read_frame(root, draft);
    draft.warn_of_unread(root, CREDENTIAL);
    draft.warn_of_withheld(root, &["evidence"]);
    let mut skills = Skills::default();
    let subjects = root.list("credentialSubject");
    for subject in subjects.iter().skip(1) {
        draft.warn(
            "several_subjects",
            Some(&subject.pointer),
            "The credential has several subjects, and only the first was read.",
        );
    }
    if let Some(subject) = subjects.first() {
        read_subject(subject, draft, &mut skills);
    }
    // It is unknown which of several subjects is the person, so every subject's results count.
    let doubt = (subjects.len() > 1).then_some(Attainment::Unknown);
    draft.doubt(attainment::stray::of(root, CREDENTIAL).into_iter().chain(doubt), &mut skills);
    skills
}

/// Identifier, issuer and dates, which are the same in all W3C credentials.
pub fn read_frame(root: &Node<'_>, draft: &mut Draft) {
    draft.credential_id = root.any(&["id", "jti"]).and_then(|id| id.text());
    if let Some(issuer) = root.get("issuer") {
        draft.credential.issuer = Draft::issuer(&issuer);
    }
    draft.credential.valid_from = draft.moment(root, &["validFrom", "issuanceDate"]);
    draft.credential.valid_until = draft.moment(root, &["validUntil", "expirationDate"]);
    draft.credential.awarded_at = draft.moment(root, &["awardedDate", "issued"]);
}

/// Reads an AchievementSubject.
pub fn read_subject(subject: &Node<'_>, draft: &mut Draft, skills: &mut Skills) {
    draft.warn_of_unread(subject, SUBJECT);
    draft.warn_of_withheld(subject, WITHHELD);
    if let Some(source) = subject.get("source") {
        draft.credential.assessor = Some(Draft::issuer(&source));
    }
    let Some(achievement) = subject.list("achievement").into_iter().next() else {
        draft.warn("no_achievement", Some(&subject.pointer), "The credential names no achievement.");
        return;
    };
    draft.warn_of_unread(&achievement, ACHIEVEMENT);
    draft.credential.achievement = describe(&achievement, Some(subject));
    if let Some((_, isced)) =
        ISCED.iter().find(|(name, _)| draft.credential.achievement.achievement_type.as_deref() == Some(name))
    {
        let basis = "achievement_type".to_owned();
        draft.credential.qualification_level.push(QualificationLevel {
            framework: "ISCED".to_owned(),
            level: (*isced).to_owned(),
            basis,
        });
    }

    let descriptions = achievement.list("resultDescription");
    let results = subject.list("result");
    let mut results = level::read(&results, &descriptions, draft.order);
    if draft.results_withholdable {
        // A result that was left out may contradict this.
        for result in results.iter_mut().filter(|result| result.value.counts_as == Attainment::Attained) {
            result.value.counts_as = Attainment::Unknown;
        }
    }
    for result in &results {
        draft.take_result(result.value.clone());
    }
    let said = results.iter().map(|result| result.value.counts_as);
    let nothing_said = if draft.results_withholdable { Attainment::Unknown } else { Attainment::Attained };
    draft.credential.attainment = attainment::combined(said).unwrap_or(nothing_said);
    read_skills(&achievement, &results, draft, skills);
    draft.doubt(attainment::stray::of(subject, SUBJECT), skills);
}

/// Reads the achievement without its skills.
pub fn describe(achievement: &Node<'_>, subject: Option<&Node<'_>>) -> Achievement {
    let language = achievement.text_of("inLanguage");
    let texts = |name| achievement.get(name).map(|node| node.languages(language.as_deref())).unwrap_or_default();
    let text = |name| {
        achievement
            .get(name)
            .and_then(|node| node.text().or_else(|| preferred(&node.languages(None)).map(|(_, text)| text.to_owned())))
    };
    let ects = achievement.number_of("ECTS");
    let credits = Credits {
        available: achievement.number_of("creditsAvailable").or(ects),
        earned: subject.and_then(|subject| subject.number_of("creditsEarned")),
        unit: ects.map(|_| "ECTS".to_owned()),
    };
    let has_credits = credits.available.is_some() || credits.earned.is_some();
    Achievement {
        id: achievement.text_of("id").or_else(|| achievement.value.as_str().map(str::to_owned)),
        name: texts("name"),
        achievement_type: achievement.get("achievementType").and_then(|node| node.items().first().and_then(Node::text)),
        description: texts("description"),
        criteria_url: achievement.get("criteria").and_then(|criteria| criteria.id()),
        field_of_study: text("fieldOfStudy"),
        specialization: text("specialization"),
        human_code: text("humanCode"),
        version: text("version"),
        in_language: language,
        credits: Some(credits).filter(|_| has_credits),
        other_alignments: Vec::new(),
    }
}

fn read_skills(achievement: &Node<'_>, results: &[Read<'_>], draft: &mut Draft, skills: &mut Skills) {
    let described = &draft.credential.achievement;
    let around = Surroundings {
        own_pages: [described.id.clone(), described.criteria_url.clone(), achievement.id_of("image")]
            .into_iter()
            .flatten()
            .collect(),
        language: described.in_language.clone(),
        is_competency: described.achievement_type.as_deref() == Some("Competency"),
    };
    for node in achievement.list("alignment") {
        take_alignment(&node, &around, None, draft, skills);
    }
    // A result without alignments is about the whole achievement, and so about every skill.
    let of_all = || results.iter().filter(|result| result.alignments.is_empty()).map(|result| result.value.counts_as);
    for result in results {
        let counts_as = attainment::combined(of_all().chain([result.value.counts_as]));
        for node in &result.alignments {
            take_alignment(node, &around, Some((result, counts_as)), draft, skills);
        }
    }
    if around.is_competency
        && skills.is_empty()
        && let Some(name) = achievement.get("name")
    {
        skills.add_label(&name, around.language.as_deref(), Derivation::AchievementName);
    }
    read_tags(achievement, "tag", &around, draft, skills);
    // A result gives a level. With a single result and a single skill, it is clear which skill has this level.
    let leveled: Vec<_> =
        results.iter().filter(|result| result.alignments.is_empty()).filter_map(|result| result.level.as_ref()).collect();
    if let ([level], Some(only)) = (leveled.as_slice(), skills.only())
        && only.level.is_none()
    {
        only.level = Some((*level).clone());
    }
}

/// Adds one alignment to the list of its kind.
///
/// `result`: the result with the alignment, and the attainment that it gives to the skill.
pub fn take_alignment(
    node: &Node<'_>,
    around: &Surroundings,
    result: Option<(&Read<'_>, Option<Attainment>)>,
    draft: &mut Draft,
    skills: &mut Skills,
) {
    let Some(aligned) = alignment::read(node, around) else {
        draft.warn("empty_alignment", Some(&node.pointer), "This alignment has neither a target nor a name.");
        return;
    };
    match aligned.kind {
        AlignmentKind::Skill => skills.add(stated(aligned, result)),
        AlignmentKind::QualificationLevel => {
            let level = aligned.qualification_level();
            if !draft.credential.qualification_level.contains(&level) {
                draft.credential.qualification_level.push(level);
            }
        }
        _ => {
            if draft.credential.achievement.other_alignments.len() < super::MAX_SKILLS {
                draft.credential.achievement.other_alignments.push(aligned.into_other());
            }
        }
    }
}

fn stated(aligned: Aligned, result: Option<(&Read<'_>, Option<Attainment>)>) -> Stated {
    let code = aligned.concept.code.as_deref().unwrap_or(&aligned.original);
    let own_level = level::of_framework(&aligned.concept.taxonomy, code, aligned.concept.uri.clone());
    let names = if aligned.names.is_empty() {
        LanguageMap::from([(super::reader::NO_LANGUAGE.to_owned(), aligned.original.clone())])
    } else {
        aligned.names
    };
    Stated {
        names,
        original: aligned.original,
        concept: Some(aligned.concept),
        derivation: Derivation::IssuerAlignment,
        level: result.and_then(|(result, _)| result.level.clone()).or(own_level),
        attainment: result.and_then(|(_, counts_as)| counts_as),
        pointer: aligned.pointer,
    }
}

/// The tags in one member.
pub fn read_tags(node: &Node<'_>, name: &str, around: &Surroundings, draft: &mut Draft, skills: &mut Skills) {
    for tag in node.list(name) {
        read_tag(&tag, around, draft, skills);
    }
}

/// A tag is a label without a concept, unless it is the URL of a known concept.
pub fn read_tag(tag: &Node<'_>, around: &Surroundings, draft: &mut Draft, skills: &mut Skills) {
    let text = tag.text();
    let is_url = text.as_deref().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"));
    if is_url && text.as_deref().and_then(super::frameworks::by_url).is_some() {
        take_alignment(tag, around, None, draft, skills);
    } else if is_url || preferred(&tag.languages(None)).is_none() {
        draft.warn("unreadable_tag", Some(&tag.pointer), "This tag is not a label.");
    } else {
        skills.add_label(tag, around.language.as_deref(), Derivation::IssuerTag);
    }
}
