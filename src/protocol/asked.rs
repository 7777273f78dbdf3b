//! Whether a credential is of a kind that an exchange asked for.
//! Comes in: the employer's request and a credential as received. Goes out: yes or no. What is read here is not believed: whoever
//! writes another type into a credential breaks its signature.
//! Must not know: how the credential came, whether it is genuine.

use crate::document::cose::Sign1;
use crate::document::token;
use crate::model::credential::Document;
use crate::model::exchange::ExchangeOptions;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Names of one type: both are current for a badge (Open Badges 3.0 §B.1).
const BADGE: [&str; 2] = ["OpenBadgeCredential", "AchievementCredential"];
/// The type that every credential has.
const ANY: &str = "VerifiableCredential";

/// Whether the request names the credential's type. A request that names no types asks for credentials of any type; an SD-JWT
/// credential has its type in `vct`, and is asked for by it alone.
pub fn is_asked_for(options: &ExchangeOptions, document: &Document) -> bool {
    if matches!(document, Document::SdJwt(_)) && nothing_named(options) && options.formats.is_empty() {
        return true;
    }
    is_of_kind(&options.types, &options.vct_values, document)
}

/// Whether the credential is of one of the types, or an SD-JWT credential of one of the `vct` values.
pub fn is_of_kind(asked_types: &[String], vct_values: &[String], document: &Document) -> bool {
    let Some(inner) = content(document) else { return asked_types.is_empty() };
    if let (Document::SdJwt(_), Some(vct)) = (document, inner.get("vct").and_then(Value::as_str)) {
        return vct_values.iter().any(|asked| asked == vct);
    }
    let types = match inner.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(single)) => vec![single.as_str()],
        _ => Vec::new(),
    };
    asked_types.is_empty() || asked_types.iter().any(|asked| types.iter().any(|found| is_same(asked, found)))
}

fn nothing_named(options: &ExchangeOptions) -> bool {
    options.types.is_empty() && options.vct_values.is_empty()
}

/// The credential's own words, before any signature is checked, and without the disclosures of an SD-JWT's holder.
pub fn content(document: &Document) -> Option<Cow<'_, Map<String, Value>>> {
    let claims = claims(document)?;
    match claims.get("vc") {
        Some(Value::Object(inner)) => Some(Cow::Owned(inner.clone())),
        _ => Some(claims),
    }
}

fn claims(document: &Document) -> Option<Cow<'_, Map<String, Value>>> {
    let read = |bytes: &[u8]| serde_json::from_slice::<Map<String, Value>>(bytes).ok().map(Cow::Owned);
    match document {
        Document::Json(json) => json.as_object().map(Cow::Borrowed),
        Document::CompactJws(token) => token.claims.as_ref()?.as_object().map(Cow::Borrowed),
        Document::SdJwt(text) => read(&token::decode(text.split(['~', '.']).nth(1)?).ok()?),
        Document::CoseSign1(bytes) => read(Sign1::read(bytes)?.payload),
        Document::HostedUrl(_) => None,
    }
}

/// A type may be written in full; its last part is its name.
fn is_same(asked: &str, found: &str) -> bool {
    let name = |text: &str| text.rsplit(['#', '/']).next().unwrap_or_default().to_owned();
    let (asked, found) = (name(asked), name(found));
    asked == ANY || asked == found || (BADGE.contains(&asked.as_str()) && BADGE.contains(&found.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asks(types: &[&str], vct_values: &[&str]) -> ExchangeOptions {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        ExchangeOptions { types: texts(types), vct_values: texts(vct_values), ..ExchangeOptions::default() }
    }

    fn of_type(name: &str) -> Document {
        Document::Json(json!({"type": ["VerifiableCredential", name]}).into())
    }

    fn sd_jwt(payload: &Value) -> Document {
        use base64::Engine;
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(payload.to_string());
        Document::SdJwt(format!("eyJ9.{payload}.c2ln~"))
    }

    #[test]
    fn a_credential_of_another_type_than_the_request_names_was_not_asked_for() {
        let badge = of_type("AchievementCredential");
        for asked in ["OpenBadgeCredential", "AchievementCredential", "VerifiableCredential"] {
            assert!(is_asked_for(&asks(&[asked], &[]), &badge), "{asked}");
        }
        assert!(is_asked_for(&asks(&["https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential"], &[]), &badge));
        assert!(is_asked_for(&asks(&["ClrCredential", "OpenBadgeCredential"], &[]), &badge));
        assert!(!is_asked_for(&asks(&["ClrCredential"], &[]), &badge));
        assert!(!is_asked_for(&asks(&["OpenBadgeCredential"], &[]), &of_type("DriversLicence")));
        assert!(is_asked_for(&asks(&[], &[]), &of_type("DriversLicence")), "no type was named");
    }

    #[test]
    fn an_sd_jwt_credential_is_asked_for_by_its_vct() {
        let skill = sd_jwt(&json!({"vct": "https://issuer.example/skill"}));
        assert!(is_asked_for(&asks(&[], &["https://issuer.example/skill"]), &skill));
        assert!(!is_asked_for(&asks(&[], &["https://issuer.example/other"]), &skill));
        assert!(!is_asked_for(&asks(&["OpenBadgeCredential"], &[]), &skill));
        let w3c = sd_jwt(&json!({"type": ["VerifiableCredential", "OpenBadgeCredential"]}));
        assert!(is_asked_for(&asks(&["OpenBadgeCredential"], &[]), &w3c));
        assert!(!is_asked_for(&asks(&["ClrCredential"], &[]), &w3c));
    }
}
