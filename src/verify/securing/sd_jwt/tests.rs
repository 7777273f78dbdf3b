//! Disclosures in and out of place.

use super::*;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use serde_json::json;

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn digest(disclosure: &str) -> String {
    HashAlgorithm::Sha256.digest(disclosure.as_bytes())
}

fn jws(payload: &Value) -> String {
    format!("{}.{}.{}", encode(&json!({"alg": "EdDSA", "typ": "dc+sd-jwt"})), encode(payload), URL_SAFE_NO_PAD.encode("s"))
}

fn parse(payload: &Value, disclosures: &[String]) -> Result<Map<String, Value>, Malformed> {
    let tail: String = disclosures.iter().map(|disclosure| format!("{disclosure}~")).collect();
    SdJwt::parse(&format!("{}~{tail}", jws(payload))).map(|parsed| parsed.claims)
}

#[test]
fn disclosures_take_their_place_at_every_depth() {
    let street = encode(&json!(["s1", "street", "Main"]));
    let address = encode(&json!(["s2", "address", {"_sd": [digest(&street)], "country": "NL"}]));
    let second = encode(&json!(["s3", "two"]));
    let payload =
        json!({"vct": "urn:x", "_sd": [digest(&address), "decoy"], "list": ["one", {"...": digest(&second)}, {"...": "hidden"}]});
    let claims = parse(&payload, &[address, street, second]).unwrap();
    assert_eq!(
        Value::Object(claims),
        json!({"vct": "urn:x", "address": {"street": "Main", "country": "NL"}, "list": ["one", "two"]})
    );
}

#[test]
fn tricks_with_disclosures_are_refused() {
    let name = encode(&json!(["s", "name", "Ada"]));
    let exp = encode(&json!(["s", "exp", 4_102_444_800_u64]));
    let element = encode(&json!(["s", "element"]));
    let cases = [
        ("unused", json!({}), vec![name.clone()]),
        ("twice", json!({"_sd": [digest(&name)]}), vec![name.clone(), name.clone()]),
        ("digest in two places", json!({"_sd": [digest(&name)], "a": {"_sd": [digest(&name)]}}), vec![name.clone()]),
        ("replaces a written member", json!({"name": "Eve", "_sd": [digest(&name)]}), vec![name.clone()]),
        ("element in an object", json!({"_sd": [digest(&element)]}), vec![element]),
        ("member in a list", json!({"a": [{"...": digest(&name)}]}), vec![name]),
        ("hides the end", json!({"_sd": [digest(&exp)]}), vec![exp]),
        ("unknown hash", json!({"_sd_alg": "md5"}), vec![]),
        ("reserved", json!({"...": "x"}), vec![]),
        ("not base64", json!({}), vec!["!!".to_owned()]),
    ];
    for (what, payload, disclosures) in cases {
        assert!(parse(&payload, &disclosures).is_err(), "{what}");
    }
}

#[test]
fn key_binding_covers_exactly_what_is_disclosed() {
    use ed25519_dalek::Signer;
    let holder = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(holder.verifying_key().as_bytes())});
    let name = encode(&json!(["s", "name", "Ada"]));
    let presented = format!("{}~{name}~", jws(&json!({"cnf": {"jwk": jwk}, "_sd": [digest(&name)]})));
    let bind = |hash: &str| {
        let claims = json!({"iat": 1, "nonce": "n", "aud": "https://gw.example.org", "sd_hash": hash});
        let input = format!("{}.{}", encode(&json!({"alg": "EdDSA", "typ": "kb+jwt"})), encode(&claims));
        let signature = URL_SAFE_NO_PAD.encode(holder.sign(input.as_bytes()).to_bytes());
        SdJwt::parse(&format!("{presented}{input}.{signature}")).unwrap()
    };
    let check = |parsed: &SdJwt, nonce, audience| {
        let binding = parsed.key_binding.as_ref().unwrap();
        binding.check(&parsed.claims, nonce, audience).map_err(|problem| problem.code)
    };
    let good = bind(&digest(&presented));
    assert_eq!(check(&good, None, None), Ok(()));
    assert_eq!(check(&good, Some("n"), Some("https://gw.example.org")), Ok(()));
    assert_eq!(check(&good, Some("other"), None), Err(Code::ChallengeMismatch));
    assert_eq!(check(&good, None, Some("https://other.example.org")), Err(Code::DomainMismatch));
    assert_eq!(check(&bind(&digest("something else")), None, None), Err(Code::KeyBindingInvalid));
}

#[test]
fn what_is_not_disclosed_is_known_by_its_place() {
    let payload =
        json!({"vct": "urn:x", "_sd": ["top"], "list": ["one", {"...": "second"}], "status": {"a/b": {"_sd": ["inner"]}}});
    let parsed = SdJwt::parse(&format!("{}~", jws(&payload))).unwrap();
    assert_eq!(parsed.withheld, ["/list/1", "/status/a~1b", ""]);
    let integrity = Check::warning(CheckId::Integrity, Code::ClaimMissing, "x").found();
    let judged = judge(integrity.clone(), &parsed.claims, &parsed.withheld);
    assert_eq!((judged.status, judged.code, judged.findings.len()), (CheckStatus::Fail, Code::Undisclosed, 2));
    assert_eq!(judge(integrity.clone(), &parsed.claims, &[]), integrity, "everything is disclosed");
    assert_eq!(judge(integrity.clone(), &parsed.claims, &["/list/1".to_owned()]), integrity, "nothing that is decided on");
}

#[test]
fn digests_anywhere_make_a_token_one_that_may_hide_something() {
    let selective = |payload: Value| is_selective(payload.as_object().unwrap());
    for payload in [json!({"_sd_alg": "sha-256"}), json!({"a": {"_sd": []}}), json!({"a": [[{"...": "x"}]]})] {
        assert!(selective(payload.clone()), "{payload}");
    }
    assert!(!selective(json!({"a": {"b": ["_sd", "..."]}})));
}

#[test]
fn many_places_behind_a_long_name_are_refused_before_they_fill_the_memory() {
    let hidden = |count: usize| (0..count).map(|number| json!({"...": format!("d{number}")})).collect::<Value>();
    let parse = |payload: &Value| SdJwt::parse(&format!("{}~", jws(payload))).map(|parsed| parsed.withheld.len());
    assert_eq!(parse(&json!({"vct": "urn:x", "list": hidden(5_000)})).unwrap(), 1, "before the first that is disclosed");
    let digests: Vec<String> = (0..5_000).map(|number| format!("d{number}")).collect();
    assert_eq!(parse(&json!({"vct": "urn:x", "_sd": digests})).unwrap(), 1, "one place");
    let refused = parse(&json!({"vct": "urn:x", "n".repeat(10_000): hidden(5_000)})).unwrap_err();
    assert_eq!(refused.code, Code::DisclosureInvalid);
}
