//! IETF Token Status List: `status.status_list {idx, uri}` of an SD-JWT, resolved to a signed token with a packed list.
//! Comes in: the `status_list` claim. Goes out: its verdict.
//! Must not know: SD-JWT.

use super::list::fetch;
use super::{Source, StatusRequest, Verdict};
use serde_json::Value;

pub(super) async fn evaluate(claim: &Value, request: &StatusRequest<'_>) -> (Verdict, Source) {
    let mut source = Source::default();
    let (Some(uri), Some(index)) = (claim["uri"].as_str(), claim["idx"].as_u64()) else {
        return (Verdict::Unknown("status_entry_invalid", "the entry names no list".into()), source);
    };
    source.url = uri.to_owned();
    source.index = Some(index);
    match fetch(uri, request).await {
        Ok(_) => (Verdict::Unknown("status_list_unverifiable", "lists of this kind can't be read yet".into()), source),
        Err((code, detail)) => (Verdict::Unknown(code, detail), source),
    }
}
