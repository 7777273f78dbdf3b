//! Type metadata of an SD-JWT VC (SD-JWT VC §4): what its type and its claims are called.
//! Comes in: the covered document. Goes out: the metadata that is at hand for its `vct`, when it is the one that the issuer pinned.
//! Must not know: what becomes of the names. A name is no reason to fetch anything: only provided documents are looked at.

use super::related::is_pinned;
use crate::document::{Limits, json};
use crate::verify::documents::Documents;
use serde_json::Value;
use std::sync::Arc;

const MAX_BYTES: usize = 256 << 10;

pub(crate) async fn read(document: &Value, documents: &Documents) -> Option<Arc<Value>> {
    let vct = document.get("vct")?.as_str().filter(|vct| documents.is_provided(vct))?;
    let fetched = documents.get(vct, "application/json").await.ok()?;
    let is_meant = document.get("vct#integrity").is_none_or(|pin| pin.as_str().is_some_and(|pin| is_pinned(pin, &fetched.bytes)));
    if !is_meant || fetched.bytes.len() > MAX_BYTES {
        return None;
    }
    let metadata = json::parse(&fetched.bytes, &Limits::default()).ok()?;
    (metadata.get("vct").and_then(Value::as_str) == Some(vct)).then(|| Arc::new(metadata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::documents::Provided;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;
    use sha2::{Digest, Sha256};
    use std::collections::HashMap;

    const VCT: &str = "https://credentials.example.org/welder";

    #[tokio::test]
    async fn metadata_counts_when_it_is_at_hand_and_is_the_one_that_was_pinned() {
        let text = json!({"vct": VCT, "name": "Welder"}).to_string();
        let other = "https://credentials.example.org/other";
        let provided = [VCT, other].map(|url| (url.to_owned(), Provided::Content(text.clone().into_bytes().into())));
        let documents = Documents::with_provided(HashMap::from(provided), None);
        let pin = format!("sha256-{}", STANDARD.encode(Sha256::digest(&text)));
        for (document, is_read) in [
            (json!({"vct": VCT}), true),
            (json!({"vct": VCT, "vct#integrity": pin}), true),
            (json!({"vct": VCT, "vct#integrity": "sha256-AAAA"}), false),
            (json!({"vct": VCT, "vct#integrity": 1}), false),
            (json!({"vct": other}), false),
            (json!({"vct": "https://credentials.example.org/unknown"}), false),
        ] {
            assert_eq!(read(&document, &documents).await.is_some(), is_read, "{document}");
        }
    }
}
