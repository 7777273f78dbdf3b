//! Status lists that are credentials: Bitstring Status List 1.0, StatusList2021, RevocationList2020.
//! Comes in: one status entry. Goes out: its verdict. The list's proof, window, type, purpose and length are checked first.
//! Must not know: the other entries of the credential.

use super::bits::{self, BitsError, Packing};
use super::{Source, StatusRequest, Verdict, shorten};
use crate::document::members::each;
use crate::document::{Limits, json, token as compact};
use crate::model::code::Code;
use crate::model::credential::Document;
use crate::model::report::{CheckId, CheckStatus};
use crate::verify::SecuredDocument;
use crate::verify::documents::{DocumentError, Fetched};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Smallest list: in a smaller list, a single credential could be recognised (Bitstring Status List 1.0, §3.1).
const MIN_ENTRIES_BITS: usize = 131_072;
const ACCEPT: &str = "application/vc+jwt, application/vc, application/ld+json, application/json;q=0.9, */*;q=0.1";

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bitstring,
    StatusList2021,
    RevocationList2020,
}

impl Kind {
    pub(super) fn of_entry(entry_type: &str) -> Option<Self> {
        match entry_type {
            "BitstringStatusListEntry" => Some(Self::Bitstring),
            "StatusList2021Entry" => Some(Self::StatusList2021),
            "RevocationList2020Status" => Some(Self::RevocationList2020),
            _ => None,
        }
    }

    fn credential_type(self) -> &'static str {
        match self {
            Self::Bitstring => "BitstringStatusListCredential",
            Self::StatusList2021 => "StatusList2021Credential",
            Self::RevocationList2020 => "RevocationList2020Credential",
        }
    }

    fn list_type(self) -> &'static str {
        match self {
            Self::Bitstring => "BitstringStatusList",
            Self::StatusList2021 => "StatusList2021",
            Self::RevocationList2020 => "RevocationList2020",
        }
    }

    /// Members of the entry that name the list and the number on it.
    fn members(self) -> (&'static str, &'static str) {
        match self {
            Self::Bitstring | Self::StatusList2021 => ("statusListCredential", "statusListIndex"),
            Self::RevocationList2020 => ("revocationListCredential", "revocationListIndex"),
        }
    }
}

/// A status entry as read.
struct Entry<'a> {
    kind: Kind,
    url: &'a str,
    index: u64,
    purpose: &'a str,
    width: u32,
    messages: &'a Value,
}

type Unknown = (Code, String);

pub(super) async fn evaluate(entry: &Value, kind: Kind, request: &StatusRequest<'_>) -> (Verdict, Source) {
    let mut source = Source::default();
    let read = async {
        let entry = read_entry(entry, kind)?;
        source.url = entry.url.to_owned();
        source.index = Some(entry.index);
        let fetched = fetch(entry.url, request).await?;
        source.sha256 = Some(hex::encode(Sha256::digest(&fetched.bytes)));
        source.etag = fetched.etag.clone();
        let document = document_of(&fetched).ok_or_else(|| invalid("the list is neither JSON nor a signed token"))?;
        let secured = request.verifier.verify_secured(&document, request.at).await;
        read_list(&entry, &secured, request, &mut source.remarks)
    };
    let verdict = read.await.unwrap_or_else(|(code, detail)| Verdict::Unknown(code, detail));
    (verdict, source)
}

fn invalid(detail: &str) -> Unknown {
    (Code::StatusListInvalid, detail.to_owned())
}

fn read_entry(entry: &Value, kind: Kind) -> Result<Entry<'_>, Unknown> {
    let broken = |detail: &str| (Code::StatusEntryInvalid, detail.to_owned());
    let (list_member, index_member) = kind.members();
    let url = entry[list_member].as_str().ok_or_else(|| broken("the entry names no list"))?;
    let index = number(&entry[index_member]).ok_or_else(|| broken("the entry's number is missing or broken"))?;
    let purpose = match kind {
        Kind::RevocationList2020 => "revocation",
        _ => entry["statusPurpose"].as_str().ok_or_else(|| broken("the entry does not say its purpose"))?,
    };
    let width = match &entry["statusSize"] {
        Value::Null => 1,
        size => number(size)
            .and_then(|size| u32::try_from(size).ok())
            .filter(|size| (1..=32).contains(size))
            .ok_or_else(|| broken("the entry's size is broken"))?,
    };
    let messages = &entry["statusMessage"];
    // Bitstring Status List §2.1: an entry must explain its values. Without that, a bad value can't be told from a good value.
    if width > 1 && !messages.is_array() {
        return Err(broken("the entry does not say what its values mean"));
    }
    Ok(Entry { kind, url, index, purpose, width, messages })
}

/// Issuers write numbers as numbers and as text.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

pub(super) async fn fetch(url: &str, request: &StatusRequest<'_>) -> Result<Fetched, Unknown> {
    // The fragment names a part of the list, never another document.
    let (address, _) = url.split_once('#').unwrap_or((url, ""));
    request.verifier.documents.get(address, ACCEPT).await.map_err(|error| match error {
        DocumentError::Offline(_) => (
            Code::StatusListUnavailable,
            "the issuer's status list was not provided, and the gateway is not allowed to fetch it".to_owned(),
        ),
        DocumentError::Gone(_) | DocumentError::NotFound(_) => {
            (Code::StatusListUnavailable, "the issuer's status list no longer exists".to_owned())
        }
        DocumentError::Unreachable(_) => {
            (Code::StatusListUnavailable, "the issuer's status list could not be fetched".to_owned())
        }
    })
}

/// JSON, or a compact JWS; some servers quote the latter as a JSON string.
pub(crate) fn document_of(fetched: &Fetched) -> Option<Document> {
    let text = std::str::from_utf8(&fetched.bytes).ok()?.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        return json::parse(text.as_bytes(), &Limits::default()).ok().map(|list| Document::Json(Arc::new(list)));
    }
    let token = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_token =
        token.split('.').count() == 3 && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    is_token.then(|| Document::CompactJws(compact::read(token)))
}

fn read_list(
    entry: &Entry<'_>,
    secured: &SecuredDocument,
    request: &StatusRequest<'_>,
    remarks: &mut Vec<(Code, String)>,
) -> Result<Verdict, Unknown> {
    require_genuine(secured)?;
    let credential = secured.json.as_ref().ok_or_else(|| invalid("the list can't be read"))?;
    let types = |value: &Value, wanted: &str| each(value).filter_map(Value::as_str).any(|name| name == wanted);
    if !types(&credential["type"], entry.kind.credential_type()) {
        return Err((Code::StatusListWrongType, "the document at the list's address is not a status list".into()));
    }
    let list = list_in(credential, entry)
        .ok_or((Code::StatusListWrongType, "the document at the list's address is not a status list".to_owned()))?;
    let purposes: Vec<&str> = each(&list["statusPurpose"]).filter_map(Value::as_str).collect();
    if entry.kind != Kind::RevocationList2020 && !purposes.contains(&entry.purpose) {
        return Err((Code::StatusListWrongPurpose, format!("the list is not for the purpose \"{}\"", shorten(entry.purpose))));
    }
    let bytes = decode(list["encodedList"].as_str().unwrap_or_default()).map_err(|error| bits_error(&error))?;
    let value = bits::value_at(&bytes, entry.index, entry.width, Packing::HighestFirst).map_err(|error| bits_error(&error))?;
    let verdict = meaning(entry, value);
    // Too short a list can't clear a credential, but a revocation in it counts.
    let too_short = entry.kind == Kind::Bitstring && bytes.len() * 8 < MIN_ENTRIES_BITS * entry.width as usize;
    if verdict == Verdict::Clear && too_short {
        return Err((Code::StatusListTooShort, "the list is shorter than the standard allows".into()));
    }
    let is_unsure =
        secured.checks.iter().any(|check| check.id == CheckId::Controller && check.status == CheckStatus::CouldNotCheck);
    if verdict == Verdict::Clear && is_unsure {
        return Err((Code::StatusListUnverifiable, "it could not be checked who published the list".into()));
    }
    // A revocation counts whoever signed the list that the issuer named. Only the issuer's own list clears a credential.
    if verdict == Verdict::Clear && secured.issuer_id.as_deref() != request.issuer {
        remarks.push((Code::StatusListOtherIssuer, "someone other than the issuer signed the list".to_owned()));
    }
    Ok(verdict)
}

/// A list counts only when its own proof, key, integrity and window hold.
fn require_genuine(secured: &SecuredDocument) -> Result<(), Unknown> {
    let status = |id: CheckId| secured.checks.iter().find(|check| check.id == id);
    if let Some(check) = status(CheckId::Validity).filter(|check| check.status == CheckStatus::Fail) {
        return Err(match check.code {
            Code::NotYetValid => (Code::StatusListNotYetValid, "the issuer's list is not valid yet".into()),
            _ => (Code::StatusListExpired, "the issuer's list has expired".into()),
        });
    }
    for id in [CheckId::Format, CheckId::Context, CheckId::Proof, CheckId::Controller, CheckId::Integrity] {
        match status(id) {
            // The key's owner matters only for a list that clears the credential; see `read_list`.
            Some(check)
                if check.status == CheckStatus::CouldNotCheck && !matches!(id, CheckId::Controller | CheckId::Integrity) =>
            {
                return Err((
                    Code::StatusListUnverifiable,
                    "it could not be checked whether the issuer's status list is genuine".into(),
                ));
            }
            Some(check) if check.status == CheckStatus::Fail => {
                return Err((Code::StatusListSignatureInvalid, "the issuer's list is not genuine".into()));
            }
            _ => {}
        }
    }
    let proven = status(CheckId::Proof).is_some_and(|check| check.status == CheckStatus::Pass);
    proven.then_some(()).ok_or((Code::StatusListUnverifiable, "the issuer's list is not signed".into()))
}

/// The list itself. A credential may hold several lists with different purposes.
fn list_in<'a>(credential: &'a Value, entry: &Entry<'_>) -> Option<&'a Value> {
    let lists: Vec<&Value> = each(&credential["credentialSubject"])
        .filter(|subject| each(&subject["type"]).filter_map(Value::as_str).any(|name| name == entry.kind.list_type()))
        .collect();
    let fits = |list: &&&Value| each(&list["statusPurpose"]).filter_map(Value::as_str).any(|purpose| purpose == entry.purpose);
    lists.iter().find(fits).or(lists.first()).copied()
}

/// Multibase base64 in any of its four forms (`u` is the one of the specification), or base64 without a prefix as older lists
/// and some issuers write it: what is compressed with gzip starts with `H4s` in every base64.
fn decode(encoded: &str) -> Result<Vec<u8>, BitsError> {
    let text = match encoded.starts_with("H4s") {
        true => encoded,
        false => encoded.strip_prefix(['u', 'U', 'm', 'M']).ok_or(BitsError::Encoding)?,
    };
    let compressed = BASE64URL.decode(text).or_else(|_| BASE64.decode(text)).map_err(|_| BitsError::Encoding)?;
    bits::gunzip(&compressed)
}

pub(super) fn bits_error(error: &BitsError) -> Unknown {
    let code = match error {
        BitsError::OutOfRange => Code::StatusIndexOutOfRange,
        BitsError::Encoding | BitsError::TooLarge | BitsError::Width => Code::StatusListInvalid,
    };
    (code, error.to_string())
}

fn meaning(entry: &Entry<'_>, value: u64) -> Verdict {
    match (entry.purpose, value) {
        ("message", value) => match message_for(entry.messages, value) {
            Some(text) => Verdict::Message(text),
            None if value == 0 => Verdict::Clear,
            None => Verdict::Message(format!("The status is {value}, and the issuer does not explain this value.")),
        },
        ("revocation" | "suspension" | "refresh", 0) => Verdict::Clear,
        ("revocation", _) => Verdict::Revoked(message_for(entry.messages, value)),
        ("suspension", _) => Verdict::Suspended(message_for(entry.messages, value)),
        ("refresh", _) => Verdict::RefreshAvailable,
        (other, _) => Verdict::Unknown(
            Code::StatusPurposeUnknown,
            format!("the gateway does not know status lists for the purpose \"{}\"", shorten(other)),
        ),
    }
}

/// `statusMessage: [{status: "0x1", message: "…"}]`
fn message_for(messages: &Value, value: u64) -> Option<String> {
    let wanted = |item: &&Value| {
        let status = item["status"].as_str().unwrap_or_default();
        status.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok()) == Some(value)
    };
    each(messages).find(wanted).and_then(|item| item["message"].as_str()).map(shorten)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonld::Contexts;
    use crate::model::credential::{Format, Securing};
    use crate::model::report::Check;
    use crate::verify::Verifier;
    use crate::verify::documents::Documents;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;
    use std::io::Write;

    #[test]
    fn a_list_is_read_in_every_base64_that_issuers_write() {
        // Bytes whose base64 differs between the alphabets.
        let content: Vec<u8> = (0..4_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&content).unwrap();
        let bytes = encoder.finish().unwrap();
        let (standard, url) = (BASE64.encode(&bytes), BASE64URL.encode(&bytes));
        assert_ne!(standard, url);
        let bare = |text: &str| text.trim_end_matches('=').to_owned();
        for text in [
            format!("u{}", bare(&url)),
            format!("u{url}"),
            format!("U{url}"),
            format!("m{}", bare(&standard)),
            format!("M{standard}"),
            url.clone(),
            bare(&url),
            standard.clone(),
            bare(&standard),
        ] {
            assert_eq!(decode(&text).as_deref(), Ok(content.as_slice()), "{}", &text[..4]);
        }
        for text in ["", "u", "z2abc", "uH4s!", "H4s", "not a list"] {
            assert_eq!(decode(text), Err(BitsError::Encoding), "{text}");
        }
    }

    #[test]
    fn the_older_list_kinds_are_read() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&[0, 0b0100_0000, 0]).unwrap();
        let encoded = BASE64URL.encode(encoder.finish().unwrap());
        let verifier = Verifier::new(Documents::default(), Contexts::built_in());
        let request = StatusRequest { verifier: &verifier, issuer: Some("did:example:a"), at: chrono::DateTime::UNIX_EPOCH };
        for (kind, members) in [
            (Kind::StatusList2021, ["statusListCredential", "statusListIndex"]),
            (Kind::RevocationList2020, ["revocationListCredential", "revocationListIndex"]),
        ] {
            let subject = json!({ "type": kind.list_type(), "statusPurpose": "revocation", "encodedList": encoded });
            let secured = SecuredDocument {
                format: Format::Vc1,
                secured_with: Securing::VcJwt,
                json: Some(
                    json!({ "type": ["VerifiableCredential", kind.credential_type()], "credentialSubject": subject }).into(),
                ),
                issuer_id: Some("did:example:a".into()),
                checks: vec![Check::pass(CheckId::Proof, "")],
            };
            let verdict = |index: &str| {
                let mut entry = json!({ "statusPurpose": "revocation" });
                entry[members[0]] = json!("https://example.org/l");
                entry[members[1]] = json!(index);
                let entry = read_entry(&entry, kind).unwrap();
                read_list(&entry, &secured, &request, &mut Vec::new())
            };
            assert_eq!(verdict("9"), Ok(Verdict::Revoked(None)));
            assert_eq!(verdict("8"), Ok(Verdict::Clear));
        }
    }
}
