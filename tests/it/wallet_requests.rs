//! What an employer can ask OpenID4VP wallets for: encrypted answers, certain claims, templates; and the browser as the carrier.

use crate::support::jwe::encrypt;
use crate::support::wallet::Actor;
use crate::support::{Answer, TestApp, spawn_app, spawn_app_with_channels};
use crate::vcalm::open;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use skillgate::channel::ChannelSettings;
use skillgate::protocol::oid4vp::signing::CertificateName;

const VCT: &str = "https://issuer.example/skill";

/// The request in a link that carries it.
fn in_link(exchange: &Value) -> Value {
    let link = url::Url::parse(exchange["protocols"]["oid4vp-1.0"].as_str().unwrap()).unwrap();
    assert!(link.as_str().len() <= 1_000 || link.query_pairs().any(|(name, _)| name == "request_uri"), "{link}");
    let read = |value: &str| serde_json::from_str::<Value>(value).ok().filter(Value::is_object).unwrap_or_else(|| json!(value));
    Value::Object(link.query_pairs().map(|(name, value)| (name.to_string(), read(&value))).collect())
}

/// The request, also one that the link only refers to.
async fn request_of(app: &TestApp, exchange: &Value) -> Value {
    let link = in_link(exchange);
    match link["request_uri"].as_str() {
        None => link,
        Some(url) => payload(&Answer::of(app.client.get(url)).await.text),
    }
}

fn payload(object: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(object.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

async fn state(app: &TestApp, exchange: &Value) -> Value {
    Answer::of(app.client.get(exchange["id"].as_str().unwrap()).bearer_auth(&app.key)).await.json()
}

fn text<'a>(request: &'a Value, name: &str) -> &'a str {
    request[name].as_str().unwrap()
}

fn badge_token(request: &Value, audience: &str) -> Value {
    let (issuer, holder) = (Actor::new(), Actor::new());
    let badge = issuer.badge(&holder.did, &format!("urn:uuid:{}", uuid::Uuid::now_v7()), "2026-01-01T00:00:00Z");
    json!({"badge": [holder.present(&[badge], text(request, "nonce"), audience)]})
}

#[tokio::test]
async fn an_encrypted_answer_is_taken_and_a_plain_one_is_no_way_around_it() {
    let app = spawn_app().await;
    let exchange = open(&app, json!({"openId": {"encrypted": true, "formats": ["ldp_vc"]}})).await;
    let request = request_of(&app, &exchange).await;
    assert_eq!(text(&request, "response_mode"), "direct_post.jwt");
    let metadata = &request["client_metadata"];
    let key = &metadata["jwks"]["keys"][0];
    assert!(key.get("d").is_none() && key["use"] == "enc", "{key}");
    let token = badge_token(&request, text(&request, "client_id"));
    let send = |form: Vec<(&'static str, String)>| Answer::of(app.client.post(text(&request, "response_uri")).form(&form));
    let plain = send(vec![("vp_token", token.to_string()), ("state", text(&request, "state").to_owned())]).await;
    assert_eq!((plain.status, plain.json()["error"].as_str()), (400, Some("invalid_request")), "{plain:?}");
    let other = open(&app, json!({"openId": {"encrypted": true, "formats": ["ldp_vc"]}})).await;
    let other_key = request_of(&app, &other).await["client_metadata"]["jwks"]["keys"][0].clone();
    assert_ne!(other_key["x"], key["x"], "each request has a key of its own");
    let inner = json!({"vp_token": token, "state": request["state"]});
    assert_eq!(send(vec![("response", encrypt(&other_key, &inner))]).await.status, 400);
    let taken = send(vec![("response", encrypt(key, &inner))]).await;
    assert_eq!((taken.status, taken.text.as_str()), (200, "{}"), "{taken:?}");
    assert_eq!(state(&app, &exchange).await["state"], "complete");
    let stray = open(&app, json!({})).await;
    let form = [("response", encrypt(key, &inner))];
    let answer = Answer::of(app.client.post(text(&in_link(&stray), "response_uri")).form(&form)).await;
    assert!(answer.text.contains("no encrypted answer was asked for"), "{answer:?}");
}

#[tokio::test]
async fn a_credential_that_does_not_show_what_was_asked_for_is_refused_and_says_what() {
    let app = spawn_app().await;
    let ask = |claims: Value| json!({"openId": {"formats": ["dc+sd-jwt"], "vct_values": [VCT], "claims": claims}});
    let (issuer, holder) = (Actor::new(), Actor::new());
    let credential = issuer.sd_jwt(&holder, VCT);
    let hidden = format!("{}~", credential.split('~').next().unwrap());
    for (claims, shown, taken) in [
        (json!([{"path": ["given_name"]}]), &credential, true),
        (json!([{"path": ["given_name"], "values": ["Ada", "Grace"]}]), &credential, true),
        (json!([{"path": ["given_name"], "values": ["Grace"]}]), &credential, false),
        (json!([{"path": ["given_name"]}]), &hidden, false),
        (json!([]), &hidden, true),
    ] {
        let exchange = open(&app, ask(claims.clone())).await;
        let request = request_of(&app, &exchange).await;
        let query = &request["dcql_query"]["credentials"][0];
        assert_eq!(query.get("claims").cloned().unwrap_or(json!([])), claims);
        let bound = holder.bind(shown, text(&request, "nonce"), text(&request, "client_id"));
        let form = [("vp_token", json!({"badge_sd_jwt": [bound]}).to_string()), ("state", text(&request, "state").to_owned())];
        let answer = Answer::of(app.client.post(text(&request, "response_uri")).form(&form)).await;
        assert_eq!(answer.status, if taken { 200 } else { 400 }, "{claims} {answer:?}");
        assert!(taken || answer.text.contains("given_name"), "{answer:?}");
    }
    for claims in [json!([{"path": []}]), json!([{"path": [{}]}]), json!([{"path": ["a"], "values": [{}]}])] {
        let request = app.request("POST", "/workflows/credentials/exchanges").json(&ask(claims));
        assert_eq!(Answer::of(request).await.status, 422);
    }
}

#[tokio::test]
async fn a_vacancy_s_template_fills_in_what_a_request_does_not_say() {
    let app = spawn_app().await;
    let template = json!({"reason": "For the post of welder", "types": ["OpenBadgeCredential"],
        "openId": {"formats": ["dc+sd-jwt", "ldp_vc"], "vct_values": [VCT], "multiple": false, "claims": [{"path": ["skill"]}]}});
    let put = |name: &str, body: &Value| Answer::of(app.request("PUT", &format!("/v1/request-templates/{name}")).json(body));
    assert_eq!(put("welder", &template).await.status, 201);
    assert_eq!(put("welder", &template).await.status, 200);
    assert_eq!(put("bad", &json!({"openId": {"formats": ["dc+sd-jwt"]}})).await.status, 422, "checked when it is kept");
    assert_eq!(put("bad", &json!({"surprise": 1})).await.status, 400);
    assert_eq!(app.get_json("/v1/request-templates/welder").await["request"], template);
    assert_eq!(app.get_json("/v1/request-templates").await["items"].as_array().unwrap().len(), 1);

    let exchange = open(&app, json!({"variables": {"template": "welder"}})).await;
    let asked = request_of(&app, &exchange).await["dcql_query"].clone();
    assert_eq!(asked["credentials"][0]["meta"]["vct_values"], json!([VCT]));
    assert_eq!(asked["credentials"][0]["claims"], json!([{"path": ["skill"]}]));
    assert_eq!(asked["credentials"][0].get("multiple"), None);
    assert_eq!(asked["credential_sets"][0]["options"], json!([["badge_sd_jwt"], ["badge"]]));
    let wallet = Answer::of(app.client.post(text(&exchange, "id")).body("{}")).await;
    assert!(wallet.text.contains("For the post of welder"), "{wallet:?}");
    let own = open(&app, json!({"variables": {"template": "welder"}, "openId": {"formats": ["ldp_vc"]}})).await;
    let asked = request_of(&app, &own).await["dcql_query"].clone();
    assert_eq!(asked["credentials"].as_array().unwrap().len(), 1, "what the request says itself counts");

    let unknown = app.request("POST", "/workflows/credentials/exchanges").json(&json!({"variables": {"template": "baker"}}));
    assert_eq!(Answer::of(unknown).await.status, 422);
    assert_eq!(Answer::of(app.request("DELETE", "/v1/request-templates/welder")).await.status, 204);
    assert_eq!(Answer::of(app.request("DELETE", "/v1/request-templates/welder")).await.status, 404);
    assert_eq!(Answer::of(app.request("GET", "/v1/request-templates/welder")).await.status, 404);
}

#[tokio::test]
async fn the_browser_carries_a_request_and_its_answer_for_the_origin_of_the_page() {
    let app = spawn_app().await;
    let exchange = open(&app, json!({})).await;
    let id = text(&exchange, "id").rsplit('/').next().unwrap();
    let url = app.url(&format!("/interactions/{id}/digital-credentials"));
    let offered = Answer::of(app.client.get(&url)).await;
    assert_eq!((offered.status, offered.header("access-control-allow-origin")), (200, ""), "for the page alone");
    let offered = offered.json();
    assert_eq!(offered["requests"][0]["protocol"], "openid4vp-v1-unsigned");
    let request = &offered["requests"][0]["data"];
    assert_eq!(text(request, "response_mode"), "dc_api");
    assert_eq!(state(&app, &exchange).await["state"], "active");
    let send = |protocol: &str, data: Value| Answer::of(app.client.post(&url).json(&json!({"protocol": protocol, "data": data})));
    let answer = |request: &Value, origin: &str| json!({"vp_token": badge_token(request, &format!("origin:{origin}"))});
    let foreign = send("openid4vp-v1-unsigned", answer(request, "https://evil.example")).await;
    assert_eq!((foreign.status, foreign.json()["error"].as_str()), (400, Some("invalid_presentation")));
    let offered = Answer::of(app.client.get(&url)).await.json();
    let request = &offered["requests"][0]["data"];
    for protocol in ["openid4vp-v1-signed", "org-iso-mdoc", ""] {
        assert_eq!(send(protocol, answer(request, &app.address)).await.status, 400, "{protocol}");
    }
    let bare = send("openid4vp-v1-unsigned", json!({"vp_token": badge_token(request, "x")["badge"][0]})).await;
    assert_eq!(bare.status, 400, "the older forms are not for the browser");
    let offered = Answer::of(app.client.get(&url)).await.json();
    let request = &offered["requests"][0]["data"];
    let taken = send("openid4vp-v1-unsigned", json!(answer(request, &app.address).to_string())).await;
    assert_eq!((taken.status, taken.text.as_str()), (200, "{}"), "{taken:?}");
    assert_eq!(state(&app, &exchange).await["state"], "complete");
    assert_eq!(Answer::of(app.client.get(&url)).await.status, 403, "it is finished");
}

#[tokio::test]
async fn a_certificate_may_be_known_by_its_hash_and_signs_for_the_browser_too() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/request-signing");
    let app = spawn_app_with_channels(ChannelSettings {
        certificate_file: folder.join("chain.pem"),
        certificate_key_file: folder.join("key.pem"),
        certificate_name: CertificateName::X509Hash,
        encrypted_answers: true,
        ..ChannelSettings::default()
    })
    .await;
    let exchange = open(&app, json!({})).await;
    let link = in_link(&exchange);
    assert!(text(&link, "client_id").starts_with("x509_hash:"), "{link}");
    let object = Answer::of(app.client.post(text(&link, "request_uri")).form(&[("wallet_nonce", "wn")])).await.text;
    let request = payload(&object);
    assert_eq!((text(&request, "wallet_nonce"), text(&request, "response_mode")), ("wn", "direct_post.jwt"));
    assert_eq!(request["client_id"], link["client_id"]);
    let id = text(&exchange, "id").rsplit('/').next().unwrap();
    let url = app.url(&format!("/interactions/{id}/digital-credentials"));
    let offered = Answer::of(app.client.get(&url)).await.json();
    assert_eq!(offered["requests"][0]["protocol"], "openid4vp-v1-signed");
    let request = payload(text(&offered["requests"][0]["data"], "request"));
    assert_eq!(request["client_metadata"]["encrypted_response_enc_values_supported"], json!(["A128GCM", "A256GCM"]));
    assert_eq!((text(&request, "response_mode"), &request["expected_origins"]), ("dc_api.jwt", &json!([app.address])));
    let token = badge_token(&request, text(&request, "client_id"));
    let jwe = encrypt(&request["client_metadata"]["jwks"]["keys"][0], &json!({"vp_token": token}));
    let body = json!({"protocol": "openid4vp-v1-signed", "data": {"response": jwe}});
    let taken = Answer::of(app.client.post(&url).json(&body)).await;
    assert_eq!(taken.status, 200, "{taken:?}");
}
