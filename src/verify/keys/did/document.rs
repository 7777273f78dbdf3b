//! Controller documents (Controlled Identifiers 1.0): finding a verification method and what it may be used for.

use crate::document::members::entries;
use crate::verify::keys::purpose::Purpose;
use serde_json::{Map, Value};

/// Members that define methods. Older documents use `publicKey` for `verificationMethod`.
const DEFINED_IN: [&str; 2] = ["verificationMethod", "publicKey"];
const RELATIONSHIPS: [&str; 3] = ["assertionMethod", "authentication", "capabilityInvocation"];

/// A method in a document, and whether the document lists the method for the requested purpose.
#[derive(Debug, PartialEq)]
pub struct Method<'a> {
    pub id: String,
    pub object: &'a Map<String, Value>,
    pub allowed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MethodError {
    #[error("the issuer's document does not list the key {0}")]
    Missing(String),
    #[error("the issuer's document lists the key {0} twice, with different content")]
    Ambiguous(String),
    #[error("the signature names no key, and the issuer's document lists several")]
    Unnamed,
}

/// Finds the method `url` in the document of `controller`. A `url` without a fragment means the document's only method.
pub fn find<'a>(document: &'a Value, controller: &str, url: &str, purpose: Purpose) -> Result<Method<'a>, MethodError> {
    let named = url.contains('#');
    let wanted: Vec<(String, &Map<String, Value>)> = methods(document, controller)
        .filter(|(id, _)| !named || same_id(id, url))
        .filter(|(id, _)| named || is_listed(document, controller, id, purpose))
        .collect();
    let Some((id, object)) = wanted.first() else {
        return Err(MethodError::Missing(url.to_owned()));
    };
    if let Some((other, _)) = wanted.iter().find(|(_, other)| key_material(other) != key_material(object)) {
        return Err(if named { MethodError::Ambiguous(other.clone()) } else { MethodError::Unnamed });
    }
    Ok(Method { id: id.clone(), object, allowed: is_listed(document, controller, id, purpose) })
}

/// Every method object of the document with its absolute id, also those embedded in a relationship.
pub fn methods<'a>(document: &'a Value, controller: &str) -> impl Iterator<Item = (String, &'a Map<String, Value>)> {
    let places = DEFINED_IN.iter().chain(&RELATIONSHIPS);
    places.flat_map(|place| entries(document.get(place))).filter_map(Value::as_object).filter_map(move |object| {
        let id = object.get("id").or_else(|| object.get("@id")).and_then(Value::as_str)?;
        Some((absolute(id, controller), object))
    })
}

fn is_listed(document: &Value, controller: &str, id: &str, purpose: Purpose) -> bool {
    let relationship = match purpose {
        Purpose::AssertionMethod => "assertionMethod",
        Purpose::Authentication => "authentication",
    };
    entries(document.get(relationship)).any(|entry| {
        let listed = entry.as_str().or_else(|| entry.get("id").and_then(Value::as_str));
        listed.is_some_and(|listed| same_id(&absolute(listed, controller), id))
    })
}

fn absolute(id: &str, controller: &str) -> String {
    if id.starts_with('#') { format!("{controller}{id}") } else { id.to_owned() }
}

fn same_id(one: &str, other: &str) -> bool {
    one == other
}

fn key_material(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    object.iter().filter(|(name, _)| name.starts_with("publicKey")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DID: &str = "did:web:example.org";

    #[test]
    fn the_fragment_picks_the_key_never_the_position() {
        let document = json!({"id": DID, "verificationMethod": [
            {"id": "did:web:example.org#one", "publicKeyMultibase": "z1"}, {"id": "#two", "publicKeyMultibase": "z2"}],
            "assertionMethod": ["did:web:example.org#two"]});
        let two = find(&document, DID, "did:web:example.org#two", Purpose::AssertionMethod).unwrap();
        assert_eq!((two.object["publicKeyMultibase"].as_str(), two.allowed), (Some("z2"), true));
        let one = find(&document, DID, "did:web:example.org#one", Purpose::AssertionMethod).unwrap();
        assert!(!one.allowed);
        assert!(find(&document, DID, "did:web:example.org#three", Purpose::AssertionMethod).is_err());
    }

    #[test]
    fn a_method_embedded_in_the_relationship_is_found_and_allowed_only_there() {
        let document = json!({"id": DID, "assertionMethod": [{"id": "did:web:example.org#k", "publicKeyMultibase": "z1"}]});
        assert!(find(&document, DID, "did:web:example.org#k", Purpose::AssertionMethod).unwrap().allowed);
        assert!(!find(&document, DID, "did:web:example.org#k", Purpose::Authentication).unwrap().allowed);
    }

    #[test]
    fn one_name_for_two_keys_is_refused() {
        let document = json!({"id": DID, "verificationMethod": [
            {"id": "#k", "publicKeyMultibase": "z1"}, {"id": "did:web:example.org#k", "publicKeyMultibase": "z2"}]});
        assert!(matches!(
            find(&document, DID, "did:web:example.org#k", Purpose::AssertionMethod),
            Err(MethodError::Ambiguous(_))
        ));
    }

    #[test]
    fn without_a_fragment_the_only_key_for_the_purpose_is_meant() {
        let one = json!({"id": DID, "verificationMethod": [{"id": "#a", "publicKeyMultibase": "z1"}, {"id": "#b", "publicKeyMultibase": "z2"}],
            "assertionMethod": ["#b"]});
        assert_eq!(find(&one, DID, DID, Purpose::AssertionMethod).unwrap().id, "did:web:example.org#b");
        let two = json!({"id": DID, "verificationMethod": [{"id": "#a", "publicKeyMultibase": "z1"}, {"id": "#b", "publicKeyMultibase": "z2"}],
            "assertionMethod": ["#a", "#b"]});
        assert_eq!(find(&two, DID, DID, Purpose::AssertionMethod), Err(MethodError::Unnamed));
    }
}
