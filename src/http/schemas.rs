//! The JSON Schemas of the project, as they are served: the address of each is its `$id`.
//! Comes in: a path below `/schemas`. Goes out: the schema's text. Must not know: who validates with it.

/// Path below `/schemas` → text.
pub const SCHEMAS: [(&str, &str); 12] = [
    ("clr2.json", include_str!("../../schemas/clr2.json")),
    ("connector-manifest.json", include_str!("../../schemas/connector-manifest.json")),
    ("events/candidate-event.json", include_str!("../../schemas/events/candidate-event.json")),
    ("events/cloud-event.json", include_str!("../../schemas/events/cloud-event.json")),
    ("events/credential-event.json", include_str!("../../schemas/events/credential-event.json")),
    ("events/skill-event.json", include_str!("../../schemas/events/skill-event.json")),
    ("normalized-credential.json", include_str!("../../schemas/normalized-credential.json")),
    ("ob2.json", include_str!("../../schemas/ob2.json")),
    ("ob3.json", include_str!("../../schemas/ob3.json")),
    ("skill-assertion.json", include_str!("../../schemas/skill-assertion.json")),
    ("submission.json", include_str!("../../schemas/submission.json")),
    ("verification-report.json", include_str!("../../schemas/verification-report.json")),
];

/// The schema at this path, or with the name that events have in `dataschema`: `urn:skillgate:schema:NAME:1`.
pub fn find(path: &str) -> Option<&'static str> {
    let named = path.strip_prefix("urn:skillgate:schema:").and_then(|rest| rest.strip_suffix(":1"));
    let named = named.map(|name| format!("events/{name}.json"));
    let path = named.as_deref().unwrap_or(path);
    SCHEMAS.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
}
