//! OAuth 2 of the Open Badges host: registration, consent, codes, tokens, revocation.

use crate::support::platform::{Platform, REDIRECT, SCOPE, all_scopes, call, invite, registration, verifier, with_query};
use crate::support::wallet::Actor;
use crate::support::{Answer, spawn_app, spawn_app_with_channels};
use serde_json::{Value, json};
use skillgate::channel::ChannelSettings;

fn error_of(answer: &Answer) -> String {
    answer.json()["error"].as_str().unwrap().to_owned()
}

async fn invitation(app: &crate::support::TestApp) -> String {
    invite(app, json!({"candidate_email": "ada@example.org"})).await["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_platform_registers_once_and_is_told_its_secret() {
    let app = spawn_app().await;
    let answer = Answer::of(app.stranger("POST", "/oauth/register").json(&registration())).await;
    let body = answer.json();
    assert_eq!((body["client_name"].as_str(), body["client_secret_expires_at"].as_i64()), (Some("Platform"), Some(0)));
    assert!(body["client_id_issued_at"].is_number() && body["redirect_uris"].is_array());
    for (member, value, error) in [
        ("redirect_uris", json!(["https://elsewhere.example/cb"]), "invalid_redirect_uri"),
        ("redirect_uris", json!(["http://platform.example/cb"]), "invalid_redirect_uri"),
        ("token_endpoint_auth_method", json!("none"), "invalid_client_metadata"),
        ("client_name", Value::Null, "invalid_client_metadata"),
    ] {
        let mut wrong = registration();
        wrong[member] = value;
        let answer = Answer::of(app.stranger("POST", "/oauth/register").json(&wrong)).await;
        assert_eq!((answer.status, error_of(&answer).as_str()), (400, error), "{member}");
    }
    let broken = Answer::of(app.stranger("POST", "/oauth/register").body("{")).await;
    assert_eq!(broken.status, 400);
}

#[tokio::test]
async fn registrations_are_bounded_per_minute_and_can_be_closed() {
    let app = spawn_app_with_channels(ChannelSettings { registrations_per_minute: 2, ..ChannelSettings::default() }).await;
    let register = || Answer::of(app.stranger("POST", "/oauth/register").json(&registration()));
    assert_eq!((register().await.status, register().await.status, register().await.status), (201, 201, 429));
    let closed = spawn_app_with_channels(ChannelSettings { registration: false, ..ChannelSettings::default() }).await;
    assert_eq!(Answer::of(closed.stranger("POST", "/oauth/register").json(&registration())).await.status, 403);
}

#[tokio::test]
async fn an_unknown_client_or_a_foreign_redirect_gets_a_page_and_never_a_redirect() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let mut foreign = platform.authorization(&all_scopes(), &verifier("a"));
    foreign[2].1 = "https://evil.example/cb".to_owned();
    let mut unknown = platform.authorization(&all_scopes(), &verifier("a"));
    unknown[1].1 = "nobody".to_owned();
    for parameters in [foreign, unknown] {
        let answer = platform.decide(&parameters, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""));
        assert!(answer.header("content-type").starts_with("text/html"));
    }
    for (index, value) in [(6, "plain"), (5, "short"), (4, ""), (3, "openid"), (0, "token")] {
        let mut wrong = platform.authorization(&all_scopes(), &verifier("a"));
        wrong[index].1 = value.to_owned();
        let answer = platform.decide(&wrong, &[]).await;
        assert_eq!(answer.status, 302, "{}", wrong[index].0);
        assert!(answer.header("location").starts_with(REDIRECT) && answer.header("location").contains("error="));
    }
}

#[tokio::test]
async fn the_consent_page_shows_the_host_not_the_name_and_needs_both_cookie_and_form() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let code = invitation(&app).await;
    let parameters = platform.authorization(&all_scopes(), &verifier("a"));
    let page = Answer::of(app.stranger("GET", &with_query("/oauth/authorize", &parameters))).await;
    assert!(page.text.contains("platform.example"));
    assert!(page.header("content-security-policy").contains("form-action 'self' https://platform.example"));
    assert!(page.header("set-cookie").contains("HttpOnly") && page.header("set-cookie").contains("SameSite=Lax"));
    assert_eq!(page.header("access-control-allow-origin"), "", "no other site reads this page");
    // Another site's form has no cookie of ours.
    let mut form = parameters.clone();
    form.push(("consent", "guess".to_owned()));
    form.push(("invitation", code.clone()));
    let forged = Answer::of(app.stranger("POST", "/oauth/authorize").form(&form)).await;
    assert_eq!((forged.status, forged.header("location")), (400, ""));
    let refused = platform.decide(&parameters, &[("invitation", &code), ("refuse", "yes")]).await;
    assert!(refused.header("location").contains("error=access_denied"));
    let wrong = platform.decide(&parameters, &[("invitation", "wrong")]).await;
    assert_eq!((wrong.status, wrong.header("location")), (422, ""));
}

#[tokio::test]
async fn a_candidate_who_opened_their_link_need_not_type_the_code() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let code = invitation(&app).await;
    let opened = Answer::of(app.stranger("GET", &format!("/connect/{code}"))).await;
    assert_eq!(opened.status, 200);
    let remembered = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    let parameters = platform.authorization(&all_scopes(), &verifier("a"));
    let page = Answer::of(app.stranger("GET", &with_query("/oauth/authorize", &parameters)).header("cookie", &remembered)).await;
    assert!(!page.text.contains(r#"name="invitation""#), "{}", page.text);
    let shown = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let mut form = parameters.clone();
    form.push(("consent", shown.split_once('=').unwrap().1.to_owned()));
    let both = format!("{remembered}; {shown}");
    let answer = Answer::of(app.stranger("POST", "/oauth/authorize").header("cookie", both).form(&form)).await;
    assert_eq!(answer.status, 302);
    assert!(answer.header("location").contains("code="));
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_revokes_what_came_from_it() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let (invitation, verifier) = (invitation(&app).await, verifier("a"));
    let code = platform.code(&invitation, &all_scopes(), &verifier).await;
    let answer = platform.redeem(&code, &verifier).await;
    assert_eq!((answer.status, answer.header("cache-control"), answer.header("pragma")), (200, "no-store", "no-cache"));
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(Answer::of(call(&app, &token, "GET", "/credentials")).await.status, 200);
    let again = platform.redeem(&code, &verifier).await;
    assert_eq!((again.status, error_of(&again).as_str()), (400, "invalid_grant"));
    assert_eq!(Answer::of(call(&app, &token, "GET", "/credentials")).await.status, 401);
}

#[tokio::test]
async fn a_code_needs_its_verifier_its_redirect_its_client_and_its_time() {
    let app = spawn_app().await;
    let (platform, other) = (Platform::register(&app).await, Platform::register(&app).await);
    let invitation = invite(&app, json!({"max_connections": 10})).await["code"].as_str().unwrap().to_owned();
    let right = verifier("right");
    let refused = |answer: &Answer| (answer.status, error_of(answer));
    let grant = (400, "invalid_grant".to_owned());

    let code = platform.code(&invitation, &all_scopes(), &right).await;
    assert_eq!(refused(&platform.redeem(&code, &verifier("wrong")).await), grant);

    let code = platform.code(&invitation, &all_scopes(), &right).await;
    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://platform.example/x"),
        ("code_verifier", &right),
    ];
    assert_eq!(refused(&platform.token(&elsewhere).await), grant);

    let code = platform.code(&invitation, &all_scopes(), &right).await;
    assert_eq!(refused(&other.redeem(&code, &right).await), grant);
    assert_eq!(platform.redeem(&code, &right).await.status, 200, "another client's try does not spend the code");

    let code = platform.code(&invitation, &all_scopes(), &right).await;
    app.clock.set(app.clock.now() + chrono::Duration::seconds(601));
    assert_eq!(refused(&platform.redeem(&code, &right).await), grant);

    let nobody = Platform { app: &app, id: platform.id.clone(), secret: "wrong".to_owned() };
    let answer = nobody.redeem("x", &right).await;
    assert_eq!(refused(&answer), (401, "invalid_client".to_owned()));
    assert!(answer.header("www-authenticate").starts_with("Basic"));
    assert_eq!(error_of(&platform.token(&[("grant_type", "password")]).await), "unsupported_grant_type");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_an_old_one_ends_everything() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let first = platform.connect(&invitation(&app).await, &all_scopes()).await;
    let refresh = |token: &Value| {
        let token = token["refresh_token"].as_str().unwrap().to_owned();
        let platform = &platform;
        async move { platform.token(&[("grant_type", "refresh_token"), ("refresh_token", &token)]).await }
    };
    let answer = refresh(&first).await;
    assert_eq!(answer.status, 200, "no scope parameter is needed");
    let second = answer.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(Answer::of(call(&app, access, "GET", "/credentials")).await.status, 200);
    assert_eq!(error_of(&refresh(&first).await), "invalid_grant");
    assert_eq!(Answer::of(call(&app, access, "GET", "/credentials")).await.status, 401);
    assert_eq!(error_of(&refresh(&second).await), "invalid_grant");
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_revocation_or_the_invitation() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let invited = invite(&app, json!({})).await;
    let code = invited["code"].as_str().unwrap();
    let status = |token: &Value| {
        let request = call(&app, token["access_token"].as_str().unwrap(), "GET", "/credentials");
        async move { Answer::of(request).await.status }
    };
    let revoked = platform.connect(code, &all_scopes()).await;
    let form = [("token", revoked["refresh_token"].as_str().unwrap()), ("token_type_hint", "refresh_token")];
    let revoke = |form: Vec<(&'static str, String)>| {
        Answer::of(app.stranger("POST", "/oauth/revoke").basic_auth(&platform.id, Some(&platform.secret)).form(&form))
    };
    let owned: Vec<(&'static str, String)> = vec![("token", form[0].1.to_owned())];
    assert_eq!(revoke(owned).await.status, 200);
    assert_eq!(status(&revoked).await, 401);
    assert_eq!(revoke(vec![("token", "nobody-knows-it".to_owned())]).await.status, 200);
    assert_eq!(revoke(vec![]).await.status, 400);

    let short = platform.connect(code, &format!("{SCOPE}credential.readonly")).await;
    assert!(short.get("refresh_token").is_none(), "nobody asked to stay connected");
    assert_eq!(status(&short).await, 200);
    app.clock.set(app.clock.now() + chrono::Duration::seconds(3601));
    assert_eq!(status(&short).await, 401);

    let last = platform.connect(code, &all_scopes()).await;
    let path = format!("/v1/invitations/{}", invited["id"].as_str().unwrap());
    assert_eq!(Answer::of(app.request("DELETE", &path)).await.status, 204);
    assert_eq!(status(&last).await, 401);
    assert_eq!(Answer::of(app.stranger("GET", &format!("/connect/{code}"))).await.status, 404);
}

#[tokio::test]
async fn an_invitation_is_used_as_often_as_the_employer_said() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let invited = invite(&app, json!({"max_connections": 1, "purpose": "Backend engineer"})).await;
    let code = invited["code"].as_str().unwrap();
    platform.connect(code, &all_scopes()).await;
    let spent = platform.decide(&platform.authorization(&all_scopes(), &verifier("b")), &[("invitation", code)]).await;
    assert_eq!((spent.status, spent.header("location")), (422, ""));
    let listed = app.get_json("/v1/invitations").await;
    assert_eq!(listed["items"][0]["connections"], 1);
    assert!(!listed.to_string().contains(code), "the link is shown once");
}

#[tokio::test]
async fn an_api_key_becomes_a_short_lived_token_for_the_wallet_calls_only() {
    let app = spawn_app().await;
    let form = [("grant_type", "client_credentials"), ("scope", "write:/workflows")];
    let answer = Answer::of(app.request("POST", "/oauth/token").form(&form)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["expires_in"], 900);
    let token = body["access_token"].as_str().unwrap();
    let with = |method: &str, path: &str| Answer::of(app.stranger(method, path).bearer_auth(token));
    assert_eq!(with("POST", "/workflows/credentials/exchanges").await.status, 201);
    assert_eq!(with("POST", "/challenges").await.status, 401, "another scope");
    assert_eq!(with("GET", "/v1/submissions").await.status, 401, "not for the rest of the API");
    assert_eq!(with("GET", "/ims/ob/v3p0/credentials").await.status, 401, "no candidate stands behind it");
    app.clock.set(app.clock.now() + chrono::Duration::seconds(901));
    assert_eq!(with("POST", "/workflows/credentials/exchanges").await.status, 401);
    let wrong = Answer::of(app.stranger("POST", "/oauth/token").bearer_auth("sk_nobody").form(&form)).await;
    assert_eq!((wrong.status, error_of(&wrong).as_str()), (401, "invalid_client"));
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_the_next_one_for_everything_again() {
    let app = spawn_app().await;
    let platform = Platform::register(&app).await;
    let first = platform.connect(&invitation(&app).await, &all_scopes()).await;
    let granted = first["scope"].as_str().unwrap();
    let narrow = format!("{SCOPE}credential.readonly");
    let refresh = |token: &Value, scope: Option<&str>| {
        let token = token["refresh_token"].as_str().unwrap().to_owned();
        let mut form = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token)];
        form.extend(scope.map(|scope| ("scope", scope.to_owned())));
        let platform = &platform;
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            platform.token(&form).await.json()
        }
    };
    let second = refresh(&first, Some(&narrow)).await;
    assert_eq!(second["scope"], narrow, "the token has what was asked for, and no more");
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(Answer::of(call(&app, access, "GET", "/credentials")).await.status, 200);
    assert_eq!(Answer::of(call(&app, access, "POST", "/credentials").body("{}")).await.status, 403);
    let third = refresh(&second, Some(granted)).await;
    assert_eq!(third["scope"], granted, "RFC 6749 §6: the grant did not shrink");
    assert_eq!(refresh(&third, None).await["scope"], granted);
}

#[tokio::test]
async fn a_client_may_send_its_secret_in_the_form_and_a_wrong_client_is_told_the_truth() {
    let app = spawn_app().await;
    let mut wanted = registration();
    wanted["token_endpoint_auth_method"] = json!("client_secret_post");
    let registered = Answer::of(app.stranger("POST", "/oauth/register").json(&wanted)).await.json();
    assert_eq!(registered["token_endpoint_auth_method"], "client_secret_post");
    let text = |name: &str| registered[name].as_str().unwrap().to_owned();
    let platform = Platform { app: &app, id: text("client_id"), secret: text("client_secret") };
    let code = platform.code(&invitation(&app).await, &all_scopes(), &verifier("post")).await;
    let verifier = verifier("post");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", verifier.as_str()),
        ("client_id", platform.id.as_str()),
        ("client_secret", platform.secret.as_str()),
    ];
    let answer = Answer::of(app.stranger("POST", "/oauth/token").form(&form)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let refresh = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let ask = |id: &str, secret: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("client_id", id), ("client_secret", secret)];
        Answer::of(app.stranger("POST", "/oauth/token").form(&form))
    };
    for (id, secret, said) in [(platform.id.as_str(), "wrong", "secret is wrong"), ("nobody", "x", "no client with this id")] {
        let refused = ask(id, secret).await;
        assert_eq!((refused.status, error_of(&refused).as_str()), (401, "invalid_client"));
        assert!(refused.text.contains(said), "{refused:?}");
    }
    let twice =
        Answer::of(app.stranger("POST", "/oauth/token").basic_auth(&platform.id, Some(&platform.secret)).form(&form)).await;
    assert_eq!((twice.status, error_of(&twice).as_str()), (400, "invalid_request"));
    let nobody = Answer::of(app.stranger("POST", "/oauth/token").form(&form[..4])).await;
    assert!(nobody.text.contains("names no client"), "{nobody:?}");
    let system = platform.token(&[("grant_type", "client_credentials")]).await;
    assert_eq!(
        (system.status, error_of(&system).as_str()),
        (400, "unauthorized_client"),
        "the client is known, the grant is not its own"
    );
    let form = [("token", refresh.as_str()), ("client_id", &platform.id), ("client_secret", &platform.secret)];
    assert_eq!(Answer::of(app.stranger("POST", "/oauth/revoke").form(&form)).await.status, 200);
    assert_eq!(error_of(&ask(&platform.id, &platform.secret).await), "invalid_grant");
    let metadata = Answer::of(app.stranger("GET", "/.well-known/oauth-authorization-server")).await.json();
    let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(methods));
}

#[tokio::test]
async fn a_system_with_a_key_of_its_own_signs_its_token_requests() {
    let app = spawn_app().await;
    let (system, stranger) = (Actor::new(), Actor::new());
    let wanted = json!({"name": "HR system", "role": "integrator", "jwks": {"keys": [system.jwk()]}});
    let made = Answer::of(app.request("POST", "/v1/api-keys").json(&wanted)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert!(made.get("key").is_none(), "a system with public keys has no secret");
    let id = made["id"].as_str().unwrap();
    let now = app.clock.now().timestamp();
    let assertion = |actor: &Actor, changes: Value| {
        let mut claims = json!({"iss": id, "sub": id, "aud": app.url("/oauth/token"), "jti": uuid::Uuid::now_v7(),
            "iat": now, "exp": now + 120});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        actor.jwt(json!({"typ": "JWT"}), &claims)
    };
    let ask = |assertion: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        Answer::of(app.stranger("POST", "/oauth/token").form(&form))
    };
    let good = assertion(&system, json!({}));
    let answer = ask(&good).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let call = || Answer::of(app.stranger("POST", "/workflows/credentials/exchanges").bearer_auth(&token));
    assert_eq!(call().await.status, 201);
    for (assertion, said) in [
        (good, "used before"),
        (assertion(&stranger, json!({})), "not signed with a key"),
        (assertion(&system, json!({"aud": "https://other.example/oauth/token"})), "aud of client_assertion"),
        (assertion(&system, json!({"sub": "somebody"})), "must both be"),
        (assertion(&system, json!({"iss": "somebody", "sub": "somebody"})), "unknown or revoked"),
        (assertion(&system, json!({"exp": now - 120})), "expired"),
        ("a.b.c".to_owned(), "unusable"),
    ] {
        let refused = ask(&assertion).await;
        assert_eq!((refused.status, error_of(&refused).as_str()), (401, "invalid_client"), "{said}");
        assert!(refused.text.contains(said), "{refused:?}");
    }
    // Its id alone opens nothing, and neither does the unusable hash that stands in for its secret.
    assert_eq!(Answer::of(app.stranger("GET", "/v1/submissions").bearer_auth(id)).await.status, 401);
    let private = json!({"name": "x", "role": "integrator", "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": system.jwk()["x"], "d": "AAAA"}]}});
    assert_eq!(Answer::of(app.request("POST", "/v1/api-keys").json(&private)).await.status, 422);
    assert_eq!(Answer::of(app.request("DELETE", &format!("/v1/api-keys/{id}"))).await.status, 204);
    assert_eq!(ask(&assertion(&system, json!({}))).await.status, 401);
}
