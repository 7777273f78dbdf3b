//! The Open Badges 3.0 API as host, and its CLR 2.0 twin.

use crate::support::platform::{BASE, Platform, SCOPE, all_scopes, call, invite, minor, push};
use crate::support::wallet::{Actor, tampered};
use crate::support::{Answer, TestApp, spawn_app};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn token(app: &TestApp, scope: &str) -> String {
    let invited = invite(app, json!({})).await;
    let token = Platform::register(app).await.connect(invited["code"].as_str().unwrap(), scope).await;
    token["access_token"].as_str().unwrap().to_owned()
}

fn badge(id: &str) -> String {
    let subject = Actor::new();
    Actor::new().badge(&subject.did, id, "2026-01-01T00:00:00Z").to_string()
}

#[tokio::test]
async fn discovery_needs_no_token_and_leads_to_every_endpoint() {
    let app = spawn_app().await;
    for base in ["/ims/ob/v3p0", "/ims/clr/v2p0"] {
        for slash in ["", "/"] {
            let answer = Answer::of(app.stranger("GET", &format!("{base}/discovery{slash}"))).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"));
            let body = answer.json();
            let flow = &body["components"]["securitySchemes"]["OAuth2ACG"]["flows"]["authorizationCode"];
            assert_eq!(flow["tokenUrl"], format!("{}/oauth/token", app.address));
        }
    }
    let metadata = Answer::of(app.stranger("GET", "/.well-known/oauth-authorization-server")).await.json();
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["issuer"], app.address);
}

#[tokio::test]
async fn a_pushed_credential_is_echoed_byte_for_byte_verified_and_served_back() {
    let app = spawn_app().await;
    let token = token(&app, &all_scopes()).await;
    let body = badge("urn:uuid:1").replace("\"id\":\"urn:uuid:1\"", "\"id\" : \"urn:uuid:1\"");
    let first = push(&app, &token, "application/vc+ld+json", &body).await;
    assert_eq!((first.status, first.text.as_str()), (201, body.as_str()));
    let again = push(&app, &token, "application/json", &body).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let listed = Answer::of(call(&app, &token, "GET", "/credentials")).await;
    assert_eq!(listed.text, format!(r#"{{"credential":[{body}],"compactJwsString":[]}}"#));
    assert_eq!(listed.header("x-total-count"), "1");
    let submissions = app.get_json("/v1/submissions").await;
    assert_eq!(submissions["items"].as_array().unwrap().len(), 1, "the same bytes again are no second submission");
    assert_eq!(submissions["items"][0]["channel"], "open_badges");
    assert_ne!(submissions["items"][0]["outcome"], "rejected");
    let events = app.get_json("/v1/events").await;
    assert!(events.to_string().contains("org.skillgate.credential."));
}

#[tokio::test]
async fn a_compact_jws_comes_back_as_text() {
    let app = spawn_app().await;
    let token = token(&app, &all_scopes()).await;
    let issuer = Actor::new();
    let claims = json!({"iss": issuer.did, "jti": "urn:uuid:2", "nbf": 1767225600, "sub": "did:key:z6MkSubject", "id": "urn:uuid:2",
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "type": ["VerifiableCredential", "OpenBadgeCredential"], "issuer": {"id": issuer.did, "type": ["Profile"]},
        "validFrom": "2026-01-01T00:00:00Z", "credentialSubject": {"type": ["AchievementSubject"], "achievement": {}}});
    let jws = issuer.jwt(json!({"typ": "JWT"}), &claims);
    let answer = push(&app, &token, "text/plain; charset=utf-8", &format!("{jws}\n")).await;
    assert_eq!((answer.status, answer.text.as_str()), (201, jws.as_str()));
    assert!(answer.header("content-type").starts_with("text/plain"));
    let listed = Answer::of(call(&app, &token, "GET", "/credentials")).await.json();
    assert_eq!(listed["compactJwsString"], json!([jws]));
}

#[tokio::test]
async fn the_later_credential_takes_the_place_of_the_earlier_and_never_the_other_way() {
    let app = spawn_app().await;
    let token = token(&app, &all_scopes()).await;
    let (issuer, subject) = (Actor::new(), Actor::new());
    let version = |from: &str| issuer.badge(&subject.did, "urn:uuid:3", from).to_string();
    let (old, new) = (version("2026-01-01T00:00:00Z"), version("2026-02-01T00:00:00Z"));
    assert_eq!(push(&app, &token, "application/json", &old).await.status, 201);
    let replaced = push(&app, &token, "application/json", &new).await;
    assert_eq!((replaced.status, replaced.text.as_str()), (200, new.as_str()));
    assert_eq!(push(&app, &token, "application/json", &old).await.status, 304);
    let forged = tampered(issuer.badge(&subject.did, "urn:uuid:3", "2026-02-15T00:00:00Z")).to_string();
    let answer = push(&app, &token, "application/json", &forged).await;
    assert_eq!((answer.status, minor(&answer).as_str()), (422, "invalid_data"), "what does not verify replaces nothing good");
    let listed = Answer::of(call(&app, &token, "GET", "/credentials")).await;
    assert!(listed.text.contains(&new) && !listed.text.contains(&old));
}

#[tokio::test]
async fn a_correction_of_the_same_date_is_taken_or_refused_with_a_reason_and_never_called_unchanged() {
    let app = spawn_app().await;
    let token = token(&app, &all_scopes()).await;
    let (issuer, subject) = (Actor::new(), Actor::new());
    let from = "2026-01-01T00:00:00Z";
    let first = issuer.badge(&subject.did, "urn:uuid:5", from);
    assert_eq!(push(&app, &token, "application/json", &first.to_string()).await.status, 201);
    let mut corrected = first.clone();
    corrected.as_object_mut().unwrap().remove("proof");
    corrected["credentialSubject"]["achievement"]["name"] = json!("Rust web services, advanced");
    let corrected = issuer.sign(corrected, "assertionMethod", json!({})).to_string();
    let answer = push(&app, &token, "application/json", &corrected).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, corrected.as_str()));
    let forged = push(&app, &token, "application/json", &tampered(first).to_string()).await;
    assert_eq!((forged.status, minor(&forged).as_str()), (422, "invalid_data"));
    let listed = Answer::of(call(&app, &token, "GET", "/credentials")).await;
    assert!(listed.text.contains(&corrected), "{listed:?}");
}

#[tokio::test]
async fn a_credential_that_does_not_verify_is_kept_with_its_verdict_and_gives_way_to_a_good_one() {
    let app = spawn_app().await;
    let token = token(&app, &all_scopes()).await;
    let (issuer, subject) = (Actor::new(), Actor::new());
    let good = issuer.badge(&subject.did, "urn:uuid:4", "2026-01-01T00:00:00Z");
    assert_eq!(push(&app, &token, "application/json", &tampered(good.clone()).to_string()).await.status, 201);
    assert_eq!(app.get_json("/v1/submissions").await["items"][0]["outcome"], "rejected");
    assert_eq!(push(&app, &token, "application/json", &good.to_string()).await.status, 200);
}

#[tokio::test]
async fn what_can_t_be_taken_is_refused_as_status_info() {
    let app = spawn_app().await;
    let token = token(&app, &all_scopes()).await;
    for (media_type, body, status, code) in [
        ("application/json", "{", 400, "invalid_data"),
        ("application/json", r#"{"a":1}"#, 422, "invalid_data"),
        ("text/plain", "not a jws", 400, "invalid_data"),
        ("image/png", "x", 415, "invalid_data"),
    ] {
        let answer = push(&app, &token, media_type, body).await;
        assert_eq!((answer.status, minor(&answer).as_str()), (status, code), "{body}");
        assert_eq!(answer.json()["imsx_codeMajor"], "failure");
    }
    let large = format!(r#"{{"type":"VerifiableCredential","x":"{}"}}"#, "x".repeat(11 << 20));
    assert_eq!(push(&app, &token, "application/json", &large).await.status, 413);
    for (method, path, status, code) in [
        ("DELETE", "/credentials", 405, "not_allowed"),
        ("GET", "/assertions", 404, "not_found"),
        ("GET", "/profile", 404, "not_found"),
    ] {
        let answer = Answer::of(call(&app, &token, method, path)).await;
        assert_eq!((answer.status, minor(&answer).as_str()), (status, code), "{method} {path}");
    }
}

#[tokio::test]
async fn without_a_token_or_with_one_that_lacks_the_scope_nothing_is_done() {
    let app = spawn_app().await;
    let none = Answer::of(app.stranger("GET", &format!("{BASE}/credentials"))).await;
    assert_eq!((none.status, minor(&none).as_str()), (401, "unauthorizedrequest"));
    assert!(none.header("www-authenticate").starts_with("Bearer"));
    let unknown = Answer::of(call(&app, "nobody", "GET", "/credentials")).await;
    assert!(unknown.header("www-authenticate").contains(r#"error="invalid_token""#));
    let reader = token(&app, &format!("{SCOPE}credential.readonly")).await;
    let refused = push(&app, &reader, "application/json", &badge("urn:uuid:5")).await;
    assert_eq!((refused.status, minor(&refused).as_str()), (403, "forbidden"));
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains("insufficient_scope") && challenge.contains("credential.upsert"), "{challenge}");
    // A scope of one API opens nothing of the other.
    let twin = app.stranger("GET", "/ims/clr/v2p0/credentials").bearer_auth(&reader);
    assert_eq!(Answer::of(twin).await.status, 403);
}

#[tokio::test]
async fn a_token_belongs_to_one_candidate_and_the_body_can_t_choose_another() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let mut tokens = Vec::new();
    for email in ["ada@example.org", "bob@example.org"] {
        let invited = invite(&app, json!({"candidate_email": email})).await;
        let token = platform.connect(invited["code"].as_str().unwrap(), &all_scopes()).await;
        tokens.push((invited["candidate_ref"].clone(), token["access_token"].as_str().unwrap().to_owned()));
    }
    let mut body: Value = serde_json::from_str(&badge("urn:uuid:6")).unwrap();
    body["candidate_ref"] = tokens[1].0.clone();
    let path = format!("/credentials?candidate_ref={}", tokens[1].0.as_str().unwrap());
    let request = call(&app, &tokens[0].1, "POST", &path).header("x-candidate-ref", tokens[1].0.as_str().unwrap()).json(&body);
    assert_eq!(Answer::of(request).await.status, 201);
    assert_eq!(app.get_json("/v1/submissions").await["items"][0]["candidate_ref"], tokens[0].0);
    let bobs = Answer::of(call(&app, &tokens[1].1, "GET", "/credentials")).await;
    assert_eq!(bobs.header("x-total-count"), "0");
}

#[tokio::test]
async fn pages_link_to_each_other_and_hold_every_credential_once() {
    let app = spawn_app().await;
    let token = token(&app, &all_scopes()).await;
    for number in 0..5 {
        app.clock.set(app.clock.now() + chrono::Duration::seconds(1));
        assert_eq!(push(&app, &token, "application/json", &badge(&format!("urn:uuid:p{number}"))).await.status, 201);
    }
    let link = |answer: &Answer, relation: &str| {
        let header = answer.header("link").to_owned();
        let found = header.split(", ").find(|part| part.ends_with(&format!("rel=\"{relation}\"")))?;
        Some(found.trim_start_matches('<').split('>').next()?.to_owned())
    };
    let mut url = app.url(&format!("{BASE}/credentials?limit=2"));
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    loop {
        let page = Answer::of(app.client.get(&url).bearer_auth(&token)).await;
        assert_eq!(page.header("x-total-count"), "5");
        assert!(link(&page, "first").is_some() && link(&page, "last").is_some());
        assert_eq!(link(&page, "prev").is_some(), pages > 0);
        for credential in page.json()["credential"].as_array().unwrap() {
            assert!(seen.insert(credential["id"].as_str().unwrap().to_owned()));
        }
        pages += 1;
        let Some(next) = link(&page, "next") else { break };
        url = next;
    }
    assert_eq!((seen.len(), pages), (5, 3));
    for query in ["limit=0", "offset=-1", "since=yesterday"] {
        let answer = Answer::of(call(&app, &token, "GET", &format!("/credentials?{query}"))).await;
        assert_eq!((answer.status, minor(&answer).as_str()), (400, "invalid_query_parameter"), "{query}");
    }
    let since = |moment: &str| Answer::of(call(&app, &token, "GET", &format!("/credentials?since={moment}")));
    assert_eq!(since("2026-03-01T12:00:04Z").await.header("x-total-count"), "2");
    let future = since("2099-01-01T00:00:00Z").await;
    assert_eq!(future.json(), json!({"credential": [], "compactJwsString": []}));
}

#[tokio::test]
async fn a_profile_is_put_and_got_by_the_same_candidate_only() {
    let app = spawn_app().await;
    let (ada, bob) = (token(&app, &all_scopes()).await, token(&app, &all_scopes()).await);
    let profile = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "id": "did:key:z6MkAda", "type": ["Profile"], "name": "Ada"});
    let put = |body: Value| Answer::of(call(&app, &ada, "PUT", "/profile").json(&body));
    assert_eq!(put(json!({"name": "Ada"})).await.status, 422);
    assert_eq!(put(profile.clone()).await.status, 200);
    assert_eq!(Answer::of(call(&app, &ada, "GET", "/profile")).await.json(), profile);
    assert_eq!(Answer::of(call(&app, &bob, "GET", "/profile")).await.status, 404);
}

#[tokio::test]
async fn an_api_key_pushes_for_the_candidate_that_it_names() {
    let app = spawn_app().await;
    let body = badge("urn:uuid:7");
    let push =
        |request: reqwest::RequestBuilder| Answer::of(request.header("content-type", "application/json").body(body.clone()));
    let path = format!("{BASE}/credentials");
    let unnamed = push(app.request("POST", &path)).await;
    assert_eq!((unnamed.status, minor(&unnamed).as_str()), (400, "invalid_query_parameter"));
    assert_eq!(push(app.request("POST", &path).header("x-candidate-ref", "emp-4711")).await.status, 201);
    assert_eq!(app.get_json("/v1/submissions").await["items"][0]["candidate_ref"], "emp-4711");
}

#[tokio::test]
async fn an_erased_candidate_takes_tokens_and_credentials_along() {
    let app = spawn_app().await;
    let invited = invite(&app, json!({})).await;
    let token = Platform::register(&app).await.connect(invited["code"].as_str().unwrap(), &all_scopes()).await;
    let token = token["access_token"].as_str().unwrap();
    assert_eq!(push(&app, token, "application/json", &badge("urn:uuid:8")).await.status, 201);
    let path = format!("/v1/candidates/{}", invited["candidate_ref"].as_str().unwrap());
    assert_eq!(Answer::of(app.request("DELETE", &path)).await.status, 204);
    assert_eq!(Answer::of(call(&app, token, "GET", "/credentials")).await.status, 401);
}

#[tokio::test]
async fn a_browser_may_ask_from_any_site() {
    let app = spawn_app().await;
    let asked = app.stranger("OPTIONS", &format!("{BASE}/credentials")).header("origin", "https://wallet.example");
    let answer = Answer::of(asked.header("access-control-request-method", "POST")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
    assert!(answer.header("access-control-allow-headers").contains("Authorization"));
    let refused = Answer::of(app.stranger("GET", &format!("{BASE}/credentials"))).await;
    assert!(refused.header("access-control-expose-headers").contains("X-Total-Count"));
    assert_eq!(Answer::of(app.request("GET", "/v1/submissions")).await.header("access-control-allow-origin"), "");
}
