//! Sniffs what a file is, from its bytes alone.
//! Comes in: an uploaded file. Goes out: what was found in it, image, archive and text alike.
//! The client's file name and media type decide nothing: both are often wrong and may be hostile.

use super::baked::{self, Picture};
use super::text::{self, Found, Source};
use super::{Content, OpenedFile, archive, problem, signed};
use crate::document::cose::Sign1;
use crate::document::{Limits, json};
use crate::model::code::Code;
use crate::model::credential::Container;
use crate::model::submission::{FileProblem, UploadedFile};
use sha2::{Digest, Sha256};

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Empty,
    Zip,
    Png,
    Xml,
    Cose,
    Utf16,
    Text,
    /// A known kind that carries no credential; starts with an article.
    Other(&'static str),
}

/// First bytes of kinds that carry no credential: offset, bytes, what it is.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"%PDF-", "a PDF document"),
    (0, b"\xFF\xD8\xFF", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyp", "a video"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an older Office document"),
    (0, b"Rar!\x1A\x07", "a RAR archive"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
    (0, b"\x1F\x8B", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xFD7zXZ\0", "an xz archive"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"MZ", "a Windows program"),
    (0, b"\x7FELF", "a program"),
];

fn sniff(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return Kind::Empty;
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
        return Kind::Png;
    }
    if archive::is_zip(bytes) {
        return Kind::Zip;
    }
    if Sign1::read(bytes).is_some() {
        return Kind::Cose;
    }
    let known = SIGNATURES.iter().find(|(offset, magic, _)| bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, _, what)) = known {
        return Kind::Other(what);
    }
    let utf16_mark = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let utf16_brace =
        bytes.starts_with(b"{\0") || bytes.starts_with(b"\0{") || bytes.starts_with(b"[\0") || bytes.starts_with(b"<\0");
    if utf16_mark || utf16_brace {
        return Kind::Utf16;
    }
    let text = json::without_bom(bytes).trim_ascii_start();
    if text.is_empty() {
        return Kind::Empty;
    }
    if text.first() == Some(&b'<') && !is_html(text) {
        return Kind::Xml;
    }
    if text.iter().take(512).any(|&b| b < 0x09) {
        return Kind::Other("a file of an unknown binary kind");
    }
    Kind::Text
}

fn is_html(text: &[u8]) -> bool {
    let start: Vec<u8> = text.iter().take(16).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html")
        || start.starts_with(b"<html")
        || start.starts_with(b"<head")
        || start.starts_with(b"<body")
}

pub fn open(file: &UploadedFile, limits: &Limits, sink: &mut dyn FnMut(OpenedFile)) {
    let name = archive::display_name(file.name.as_deref().unwrap_or_default());
    let name = if name.is_empty() { "upload" } else { &name };
    if sniff(&file.bytes) == Kind::Zip {
        archive::open(name, &file.bytes, limits, sink);
    } else {
        open_plain(name, &file.bytes, &[], limits, sink);
    }
}

pub fn count(file: &UploadedFile, limits: &Limits) -> usize {
    if sniff(&file.bytes) != Kind::Zip {
        return 1;
    }
    archive::count(&file.bytes).clamp(1, limits.max_archive_entries.max(1))
}

/// Whether the bytes are an archive that [`archive::open`] takes apart.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    sniff(bytes) == Kind::Zip
}

/// Opens anything but an archive.
pub(super) fn open_plain(name: &str, bytes: &[u8], containers: &[Container], limits: &Limits, sink: &mut dyn FnMut(OpenedFile)) {
    let sha256 = hex::encode(Sha256::digest(bytes));
    for found in open_bytes(name, bytes, containers, limits) {
        sink(OpenedFile { name: name.to_owned(), sha256: sha256.clone(), detected: found.detected, content: found.content });
    }
}

fn open_bytes(name: &str, bytes: &[u8], containers: &[Container], limits: &Limits) -> Vec<Found> {
    if bytes.len() > limits.max_file_bytes {
        return vec![Found::nothing("large file", problem::too_large(limits.max_file_bytes))];
    }
    match sniff(bytes) {
        Kind::Empty => vec![Found::nothing("empty file", problem::empty())],
        Kind::Utf16 => vec![Found::nothing("text in UTF-16", problem::utf16())],
        Kind::Other(what) => vec![Found::nothing(what, problem::unsupported(what))],
        Kind::Zip => {
            vec![Found::nothing("ZIP archive", FileProblem::new(Code::ArchiveTooDeep, "This is an archive inside an archive."))]
        }
        Kind::Png => open_picture(&baked::png::extract(bytes, limits), "PNG image", Container::Png, name, containers, limits),
        Kind::Xml => match baked::svg::root_is_svg(bytes) {
            true => open_picture(&baked::svg::extract(bytes, limits), "SVG image", Container::Svg, name, containers, limits),
            false => vec![Found::nothing("XML document", problem::unsupported("an XML document"))],
        },
        Kind::Cose => signed::open_cose(bytes, &Source { name, containers, limits, nesting: 0 }).into_iter().collect(),
        Kind::Text => match std::str::from_utf8(bytes) {
            Ok(content) => kept_whole(text::open(content, &Source { name, containers, limits, nesting: 0 }), bytes),
            Err(_) => vec![Found::nothing("text", problem::bad_json(&json::JsonError::NotUtf8))],
        },
    }
}

/// A file that is one credential and nothing else is kept exactly as it was received, white space around it included.
fn kept_whole(mut found: Vec<Found>, file: &[u8]) -> Vec<Found> {
    if let [Found { content: Content::Credentials(credentials), .. }] = found.as_mut_slice()
        && let [credential] = credentials.as_mut_slice()
        && credential.bytes == json::without_bom(file).trim_ascii()
    {
        credential.bytes = file.to_vec();
    }
    found
}

/// Everything baked into one picture; several only when it carries several kinds of badge.
fn open_picture(
    picture: &Picture,
    what: &str,
    container: Container,
    name: &str,
    containers: &[Container],
    limits: &Limits,
) -> Vec<Found> {
    let mut inside = containers.to_vec();
    inside.push(container);
    let source = Source { name, containers: &inside, limits, nesting: 0 };
    let mut found: Vec<Found> = picture.payloads.iter().flat_map(|payload| text::open(payload, &source)).collect();
    for one in &mut found {
        let ignored = if picture.repeated > 0 { "; a second badge in it was ignored" } else { "" };
        one.detected = match one.content {
            Content::Nothing(_) => format!("{what} with badge data that holds no credential ({})", one.detected),
            _ => format!("{what} with a baked {}{ignored}", one.detected),
        };
    }
    if !found.is_empty() {
        return found;
    }
    let problem = match &picture.damage {
        Some(cause) => problem::broken_image(what, cause),
        None => problem::image_without_badge(what),
    };
    vec![Found::nothing(what, problem)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake;
    use crate::model::credential::Document;
    use base64::Engine as _;
    use serde_json::{Value, json};

    fn open_all(bytes: &[u8]) -> Vec<OpenedFile> {
        let file = UploadedFile { name: Some("x".to_owned()), media_type: None, bytes: bytes.to_vec().into() };
        intake::open(&file, &Limits::default())
    }

    fn code(bytes: &[u8]) -> String {
        match open_all(bytes).into_iter().next().map(|one| one.content) {
            Some(Content::Nothing(problem)) => problem.code.to_string(),
            Some(Content::Credentials(credentials)) => format!("{} credentials", credentials.len()),
            Some(Content::Presentation(presentation)) => format!("presentation of {}", presentation.credentials.len()),
            None => "nothing".to_owned(),
        }
    }

    fn token(claims: &Value) -> String {
        let part = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&json!({"alg": "EdDSA"})), part(claims))
    }

    fn credential() -> Value {
        json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "credentialSubject": {"id": "did:example:a"}})
    }

    #[test]
    fn what_carries_no_credential_is_named() {
        for (bytes, expected) in [
            (&b""[..], "empty_file"),
            (b" \n\t", "empty_file"),
            (b"%PDF-1.7\n", "unsupported_file"),
            (b"\xFF\xD8\xFF\xE0", "unsupported_file"),
            (b"<!DOCTYPE html><html></html>", "unsupported_file"),
            (b"<note/>", "unsupported_file"),
            (b"\xFF\xFE{\0", "text_in_utf16"),
            (b"{\0\"\0", "text_in_utf16"),
            (b"https://example.org/badges/1", "link_instead_of_file"),
            (b"\"https://example.org/badges/1\"", "link_instead_of_file"),
            (b"hello", "unknown_content"),
            (b"{\"a\":1}", "unknown_content"),
            (b"[]", "unknown_content"),
            (b"{\"a\":1,\"a\":1}", "duplicate_key"),
            (b"\"\xff", "invalid_utf8"),
            (b"-----BEGIN CERTIFICATE-----", "not_a_credential"),
            (b"\x89PNG\r\n\x1A\n", "broken_image"),
            (b"<svg/>", "image_without_badge"),
            (b"{\"type\":\"BadgeClass\",\"name\":\"x\",\"issuer\":\"y\"}", "description_only"),
            (
                b"{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"did:example:a\",\"assertionMethod\":[]}",
                "description_only",
            ),
            (b"{\"result\":{\"type\":\"VerifiableCredential\"}}", "unknown_content"),
        ] {
            assert_eq!(code(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_credential_is_found_in_whatever_is_around_it() {
        let json = credential();
        let jwt = token(&json);
        let mut signed = json.clone();
        signed["proof"] = json!({"type": "DataIntegrityProof"});
        let claimed = token(&json!({"iss": "did:example:i", "vc": {"type": ["VerifiableCredential"]}}));
        for text in [
            json.to_string(),
            format!("\u{FEFF}\n {json}\n"),
            json!({"verifiableCredential": json}).to_string(),
            json!({"credential": json}).to_string(),
            json!({"verifiableCredential": json, "options": {"checks": ["proof"]}}).to_string(),
            json!({"given": json, "made": signed, "note": "x"}).to_string(),
            json!([json]).to_string(),
            jwt.clone(),
            format!("  \"{jwt}\"\n"),
            format!("'{jwt}'"),
            claimed,
            format!("{jwt}~WyJhIiwiYiIsImMiXQ~"),
            json!([jwt]).to_string(),
            json!({"type": "EnvelopedVerifiableCredential", "id": format!("data:application/vc+jwt,{jwt}")}).to_string(),
        ] {
            assert_eq!(code(text.as_bytes()), "1 credentials", "{text}");
        }
        assert_eq!(code(json!({"credential": [json], "compactJwsString": [jwt]}).to_string().as_bytes()), "2 credentials");
        assert_eq!(code(token(&json!({"sub": "someone", "aud": "x"})).as_bytes()), "not_a_credential");
    }

    #[test]
    fn a_credential_keeps_the_bytes_that_it_came_with() {
        let text = r#"{"verifiableCredential" : { "type":["VerifiableCredential"], "credentialSubject" : {"n": 1.0} } }"#;
        let found = open_all(text.as_bytes());
        let Some(Content::Credentials(credentials)) = found.first().map(|one| &one.content) else {
            panic!("no credential");
        };
        let inner = r#"{ "type":["VerifiableCredential"], "credentialSubject" : {"n": 1.0} }"#;
        assert_eq!(credentials.iter().map(|c| c.bytes.as_slice()).collect::<Vec<_>>(), [inner.as_bytes()]);
    }

    #[test]
    fn presentations_of_every_shape_are_split() {
        let json = credential();
        let jwt = token(&json);
        let enveloped = json!({"type": "EnvelopedVerifiableCredential", "id": format!("data:application/vc+jwt,{jwt}")});
        let vp = |held: Value| json!({"type": ["VerifiablePresentation"], "holder": {"id": "did:example:h"}, "verifiableCredential": held});
        assert_eq!(code(vp(json.clone()).to_string().as_bytes()), "presentation of 1");
        assert_eq!(code(vp(json!([json, jwt, enveloped])).to_string().as_bytes()), "presentation of 3");
        assert_eq!(code(vp(json!([1, json])).to_string().as_bytes()), "presentation of 2");
        assert_eq!(code(b"{\"type\":\"VerifiablePresentation\",\"holder\":\"did:example:h\"}"), "presentation of 0");
        assert_eq!(code(vp(Value::Null).to_string().as_bytes()), "presentation of 0");
        assert_eq!(code(token(&vp(json!([jwt]))).as_bytes()), "presentation of 1");
        assert_eq!(code(token(&json!({"iss": "did:example:h", "vp": vp(json!([jwt]))})).as_bytes()), "presentation of 1");
        let outer = json!({"type": "EnvelopedVerifiablePresentation", "id": format!("data:application/vp+jwt,{}", token(&vp(json!([jwt]))))});
        assert_eq!(code(outer.to_string().as_bytes()), "presentation of 1");
        assert_eq!(code(vp(json!(vec![jwt; 201])).to_string().as_bytes()), "too_many_credentials");
    }

    #[test]
    fn a_link_in_a_picture_is_a_hosted_badge() {
        let svg = br#"<svg xmlns:o="http://openbadges.org"><o:assertion verify="https://example.org/a.json"/></svg>"#;
        let found = open_all(svg);
        let Some(Content::Credentials(credentials)) = found.first().map(|one| &one.content) else {
            panic!("no credential");
        };
        let is_hosted = |one: &crate::model::credential::ReceivedCredential| matches!(&one.document, Document::HostedUrl(url) if url == "https://example.org/a.json");
        assert!(credentials.iter().all(is_hosted));
        assert_eq!(found.first().map(|one| one.detected.as_str()), Some("SVG image with a baked link to a hosted Open Badge"));
    }

    #[test]
    fn envelopes_in_envelopes_come_to_an_end() {
        let mut text = credential().to_string();
        for _ in 0..30 {
            text = json!({"type": "VerifiablePresentation", "verifiableCredential": [serde_json::from_str::<Value>(&text).unwrap_or_default()]}).to_string();
        }
        assert!(!open_all(text.as_bytes()).is_empty());
        let mut quoted = "x".to_owned();
        for _ in 0..12 {
            quoted = json!(quoted).to_string();
        }
        assert_eq!(code(quoted.as_bytes()), "unknown_content");
    }
}
