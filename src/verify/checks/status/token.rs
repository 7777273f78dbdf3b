//! IETF Token Status List: `status.status_list {idx, uri}` of an SD-JWT, resolved to a signed token with a packed list.
//! Comes in: the `status_list` claim. Goes out: its verdict. The token's signature, subject and window are checked first.
//! Must not know: SD-JWT.

use super::bits::{self, Packing};
use super::list::{bits_error, document_of};
use super::{Source, StatusRequest, Verdict};
use crate::model::code::Code;
use crate::model::credential::{Document, Token};
use crate::model::report::CheckStatus;
use crate::verify::documents::{DocumentError, Fetched};
use crate::verify::keys::Purpose;
use crate::verify::securing::jose::{Envelope, key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

const ACCEPT: &str = "application/statuslist+jwt";
type Unknown = (Code, String);

pub(super) async fn evaluate(claim: &Value, request: &StatusRequest<'_>) -> (Verdict, Source) {
    let mut source = Source::default();
    let read = async {
        let uri = claim["uri"].as_str().ok_or((Code::StatusEntryInvalid, "the entry names no list".to_owned()))?;
        let index = claim["idx"].as_u64().ok_or((Code::StatusEntryInvalid, "the entry has no number".to_owned()))?;
        source.url = uri.to_owned();
        source.index = Some(index);
        let fetched = fetch(uri, request).await?;
        source.sha256 = Some(hex::encode(Sha256::digest(&fetched.bytes)));
        source.etag = fetched.etag.clone();
        let Some(Document::CompactJws(token)) = document_of(&fetched) else {
            return Err(invalid("the list is not a signed token"));
        };
        require_genuine(&token, uri, request).await?;
        let claims = token.claims.as_deref().ok_or_else(|| invalid("the list's token can't be read"))?;
        value(claims, uri, index, request.at.timestamp())
    };
    let verdict = read.await.unwrap_or_else(|(code, detail)| Verdict::Unknown(code, detail));
    (verdict, source)
}

fn invalid(detail: &str) -> Unknown {
    (Code::StatusListInvalid, detail.to_owned())
}

async fn fetch(uri: &str, request: &StatusRequest<'_>) -> Result<Fetched, Unknown> {
    request.verifier.documents.get(uri, ACCEPT).await.map_err(|error| {
        let detail = match error {
            DocumentError::Offline(_) => "the issuer's status list was not provided, and the gateway is not allowed to fetch it",
            DocumentError::Gone(_) | DocumentError::NotFound(_) => "the issuer's status list no longer exists",
            DocumentError::Unreachable(_) => "the issuer's status list could not be fetched",
        };
        (Code::StatusListUnavailable, detail.to_owned())
    })
}

/// The list must be signed by the credential's issuer: another signer could clear what the issuer revoked.
async fn require_genuine(token: &Token, uri: &str, request: &StatusRequest<'_>) -> Result<(), Unknown> {
    let jws = Envelope::of(token).map_err(|error| invalid(&error.to_string()))?;
    if jws.media_type().as_deref() != Some("statuslist+jwt") {
        return Err((Code::StatusListWrongType, "the document at the list's address is not a status list".into()));
    }
    let keys = request.verifier.keys(request.at);
    let signer = request.issuer.or_else(|| jws.payload().get("iss").and_then(Value::as_str));
    let signed = key::check(&jws, signer, Purpose::AssertionMethod, &keys, request.at, false).await;
    match (signed.proof.status, signed.controller.status) {
        (CheckStatus::Pass, CheckStatus::Pass) => Ok(()),
        (CheckStatus::Fail, _) | (_, CheckStatus::Fail) => {
            Err((Code::StatusListSignatureInvalid, format!("the issuer did not sign the list at {}", super::shorten(uri))))
        }
        _ => Err((Code::StatusListUnverifiable, "it could not be checked whether the issuer's status list is genuine".into())),
    }
}

/// Values: 0 valid, 1 invalid, 2 suspended, others by agreement (Token Status List §7.1).
fn value(claims: &Value, uri: &str, index: u64, now: i64) -> Result<Verdict, Unknown> {
    if claims["sub"].as_str() != Some(uri) {
        return Err((Code::StatusListWrongType, "the list belongs to another address".into()));
    }
    if claims["exp"].as_i64().is_some_and(|expires| expires <= now) {
        return Err((Code::StatusListExpired, "the issuer's list has expired".into()));
    }
    if claims["iat"].as_i64().is_none_or(|issued| issued > now + 300) {
        return Err((Code::StatusListNotYetValid, "the issuer's list is not valid yet".into()));
    }
    let list = &claims["status_list"];
    let width = list["bits"]
        .as_u64()
        .and_then(|bits| u32::try_from(bits).ok())
        .ok_or_else(|| invalid("the list does not give the size of its entries"))?;
    let compressed =
        URL_SAFE_NO_PAD.decode(list["lst"].as_str().unwrap_or_default()).map_err(|_| invalid("the list can't be read"))?;
    let bytes = bits::inflate_zlib(&compressed).map_err(|error| bits_error(&error))?;
    match bits::value_at(&bytes, index, width, Packing::LowestFirst).map_err(|error| bits_error(&error))? {
        0 => Ok(Verdict::Clear),
        1 => Ok(Verdict::Revoked(None)),
        2 => Ok(Verdict::Suspended(None)),
        other => Ok(Verdict::Message(format!("The status is {other}, and only the issuer knows what this value means."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use serde_json::json;
    use std::io::Write;

    fn claims(byte: u8) -> Value {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&[byte, 0, 0]).unwrap();
        let list = URL_SAFE_NO_PAD.encode(encoder.finish().unwrap());
        json!({ "sub": "https://example.org/list", "iat": 100, "exp": 1000, "status_list": { "bits": 2, "lst": list } })
    }

    #[test]
    fn values_mean_valid_invalid_and_suspended() {
        let at = |index| value(&claims(0b0010_0100), "https://example.org/list", index, 500);
        assert_eq!(at(0), Ok(Verdict::Clear));
        assert_eq!(at(1), Ok(Verdict::Revoked(None)));
        assert_eq!(at(2), Ok(Verdict::Suspended(None)));
        assert!(at(12).is_err());
    }

    #[test]
    fn a_list_of_another_address_or_out_of_its_window_proves_nothing() {
        let code = |uri: &str, now| value(&claims(0), uri, 0, now).map_err(|(code, _)| code);
        assert_eq!(code("https://example.org/other", 500), Err(Code::StatusListWrongType));
        assert_eq!(code("https://example.org/list", 1000), Err(Code::StatusListExpired));
        assert_eq!(code("https://example.org/list", -500), Err(Code::StatusListNotYetValid));
    }
}
