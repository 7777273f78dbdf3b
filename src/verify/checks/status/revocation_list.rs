//! 1EdTechRevocationList: a plain JSON list of revoked credential ids at an address that the credential names.
//! Comes in: one status entry. Goes out: its verdict.
//! Must not know: the other entries of the credential.

use super::list::fetch;
use super::{Source, StatusRequest, Verdict, shorten};
use crate::document::members::each;
use crate::document::{Limits, json};
use crate::model::code::Code;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(super) async fn evaluate(entry: &Value, document: &Value, request: &StatusRequest<'_>) -> (Verdict, Source) {
    let mut source = Source::default();
    let Some(url) = entry["id"].as_str() else {
        return (Verdict::Unknown(Code::StatusEntryInvalid, "the entry names no list".into()), source);
    };
    source.url = url.to_owned();
    let Some(credential_id) = document["id"].as_str() else {
        let detail = "the credential has no identifier, so it can't be found on the issuer's revocation list";
        return (Verdict::Unknown(Code::StatusEntryInvalid, detail.into()), source);
    };
    let fetched = match fetch(url, request).await {
        Ok(fetched) => fetched,
        Err((code, detail)) => return (Verdict::Unknown(code, detail), source),
    };
    source.sha256 = Some(hex::encode(Sha256::digest(&fetched.bytes)));
    source.etag = fetched.etag.clone();
    let Ok(list) = json::parse(&fetched.bytes, &Limits::default()) else {
        return (Verdict::Unknown(Code::StatusListInvalid, "the issuer's revocation list is broken".into()), source);
    };
    let verdict = on_list(&list, credential_id);
    if verdict == Verdict::Clear && list["issuer"].as_str().or_else(|| list["issuer"]["id"].as_str()) != request.issuer {
        source.remarks.push((Code::StatusListOtherIssuer, "the list names another issuer".to_owned()));
    }
    (verdict, source)
}

/// `revokedCredential: [{id, revoked?, revocationReason?}]`; `revoked` may be absent and then means true.
fn on_list(list: &Value, credential_id: &str) -> Verdict {
    let revoked = match list.get("revokedCredential") {
        Some(Value::Array(items)) => items,
        // A document without the member may be anything; it is not an empty list.
        _ => {
            return Verdict::Unknown(
                Code::StatusListInvalid,
                "the document at the list's address is not a revocation list".into(),
            );
        }
    };
    for item in revoked {
        let is_it = item.as_str() == Some(credential_id) || item["id"].as_str() == Some(credential_id);
        if is_it && item["revoked"].as_bool() != Some(false) {
            let reason = each(&item["revocationReason"]).find_map(Value::as_str).map(shorten);
            return Verdict::Revoked(reason);
        }
    }
    Verdict::Clear
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_revokes_unless_it_says_otherwise() {
        let list = json!({ "revokedCredential": [{ "id": "urn:a" }, { "id": "urn:b", "revoked": false }, { "id": "urn:c", "revoked": true, "revocationReason": "fraud" }] });
        assert_eq!(on_list(&list, "urn:a"), Verdict::Revoked(None));
        assert_eq!(on_list(&list, "urn:b"), Verdict::Clear);
        assert_eq!(on_list(&list, "urn:c"), Verdict::Revoked(Some("fraud".into())));
        assert_eq!(on_list(&list, "urn:d"), Verdict::Clear);
    }

    #[test]
    fn something_else_at_the_address_is_not_a_clean_bill() {
        assert!(matches!(on_list(&json!({ "error": "not found" }), "urn:a"), Verdict::Unknown(..)));
        assert!(matches!(on_list(&json!({ "revokedCredential": null }), "urn:a"), Verdict::Unknown(..)));
    }
}
