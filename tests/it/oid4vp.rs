//! Exchanges with wallets over OpenID4VP 1.0.

use crate::support::wallet::Actor;
use crate::support::{Answer, TestApp, spawn_app, spawn_app_with_channels};
use crate::vcalm::open;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Verifier;
use serde_json::{Map, Value, json};
use skillgate::channel::ChannelSettings;
use x509_cert::Certificate;
use x509_cert::der::Decode;

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
            1 => json!({"badge": vp}),
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

    let strict = spawn_app_with_channels(ChannelSettings { oid4vp_compatibility: false, ..ChannelSettings::default() }).await;
    let exchange = open(&strict, json!({})).await;
    assert_eq!(exchange["protocols"]["OID4VP"], exchange["protocols"]["oid4vp-1.0"]);
    let url = format!("{}/openid4vp/request", exchange["id"].as_str().unwrap());
    assert_eq!(Answer::of(strict.client.get(url)).await.status, 404);
    let request = members(&exchange["protocols"]["oid4vp-1.0"]);
    let (_, vp) = presentation(&request, request["response_uri"].as_str().unwrap());
    assert_eq!(respond(&strict, &request, &vp.to_string()).await.status, 400);
}

fn certificate() -> ChannelSettings {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/request-signing");
    ChannelSettings {
        certificate_file: folder.join("chain.pem"),
        certificate_key_file: folder.join("key.pem"),
        ..ChannelSettings::default()
    }
}

/// What a wallet does with a signed request: the leaf names the host, and its key made the signature.
fn assert_signed_by_leaf(object: &str) {
    let (input, signature) = object.rsplit_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("ES256"), Some("oauth-authz-req+jwt")));
    let chain = header["x5c"].as_array().unwrap();
    assert_eq!(chain.len(), 2, "the host's certificate and its issuer, not the root");
    let leaf = Certificate::from_der(&STANDARD.decode(chain[0].as_str().unwrap()).unwrap()).unwrap();
    let point = leaf.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
    let signature = p256::ecdsa::Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    p256::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap().verify(input.as_bytes(), &signature).unwrap();
}

#[tokio::test]
async fn with_a_certificate_requests_are_signed_and_bound_to_the_host() {
    let app = spawn_app_with_channels(certificate()).await;
    let exchange = open(&app, json!({})).await;
    let link = members(&exchange["protocols"]["oid4vp-1.0"]);
    assert_eq!(link["client_id"], "x509_san_dns:127.0.0.1");
    let request_uri = link["request_uri"].as_str().unwrap();
    let got = Answer::of(app.client.get(request_uri)).await;
    let posted = Answer::of(app.client.post(request_uri).form(&[("wallet_nonce", "wn")])).await;
    for answer in [&got, &posted] {
        assert_eq!(answer.header("content-type"), "application/oauth-authz-req+jwt");
        assert_signed_by_leaf(&answer.text);
    }
    assert_eq!(payload(&posted.text)["wallet_nonce"], "wn");
    let request = payload(&got.text);
    assert_eq!(
        (request["client_id"].as_str(), request["aud"].as_str()),
        (Some("x509_san_dns:127.0.0.1"), Some("https://self-issued.me/v2"))
    );
    assert!(request.get("presentation_definition").is_none(), "exactly one query");
    let request = request.as_object().unwrap();
    let (_, elsewhere) = presentation(request, "x509_san_dns:gw.example.org");
    let refused = respond(&app, request, &json!({"badge": [elsewhere]}).to_string()).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("invalid_presentation")));
    let request = payload(&Answer::of(app.client.get(request_uri)).await.text);
    let request = request.as_object().unwrap();
    let (_, vp) = presentation(request, "x509_san_dns:127.0.0.1");
    assert_eq!(respond(&app, request, &json!({"badge": [vp]}).to_string()).await.status, 200);
}

const VCT: &str = "https://issuer.example/skill";

/// An exchange that asks for SD-JWT credentials of one type.
async fn ask_for_sd_jwt(app: &TestApp) -> (Value, Map<String, Value>) {
    let exchange = open(app, json!({"openId": {"formats": ["dc+sd-jwt"], "vct_values": [VCT]}})).await;
    let request = members(&exchange["protocols"]["oid4vp-1.0"]);
    (exchange, request)
}

#[tokio::test]
async fn an_sd_jwt_credential_bound_by_its_holder_is_taken_in_every_shape() {
    let app = spawn_app().await;
    for shape in 0..4 {
        let (exchange, request) = ask_for_sd_jwt(&app).await;
        let query: Value = serde_json::from_str(request["dcql_query"].as_str().unwrap()).unwrap();
        assert_eq!(
            query["credentials"],
            json!([{"id": "badge_sd_jwt", "format": "dc+sd-jwt", "multiple": true, "meta": {"vct_values": [VCT]}}])
        );
        let (issuer, holder) = (Actor::new(), Actor::new());
        let (nonce, client_id) = (request["nonce"].as_str().unwrap(), request["client_id"].as_str().unwrap());
        let bound = holder.bind(&issuer.sd_jwt(&holder, VCT), nonce, client_id);
        let token = match shape {
            0 => json!({"badge_sd_jwt": [bound]}).to_string(),
            1 => json!({"badge_sd_jwt": bound}).to_string(),
            2 => json!([bound]).to_string(),
            _ => bound,
        };
        let answer = respond(&app, &request, &token).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "{}"), "shape {shape}: {answer:?}");
        let done = state(&app, &exchange).await;
        let result = &done["variables"]["results"]["default"];
        assert_eq!((done["state"].as_str(), result["holderProven"].as_bool()), (Some("complete"), Some(true)), "{done}");
        assert_ne!(result["verdicts"][0]["outcome"], "rejected", "{done}");
    }
}

#[tokio::test]
async fn an_sd_jwt_credential_bound_for_another_request_or_by_another_key_is_refused() {
    let app = spawn_app().await;
    let (exchange, _) = ask_for_sd_jwt(&app).await;
    let (issuer, holder, thief) = (Actor::new(), Actor::new(), Actor::new());
    let credential = issuer.sd_jwt(&holder, VCT);
    // Every refusal makes a new nonce, so each try reads the request again.
    for attempt in ["nonce", "audience", "key", "disclosure"] {
        let request = members(&state(&app, &exchange).await["protocols"]["oid4vp-1.0"]);
        let (nonce, client_id) = (request["nonce"].as_str().unwrap(), request["client_id"].as_str().unwrap());
        let bound = match attempt {
            "nonce" => holder.bind(&credential, "another", client_id),
            "audience" => holder.bind(&credential, nonce, "redirect_uri:https://evil.example/response"),
            "key" => thief.bind(&credential, nonce, client_id),
            // Bound with the disclosure, sent without it.
            _ => {
                let whole = holder.bind(&credential, nonce, client_id);
                let parts: Vec<&str> = whole.split('~').collect();
                format!("{}~{}", parts[0], parts[2])
            }
        };
        let answer = respond(&app, &request, &json!({"badge_sd_jwt": [bound]}).to_string()).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_presentation")), "{attempt}");
    }
    assert_eq!(state(&app, &exchange).await["state"], "active");
    assert!(app.get_json("/v1/submissions").await["items"].as_array().unwrap().is_empty(), "nothing of it was kept");
}

#[tokio::test]
async fn a_forged_sd_jwt_credential_is_rejected_though_its_holder_signed() {
    let app = spawn_app().await;
    let (issuer, holder) = (Actor::new(), Actor::new());
    let credential = issuer.sd_jwt(&holder, VCT);
    // The holder binds whatever they hold; whether it is genuine is the other verdict.
    let (exchange, request) = ask_for_sd_jwt(&app).await;
    let signature_at = credential.find('~').unwrap() - 10;
    let replacement = if credential.as_bytes()[signature_at] == b'A' { "B" } else { "A" };
    let mut forged = credential.clone();
    forged.replace_range(signature_at..=signature_at, replacement);
    let bound = holder.bind(&forged, request["nonce"].as_str().unwrap(), request["client_id"].as_str().unwrap());
    assert_eq!(respond(&app, &request, &json!({"badge_sd_jwt": [bound]}).to_string()).await.status, 200);
    let done = state(&app, &exchange).await;
    assert_eq!(done["variables"]["results"]["default"]["verdicts"][0]["outcome"], "rejected", "{done}");
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
