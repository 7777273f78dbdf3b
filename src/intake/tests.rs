//! What is found in files of every kind, through the one way in.

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

const V2: &str = "https://www.w3.org/ns/credentials/v2";

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
        (b"%PDF-1.7\n", "broken_document"),
        (b"\xFF\xD8\xFF\xE0", "broken_image"),
        (b"<!DOCTYPE html><html></html>", "unsupported_file"),
        (b"<note/>", "unsupported_file"),
        (b"\xFF\xFE{\0\"", "text_in_utf16"),
        (b"{\0\x00\xD8", "text_in_utf16"),
        (b"{\0\"\0", "invalid_json"),
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
        (b"{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"did:example:a\",\"assertionMethod\":[]}", "description_only"),
        (b"{\"result\":{\"type\":\"VerifiableCredential\"}}", "unknown_content"),
        (b"[Badges](https://example.org/badges) of the summer", "unknown_content"),
        (b"M\xFCller;Forklift", "unknown_content"),
        ("{ \u{201D}@context\u{201C}: 1 }".as_bytes(), "text_changed"),
        ("{\"name\": \u{201C}Forklift\u{201D}}".as_bytes(), "text_changed"),
        (b"{&quot;type&quot;:1}", "text_changed"),
        ("{\u{A0}\"a\": 1}".as_bytes(), "text_changed"),
        ("eyJhbGciOiJFZERTQSJ9.e30\u{2013}.c2ln".as_bytes(), "text_changed"),
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
        json!({"@context": V2, "type": "EnvelopedVerifiableCredential", "id": format!("data:application/vc+jwt,{jwt}")})
            .to_string(),
    ] {
        assert_eq!(code(text.as_bytes()), "1 credentials", "{text}");
    }
    assert_eq!(code(json!({"credential": [signed], "compactJwsString": [jwt]}).to_string().as_bytes()), "2 credentials");
    assert_eq!(code(json!({"credential": [json], "compactJwsString": [jwt]}).to_string().as_bytes()), "1 credentials");
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
    let enveloped =
        json!({"@context": V2, "type": "EnvelopedVerifiableCredential", "id": format!("data:application/vc+jwt,{jwt}")});
    let vp = |held: Value| json!({"type": ["VerifiablePresentation"], "holder": {"id": "did:example:h"}, "verifiableCredential": held});
    assert_eq!(code(vp(json.clone()).to_string().as_bytes()), "presentation of 1");
    assert_eq!(code(vp(json!([json, jwt, enveloped])).to_string().as_bytes()), "presentation of 3");
    assert_eq!(code(vp(json!([1, json])).to_string().as_bytes()), "presentation of 2");
    assert_eq!(code(b"{\"type\":\"VerifiablePresentation\",\"holder\":\"did:example:h\"}"), "presentation of 0");
    assert_eq!(code(vp(Value::Null).to_string().as_bytes()), "presentation of 0");
    assert_eq!(code(token(&vp(json!([jwt]))).as_bytes()), "presentation of 1");
    assert_eq!(code(token(&json!({"iss": "did:example:h", "vp": vp(json!([jwt]))})).as_bytes()), "presentation of 1");
    let outer = json!({"@context": V2, "type": "EnvelopedVerifiablePresentation", "id": format!("data:application/vp+jwt,{}", token(&vp(json!([jwt]))))});
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

#[test]
fn a_credential_is_found_under_any_name_in_any_depth() {
    let mut signed = credential();
    signed["proof"] = json!({"type": "DataIntegrityProof"});
    let mut other = signed.clone();
    other["credentialSubject"]["id"] = json!("did:example:b");
    let jwt = token(&credential());
    let encoded = base64::engine::general_purpose::STANDARD.encode(signed.to_string());
    let in_proof =
        json!({"type": ["VerifiableCredential"], "credentialSubject": {}, "proof": {"type": "JwtProof2020", "jwt": jwt}});
    for (wrapper, count) in [
        (json!({"jwt": jwt}), 1),
        (json!({"status": "ok", "payload": {"items": [{"n": 1}, {"raw": jwt}]}}), 1),
        (json!({"vp_token": {"my_badge": [jwt]}, "presentation_submission": {"id": "x"}}), 1),
        (json!({"records": [signed, other]}), 2),
        (json!([[signed], {"a": {"b": {"c": other}}}, null, 1.5e3, true, "x"]), 2),
        (json!({"text": format!("Here it is: {signed}")}), 1),
        (
            json!({"type": "UniversalWallet2020", "contents": [signed, {"type": "Multikey"}, other, {"@context": "https://www.w3.org/ns/did/v1"}]}),
            2,
        ),
        (json!({"signed": signed.to_string()}), 1),
        (json!({"attachments": [{"data": {"base64": encoded}}]}), 1),
        (json!({"credential": jwt, "credentials": [{"credential": jwt}]}), 1),
        (json!({"raw": jwt, "parsed": credential()}), 1),
        (json!({"access_token": token(&json!({"sub": "x"})), "credential": jwt}), 1),
        (json!({"shown": in_proof}), 1),
        (json!({"e\u{301}\"\\": {"x": signed}, "y": "}]"}), 1),
    ] {
        let expected = format!("{count} credentials");
        assert_eq!(code(wrapper.to_string().as_bytes()), expected, "{wrapper}");
        let pretty = serde_json::to_string_pretty(&wrapper).unwrap_or_default().replace('\n', "\r\n");
        assert_eq!(code(pretty.as_bytes()), expected, "{pretty}");
        assert_eq!(open_all(wrapper.to_string().as_bytes()).len(), 1, "{wrapper}");
    }
    let crowd: Vec<Value> = (0..201).map(|n| json!({"proof": {}, "credentialSubject": {"n": n}})).collect();
    assert_eq!(code(json!({"all": crowd}).to_string().as_bytes()), "too_many_items");
}

#[test]
fn what_is_signed_as_a_whole_is_never_split() {
    let mut part = credential();
    part["proof"] = json!({"type": "DataIntegrityProof"});
    let whole = json!({"type": ["VerifiableCredential", "ClrCredential"], "issuer": "did:example:i", "proof": {"type": "DataIntegrityProof"},
        "credentialSubject": {"verifiableCredential": [part]}, "endorsement": [part]});
    assert_eq!(code(json!({"data": whole}).to_string().as_bytes()), "1 credentials");
    let broken = whole.to_string();
    let cut = broken.len() - 2;
    assert_eq!(code(&broken.as_bytes()[..cut]), "invalid_json");
    assert_eq!(code(format!("Hello, {}", &broken[..cut]).as_bytes()), "unknown_content");
    let described = json!({"type": "Achievement", "name": "Clay", "endorsement": [part]});
    assert_eq!(code(described.to_string().as_bytes()), "description_only");
}

#[test]
fn contexts_and_schemas_have_the_names_of_a_badge_and_are_none() {
    let names = json!({"badge": {"@id": "x:badge"}, "recipient": {"@id": "x:recipient"}, "issuer": {}, "credentialSubject": {}});
    let described = json!({"@context": [names], "type": "AlignmentObject", "targetName": "Clay"});
    assert_eq!(code(described.to_string().as_bytes()), "description_only");
    assert_eq!(code(json!({"@context": names}).to_string().as_bytes()), "unknown_content");
    assert_eq!(code(json!({"$schema": "https://example.org/s", "properties": names}).to_string().as_bytes()), "not_a_credential");
}

#[test]
fn texts_in_utf_16_are_read() {
    let text = credential().to_string();
    let little: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!((code(&little), code(&big)), ("1 credentials".to_owned(), "1 credentials".to_owned()));
}

#[test]
fn an_identifier_that_a_chat_program_changed_is_named_as_that() {
    let mut changed = credential();
    changed["issuer"] = json!("did\u{1F511}z6Mksgi6");
    assert_eq!(code(changed.to_string().as_bytes()), "text_changed");
    changed["issuer"] = json!("https://k\u{E4}se.example");
    assert_eq!(code(changed.to_string().as_bytes()), "1 credentials");
}
