//! Open Badges 1 and 2.
//! Comes in: the whole graph, with `badge` and its `issuer` inlined. Goes out: achievement and skills of the badge class.
//! The badge class is hosted and may change after the award: the fingerprint is of what was seen.

use super::Draft;
use super::alignment::Surroundings;
use super::open_badges_3::{read_tags, take_alignment};
use super::reader::Node;
use super::skills::Skills;
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
];

pub fn read(root: &Node<'_>, draft: &mut Draft) -> Skills {
    let mut skills = Skills::default();
    draft.warn_of_unread(root, ASSERTION);
    draft.warn_of_withheld(root, &["evidence", "narrative"]);
    draft.credential_id = root.any(&["id", "uid"]).and_then(|id| id.text());
    draft.credential.valid_from = draft.moment(root, &["issuedOn", "issued_on"]);
    draft.credential.awarded_at = draft.credential.valid_from;
    draft.credential.valid_until = draft.moment(root, &["expires"]);
    draft.credential.attainment = Attainment::Attained;
    let Some(badge) = root.list("badge").into_iter().next().filter(|badge| badge.value.is_object()) else {
        draft.warn("no_badge_class", Some("/badge"), "The description of the badge is not part of the document.");
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
