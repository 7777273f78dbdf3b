//! Backpacks on other hosts: discovery, registration, consent in the candidate's browser, pulls, refresh, disconnecting.

use crate::support::fake_host::FakeHost;
use crate::support::wallet::Actor;
use crate::support::{Answer, TestApp, spawn_app};
use serde_json::{Value, json};

const JSON: &str = "application/json";

fn describe(host: &FakeHost) {
    let at = |path: &str| format!("{}{path}", host.address);
    let document = json!({"openapi": "3.0.1", "info": {"title": "Backpack"}, "components": {"securitySchemes": {"OAuth2ACG": {
        "type": "oauth2", "x-imssf-registrationUrl": at("/register"), "x-imssf-revocationUrl": at("/revoke"),
        "flows": {"authorizationCode": {"authorizationUrl": at("/authorize"), "tokenUrl": at("/token"), "refreshUrl": at("/token"), "scopes": {}}}}}}});
    host.serve("/ims/ob/v3p0/discovery", 200, JSON, document.to_string());
    host.serve(
        "/register",
        201,
        JSON,
        json!({"client_id": "us", "client_secret": "shh", "client_secret_expires_at": 0}).to_string(),
    );
    host.serve(
        "/token",
        200,
        JSON,
        json!({"access_token": "at1", "token_type": "bearer", "expires_in": 3600, "refresh_token": "rt1"}).to_string(),
    );
    host.serve("/revoke", 200, JSON, "{}".to_owned());
}

async fn add(app: &TestApp, host: &FakeHost) -> Value {
    let body = json!({"host": host.address, "candidate_email": "ada@example.org"});
    let answer = Answer::of(app.request("POST", "/v1/backpacks").json(&body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// What the candidate's browser does: opens the link, is sent to the host, comes back.
async fn consent(app: &TestApp, backpack: &Value) -> Answer {
    let started = Answer::of(app.client.get(backpack["url"].as_str().unwrap())).await;
    assert_eq!(started.status, 302, "{started:?}");
    let location = url::Url::parse(started.header("location")).unwrap();
    let state = location.query_pairs().find(|(name, _)| name == "state").unwrap().1.to_string();
    assert!(location.query_pairs().any(|(name, value)| name == "code_challenge_method" && value == "S256"));
    let cookie = started.header("set-cookie").split(';').next().unwrap().to_owned();
    let callback = format!("/backpacks/callback?code=c1&state={state}");
    let foreign = Answer::of(app.stranger("GET", &callback)).await;
    assert_eq!(foreign.status, 400, "a browser that did not start it can't finish it");
    let started = Answer::of(app.client.get(backpack["url"].as_str().unwrap()).header("cookie", &cookie)).await;
    let location = url::Url::parse(started.header("location")).unwrap();
    let state = location.query_pairs().find(|(name, _)| name == "state").unwrap().1.to_string();
    let cookie = started.header("set-cookie").split(';').next().unwrap().to_owned();
    Answer::of(app.stranger("GET", &format!("/backpacks/callback?code=c1&state={state}")).header("cookie", cookie)).await
}

fn page(badges: &[Value]) -> String {
    json!({"credential": badges}).to_string()
}

fn badges(count: usize) -> Vec<Value> {
    let (issuer, holder) = (Actor::new(), Actor::new());
    (0..count).map(|number| issuer.badge(&holder.did, &format!("urn:uuid:b{number}"), "2026-01-01T00:00:00Z")).collect()
}

#[tokio::test]
async fn a_backpack_is_found_connected_pulled_page_by_page_and_disconnected() {
    let (app, host) = (spawn_app().await, FakeHost::start().await);
    describe(&host);
    let badges = badges(3);
    let next = r#"</ims/ob/v3p0/credentials?limit=2&offset=2>; rel="next""#;
    host.serve_with("/ims/ob/v3p0/credentials", 200, JSON, page(&badges[..2]), &[("link", next)]);
    host.serve("/ims/ob/v3p0/credentials", 200, JSON, page(&badges[2..]));
    let backpack = add(&app, &host).await;
    assert_eq!((backpack["state"].as_str(), backpack["hosts"].as_array().map(Vec::len)), (Some("pending"), Some(1)));
    let connected = consent(&app, &backpack).await;
    assert_eq!(connected.status, 200, "{connected:?}");
    app.channels.tick().await;
    let path = format!("/v1/backpacks/{}", backpack["id"].as_str().unwrap());
    let seen = app.get_json(&path).await;
    assert_eq!((seen["state"].as_str(), seen["last_failure"].is_null()), (Some("connected"), true), "{seen}");
    assert_eq!(app.get_json("/v1/credentials").await["items"].as_array().unwrap().len(), 3);
    let pulls: Vec<_> = host.requests().into_iter().filter(|asked| asked.path.contains("/credentials")).collect();
    assert_eq!((pulls.len(), pulls[0].authorization.as_str()), (2, "Bearer at1"));
    assert!(!pulls[0].path.contains("since"));
    app.clock.set(app.clock.now() + chrono::Duration::hours(25));
    host.serve("/token", 200, JSON, json!({"access_token": "at2", "token_type": "bearer", "expires_in": 90000}).to_string());
    host.forget("/token");
    host.serve("/token", 200, JSON, json!({"access_token": "at2", "token_type": "bearer", "expires_in": 90000}).to_string());
    app.channels.tick().await;
    let last = host.requests().pop().unwrap();
    assert_eq!(last.authorization, "Bearer at2", "the old token's time was over");
    assert!(last.path.contains("since=2026-03-01T11%3A00%3A00Z"), "{}", last.path);
    assert_eq!(
        app.get_json("/v1/credentials").await["items"].as_array().unwrap().len(),
        3,
        "the same again is no new credential"
    );
    let gone = Answer::of(app.request("DELETE", &path)).await;
    assert_eq!((gone.status, gone.json()["revocation"].is_null()), (200, true));
    let revoked: Vec<String> =
        host.requests().into_iter().filter(|asked| asked.path == "/revoke").map(|asked| asked.body).collect();
    assert!(
        revoked.iter().any(|body| body.contains("token=rt1")) && revoked.iter().any(|body| body.contains("token=at2")),
        "{revoked:?}"
    );
    let pull = Answer::of(app.request("POST", &format!("{path}/pull"))).await;
    assert_eq!(pull.status, 409);
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_then_the_candidate_must_connect_again() {
    let (app, host) = (spawn_app().await, FakeHost::start().await);
    describe(&host);
    let backpack = add(&app, &host).await;
    assert_eq!(consent(&app, &backpack).await.status, 200);
    host.serve("/ims/ob/v3p0/credentials", 401, JSON, "{}".to_owned());
    let path = format!("/v1/backpacks/{}", backpack["id"].as_str().unwrap());
    let pull = Answer::of(app.request("POST", &format!("{path}/pull"))).await;
    assert_eq!((pull.status, pull.problem().as_str()), (422, "backpack_failed"));
    assert_eq!(pull.json()["errors"][0]["field"], "refresh");
    let seen = app.get_json(&path).await;
    assert_eq!((seen["state"].as_str(), seen["last_failure"]["step"].as_str()), (Some("reconnect"), Some("refresh")));
    let refreshes = host.requests().into_iter().filter(|asked| asked.body.contains("grant_type=refresh_token")).count();
    assert_eq!(refreshes, 1);
}

#[tokio::test]
async fn a_broken_page_is_asked_for_again_and_costs_the_candidate_nothing() {
    let (app, host) = (spawn_app().await, FakeHost::start().await);
    describe(&host);
    let backpack = add(&app, &host).await;
    assert_eq!(consent(&app, &backpack).await.status, 200);
    for (kind, body) in [(JSON, r#"{"credential": ["#), ("text/html", "<html>")] {
        host.forget("/ims/ob/v3p0/credentials");
        host.serve("/ims/ob/v3p0/credentials", 200, kind, body.to_owned());
        let path = format!("/v1/backpacks/{}", backpack["id"].as_str().unwrap());
        let pull = Answer::of(app.request("POST", &format!("{path}/pull"))).await;
        assert_eq!((pull.status, pull.json()["errors"][0]["field"].as_str()), (422, Some("pull")));
        let seen = app.get_json(&path).await;
        assert_eq!((seen["state"].as_str(), seen["next_pull_at"].is_null()), (Some("connected"), false), "{seen}");
    }
}

#[tokio::test]
async fn a_host_that_is_away_is_tried_again_later() {
    let (app, host) = (spawn_app().await, FakeHost::start().await);
    describe(&host);
    let backpack = add(&app, &host).await;
    assert_eq!(consent(&app, &backpack).await.status, 200);
    host.serve("/ims/ob/v3p0/credentials", 503, JSON, "{}".to_owned());
    app.channels.tick().await;
    let path = format!("/v1/backpacks/{}", backpack["id"].as_str().unwrap());
    let seen = app.get_json(&path).await;
    assert_eq!((seen["state"].as_str(), seen["failures"].as_i64()), (Some("connected"), Some(1)));
    assert_eq!(seen["next_pull_at"], "2026-03-01T12:30:00Z");
    host.forget("/ims/ob/v3p0/credentials");
    host.serve("/ims/ob/v3p0/credentials", 200, JSON, page(&badges(1)));
    app.clock.set("2026-03-01T12:30:00Z".parse().unwrap());
    app.channels.tick().await;
    assert_eq!(app.get_json(&path).await["failures"], 0);
    assert_eq!(app.get_json("/v1/credentials").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn each_step_that_fails_says_which_one_it_was() {
    let (app, host) = (spawn_app().await, FakeHost::start().await);
    let failed = |body: Value| {
        let request = app.request("POST", "/v1/backpacks").json(&body);
        async move {
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 422, "{answer:?}");
            answer.json()["errors"][0]["field"].as_str().unwrap().to_owned()
        }
    };
    assert_eq!(failed(json!({"host": host.address})).await, "discovery");
    assert_eq!(failed(json!({"host": "ftp://x"})).await, "discovery");
    assert_eq!(failed(json!({"host": "http://10.0.0.1"})).await, "discovery");
    describe(&host);
    host.forget("/register");
    host.serve("/register", 400, JSON, json!({"error": "invalid_redirect_uri"}).to_string());
    assert_eq!(failed(json!({"host": host.address})).await, "registration");
    host.forget("/register");
    host.serve("/register", 201, JSON, json!({"client_id": "us", "client_secret": "shh"}).to_string());
    host.forget("/token");
    host.serve("/token", 400, JSON, json!({"error": "invalid_grant"}).to_string());
    let backpack = add(&app, &host).await;
    let refused = consent(&app, &backpack).await;
    assert_eq!(refused.status, 502);
    assert!(refused.text.contains("invalid_grant"));
}

#[tokio::test]
async fn an_older_host_is_read_with_hosted_and_signed_assertions() {
    let (app, host) = (spawn_app().await, FakeHost::start().await);
    describe(&host);
    host.forget("/ims/ob/v3p0/discovery");
    let at = |path: &str| format!("{}{path}", host.address);
    let manifest = json!({"@context": "https://w3id.org/openbadges/v2", "badgeConnectAPI": [{"name": "Old", "apiBase": at("/bc"),
        "registrationUrl": at("/register"), "authorizationUrl": at("/authorize"), "tokenUrl": at("/token"), "tokenRevocationUrl": at("/revoke"),
        "version": "v2p1", "scopesOffered": []}]});
    host.serve("/.well-known/badgeconnect.json", 200, JSON, manifest.to_string());
    let assertion = json!({"@context": "https://w3id.org/openbadges/v2", "id": at("/a/1"), "type": "Assertion", "badge": at("/b/1"),
        "recipient": {"type": "email", "hashed": false, "identity": "ada@example.org"}, "verification": {"type": "HostedBadge"}, "issuedOn": "2025-01-01T00:00:00Z"});
    host.serve("/a/1", 200, JSON, assertion.to_string());
    let signed = Actor::new().jwt(
        json!({"typ": "JWT"}),
        &json!({"@context": "https://w3id.org/openbadges/v2", "id": "urn:uuid:s1", "type": "Assertion",
        "badge": at("/b/1"), "verification": {"type": "SignedBadge"}, "issuedOn": "2025-01-01T00:00:00Z"}),
    );
    let body = json!({"status": {"error": null, "statusCode": 200, "statusText": "OK"}, "assertions": [{"id": at("/a/1")}], "signedAssertions": [signed]});
    host.serve("/bc/assertions", 200, JSON, body.to_string());
    let backpack = add(&app, &host).await;
    assert_eq!(backpack["host"]["api"], "ob_v2p1");
    assert_eq!(consent(&app, &backpack).await.status, 200);
    let pull = Answer::of(app.request("POST", &format!("/v1/backpacks/{}/pull", backpack["id"].as_str().unwrap()))).await;
    assert_eq!(pull.json()["credentials"], 2, "{pull:?}");
    let listed = app.get_json("/v1/submissions").await["items"][0].clone();
    let submission = app.get_json(&format!("/v1/submissions/{}", listed["id"].as_str().unwrap())).await;
    assert_eq!(submission["files"].as_array().unwrap().len(), 2, "{submission}");
    assert!(host.requests().iter().any(|asked| asked.path == "/a/1"), "a reference is read where it lives");
}
