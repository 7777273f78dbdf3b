//! Open Badges 1 and 2.
//! Comes in: the whole graph, with `badge` and its `issuer` inlined. Goes out: achievement and skills of the badge class.
//! The badge class is hosted and may change after the award; the fingerprint belongs to the content that was read.

use super::alignment::Surroundings;
use super::attainment::{self, stray};
use super::open_badges_3::{read_tags, take_alignment};
use super::reader::Node;
use super::skills::Skills;
use super::{Draft, level};
use crate::model::credential::{Achievement, Attainment};

const ASSERTION: &[&str] = &[
    "id",
    "uid",
    "type",
    "badge",
    "recipient",
    "issuedOn",
    "expires",
    "verify",
    "verification",
    "image",
    "evidence",
    "narrative",
    "revoked",
    "revocationReason",
    "related",
    "endorsement",
    "result",
    "results",
];
const BADGE: &[&str] = &[
    "id",
    "type",
    "name",
    "description",
    "image",
    "criteria",
    "issuer",
    "alignment",
    "alignments",
    "tags",
    "tag",
    "related",
    "endorsement",
    "version",
    "resultDescription",
    "resultDescriptions",
];

pub fn read(root: &Node<'_>, draft: &mut Draft) -> Skills {
    let mut skills = Skills::default();
    draft.warn_of_unread(root, ASSERTION);
    draft.warn_of_withheld(root, &["evidence", "narrative"]);
    draft.credential_id = root.any(&["id", "uid"]).and_then(|id| id.text());
    draft.credential.valid_from = draft.moment(root, &["issuedOn", "issued_on"]);
    draft.credential.awarded_at = draft.credential.valid_from;
    draft.credential.valid_until = draft.moment(root, &["expires"]);
    let badge = root.list("badge").into_iter().next().filter(|badge| badge.value.is_object());
    read_results(root, badge.as_ref(), draft);
    let Some(badge) = badge else {
        draft.warn("no_badge_class", Some("/badge"), "The document does not hold the description of the badge.");
        return skills;
    };
    draft.warn_of_unread(&badge, BADGE);
    if let Some(issuer) = badge.get("issuer") {
        draft.credential.issuer = Draft::issuer(&issuer);
    }
    let texts = |name: &str| badge.get(name).map(|node| node.languages(None)).unwrap_or_default();
    let criteria = badge.get("criteria");
    draft.credential.achievement = Achievement {
        id: badge.text_of("id"),
        name: texts("name"),
        achievement_type: Some("Badge".to_owned()),
        description: texts("description"),
        criteria_url: criteria.and_then(|criteria| criteria.id()).filter(|url| url.starts_with("http")),
        version: badge.text_of("version"),
        ..Achievement::default()
    };
    let described = &draft.credential.achievement;
    let own_pages = [described.id.clone(), described.criteria_url.clone()].into_iter().flatten().collect();
    let around = Surroundings { own_pages, language: None, is_competency: false };
    for name in ["alignment", "alignments"] {
        for node in badge.list(name) {
            take_alignment(&node, &around, None, draft, &mut skills);
        }
    }
    read_tags(&badge, "tags", &around, draft, &mut skills);
    read_tags(&badge, "tag", &around, draft, &mut skills);
    skills
}

/// Open Badges 2 has no results. Results of its successors (Comprehensive Learner Record 1, Open Badges 3) and of extensions are read,
/// because such a result may say that the holder failed.
fn read_results(root: &Node<'_>, badge: Option<&Node<'_>>, draft: &mut Draft) {
    fn all<'a>(node: &Node<'a>, names: [&str; 2]) -> Vec<Node<'a>> {
        names.iter().flat_map(|name| node.list(name)).collect()
    }
    let descriptions = badge.map(|badge| all(badge, ["resultDescription", "resultDescriptions"])).unwrap_or_default();
    let results = level::read(&all(root, ["result", "results"]), &descriptions, draft.order);
    let said = results.iter().map(|result| result.value.counts_as).chain(stray::of(root, ASSERTION));
    draft.credential.attainment = attainment::combined(said).unwrap_or(Attainment::Attained);
    for result in results {
        draft.take_result(result.value);
    }
}
