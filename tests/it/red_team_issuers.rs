//! What somebody could do to be taken for another issuer: forged and shortened histories, other people's documents, redirects and
//! addresses inside the employer's network. No identifier lets anybody speak for somebody else.

use crate::support::fake_host::FakeHost;
use crate::support::tokens::{TestKey, badge};
use crate::support::webvh::{Log, document, finish, hash, multikey};
use serde_json::{Value, json};
use skillgate::document::token::read as read_token;
use skillgate::http_client::{HttpClient, HttpClientConfig};
use skillgate::jsonld::Contexts;
use skillgate::model::credential::{Document, ReceivedCredential};
use skillgate::model::report::{CheckId, CheckStatus, Outcome};
use skillgate::model::submission::CandidateHint;
use skillgate::verify::checks::issuer_trust::TrustPolicy;
use skillgate::verify::documents::{Documents, Provided};
use skillgate::verify::keys::did::registries::Registries;
use skillgate::verify::keys::{KeyError, KeyResolver, Purpose, ResolvedKey};
use skillgate::verify::{Verification, VerificationRequest, Verifier};
use std::collections::HashMap;

const PLACE: &str = "college.example.org:issuers";
const LOG: &str = "https://college.example.org/issuers/did.jsonl";
const WITNESSES: &str = "https://college.example.org/issuers/did-witness.json";

/// The key `#key-1` of the log, with whatever the file of its witnesses holds.
async fn resolve_with(log: &Log, witnesses: Option<Value>, signed: Option<&str>) -> Result<ResolvedKey, KeyError> {
    let mut served = HashMap::from([(LOG.to_owned(), Provided::Content(log.text().into()))]);
    if let Some(file) = witnesses {
        served.insert(WITNESSES.to_owned(), Provided::Content(file.to_string().into()));
    }
    let keys = KeyResolver::new(Documents::with_provided(served, None), "2026-11-01T00:00:00Z".parse().unwrap());
    let signed = signed.map(|signed| signed.parse().unwrap());
    keys.resolve(&format!("{}#key-1", log.did), Purpose::AssertionMethod, signed).await
}

async fn resolve(log: &Log) -> Result<ResolvedKey, KeyError> {
    resolve_with(log, None, None).await
}

fn start() -> Log {
    Log::start(PLACE, 1, 2, json!({}))
}

fn is_refused(answer: &Result<ResolvedKey, KeyError>) -> bool {
    matches!(answer, Err(KeyError::Invalid(_)))
}

#[tokio::test]
async fn an_honest_history_gives_the_key_of_its_last_document() {
    let log = start();
    let key = resolve(&log).await.unwrap();
    assert_eq!((key.controller, key.allowed, key.retired), (log.did.clone(), true, None));
    let state = log.issuing(3);
    let log = log.then(2, json!({"updateKeys": [multikey(4)]}), state.clone(), 2).then(3, json!({}), state, 4);
    assert!(resolve(&log).await.unwrap().allowed);
}

#[tokio::test]
async fn a_key_that_the_issuer_replaced_is_told_apart_by_the_date_of_the_signature() {
    let log = start();
    let state = log.issuing(3);
    let log = log.then(5, json!({}), state, 2);
    let before = resolve_with(&log, None, Some("2026-04-01T00:00:00Z")).await.unwrap();
    let after = resolve_with(&log, None, Some("2026-06-01T00:00:00Z")).await.unwrap();
    assert_ne!(before.key, after.key);
    assert_eq!((before.retired, after.retired), (Some("2026-05-01T00:00:00Z".parse().unwrap()), None));
}

#[tokio::test]
async fn no_change_to_a_history_is_believed() {
    let honest = start();
    let state = honest.issuing(3);
    let honest = honest.then(2, json!({}), state, 2);
    let mallory = honest.issuing(9);
    let forged = |edit: &dyn Fn(&mut Vec<Value>)| {
        let mut log = honest.clone();
        edit(&mut log.entries);
        log
    };
    let same_identifier = Log { did: honest.did.clone(), ..Log::start(PLACE, 9, 9, json!({})) };
    let forgeries: Vec<(&str, Log)> = vec![
        ("a log of one's own under another's identifier", same_identifier),
        ("another key in a document", forged(&|entries| entries[1]["state"] = mallory.clone())),
        ("another key in the first document", forged(&|entries| entries[0]["state"] = mallory.clone())),
        (
            "another key, hashed and signed by the forger",
            forged(&|entries| {
                entries[1]["versionId"] = entries[0]["versionId"].clone();
                entries[1]["state"] = mallory.clone();
                finish(&mut entries[1], 2, 9);
            }),
        ),
        (
            "a first entry that the identifier was not made from",
            forged(&|entries| {
                entries[0]["state"] = mallory.clone();
                finish(&mut entries[0], 1, 2);
                entries.truncate(1);
            }),
        ),
        ("an entry that names its own key", honest.clone().then(3, json!({"updateKeys": [multikey(9)]}), mallory.clone(), 9)),
        (
            "no signature",
            forged(&|entries| {
                entries[1].as_object_mut().unwrap().remove("proof");
            }),
        ),
        ("the signature of another entry", forged(&|entries| entries[1]["proof"] = entries[0]["proof"].clone())),
        ("a signature for another use", forged(&|entries| entries[1]["proof"][0]["proofPurpose"] = json!("authentication"))),
        (
            "no first entry",
            forged(&|entries| {
                entries.remove(0);
            }),
        ),
        ("entries in another order", forged(&|entries| entries.reverse())),
        ("an entry twice", forged(&|entries| entries.push(entries[1].clone()))),
        ("an earlier time", honest.clone().then(1, json!({}), mallory.clone(), 2)),
        ("another method", honest.clone().then(3, json!({"method": "did:webvh:2.0"}), mallory.clone(), 2)),
        ("a parameter that is not known", honest.clone().then(3, json!({"trust": true}), mallory.clone(), 2)),
        ("another identifier's document", honest.clone().then(3, json!({}), document("did:web:mallory.example", 9), 2)),
        (
            "a move that was never allowed",
            honest.clone().then(3, json!({}), document(&format!("did:webvh:{}:mallory.example", honest.scid), 9), 2),
        ),
        ("a permission to move afterwards", honest.clone().then(3, json!({"portable": true}), mallory.clone(), 2)),
        ("no entry", forged(&Vec::clear)),
    ];
    for (what, log) in forgeries {
        let answer = resolve(&log).await;
        assert!(is_refused(&answer), "{what}: {answer:?}");
    }
    let mut longer = honest.clone();
    longer.entries.extend(vec![json!({}); 400]);
    assert!(is_refused(&resolve(&longer).await));
}

#[tokio::test]
async fn a_deactivated_identifier_has_no_key() {
    let log = start();
    let state = log.issuing(1);
    let over = log.then(2, json!({"deactivated": true, "updateKeys": []}), state.clone(), 2);
    let answer = resolve(&over).await;
    assert!(matches!(&answer, Err(KeyError::Invalid(text)) if text.contains("deactivated")), "{answer:?}");
    assert!(is_refused(&resolve(&over.then(3, json!({"deactivated": false}), state, 2)).await));
}

#[tokio::test]
async fn with_keys_promised_before_a_stolen_key_changes_nothing() {
    let promise = |seed: u8| json!([hash(&multikey(seed))]);
    let log = Log::start(PLACE, 1, 2, json!({"nextKeyHashes": promise(5)}));
    let state = log.issuing(3);
    let kept = json!({"updateKeys": [multikey(5)], "nextKeyHashes": promise(6)});
    assert!(resolve(&log.clone().then(2, kept.clone(), state.clone(), 5)).await.is_ok());
    let attempts = [
        (json!({}), 2),
        (json!({"updateKeys": [multikey(2)], "nextKeyHashes": promise(6)}), 2),
        (json!({"updateKeys": [multikey(5), multikey(2)], "nextKeyHashes": []}), 2),
        (json!({"updateKeys": [multikey(5)]}), 5),
        (kept, 2),
    ];
    for (parameters, signer) in attempts {
        let answer = resolve(&log.clone().then(2, parameters.clone(), state.clone(), signer)).await;
        assert!(is_refused(&answer), "{parameters}: {answer:?}");
    }
}

#[tokio::test]
async fn a_history_that_needs_witnesses_counts_only_with_enough_of_them() {
    let witnesses = |seeds: &[u8], threshold: u8| json!({"witness": {"threshold": threshold, "witnesses": seeds.iter().map(|seed| json!({"id": format!("did:key:{}", multikey(*seed))})).collect::<Vec<_>>()}});
    let log = Log::start(PLACE, 1, 2, witnesses(&[7, 8], 2));
    let unknown = resolve(&log).await;
    assert!(matches!(&unknown, Err(KeyError::Unavailable(text)) if text.contains("witnesses")), "{unknown:?}");
    assert!(resolve_with(&log, Some(log.witnessed(1, &[7, 8])), None).await.is_ok());
    for seeds in [&[7][..], &[7, 7], &[7, 9], &[]] {
        let answer = resolve_with(&log, Some(log.witnessed(1, seeds)), None).await;
        assert!(is_refused(&answer), "{seeds:?}: {answer:?}");
    }
    let state = log.issuing(3);
    let dropped = log.clone().then(2, json!({"witness": {}}), state, 2);
    assert!(
        is_refused(&resolve_with(&dropped, Some(log.witnessed(1, &[7, 8])), None).await),
        "those before must see that they are dropped"
    );
    assert!(resolve_with(&dropped, Some(dropped.witnessed(2, &[7, 8])), None).await.is_ok());
    for wrong in [witnesses(&[7, 7], 2), witnesses(&[7], 0), witnesses(&[7], 2)] {
        let log = Log::start(PLACE, 1, 2, wrong);
        assert!(is_refused(&resolve_with(&log, Some(log.witnessed(1, &[7])), None).await));
    }
}

#[tokio::test]
async fn a_history_that_moves_where_it_may_speaks_for_the_new_place_only_through_its_own_log() {
    let log = Log::start("old.example.org", 1, 2, json!({"portable": true}));
    let (old, new) = (log.did.clone(), format!("did:webvh:{}:{PLACE}", log.scid));
    let mut moved = document(&new, 3);
    let unnamed = log.clone().then(2, json!({}), moved.clone(), 2);
    assert!(is_refused(&resolve(&Log { did: new.clone(), ..unnamed }).await));
    moved["alsoKnownAs"] = json!([old]);
    let log = Log { did: new.clone(), ..log.then(2, json!({}), moved, 2) };
    assert_eq!(resolve(&log).await.unwrap().controller, new);
}

fn client(allow: &[&str]) -> HttpClient {
    HttpClient::new(&HttpClientConfig {
        allow_private: allow.iter().map(|network| network.parse().unwrap()).collect(),
        allow_http: false,
        timeout_seconds: 5,
        max_body_bytes: 1 << 20,
        max_redirects: 3,
    })
    .unwrap()
}

fn verifier(issuer: &str, client: HttpClient, registries: Registries) -> Verifier {
    let policy = format!("name = \"t\"\n[[rule]]\nid = \"t\"\ndecision = \"allow\"\ndid = \"{issuer}\"\nurl = \"{issuer}\"\n");
    let documents = Documents::with_provided(HashMap::new(), Some(client));
    Verifier::new(documents, Contexts::built_in()).with_policy(TrustPolicy::parse(&policy).unwrap()).with_registries(registries)
}

async fn verify(verifier: &Verifier, signer: u8, key_id: &str, issuer: &str) -> Verification {
    let token = TestKey::ed25519(signer).token(json!({"kid": key_id}), &badge(issuer));
    let received = ReceivedCredential {
        name: "badge.jwt".to_owned(),
        containers: Vec::new(),
        media_type: "application/vc+jwt".to_owned(),
        bytes: Vec::new(),
        document: Document::CompactJws(read_token(&token)),
        presentation: None,
    };
    let at = "2026-11-01T00:00:00Z".parse().unwrap();
    verifier.verify(&received, &VerificationRequest { at, candidate: CandidateHint::default(), explain: false }).await
}

fn said(verification: &Verification, id: CheckId) -> (CheckStatus, &str) {
    let check = verification.report.check(id).unwrap();
    (check.status, check.code.as_str())
}

/// `localhost:PORT` as an identifier writes it.
fn place_of(host: &FakeHost) -> String {
    host.address.replace("http://127.0.0.1:", "localhost%3A")
}

#[tokio::test]
async fn a_log_on_the_web_proves_its_issuer_unless_its_host_may_not_be_contacted() {
    let host = FakeHost::start().await;
    let log = Log::start(&place_of(&host), 1, 2, json!({}));
    host.serve("/.well-known/did.jsonl", 200, "text/jsonl", log.text());
    let key = format!("{}#key-1", log.did);
    let open = verifier(&log.did, client(&["127.0.0.0/8", "::1/128"]), Registries::default());
    let genuine = verify(&open, 1, &key, &log.did).await;
    assert_eq!(genuine.report.outcome, Outcome::Accepted, "{:#?}", genuine.report.checks);
    let forged = verify(&open, 9, &key, &log.did).await;
    assert_eq!(forged.report.outcome, Outcome::Rejected);
    let closed = verify(&verifier(&log.did, client(&[]), Registries::default()), 1, &key, &log.did).await;
    assert_eq!(said(&closed, CheckId::Proof), (CheckStatus::CouldNotCheck, "key_unavailable"));
    assert!(closed.document.is_none());
}

#[tokio::test]
async fn a_badge_signed_before_its_key_was_replaced_needs_a_persons_eye() {
    let host = FakeHost::start().await;
    let log = Log::start(&place_of(&host), 1, 2, json!({}));
    let state = log.issuing(3);
    let log = log.then(5, json!({}), state, 2);
    host.serve("/.well-known/did.jsonl", 200, "text/jsonl", log.text());
    let open = verifier(&log.did, client(&["127.0.0.0/8", "::1/128"]), Registries::default());
    let old = verify(&open, 1, &format!("{}#key-1", log.did), &log.did).await;
    assert_eq!(said(&old, CheckId::Controller), (CheckStatus::Warning, "key_retired_since"));
    assert_eq!(old.report.outcome, Outcome::Attention);
}

#[tokio::test]
async fn a_redirect_into_the_network_is_not_followed() {
    let host = FakeHost::start().await;
    let place = place_of(&host);
    let log = Log::start(&place, 1, 2, json!({}));
    for target in ["http://10.0.0.1/did.jsonl", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"] {
        host.forget("/.well-known/did.jsonl");
        host.serve_with("/.well-known/did.jsonl", 302, "text/plain", String::new(), &[("location", target)]);
        let open = verifier(&log.did, client(&["127.0.0.0/8", "::1/128"]), Registries::default());
        let answer = verify(&open, 1, &format!("{}#key-1", log.did), &log.did).await;
        assert_eq!(said(&answer, CheckId::Proof), (CheckStatus::CouldNotCheck, "key_unavailable"), "{target}");
        assert!(answer.document.is_none());
    }
}

#[tokio::test]
async fn services_are_asked_only_when_set_and_answer_only_for_the_identifier_asked() {
    let host = FakeHost::start().await;
    let entity = format!("did:ebsi:z{}", bs58::encode([&[1], [7; 16].as_slice()].concat()).into_string());
    let network = client(&["127.0.0.0/8"]);
    let services = Registries::new(&format!("{}/ebsi", host.address), &format!("{}/1.0/identifiers", host.address)).unwrap();
    for (issuer, path) in
        [(entity.as_str(), format!("/ebsi/{entity}")), ("did:example:college", "/1.0/identifiers/did:example:college".to_owned())]
    {
        let key = format!("{issuer}#key-1");
        let off = verify(&verifier(issuer, network.clone(), Registries::default()), 1, &key, issuer).await;
        assert_eq!(said(&off, CheckId::Proof), (CheckStatus::CouldNotCheck, "key_unsupported"));
        assert!(host.requests().iter().all(|asked| asked.path != path));

        host.serve(&path, 200, "application/json", json!({"didDocument": document(issuer, 1)}).to_string());
        let on = verify(&verifier(issuer, network.clone(), services.clone()), 1, &key, issuer).await;
        assert_eq!(on.report.outcome, Outcome::Accepted, "{:#?}", on.report.checks);
        let answers = [
            document("did:example:mallory", 1),
            document(issuer, 9),
            json!({"didDocument": document(issuer, 1), "didDocumentMetadata": {"deactivated": true}}),
        ];
        for answer in answers {
            host.forget(&path);
            host.serve(&path, 200, "application/json", answer.to_string());
            let wrong = verify(&verifier(issuer, network.clone(), services.clone()), 1, &key, issuer).await;
            assert_eq!(wrong.report.outcome, Outcome::Rejected, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_service_is_never_asked_about_an_identifier_that_proves_itself() {
    let host = FakeHost::start().await;
    let services = Registries::new("", &format!("{}/ask", host.address)).unwrap();
    let log = start();
    let web = "did:web:college.invalid";
    for issuer in [log.did.as_str(), web, "did:pkh:eip155:1:0xb9c5714089478a327f09197987f16f9e5d936e8a"] {
        host.serve(&format!("/ask/{issuer}"), 200, "application/json", document(issuer, 1).to_string());
        let answer =
            verify(&verifier(issuer, client(&["127.0.0.0/8"]), services.clone()), 1, &format!("{issuer}#key-1"), issuer).await;
        assert_eq!(said(&answer, CheckId::Proof).0, CheckStatus::CouldNotCheck, "{issuer}");
    }
    assert!(host.requests().is_empty());
}

#[tokio::test]
async fn a_did_key_signs_for_a_web_issuer_only_when_the_issuers_own_document_lists_it() {
    let host = FakeHost::start().await;
    let issuer = format!("{}/issuer", host.address);
    let signer = TestKey::ed25519(1).did_key();
    let key = format!("{signer}#{}", multikey(1));
    let profile = |listed: Value| json!({"id": issuer, "type": "Profile", "assertionMethod": listed}).to_string();
    host.serve("/issuer", 200, "application/json", profile(json!([key])));
    let judge = async |number: u8| {
        verify(
            &verifier(&issuer, client(&["127.0.0.0/8"]), Registries::default()),
            number,
            &format!("did:key:{0}#{0}", multikey(number)),
            &issuer,
        )
        .await
    };
    let listed = judge(1).await;
    assert_eq!(listed.report.outcome, Outcome::Accepted, "{:#?}", listed.report.checks);
    assert_eq!(listed.report.issuer_id.as_deref(), Some(issuer.as_str()));
    let stranger = judge(9).await;
    assert_eq!(said(&stranger, CheckId::Controller), (CheckStatus::Fail, "controller_mismatch"));
    host.forget("/issuer");
    assert_eq!(judge(1).await.report.outcome, Outcome::Rejected, "a list that can't be read lists nothing");
}
