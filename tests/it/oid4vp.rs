//! Exchanges with wallets over OpenID4VP 1.0.

use crate::support::wallet::Actor;
use crate::support::{Answer, TestApp, spawn_app, spawn_app_with_doors};
use crate::vcalm::open;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Map, Value, json};
use skillgate::doors::DoorSettings;

fn members(link: &Value) -> Map<String, Value> {
    let url = url::Url::parse(link.as_str().unwrap()).unwrap();
    assert_eq!(url.scheme(), "openid4vp");
    url.query_pairs().map(|(name, value)| (name.to_string(), json!(value))).collect()
}

fn payload(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

async fn respond(app: &TestApp, request: &Map<String, Value>, token: &str) -> Answer {
    let form = [("vp_token", token), ("state", request["state"].as_str().unwrap())];
    Answer::of(app.client.post(request["response_uri"].as_str().unwrap()).form(&form)).await
}

async fn state(app: &TestApp, exchange: &Value) -> Value {
    Answer::of(app.client.get(exchange["id"].as_str().unwrap()).bearer_auth(&app.key)).await.json()
}

fn presentation(request: &Map<String, Value>, domain: &str) -> (Actor, Value) {
    let (issuer, holder) = (Actor::new(), Actor::new());
    let badge = issuer.badge(&holder.did, &format!("urn:uuid:{}", uuid::Uuid::now_v7()), "2026-01-01T00:00:00Z");
    let presented = holder.present(&[badge], request["nonce"].as_str().unwrap(), domain);
    (holder, presented)
}

#[tokio::test]
async fn a_request_by_value_is_answered_in_every_shape() {
    let app = spawn_app().await;
    for shape in 0..4 {
        let exchange = open(&app, json!({})).await;
        let request = members(&exchange["protocols"]["oid4vp-1.0"]);
        let client_id = request["client_id"].as_str().unwrap().to_owned();
        assert!(client_id.starts_with("redirect_uri:") && request.get("request_uri").is_none());
        let (_, vp) = presentation(&request, &client_id);
        let token = match shape {
            0 => json!({"badge": [vp]}),
            1 => json!({"anything": vp}),
            2 => json!([vp]),
            _ => vp,
        };
        let answer = respond(&app, &request, &token.to_string()).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "{}"), "shape {shape}: {answer:?}");
        let done = state(&app, &exchange).await;
        assert_eq!(done["state"], "complete");
        assert_eq!(done["variables"]["results"]["default"]["verdicts"][0]["verified"], true);
    }
    assert_eq!(app.get_json("/v1/submissions").await["items"][0]["channel"], "oid4vp");
}

#[tokio::test]
async fn a_jwt_presentation_needs_nonce_and_audience() {
    let app = spawn_app().await;
    let exchange = open(&app, json!({})).await;
    let request = members(&exchange["protocols"]["oid4vp-1.0"]);
    let (issuer, holder) = (Actor::new(), Actor::new());
    let claims = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": issuer.did,
        "credentialSubject": {"id": holder.did}});
    let credential = issuer.jwt(json!({"typ": "vc+jwt"}), &claims);
    let vp = |nonce: &Value, audience: &str| {
        let enveloped = json!({"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential",
            "id": format!("data:application/vc+jwt,{credential}")});
        let claims = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"], "holder": holder.did,
            "iss": holder.did, "verifiableCredential": [enveloped], "nonce": nonce, "aud": audience});
        holder.jwt(json!({"typ": "vp+jwt"}), &claims)
    };
    let client_id = request["client_id"].as_str().unwrap();
    let foreign = respond(&app, &request, &vp(&request["nonce"], "https://evil.example")).await;
    assert_eq!(foreign.status, 400);
    assert_eq!(foreign.json()["error"], "invalid_presentation");
    let fresh = members(&state(&app, &exchange).await["protocols"]["oid4vp-1.0"]);
    assert_ne!(fresh["nonce"], request["nonce"]);
    assert_eq!(respond(&app, &fresh, &vp(&request["nonce"], client_id)).await.status, 400);
    let fresh = members(&state(&app, &exchange).await["protocols"]["oid4vp-1.0"]);
    let answer = respond(&app, &fresh, &json!({"badge_jwt": [vp(&fresh["nonce"], client_id)]}).to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn the_compatibility_form_is_served_by_reference_and_can_be_switched_off() {
    let app = spawn_app().await;
    let exchange = open(&app, json!({})).await;
    let link = members(&exchange["protocols"]["OID4VP"]);
    let request_uri = link["request_uri"].as_str().unwrap();
    let got = Answer::of(app.client.get(request_uri)).await;
    assert_eq!((got.status, got.header("content-type")), (200, "application/oauth-authz-req+jwt"));
    let posted = Answer::of(app.client.post(request_uri).form(&[("wallet_nonce", "wn")])).await;
    let request = payload(&posted.text);
    assert_eq!((request["wallet_nonce"].as_str(), request["response_mode"].as_str()), (Some("wn"), Some("direct_post")));
    assert!(request["presentation_definition"].is_object() && request["dcql_query"].is_object());
    assert_eq!(state(&app, &exchange).await["state"], "active");
    let request = request.as_object().unwrap();
    let (_, vp) = presentation(request, request["response_uri"].as_str().unwrap());
    assert_eq!(respond(&app, request, &vp.to_string()).await.status, 200, "older wallets sign for the response URI");

    let strict = spawn_app_with_doors(DoorSettings { oid4vp_compatibility: false, ..DoorSettings::default() }).await;
    let exchange = open(&strict, json!({})).await;
    assert_eq!(exchange["protocols"]["OID4VP"], exchange["protocols"]["oid4vp-1.0"]);
    let url = format!("{}/openid4vp/request", exchange["id"].as_str().unwrap());
    assert_eq!(Answer::of(strict.client.get(url)).await.status, 404);
    let request = members(&exchange["protocols"]["oid4vp-1.0"]);
    let (_, vp) = presentation(&request, request["response_uri"].as_str().unwrap());
    assert_eq!(respond(&strict, &request, &vp.to_string()).await.status, 400);
}

#[tokio::test]
async fn with_a_certificate_requests_are_signed_and_bound_to_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let key = p256::SecretKey::random(&mut rand::rngs::OsRng);
    let point = p256::ecdsa::SigningKey::from(key.clone()).verifying_key().to_encoded_point(false);
    // The parts of a certificate that the gateway looks for: the host's name and the key.
    let der = [&[0x82, 9][..], b"127.0.0.1", point.as_bytes()].concat();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der));
    let (certificate_file, certificate_key_file) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&certificate_file, pem).unwrap();
    std::fs::write(&certificate_key_file, key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let app = spawn_app_with_doors(DoorSettings { certificate_file, certificate_key_file, ..DoorSettings::default() }).await;
    let exchange = open(&app, json!({})).await;
    let link = members(&exchange["protocols"]["oid4vp-1.0"]);
    assert_eq!(link["client_id"], "x509_san_dns:127.0.0.1");
    let object = Answer::of(app.client.get(link["request_uri"].as_str().unwrap())).await.text;
    let request = payload(&object);
    assert_eq!(
        (request["client_id"].as_str(), request["aud"].as_str()),
        (Some("x509_san_dns:127.0.0.1"), Some("https://self-issued.me/v2"))
    );
    assert!(request.get("presentation_definition").is_none(), "exactly one query");
    let request = request.as_object().unwrap();
    let (_, vp) = presentation(request, "x509_san_dns:127.0.0.1");
    assert_eq!(respond(&app, request, &json!({"badge": [vp]}).to_string()).await.status, 200);
}

#[tokio::test]
async fn a_wrong_nonce_a_foreign_state_and_nonsense_are_refused_and_a_no_is_noted() {
    let app = spawn_app().await;
    let exchange = open(&app, json!({})).await;
    let request = members(&exchange["protocols"]["oid4vp-1.0"]);
    let mut wrong = request.clone();
    wrong["nonce"] = json!("another");
    let (_, vp) = presentation(&wrong, request["client_id"].as_str().unwrap());
    assert_eq!(respond(&app, &request, &vp.to_string()).await.status, 400);
    for token in ["", "{}", "x", "[1]"] {
        let answer = respond(&app, &request, token).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_request")), "{token}");
    }
    let uri = request["response_uri"].as_str().unwrap();
    let foreign = Answer::of(app.client.post(uri).form(&[("vp_token", "a.b.c"), ("state", "other")])).await;
    assert_eq!(foreign.status, 400);
    let declined =
        Answer::of(app.client.post(uri).form(&[("error", "access_denied"), ("error_description", "no, thanks")])).await;
    assert_eq!((declined.status, declined.text.as_str()), (200, "{}"));
    let seen = state(&app, &exchange).await;
    assert_eq!((seen["state"].as_str(), seen["lastError"]["code"].as_str()), (Some("active"), Some("access_denied")));
}

#[tokio::test]
async fn the_answer_sends_the_person_on_and_is_taken_once() {
    let app = spawn_app().await;
    let exchange = open(&app, json!({"variables": {"redirectUrl": "https://jobs.example/thanks"}})).await;
    let request = members(&exchange["protocols"]["oid4vp-1.0"]);
    let (_, vp) = presentation(&request, request["client_id"].as_str().unwrap());
    let answer = respond(&app, &request, &vp.to_string()).await;
    assert_eq!(answer.json(), json!({"redirect_uri": "https://jobs.example/thanks"}));
    let replay = respond(&app, &request, &vp.to_string()).await;
    assert_eq!((replay.status, replay.json()["error"].as_str()), (400, Some("invalid_request")));
}
