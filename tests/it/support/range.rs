//! The shooting range of the red team: issuers that the policy trusts, so that an edit that gets through is accepted.

use super::disclosure::{Issued, Suite};
use super::edits::{CONTEXTS, Editor, Names, collect};
use super::examine::examine_with;
use super::tokens::TestKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use skillgate::jsonld::{Contexts, Edition};
use skillgate::model::report::Outcome;
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind, status_list};
use skillgate::verify::Verifier;
use skillgate::verify::checks::issuer_trust::TrustPolicy;
use skillgate::verify::documents::{Documents, Provided};
use std::collections::BTreeMap;
use std::io::Write;

const LIST: &str = "https://college.example.org/status/1";
/// Of [`DISCLOSER`].
pub const OTHER_LIST: &str = "https://college.example.org/status/2";
/// Of [`DISCLOSER`], as a Token Status List.
pub const TOKEN_LIST: &str = "https://college.example.org/status/3";
/// On every list.
pub const REVOKED: usize = 7;
/// Issues what its holder may show in part, and tokens.
pub const DISCLOSER: &str = "did:web:college.example.org";

/// The end of a credential that is valid, and of one that is over; in seconds, too.
pub const UNTIL: &str = "2027-01-01T00:00:00Z";
pub const ENDED: &str = "2026-01-01T00:00:00Z";
pub const LATE: u64 = 1_798_761_600;
pub const OVER: u64 = 1_767_225_600;

fn at() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub struct Range {
    pub institution: Institution,
    pub verifier: Verifier,
    /// Term → every definition that a context of the credential gives it.
    names: Names,
}

impl Range {
    pub const OLDER_CONTEXTS: [&str; 2] =
        ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/data-integrity/v2"];

    pub fn new() -> Self {
        let institution = Institution::new("Example College", KeyKind::Ed25519);
        let issued = "2025-01-01T00:00:00Z".parse().unwrap();
        let list = status_list::unsigned(&institution, LIST, &[REVOKED], issued).unwrap();
        let list = DataIntegrity::assertion(issued).sign(&list, &institution.key).unwrap().to_string();
        let mut other_list = status_list::unsigned(&institution, OTHER_LIST, &[REVOKED], issued).unwrap();
        other_list["issuer"] = json!(DISCLOSER);
        let other_list = Self::token("vc+jwt", &other_list);
        let provided =
            [(LIST, list), (OTHER_LIST, other_list), (TOKEN_LIST, Self::token_list()), (DISCLOSER, Self::keys().to_string())];
        let provided = provided.map(|(url, content)| (url.to_owned(), Provided::Content(content.into()))).into();
        let policy = format!(
            "name = \"t\"\nversion = \"1\"\n[[rule]]\nid = \"t\"\ndecision = \"allow\"\ndid = [\"{}\", \"{DISCLOSER}\"]\n",
            institution.did(),
        );
        let policy = TrustPolicy::parse(&policy).unwrap();
        let contexts = Contexts::built_in();
        let mut names = Names::new();
        for url in CONTEXTS.iter().chain(&Self::OLDER_CONTEXTS) {
            collect(contexts.get(url, Edition::default()).unwrap(), &mut names);
        }
        let verifier = Verifier::new(Documents::with_provided(provided, None), contexts).with_policy(policy);
        Self { institution, verifier, names }
    }

    /// The key of [`DISCLOSER`] for tokens and for ecdsa-sd-2023.
    pub fn token_key() -> TestKey {
        TestKey::P256(p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap())
    }

    /// A token of [`DISCLOSER`].
    pub fn token(typ: &str, payload: &Value) -> String {
        Self::token_key().token(json!({"kid": format!("{DISCLOSER}#key"), "typ": typ}), payload)
    }

    fn token_list() -> String {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&(1_u128 << REVOKED).to_le_bytes()).unwrap();
        let list = json!({"bits": 1, "lst": URL_SAFE_NO_PAD.encode(zlib.finish().unwrap())});
        let claims = json!({"iss": DISCLOSER, "sub": TOKEN_LIST, "iat": 1_767_225_600, "status_list": list});
        Self::token("statuslist+jwt", &claims)
    }

    fn keys() -> Value {
        let method = |name: &str, key: String| json!({"id": format!("{DISCLOSER}#{name}"), "type": "Multikey", "controller": DISCLOSER, "publicKeyMultibase": key});
        let token_key = Self::token_key().did_key();
        let methods = [method("key", token_key.trim_start_matches("did:key:").to_owned()), method("bbs", Suite::bbs_multikey())];
        json!({"@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"], "id": DISCLOSER,
            "assertionMethod": methods})
    }

    pub fn badge(&self, valid_until: &str, index: usize) -> Value {
        let mut badge = Badge::new("ada@example.org", "2025-01-01T00:00:00Z".parse().unwrap());
        badge.valid_until = Some(valid_until.parse().unwrap());
        badge.status = Some((LIST.to_owned(), index));
        badge.subject = Some("did:example:ada".to_owned());
        badge.unsigned(&self.institution)
    }

    /// A badge of [`DISCLOSER`], unsigned.
    pub fn others_badge(&self, valid_until: &str, index: usize) -> Value {
        let mut badge = self.badge(valid_until, index);
        badge["issuer"]["id"] = json!(DISCLOSER);
        let entry = &mut badge["credentialStatus"];
        entry["statusListCredential"] = json!(OTHER_LIST);
        entry["id"] = json!(format!("{OTHER_LIST}#{index}"));
        badge
    }

    /// A badge of [`DISCLOSER`] as the payload of a token.
    pub fn token_badge(&self, valid_until: &str, index: usize) -> Value {
        let mut badge = self.others_badge(valid_until, index);
        (badge["iss"], badge["sub"], badge["jti"]) = (json!(DISCLOSER), json!("did:example:ada"), badge["id"].clone());
        let end: DateTime<Utc> = valid_until.parse().unwrap();
        (badge["nbf"], badge["exp"]) = (json!(1_735_689_600), json!(end.timestamp()));
        badge
    }

    /// A badge of [`DISCLOSER`] of which the holder leaves out a tag, and could have left out more that is not `is_mandatory`.
    pub fn disclosed(&self, suite: Suite, valid_until: &str, is_mandatory: impl Fn(&str) -> bool) -> Value {
        let mut badge = self.others_badge(valid_until, 1);
        let issued = Issued::new(suite, &badge, |line| !line.contains("/keywords>") && is_mandatory(line));
        badge["credentialSubject"]["achievement"]["tag"].as_array_mut().unwrap().pop();
        issued.disclose(&badge).unwrap()
    }

    pub fn sign(&self, credential: &Value) -> Value {
        let issued = "2025-01-01T00:00:00Z".parse().unwrap();
        DataIntegrity::assertion(issued).sign(credential, &self.institution.key).unwrap()
    }

    /// Outcome, the code that decided, and the common form where there is one.
    pub async fn judge(&self, document: &Value) -> (Outcome, String, Option<Value>) {
        self.judge_bytes(document.to_string().into_bytes()).await
    }

    /// [`Range::judge`] for a file of any kind.
    pub async fn judge_bytes(&self, bytes: Vec<u8>) -> (Outcome, String, Option<Value>) {
        let mut found = (Outcome::Rejected, "nothing".to_owned(), None);
        for credential in examine_with(&self.verifier, &bytes, at()).await.into_iter().flat_map(|file| file.credentials) {
            let outcome = credential.report.outcome;
            if outcome == Outcome::Accepted || found.2.is_none() {
                let code = credential.report.deciding_check().map_or("ok", |check| check.code.as_str()).to_owned();
                found = (outcome, code, credential.normalized.map(|common| serde_json::to_value(common).unwrap()));
            }
        }
        found
    }
}

/// Every edit of `document` that is known, with its name.
pub fn edits(range: &Range, document: &Value) -> Vec<(String, Value)> {
    let mut editor = Editor::new(document, &range.names);
    editor.everywhere();
    editor.edits
}

/// What is said, whatever the place, the order and the bytes: lists are sets in the vocabularies concerned.
pub fn unordered(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.into_iter().filter(|(name, _)| !name.contains("pointer") && name != "fingerprint");
            said.map(|(name, value)| (name, unordered(value))).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(unordered).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        other => other,
    }
}

/// Judges every edit of `document`: one is accepted only if the unedited document is, and if it says the same.
pub async fn attack(name: &str, range: &Range, document: &Value) {
    let (outcome, _, original) = range.judge(document).await;
    let original = original.map(unordered);
    let edits = edits(range, document);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (what, edited) in &edits {
        let (came, code, common) = range.judge(edited).await;
        *codes.entry(format!("{came:?} {code}")).or_default() += 1;
        let says_the_same = outcome == Outcome::Accepted && common.clone().map(unordered) == original;
        if came == Outcome::Accepted && !says_the_same {
            wrong.push(what.clone());
        }
    }
    println!("{name}: {} edits, unedited {outcome:?}", edits.len());
    for (code, count) in &codes {
        println!("  {count:5} {code}");
    }
    assert!(wrong.is_empty(), "{name}: accepted {} edits:\n{}", wrong.len(), wrong.join("\n"));
}
