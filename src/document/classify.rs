//! The kind of a JSON object, by its members alone.
//! Comes in: a parsed JSON object. Goes out: a kind, and the data model that it seems to follow.
//! The kind is a guess for routing and for messages; the object may be malformed or forged.

use super::cose;
use crate::model::credential::Format;
use serde_json::{Map, Value};

/// The kind of a JSON object, which decides how intake opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Credential,
    Presentation,
    /// `EnvelopedVerifiableCredential` or `EnvelopedVerifiablePresentation`: the content of its `data:` URL. Without the vocabulary
    /// that gives these names their meaning they are words like any other.
    Enveloped(String),
    /// JWS in the JSON serialisation (RFC 7515 §7.2), the seal of European credentials.
    JwsJson,
    /// A part of a badge or a document behind a badge, without a statement about a person; begins with an article.
    Description(&'static str),
    /// A known document that is not an award; begins with an article.
    Other(&'static str),
    Unknown,
}

/// Types of documents that issuers publish about their badges and themselves.
const DESCRIPTIONS: &[(&str, &str)] = &[
    ("BadgeClass", BADGE_CLASS),
    ("Achievement", "the description of an achievement"),
    ("AlignmentObject", "the description of what a badge corresponds to"),
    ("Alignment", "the description of what a badge corresponds to"),
    ("Issuer", PROFILE),
    ("Profile", "the profile of an issuer or a person"),
];
const BADGE_CLASS: &str = "the description of a badge (BadgeClass)";
const PROFILE: &str = "the profile of an issuer";

/// Known types that are not awards.
const NOT_AWARDS: &[(&str, &str)] = &[
    ("Endorsement", "an endorsement"),
    ("RevocationList", "a list of revoked badges"),
    ("CryptographicKey", "a public key"),
    ("JsonWebKey", "a key"),
    ("Multikey", "a key"),
    ("DataIntegrityProof", "a proof without its credential"),
    ("AchievementSubject", "a part of a credential (AchievementSubject)"),
];

/// The kind of an object.
pub fn kind(object: &Map<String, Value>) -> Kind {
    let types = strings(object.get("type").or_else(|| object.get("@type")));
    let has = |name: &str| types.contains(&name);
    if has("EnvelopedVerifiableCredential") || has("EnvelopedVerifiablePresentation") {
        let content = object.get("id").and_then(Value::as_str).and_then(data_url_content);
        return match content.filter(|_| names_data_model_2(object)) {
            Some(content) => Kind::Enveloped(content),
            None if has("EnvelopedVerifiablePresentation") => Kind::Presentation,
            None => Kind::Credential,
        };
    }
    if has("VerifiablePresentation") {
        return Kind::Presentation;
    }
    if has("VerifiableCredential") || object.contains_key("credentialSubject") {
        return Kind::Credential;
    }
    if is_badge_assertion(object, &types) || is_ler_rs(object, &types) {
        return Kind::Credential;
    }
    if object.get("payload").is_some_and(Value::is_string)
        && (object.contains_key("signatures") || object.contains_key("signature"))
    {
        return Kind::JwsJson;
    }
    if let Some((_, what)) = DESCRIPTIONS.iter().find(|(name, _)| has(name)) {
        return Kind::Description(what);
    }
    if let Some((_, what)) = NOT_AWARDS.iter().find(|(name, _)| has(name)) {
        return Kind::Other(what);
    }
    if object.contains_key("holder") && object.contains_key("proof") {
        return Kind::Presentation;
    }
    without_type(object)
}

/// Whether an object names the vocabulary of data model 2.0, as enveloped credentials and presentations must (VCDM 2.0 §4.12).
pub fn names_data_model_2(object: &Map<String, Value>) -> bool {
    strings(object.get("@context")).contains(&"https://www.w3.org/ns/credentials/v2")
}

fn without_type(object: &Map<String, Value>) -> Kind {
    let has = |member: &str| object.contains_key(member);
    if has("kty") || has("keys") || has("publicKeyJwk") {
        return Kind::Other("a key");
    }
    if has("verificationMethod") || has("assertionMethod") {
        return Kind::Description("a document about someone's keys (DID document)");
    }
    if has("$schema") || has("$defs") {
        return Kind::Other("a JSON schema");
    }
    if has("criteria") && has("issuer") {
        return Kind::Description(BADGE_CLASS);
    }
    if has("name") && has("url") && !has("issuer") {
        return Kind::Description(PROFILE);
    }
    if has("@context") && has("issuer") {
        return Kind::Credential;
    }
    Kind::Unknown
}

/// The degree to which an inner object is a credential or a presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It carries a signature.
    Signed,
    /// It has all members of an award, but no signature: a hosted badge, or a copy.
    Stated,
    /// It lacks members of an award: a template, or the description in a request.
    Draft,
}

/// The standing of an object in a list, an API answer or a wallet backup. `None`: its members must be searched.
pub fn standing(object: &Map<String, Value>) -> Option<Standing> {
    let has = |member: &str| object.get(member).is_some_and(|value| !value.is_null());
    match kind(object) {
        Kind::Enveloped(_) | Kind::JwsJson => Some(Standing::Signed),
        Kind::Credential | Kind::Presentation if has("proof") => Some(Standing::Signed),
        Kind::Presentation => has("verifiableCredential").then_some(Standing::Signed),
        Kind::Credential if has("badge") || is_ler_rs(object, &strings(object.get("type"))) => Some(Standing::Stated),
        Kind::Credential if has("credentialSubject") => Some(if has("issuer") { Standing::Stated } else { Standing::Draft }),
        _ => None,
    }
}

/// The data model that a document seems to follow, for messages and for the choice of a reader.
pub fn format_of(value: &Value) -> Format {
    let Some(object) = value.as_object() else { return Format::Other };
    let types = strings(object.get("type").or_else(|| object.get("@type")));
    let contexts = strings(object.get("@context"));
    let has = |name: &str| types.contains(&name);
    let context_with = |part: &str| contexts.iter().any(|context| context.contains(part));
    if has("VerifiablePresentation") {
        return Format::Presentation;
    }
    if is_badge_assertion(object, &types) {
        return if context_with("openbadges/v2") || object.contains_key("verification") {
            Format::OpenBadges2
        } else {
            Format::OpenBadges1
        };
    }
    if is_ler_rs(object, &types) || context_with("hropenstandards.org") {
        return Format::LerRs;
    }
    if has("EuropeanDigitalCredential") || context_with("data.europa.eu/snb/") {
        return Format::Elm3;
    }
    if has("ClrCredential") {
        return Format::Clr2;
    }
    if has("OpenBadgeCredential") || has("AchievementCredential") || context_with("purl.imsglobal.org/spec/ob/v3p0") {
        return Format::OpenBadges3;
    }
    if object.contains_key("vct") {
        return Format::SdJwtVc;
    }
    if context_with("www.w3.org/ns/credentials/v2") || object.contains_key("validFrom") {
        return Format::Vc2;
    }
    if context_with("www.w3.org/2018/credentials/v1") || object.contains_key("issuanceDate") {
        return Format::Vc1;
    }
    Format::Other
}

/// Open Badges 0.5 to 2.1: an award points to its badge class.
fn is_badge_assertion(object: &Map<String, Value>, types: &[&str]) -> bool {
    let has = |member: &str| object.contains_key(member);
    types.contains(&"Assertion") || (has("badge") && (has("recipient") || has("verify") || has("verification") || has("uid")))
}

/// HR Open LER-RS without a credential around it.
fn is_ler_rs(object: &Map<String, Value>, types: &[&str]) -> bool {
    types.iter().any(|name| name.contains("hropenstandards.org") && name.contains("LER-RS"))
        || types.contains(&"LER-RS VC")
        || (object.contains_key("person") && object.contains_key("documentId") && object.contains_key("communication"))
}

/// The strings of a single value or of a list. Lists in lists are invalid, but are included because they show the intent.
pub(crate) fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items
            .iter()
            .flat_map(|item| match item {
                Value::String(text) => vec![text.as_str()],
                Value::Array(inner) => inner.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The content of a `data:` URL (RFC 2397), percent- or base64-decoded. A binary message stays in base64, because it is opened from text.
pub(crate) fn data_url_content(url: &str) -> Option<String> {
    use base64::Engine as _;
    let (head, body) = url.strip_prefix("data:")?.split_once(',')?;
    let decoded = percent_encoding::percent_decode_str(body).decode_utf8().ok()?;
    if !head.ends_with(";base64") {
        return Some(decoded.into_owned());
    }
    if cose::from_base64(&decoded).is_some() {
        return Some(decoded.into_owned());
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(decoded.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind_of(value: Value) -> Kind {
        value.as_object().map_or(Kind::Unknown, kind)
    }

    #[test]
    fn awards_are_told_from_what_surrounds_them() {
        assert_eq!(kind_of(json!({"type": ["VerifiableCredential"]})), Kind::Credential);
        assert_eq!(kind_of(json!({"credentialSubject": {}})), Kind::Credential);
        assert_eq!(kind_of(json!({"badge": "https://example.org/b", "recipient": "x", "uid": "1"})), Kind::Credential);
        assert_eq!(kind_of(json!({"type": "VerifiablePresentation"})), Kind::Presentation);
        assert_eq!(kind_of(json!({"payload": "x", "signatures": []})), Kind::JwsJson);
        assert_eq!(kind_of(json!({"verifiableCredential": {}})), Kind::Unknown);
        assert_eq!(kind_of(json!({"type": "BadgeClass", "issuer": "x"})), Kind::Description(BADGE_CLASS));
        assert_eq!(kind_of(json!({"name": "N", "url": "https://example.org"})), Kind::Description(PROFILE));
        assert!(matches!(kind_of(json!({"kty": "OKP"})), Kind::Other(_)));
        assert_eq!(kind_of(json!({"a": 1})), Kind::Unknown);
    }

    #[test]
    fn enveloped_credentials_are_taken_out_of_their_data_url() {
        let enveloped =
            |context: Value, id: &str| json!({"@context": context, "type": ["EnvelopedVerifiableCredential"], "id": id});
        let model = "https://www.w3.org/ns/credentials/v2";
        let value = enveloped(json!(model), "data:application/vc+jwt,eyJ.e30.c2ln");
        assert_eq!(kind_of(value), Kind::Enveloped("eyJ.e30.c2ln".to_owned()));
        let value = enveloped(json!([model]), "data:application/vc+jwt;base64,YS5iLmM=");
        assert_eq!(kind_of(value), Kind::Enveloped("a.b.c".to_owned()));
        let value = enveloped(Value::Null, "data:application/vc+jwt,eyJ.e30.c2ln");
        assert_eq!(kind_of(value), Kind::Credential, "without the vocabulary of the data model");
    }

    #[test]
    fn the_data_model_is_told_from_context_and_type() {
        let ob3 = json!({"@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
            "type": ["VerifiableCredential", "OpenBadgeCredential"]});
        assert_eq!(format_of(&ob3), Format::OpenBadges3);
        let ob2 = json!({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "badge": {}});
        assert_eq!(format_of(&ob2), Format::OpenBadges2);
        let ob1 = json!({"uid": "1", "badge": "https://example.org/b", "recipient": {}, "verify": {"type": "hosted"}});
        assert_eq!(format_of(&ob1), Format::OpenBadges1);
        let elm = json!({"type": ["VerifiableCredential", "EuropeanDigitalCredential"]});
        assert_eq!(format_of(&elm), Format::Elm3);
        let vc = json!({"@context": "https://www.w3.org/2018/credentials/v1", "type": "VerifiableCredential"});
        assert_eq!(format_of(&vc), Format::Vc1);
    }
}
