//! Accounts: what each role may call, users with passwords and second factors, sessions, and what the audit log notes.

use crate::support::{Answer, TestApp, spawn_app, spawn_app_as};
use serde_json::{Value, json};
use skillgate::http::routes::{Access, Row, table};
use skillgate::model::account::{AuditFilter, Role, User};
use skillgate::model::ids::TenantId;
use skillgate::model::tenant::GeneratedKey;
use std::collections::BTreeMap;
use std::fmt::Write;

const PASSWORD: &str = "a good long password";

fn tenant() -> TenantId {
    TenantId::from("default")
}

async fn key_of(app: &TestApp, role: Role) -> String {
    let key = GeneratedKey::new();
    let (hash, now) = (key.hash(), app.clock.now());
    app.app.store.create_api_key(&tenant(), role.as_str(), key.prefix(), &hash, role, now).await.unwrap();
    key.expose().to_owned()
}

/// A user with [`PASSWORD`], made as an administrator makes one.
async fn user(app: &TestApp, name: &str, role: Role) -> String {
    let new = json!({"name": name, "email": format!("{name}@example.org"), "role": role.as_str()});
    let made = Answer::of(app.request("POST", "/v1/users").json(&new)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    crate::openapi::assert_described("POST", "/v1/users", &made);
    set_password(app, made.json()["url"].as_str().unwrap()).await;
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn set_password(app: &TestApp, url: &str) {
    let code = url.rsplit('/').next().unwrap();
    let answer = Answer::of(app.stranger("POST", "/session/password").json(&json!({"code": code, "password": PASSWORD}))).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

async fn sign_in_with(app: &TestApp, body: Value) -> Answer {
    let answer = Answer::of(app.stranger("POST", "/session").json(&body)).await;
    crate::openapi::assert_described("POST", "/session", &answer);
    answer
}

/// The cookie of a user who signs in with the password alone.
async fn sign_in(app: &TestApp, name: &str) -> String {
    let answer = sign_in_with(app, json!({"email": format!("{name}@EXAMPLE.org"), "password": PASSWORD})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    cookie_of(&answer)
}

fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn page(app: &TestApp, cookie: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
    app.stranger(method, path).header("cookie", cookie).header("x-skillgate-page", "1").header("accept", "text/html")
}

async fn status(app: &TestApp, cookie: &str, method: &str, path: &str) -> u16 {
    Answer::of(page(app, cookie, method, path)).await.status
}

fn concrete(row: &Row) -> String {
    let mut path = String::new();
    let mut parts = row.path.split('{');
    path.push_str(parts.next().unwrap());
    for part in parts {
        write!(path, "0192f0c1-2d3e-7000-8000-123456789abc{}", part.split_once('}').unwrap().1).unwrap();
    }
    path
}

fn needs_caller() -> impl Iterator<Item = Row> {
    table().into_iter().filter(|row| matches!(row.access, Access::Tenant | Access::Page))
}

#[tokio::test]
async fn each_role_may_call_what_the_table_of_routes_says_and_nothing_else() {
    let app = spawn_app().await;
    let mut asked = 0;
    for role in Role::ALL {
        for row in needs_caller() {
            // A key for each request: some requests end a key, or its sessions.
            let key = key_of(&app, role).await;
            let request = app.stranger(row.method.as_str(), &concrete(&row)).bearer_auth(key);
            let answer = Answer::of(request.header("content-type", "application/json").body("{}")).await;
            let what = format!("{role}: {} {}", row.method, row.path);
            asked += 1;
            if row.roles.contains(&role) {
                assert_ne!(answer.status, 403, "{what}: {}", answer.text);
                assert_ne!(answer.status, 401, "{what}: {}", answer.text);
                assert!(answer.status < 500, "{what}: {}", answer.text);
            } else {
                assert_eq!(answer.status, 403, "{what}: {}", answer.text);
                let sentence = format!("The role {role} may not do this. These roles may: ");
                assert!(answer.text.contains(&sentence), "{what}: {}", answer.text);
            }
        }
    }
    assert!(asked > 400, "{asked}");
    app.drain().await;
}

#[tokio::test]
async fn nobody_without_a_role_gets_through_to_a_route_of_a_tenant() {
    let app = spawn_app().await;
    for row in needs_caller() {
        let answer = Answer::of(app.stranger(row.method.as_str(), &concrete(&row))).await;
        assert_eq!(answer.status, 401, "{} {}: {}", row.method, row.path, answer.text);
    }
}

#[test]
fn every_row_that_needs_a_caller_names_roles_and_every_change_is_noted() {
    for row in needs_caller() {
        assert!(row.roles.contains(&Role::Administrator), "{} {}", row.method, row.path);
        let is_reading = row.method == "GET";
        // What these change is nothing of the tenant's.
        let harmless = [
            "/v1/trust/policy/trial",
            "/v1/trust/policy/rule",
            "/v1/retention/preview",
            "/credentials/verify",
            "/presentations/verify",
            "/challenges",
        ];
        let unconfirmed = row.method == "POST" && row.path == "/v1/me/second-factor";
        if !is_reading && !harmless.contains(&row.path.as_str()) && !unconfirmed {
            assert!(row.audit.is_some(), "{} {}", row.method, row.path);
        }
        let personal = ["/candidates", "/v1/candidates", "/submissions", "/v1/submissions", "/v1/credentials"];
        if is_reading && personal.iter().any(|area| row.path.starts_with(area)) {
            assert!(row.audit.is_some(), "{} {}", row.method, row.path);
        }
        if !is_reading && row.path != "/v1/me/sessions" && !row.path.starts_with("/v1/me/") {
            assert!(!row.roles.contains(&Role::Auditor), "{} {}: auditors change nothing", row.method, row.path);
        }
    }
}

/// The table of docs/accounts.md.
fn documented() -> String {
    let mut rows: BTreeMap<(String, String), [bool; 4]> = BTreeMap::new();
    for row in table().into_iter().filter(|row| !row.roles.is_empty() && !row.path.starts_with("/ims/")) {
        rows.insert((row.path, row.method.to_string()), Role::ALL.map(|role| row.roles.contains(&role)));
    }
    let mut text = "| route | recruiter | integrator | administrator | auditor |\n|---|---|---|---|---|\n".to_owned();
    for ((path, method), may) in rows {
        let cells = may.map(|may| if may { "yes" } else { "" });
        writeln!(text, "| `{method} {path}` | {} |", cells.join(" | ")).unwrap();
    }
    text
}

#[test]
fn the_document_about_accounts_has_the_table_of_routes_and_roles() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/accounts.md");
    let (text, table) = (std::fs::read_to_string(&path).unwrap(), documented());
    if std::env::var_os("SKILLGATE_TEST_WRITE_DOCUMENTS").is_some() {
        let before = text.split("| route |").next().unwrap();
        std::fs::write(&path, format!("{before}{table}")).unwrap();
        return;
    }
    assert!(text.ends_with(&table), "SKILLGATE_TEST_WRITE_DOCUMENTS=1 cargo test writes the table into docs/accounts.md");
}

#[test]
fn every_route_that_a_template_asks_for_exists() {
    let routes: Vec<String> = table().iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/templates");
    let mut asked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for route in text.split("may(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(routes.iter().any(|known| known == route), "{}: {route}", path.display());
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked}");
}

#[tokio::test]
async fn a_page_offers_only_what_the_role_may_do() {
    let app = spawn_app().await;
    for (role, sees, not) in [
        (
            Role::Recruiter,
            vec!["href=\"/candidates\"", "id=\"intake\""],
            vec!["href=\"/users\"", "href=\"/connections\"", "href=\"/audit\""],
        ),
        (Role::Auditor, vec!["href=\"/audit\"", "href=\"/trust\"", "href=\"/connections\""], vec!["id=\"intake\""]),
        (Role::Administrator, vec!["href=\"/users\"", "href=\"/connections\"", "id=\"intake\""], vec![]),
    ] {
        user(&app, role.as_str(), role).await;
        let cookie = sign_in(&app, role.as_str()).await;
        let html = Answer::of(page(&app, &cookie, "GET", "/")).await;
        assert_eq!(html.status, 200);
        let text = html.text.replace("&#x2f;", "/");
        sees.iter().for_each(|part| assert!(text.contains(part), "{role}: {part}"));
        not.iter().for_each(|part| assert!(!text.contains(part), "{role}: {part}"));
    }
    user(&app, "integrator", Role::Integrator).await;
    let cookie = sign_in(&app, "integrator").await;
    let first = Answer::of(page(&app, &cookie, "GET", "/")).await;
    assert_eq!((first.status, first.header("location")), (303, "/overview"));
    let refused = Answer::of(page(&app, &cookie, "GET", "/candidates")).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("Not allowed") && refused.text.contains("These roles may"), "{}", refused.text);
    let auditor = sign_in(&app, "auditor").await;
    let keys = Answer::of(page(&app, &auditor, "GET", "/keys")).await;
    assert!(!keys.text.contains("key-form") && !keys.text.contains("data-revoke"), "{}", keys.text);
}

#[tokio::test]
async fn an_invitation_works_once_and_for_a_limited_time() {
    let app = spawn_app().await;
    let new = json!({"name": "Ada", "email": "ada@example.org", "role": "recruiter"});
    let made = Answer::of(app.request("POST", "/v1/users").json(&new)).await.json();
    let url = made["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&app.address).unwrap().to_owned();
    let code = url.rsplit('/').next().unwrap().to_owned();
    let welcome = Answer::of(app.stranger("GET", &path)).await;
    assert!(welcome.status == 200 && welcome.text.contains("ada@example.org"), "{}", welcome.text);
    let set = |password: &'static str| {
        Answer::of(app.stranger("POST", "/session/password").json(&json!({"code": code, "password": password})))
    };
    assert_eq!(set("short").await.problem(), "invalid_field");
    assert_eq!(set(PASSWORD).await.status, 204);
    assert_eq!(set("another good password").await.problem(), "invitation_over");
    assert_eq!(Answer::of(app.stranger("GET", &path)).await.status, 404);
    assert_eq!(sign_in_with(&app, json!({"email": "ada@example.org", "password": "another good password"})).await.status, 401);
    sign_in(&app, "ada").await;

    let again = Answer::of(app.request("POST", "/v1/users").json(&new)).await;
    assert_eq!(again.problem(), "conflict");
    let late = json!({"name": "Bo", "email": "bo@example.org", "role": "auditor"});
    let late = Answer::of(app.request("POST", "/v1/users").json(&late)).await.json();
    app.clock.set(app.clock.now() + chrono::Duration::hours(73));
    let code = late["url"].as_str().unwrap().rsplit('/').next().unwrap();
    let expired = app.stranger("POST", "/session/password").json(&json!({"code": code, "password": PASSWORD}));
    assert_eq!(Answer::of(expired).await.problem(), "invitation_over");
}

#[tokio::test]
async fn after_so_many_failures_an_account_is_locked_for_a_time_and_nothing_tells_whether_it_exists() {
    let app = spawn_app_as(|settings| settings.accounts.lock_after = 3).await;
    user(&app, "ada", Role::Recruiter).await;
    for name in ["ada", "nobody"] {
        let wrong = json!({"email": format!("{name}@example.org"), "password": "not the password"});
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(sign_in_with(&app, wrong.clone()).await);
        }
        assert!(answers.iter().all(|answer| answer.problem() == "sign_in_failed"), "{name}");
        let right = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
        let locked = sign_in_with(&app, right).await;
        assert_eq!((locked.status, locked.problem().as_str()), (429, "account_locked"), "{name}");
    }
    app.clock.set(app.clock.now() + chrono::Duration::minutes(16));
    sign_in(&app, "ada").await;
    assert_eq!(actions(&app, "session.locked").await, 2);
    assert_eq!(actions(&app, "session.refuse").await, 6);
}

#[tokio::test]
async fn simultaneous_guesses_do_not_get_past_the_lock() {
    let app = spawn_app_as(|settings| settings.accounts.lock_after = 3).await;
    user(&app, "ada", Role::Recruiter).await;
    let guesses = (0..12).map(|_| sign_in_with(&app, json!({"email": "ada@example.org", "password": "not the password"})));
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 3, "{answers:?}");
}

#[tokio::test]
async fn one_network_has_so_many_attempts_in_a_minute() {
    let app = spawn_app_as(|settings| settings.accounts.attempts_per_minute = 4).await;
    for n in 0..4 {
        let wrong = sign_in_with(&app, json!({"email": format!("p{n}@example.org"), "password": "not the password"})).await;
        assert_eq!(wrong.status, 401);
    }
    let more = json!({"email": "p5@example.org", "password": "not the password"});
    let refused = sign_in_with(&app, more.clone()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    assert_eq!(sign_in_with(&app, json!({"key": app.key})).await.status, 200, "nobody guesses a key");
    app.clock.set(app.clock.now() + chrono::Duration::minutes(1));
    assert_eq!(sign_in_with(&app, more).await.status, 401);
}

/// What an authenticator app shows.
fn code(secret: &str, at: chrono::DateTime<chrono::Utc>) -> String {
    let bytes = totp_rs::Secret::Encoded(secret.to_owned()).to_bytes().unwrap();
    let totp = totp_rs::TOTP::new(totp_rs::Algorithm::SHA1, 6, 1, 30, bytes).unwrap();
    totp.generate(u64::try_from(at.timestamp()).unwrap())
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_no_code_counts_twice() {
    let app = spawn_app().await;
    user(&app, "ada", Role::Recruiter).await;
    let cookie = sign_in(&app, "ada").await;
    let begin = |password: &str| page(&app, &cookie, "POST", "/v1/me/second-factor").json(&json!({"password": password}));
    assert_eq!(Answer::of(begin("not the password")).await.problem(), "sign_in_failed");
    let offered = Answer::of(begin(PASSWORD)).await;
    crate::openapi::assert_described("POST", "/v1/me/second-factor", &offered);
    let secret = offered.json()["secret"].as_str().unwrap().to_owned();
    let qr = Answer::of(page(&app, &cookie, "GET", "/account/second-factor.svg")).await;
    assert_eq!((qr.status, qr.header("content-type")), (200, "image/svg+xml"));
    // Before the confirmation it does not count.
    sign_in(&app, "ada").await;
    let confirm = |code: String| page(&app, &cookie, "PUT", "/v1/me/second-factor").json(&json!({"code": code}));
    assert_eq!(Answer::of(confirm("000000".to_owned())).await.status, 401);
    let confirmed = Answer::of(confirm(code(&secret, app.clock.now()))).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    let recovery: Vec<String> = serde_json::from_value(confirmed.json()["recovery_codes"].clone()).unwrap();
    assert_eq!(recovery.len(), 10);

    let with = |code: &str| sign_in_with(&app, json!({"email": "ada@example.org", "password": PASSWORD, "code": code}));
    assert_eq!(with("").await.problem(), "code_needed");
    assert_eq!(with(&code(&secret, app.clock.now())).await.problem(), "sign_in_failed", "used for the confirmation");
    app.clock.set(app.clock.now() + chrono::Duration::seconds(30));
    let next = code(&secret, app.clock.now());
    assert_eq!(with(&next).await.status, 200);
    assert_eq!(with(&next).await.problem(), "sign_in_failed", "a code counts once");
    assert_eq!(with(&recovery[0]).await.status, 200);
    assert_eq!(with(&recovery[0]).await.problem(), "sign_in_failed", "a recovery code counts once");
    let wrong_password = json!({"email": "ada@example.org", "password": "not the password", "code": recovery[1]});
    assert_eq!(sign_in_with(&app, wrong_password).await.problem(), "sign_in_failed");
    assert_eq!(with(&recovery[1]).await.status, 200, "a wrong password does not use a recovery code up");

    let off = page(&app, &cookie, "DELETE", "/v1/me/second-factor").json(&json!({"password": PASSWORD}));
    assert_eq!(Answer::of(off).await.status, 204);
    sign_in(&app, "ada").await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_singly_and_everywhere() {
    let app = spawn_app().await;
    user(&app, "ada", Role::Recruiter).await;
    user(&app, "bo", Role::Auditor).await;
    let (one, two, other) = (sign_in(&app, "ada").await, sign_in(&app, "ada").await, sign_in(&app, "bo").await);
    let mine = Answer::of(page(&app, &one, "GET", "/v1/me/sessions")).await;
    crate::openapi::assert_described("GET", "/v1/me/sessions", &mine);
    let mine = mine.json()["items"].as_array().unwrap().clone();
    assert_eq!(mine.len(), 2);
    let second = mine.iter().find(|session| session["is_own"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/me/sessions/{second}");
    assert_eq!(status(&app, &other, "DELETE", &path).await, 404, "nobody ends another's session");
    assert_eq!(status(&app, &one, "DELETE", &path).await, 204);
    assert_eq!(status(&app, &two, "GET", "/session").await, 401);
    assert_eq!(status(&app, &one, "GET", "/session").await, 200);
    let all = app.get_json("/v1/sessions").await;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let third = sign_in(&app, "ada").await;
    assert_eq!(status(&app, &one, "DELETE", "/v1/me/sessions").await, 204);
    for cookie in [&one, &third] {
        assert_eq!(status(&app, cookie, "GET", "/session").await, 401);
    }
    assert_eq!(status(&app, &other, "GET", "/session").await, 200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_in_any_case_after_its_time() {
    let app = spawn_app_as(|settings| settings.accounts.session_idle_minutes = 30).await;
    user(&app, "ada", Role::Recruiter).await;
    let (idle, used) = (sign_in(&app, "ada").await, sign_in(&app, "ada").await);
    for _ in 0..35 {
        app.clock.set(app.clock.now() + chrono::Duration::minutes(20));
        assert_eq!(status(&app, &used, "GET", "/session").await, 200);
    }
    assert_eq!(status(&app, &idle, "GET", "/session").await, 401);
    app.clock.set(app.clock.now() + chrono::Duration::minutes(25));
    assert_eq!(status(&app, &used, "GET", "/session").await, 401, "twelve hours are over");
}

#[tokio::test]
async fn a_new_password_another_role_a_reset_and_disabling_end_the_sessions() {
    let app = spawn_app().await;
    let id = user(&app, "ada", Role::Recruiter).await;
    let path = format!("/v1/users/{id}");

    let (old, here) = (sign_in(&app, "ada").await, sign_in(&app, "ada").await);
    let change = |old: &str| json!({"password": old, "new_password": "another good password"});
    let wrong = Answer::of(page(&app, &here, "PUT", "/v1/me/password").json(&change("not the password"))).await;
    assert_eq!(wrong.problem(), "sign_in_failed");
    let changed = Answer::of(page(&app, &here, "PUT", "/v1/me/password").json(&change(PASSWORD))).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert_eq!(status(&app, &old, "GET", "/session").await, 401);
    assert_eq!(status(&app, &here, "GET", "/session").await, 401, "the cookie is another one now");
    let here = cookie_of(&changed);
    assert_eq!(status(&app, &here, "GET", "/session").await, 200);

    let role = Answer::of(app.request("PATCH", &path).json(&json!({"role": "auditor"}))).await;
    assert_eq!(role.json()["role"], "auditor", "{}", role.text);
    assert_eq!(status(&app, &here, "GET", "/session").await, 401);

    let reset = Answer::of(app.request("POST", &format!("{path}/invite"))).await;
    assert_eq!(reset.json()["has_password"], false);
    assert_eq!(sign_in_with(&app, json!({"email": "ada@example.org", "password": "another good password"})).await.status, 401);
    set_password(&app, reset.json()["url"].as_str().unwrap()).await;
    let again = sign_in(&app, "ada").await;
    assert_eq!(Answer::of(app.request("PATCH", &path).json(&json!({"disabled": true}))).await.status, 200);
    assert_eq!(status(&app, &again, "GET", "/session").await, 401);
    assert_eq!(sign_in_with(&app, json!({"email": "ada@example.org", "password": PASSWORD})).await.problem(), "sign_in_failed");
    assert_eq!(Answer::of(app.request("PATCH", &path).json(&json!({"disabled": false}))).await.status, 200);
    assert_eq!(status(&app, &again, "GET", "/session").await, 401, "an ended session stays ended");
    sign_in(&app, "ada").await;
}

#[tokio::test]
async fn nobody_changes_their_own_role_and_keys_have_no_password() {
    let app = spawn_app().await;
    let id = user(&app, "ada", Role::Administrator).await;
    let cookie = sign_in(&app, "ada").await;
    let own = page(&app, &cookie, "PATCH", &format!("/v1/users/{id}")).json(&json!({"role": "auditor"}));
    assert_eq!(Answer::of(own).await.problem(), "conflict");
    let key = app.request("PUT", "/v1/me/password").json(&json!({"password": "x", "new_password": PASSWORD}));
    assert_eq!(Answer::of(key).await.problem(), "conflict");
}

#[tokio::test]
async fn names_and_addresses_of_users_are_sealed_and_passwords_are_hashed() {
    let app = spawn_app().await;
    user(&app, "adalovelace", Role::Recruiter).await;
    let users: Vec<User> = app.app.store.list_users(&tenant()).await.unwrap();
    assert_eq!(users[0].email, "adalovelace@example.org");
    let Some(path) = app.database.url.strip_prefix("sqlite://") else { return };
    for file in [path.to_owned(), format!("{path}-wal")] {
        let bytes = std::fs::read(file).unwrap();
        for secret in ["adalovelace", PASSWORD] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
}

async fn actions(app: &TestApp, action: &str) -> usize {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    app.app.store.list_audit(&tenant(), &filter, None, 100).await.unwrap().len()
}

#[tokio::test]
async fn the_audit_log_says_who_did_what_and_from_where_and_can_be_filtered_and_exported() {
    let app = spawn_app().await;
    let id = user(&app, "ada", Role::Recruiter).await;
    let cookie = sign_in(&app, "ada").await;
    assert_eq!(status(&app, &cookie, "GET", "/candidates").await, 200);
    assert_eq!(status(&app, &cookie, "GET", "/v1/candidates/nobody").await, 404);
    assert_eq!(status(&app, &cookie, "GET", "/v1/users").await, 403);
    let log = Answer::of(app.request("GET", &format!("/v1/audit?actor=user:{id}"))).await;
    crate::openapi::assert_described("GET", "/v1/audit", &log);
    let entries = log.json()["items"].as_array().unwrap().clone();
    let said: Vec<String> =
        entries.iter().map(|entry| format!("{} {}", entry["action"], entry["object"]).replace('"', "")).collect();
    let begun = format!("session.begin user:{id}");
    let set = format!("user.set_password user:{id}");
    assert_eq!(said, ["access.refuse route:GET /v1/users", "candidate.list candidate:*", &begun, &set]);
    assert!(entries.iter().all(|entry| entry["address"] == "127.0.0.1"), "{entries:?}");

    let first = app.get_json("/v1/audit?limit=2").await;
    let next = first["next"].as_str().unwrap();
    let second = app.get_json(&format!("/v1/audit?limit=2&after={next}")).await;
    let number = |list: &Value, at: usize| list["items"][at]["number"].as_i64().unwrap();
    // Reading the log is noted, too: the newest entries of the second page are older than those of the first.
    assert!(number(&second, 0) == number(&first, 1) - 1, "{first} {second}");
    let lines = Answer::of(app.request("GET", "/v1/audit/export?action=user.create")).await;
    assert_eq!((lines.status, lines.text.lines().count()), (200, 1), "{}", lines.text);
    let line: Value = serde_json::from_str(&lines.text).unwrap();
    assert_eq!(line["object"], format!("user:{id}"));
    let csv = Answer::of(app.request("GET", "/v1/audit/export?format=csv")).await;
    assert!(csv.text.starts_with("number,at,actor,action,object,address,hash\n"), "{}", csv.text);
    assert!(csv.text.lines().count() > 5);
    for bad in ["limit=0", "limit=501", "from=yesterday", "after=x", "more=1"] {
        assert_eq!(Answer::of(app.request("GET", &format!("/v1/audit?{bad}"))).await.status, 400, "{bad}");
    }
    assert!(app.app.store.verify_audit(&tenant()).await.unwrap().is_ok());
}

#[tokio::test]
async fn another_tenant_s_users_sessions_and_entries_are_out_of_reach() {
    let app = spawn_app().await;
    let id = user(&app, "ada", Role::Recruiter).await;
    sign_in(&app, "ada").await;
    let session = app.get_json("/v1/sessions").await["items"][0]["id"].as_str().unwrap().to_owned();
    let (other, key) = (TenantId::from("other"), GeneratedKey::new());
    app.app.store.create_tenant(&other, app.clock.now()).await.unwrap();
    let (hash, now) = (key.hash(), app.clock.now());
    app.app.store.create_api_key(&other, "key", key.prefix(), &hash, Role::Administrator, now).await.unwrap();
    let foreign = |method: &str, path: &str| app.stranger(method, path).bearer_auth(key.expose());
    for path in ["/v1/users", "/v1/sessions"] {
        let list = Answer::of(foreign("GET", path)).await;
        assert_eq!(list.json()["items"], json!([]), "{path}");
    }
    // Its own reading of the two lists is all that it sees.
    let log = Answer::of(foreign("GET", "/v1/audit")).await.json();
    assert!(log["items"].as_array().unwrap().iter().all(|entry| entry["action"] == "user.list"), "{log}");
    let change = foreign("PATCH", &format!("/v1/users/{id}")).json(&json!({"disabled": true}));
    assert_eq!(Answer::of(change).await.status, 404);
    for (method, path) in [
        ("POST", format!("/v1/users/{id}/invite")),
        ("DELETE", format!("/v1/users/{id}/sessions")),
        ("DELETE", format!("/v1/sessions/{session}")),
    ] {
        assert_eq!(Answer::of(foreign(method, &path)).await.status, 404, "{method} {path}");
    }
    assert_eq!(app.get_json("/v1/sessions").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn without_users_the_sign_in_page_asks_for_a_key_only() {
    let app = spawn_app().await;
    let before = Answer::of(app.stranger("GET", "/")).await;
    assert!(before.text.contains("id=\"sign-in\"") && !before.text.contains("sign-in-password"));
    user(&app, "ada", Role::Recruiter).await;
    let after = Answer::of(app.stranger("GET", "/")).await;
    assert!(after.text.contains("id=\"sign-in\"") && after.text.contains("sign-in-password"));
}
