//! Registries of issuers: plain lists, the DCC's file, OpenID Federation.
//! Comes in: a registry of the policy and an issuer's identifier. Goes out: the registry's answer.
//! Must not know: whether a listed issuer is trusted.

use super::federation::{self, RegistryError};
use super::policy::{Listing, Registry, RegistryKind};
use crate::document::members::each;
use crate::document::{Limits, json};
use crate::verify::documents::Documents;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// `Ok(None)`: the registry answered and does not know the issuer.
pub(super) async fn look_up(
    registry: &Registry,
    issuer: &str,
    documents: &Documents,
    at: DateTime<Utc>,
) -> Result<Option<Listing>, RegistryError> {
    let listing =
        |name: Option<String>| Listing { registry_id: registry.id.clone(), registry: registry.name.clone(), issuer_name: name };
    if let Some(listed) = registry.issuers.iter().find(|listed| listed.id == issuer) {
        return Ok(Some(listing(listed.name.clone())));
    }
    let Some(url) = registry.url.as_deref() else { return Ok(None) };
    if registry.kind == RegistryKind::OpenidFederation {
        let found = federation::look_up(url, registry.jwks.as_ref(), issuer, documents, at).await?;
        return Ok(found.map(|entity| listing(entity.name)));
    }
    let fetched = documents.get(url, "application/json").await.map_err(|_| RegistryError::Unreachable)?;
    let list = json::parse(&fetched.bytes, &Limits::default()).map_err(|error| RegistryError::Broken(error.to_string()))?;
    Ok(in_list(&list, issuer)?.map(listing))
}

/// `{"registry": {"did:…": {"name": …}}}` (DCC), `{"issuers": [{"id", "name"}]}`, or the bare array.
fn in_list(list: &Value, issuer: &str) -> Result<Option<Option<String>>, RegistryError> {
    let name_of = |entry: &Value| entry["name"].as_str().map(str::to_owned);
    if let Some(members) = list["registry"].as_object() {
        return Ok(members.get(issuer).map(name_of));
    }
    let entries = list.get("issuers").or_else(|| list.is_array().then_some(list));
    let entries = entries.and_then(Value::as_array).ok_or_else(|| RegistryError::Broken("it is not a list of issuers".into()))?;
    let is_it = |entry: &&Value| {
        each(&entry["id"]).chain(each(&entry["did"])).any(|id| id.as_str() == Some(issuer)) || entry.as_str() == Some(issuer)
    };
    Ok(entries.iter().find(is_it).map(name_of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_known_forms_of_lists_are_read() {
        let dcc = json!({ "meta": { "created": "2020-12-02" }, "registry": { "did:example:a": { "name": "A College", "location": "X" } } });
        let plain = json!({ "issuers": [{ "id": "did:example:a", "name": "A College" }] });
        let bare = json!([{ "did": "did:example:a", "name": "A College" }, "did:example:b"]);
        for list in [&dcc, &plain, &bare] {
            assert_eq!(in_list(list, "did:example:a"), Ok(Some(Some("A College".into()))));
            assert_eq!(in_list(list, "did:example:c"), Ok(None));
        }
        assert_eq!(in_list(&bare, "did:example:b"), Ok(Some(None)));
        assert!(in_list(&json!({ "error": 1 }), "did:example:a").is_err());
    }
}
