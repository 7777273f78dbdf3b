//! Mobile documents (mdoc, ISO/IEC 18013-5), as wallets answer with them: recognised and named, so that the wallet's owner hears why
//! the answer is of no use here. Comes in: the text of an answer. Goes out: the type of its first document.
//! Must not know: how such a document is verified.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;

/// Longest answer that is looked into, in characters.
const MAX_TEXT: usize = 1 << 20;
/// Containers within containers.
const MAX_NESTING: usize = 16;
const MAX_TYPE: usize = 100;

/// The type of the first document in a `DeviceResponse`; `None` for anything else.
pub fn document_type(text: &str) -> Option<String> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    // A map comes first: nearly all other text ends here.
    if bytes.first().is_none_or(|first| first >> 5 != 5) {
        return None;
    }
    let response: Value = ciborium::de::from_reader_with_recursion_limit(bytes.as_slice(), MAX_NESTING).ok()?;
    let documents = member(&response, "documents")?.as_array()?;
    let name = member(documents.first()?, "docType")?.as_text()?;
    Some(name.chars().filter(|c| !c.is_control()).take(MAX_TYPE).collect())
}

fn member<'a>(map: &'a Value, name: &str) -> Option<&'a Value> {
    map.as_map()?.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The content of a wallet's answer, without the signatures.
    pub(crate) fn answer(document_type: &str) -> String {
        let text = |text: &str| Value::Text(text.to_owned());
        let document = Value::Map(vec![(text("docType"), text(document_type)), (text("issuerSigned"), Value::Map(Vec::new()))]);
        let response = Value::Map(vec![
            (text("version"), text("1.0")),
            (text("documents"), Value::Array(vec![document])),
            (text("status"), Value::from(0)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&response, &mut bytes).unwrap();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn only_a_mobile_document_is_one() {
        assert_eq!(document_type(&answer("eu.europa.ec.eudi.pid.1")).as_deref(), Some("eu.europa.ec.eudi.pid.1"));
        for text in ["", "a.b.c", "omd2ZXJzaW9u", "o2d2ZXJzaW9u", "/////", &URL_SAFE_NO_PAD.encode([0xbfu8; 4_000])] {
            assert_eq!(document_type(text), None, "{text:.20}");
        }
    }
}
