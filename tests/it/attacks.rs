//! Attacks on a running gateway that once worked: each with its whole kind.

use crate::support::fake_host::FakeHost;
use crate::support::platform::registration;
use crate::support::wallet::Actor;
use crate::support::{Answer, Form, TestApp, spawn_app, spawn_app_as};
use serde_json::{Value, json};
use skillgate::model::account::Role;
use skillgate::model::ids::TenantId;
use skillgate::model::tenant::GeneratedKey;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A gateway whose connectors may reach this machine and that fetches nothing private for a badge.
async fn with_connectors_inside() -> TestApp {
    spawn_app_as(|settings| {
        settings.verify.offline = false;
        settings.issuer_client.allow_private.clear();
    })
    .await
}

fn with_status_list(issuer: &Actor, address: &str) -> Value {
    let mut badge = issuer.badge("did:example:ada", "urn:uuid:1", "2026-01-01T00:00:00Z");
    badge.as_object_mut().unwrap().remove("proof");
    badge["credentialStatus"] = json!({"id": format!("{address}#1"), "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": address});
    issuer.sign(badge, "assertionMethod", json!({}))
}

fn hosted(address: &str) -> Value {
    json!({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": address,
        "recipient": {"type": "email", "hashed": false, "identity": "ada@example.org"}, "badge": format!("{address}/class"),
        "verification": {"type": "HostedBadge"}, "issuedOn": "2026-01-01T00:00:00Z"})
}

fn of_web_issuer(issuer: &Actor, address: &str) -> Value {
    let place = address.trim_start_matches("http://").replace(':', "%3A").replace('/', ":");
    let mut badge = issuer.badge("did:example:ada", "urn:uuid:1", "2026-01-01T00:00:00Z");
    badge.as_object_mut().unwrap().remove("proof");
    badge["issuer"]["id"] = json!(format!("did:web:{place}"));
    let mut signed = issuer.sign(badge, "assertionMethod", json!({}));
    signed["proof"]["verificationMethod"] = json!(format!("did:web:{place}#key-1"));
    signed
}

#[tokio::test]
async fn a_badge_reaches_nothing_that_is_open_for_connectors_only_and_learns_nothing_about_it() {
    let inside = FakeHost::start().await;
    inside.serve("/admin", 200, "application/json", "{}".to_owned());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = inside.address.rsplit(':').next().unwrap().to_owned();
    let addresses = [
        format!("{}/admin", inside.address),
        format!("{}/missing", inside.address),
        format!("http://localhost:{port}/admin"),
        format!("http://[::ffff:127.0.0.1]:{port}/admin"),
        format!("http://{closed}/admin"),
        "http://10.0.0.1/admin".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://gateway.invalid/admin".to_owned(),
    ];
    let app = with_connectors_inside().await;
    let issuer = Actor::new();
    let mut told = Vec::new();
    for address in &addresses {
        let badges = [with_status_list(&issuer, address), hosted(address), of_web_issuer(&issuer, address)];
        let mut said = Vec::new();
        for (kind, badge) in badges.into_iter().enumerate() {
            let answer = Answer::of(app.upload(Form::new().file("badge.json", badge.to_string().as_bytes()))).await;
            assert_eq!(answer.status, 201, "{answer:?}");
            let mut credential = answer.json()["files"][0]["credentials"][0].clone();
            assert_ne!(credential["outcome"], "accepted");
            for member in ["id", "sha256"] {
                credential.as_object_mut().unwrap().remove(member);
            }
            let text = credential.to_string();
            assert!(!text.contains("may not be contacted"), "{text}");
            // An identifier that is made of an address may be refused for its form.
            if kind < 2 {
                said.push(statements(&credential["report"]));
            }
        }
        told.push(said);
    }
    assert!(inside.requests().is_empty(), "{:?}", inside.requests());
    for (address, said) in addresses.iter().zip(&told) {
        assert_eq!(said, &told[0], "{address} reads unlike {}", addresses[0]);
    }
}

/// Status, code and sentence of every check, without the addresses that the badge itself names.
fn statements(report: &Value) -> Vec<String> {
    let plain = |text: &str| {
        text.split_whitespace().filter(|word| !word.contains("//") && !word.contains("did:")).collect::<Vec<_>>().join(" ")
    };
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|check| format!("{} {} {}", check["status"], check["code"], plain(check["message"].as_str().unwrap_or_default())))
        .collect()
}

#[tokio::test]
async fn what_the_issuer_side_lists_is_asked() {
    let inside = FakeHost::start().await;
    let app = spawn_app_as(|settings| {
        settings.verify.offline = false;
        settings.http_client.allow_private.clear();
    })
    .await;
    let badge = with_status_list(&Actor::new(), &format!("{}/list", inside.address));
    let answer = Answer::of(app.upload(Form::new().file("badge.json", badge.to_string().as_bytes()))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(inside.requests().len(), 1);
}

#[tokio::test]
async fn a_tenant_reaches_neither_another_tenants_secrets_nor_the_process_variables() {
    let app = spawn_app().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("default")).unwrap();
    std::fs::write(folder.path().join("default/hook"), "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0").unwrap();
    let app = {
        drop(app);
        let secrets = folder.path().to_owned();
        spawn_app_as(move |settings| settings.delivery.secrets_dir = secrets).await
    };
    let other = TenantId::from("other");
    assert!(app.app.store.create_tenant(&other, app.clock.now()).await.unwrap());
    let key = GeneratedKey::new();
    app.app.store.create_api_key(&other, "key", key.prefix(), &key.hash(), Role::Administrator, app.clock.now()).await.unwrap();
    let file = format!("file:{}", folder.path().join("default/hook").display());
    let readable = async |bearer: String, reference: &str| {
        let body = json!({"connector": "webhook", "name": "hook", "fields": {"url": "https://receiver.example.org/"},
            "secrets": {"signing_secret": reference}});
        let made = Answer::of(app.stranger("POST", "/v1/connections").bearer_auth(&bearer).json(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let path = format!("/v1/connections/{}/test", made.json()["id"].as_str().unwrap());
        let steps = Answer::of(app.stranger("POST", &path).bearer_auth(&bearer)).await.json();
        steps["steps"][0]["ok"] == true
    };
    assert!(readable(app.key.clone(), &file).await);
    for reference in [file.as_str(), "env:PATH", "env:HOME", "env:SKILLGATE_SECRET_DEFAULT_HOOK", "env:SKILLGATE_DATABASE__URL"] {
        assert!(!readable(key.expose().to_owned(), reference).await, "{reference}");
    }
    assert!(!readable(app.key.clone(), "env:PATH").await);
}

/// Uploads of 256 KiB at most, so that few bytes fill every budget.
async fn small() -> TestApp {
    spawn_app_as(|settings| {
        settings.intake.max_upload_bytes = 256 << 10;
        settings.intake.max_file_bytes = 128 << 10;
    })
    .await
}

fn is_uploaded(answer: &Answer) -> bool {
    answer.status == 201
}

/// A connection on which a request's head and the beginning of its body were sent.
fn begun(app: &TestApp, path: &str, headers: &str, body: &[u8]) -> TcpStream {
    begun_at(&app.address, path, headers, body)
}

fn begun_at(address: &str, path: &str, headers: &str, body: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 60000\r\n\r\n");
    socket.write_all(&[head.as_bytes(), body].concat()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    socket
}

#[tokio::test]
async fn strangers_with_a_byte_each_stop_no_upload() {
    let app = small().await;
    let urlencoded = "Content-Type: application/x-www-form-urlencoded\r\n";
    let paths = ["/oauth/token", "/oauth/register", "/oauth/revoke", "/session", "/ims/ob/v3p0/credentials"];
    let address = app.address.clone();
    let open = move || (0..200).map(|index| begun_at(&address, paths[index % paths.len()], urlencoded, b"g")).collect();
    let sockets: Vec<TcpStream> = tokio::task::spawn_blocking(open).await.unwrap();
    let badge = Actor::new().badge("did:example:ada", "urn:uuid:1", "2026-01-01T00:00:00Z").to_string();
    assert!(is_uploaded(&Answer::of(app.upload(Form::new().file("badge.json", badge.as_bytes()))).await));
    let token = Answer::of(app.stranger("POST", "/oauth/token").form(&[("grant_type", "client_credentials")])).await;
    assert_eq!(token.status, 401, "{token:?}");
    // And what is silent is answered and cut off.
    let mut last = sockets.into_iter().next_back().unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        last.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn a_body_that_drips_is_answered_with_408_on_every_kind_of_route() {
    let app = small().await;
    let key = format!("Authorization: Bearer {}\r\n", app.key);
    let json = "Content-Type: application/json\r\n";
    let sockets = [
        begun(&app, "/oauth/token", "", b"g"),
        begun(&app, "/session", json, b"{"),
        begun(&app, "/v1/connections", &format!("{key}{json}"), b"{"),
        begun(&app, "/v1/submissions", &format!("{key}{json}"), b"{"),
        begun(&app, "/v1/submissions", &format!("{key}Content-Type: {}\r\n", Form::content_type()), b"--a"),
        begun(&app, "/challenges", &format!("{key}{json}"), b"{"),
    ];
    let threads: Vec<_> = sockets.into_iter().map(|socket| std::thread::spawn(move || dripped(socket))).collect();
    let answers = tokio::task::spawn_blocking(|| threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>());
    for (answer, seconds) in answers.await.unwrap() {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("request_timeout") && answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
        assert!(seconds < 30, "{seconds}");
    }
}

/// Sends a byte every three seconds until the gateway answers.
fn dripped(mut socket: TcpStream) -> (String, u64) {
    let begun = std::time::Instant::now();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while begun.elapsed() < Duration::from_secs(40) {
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
            Err(_) if answer.is_empty() => drop(socket.write_all(b" ")),
            Err(_) => break,
        }
    }
    (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed().as_secs())
}

#[tokio::test]
async fn a_tenant_that_fills_its_share_stops_no_other_tenant() {
    let app = small().await;
    let other = TenantId::from("other");
    assert!(app.app.store.create_tenant(&other, app.clock.now()).await.unwrap());
    let key = GeneratedKey::new();
    app.app.store.create_api_key(&other, "key", key.prefix(), &key.hash(), Role::Administrator, app.clock.now()).await.unwrap();
    let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", key.expose());
    let body = vec![b' '; 59_000];
    let sockets: Vec<TcpStream> = (0..80).map(|_| begun(&app, "/v1/submissions", &headers, &body)).collect();
    let badge = Actor::new().badge("did:example:ada", "urn:uuid:1", "2026-01-01T00:00:00Z").to_string();
    assert!(is_uploaded(&Answer::of(app.upload(Form::new().file("badge.json", badge.as_bytes()))).await));
    drop(sockets);
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let app = spawn_app_as(|settings| {
        settings.http.proxies.clear();
        settings.http.connections_per_address = 20;
    })
    .await;
    let address = app.address.trim_start_matches("http://").to_owned();
    let open = tokio::task::spawn_blocking(move || {
        let sockets: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(&address).unwrap()).collect();
        std::thread::sleep(Duration::from_millis(500));
        let is_open = |mut socket: TcpStream| {
            socket.set_nonblocking(true).unwrap();
            socket.read(&mut [0; 16]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
        };
        sockets.into_iter().filter(|socket| is_open(socket.try_clone().unwrap())).count()
    });
    assert_eq!(open.await.unwrap(), 20);
    // They are gone; their places are free.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(Answer::of(app.stranger("GET", "/healthz")).await.status, 200);
}

#[tokio::test]
async fn a_session_that_was_ended_is_ended_in_every_copy() {
    let app = spawn_app().await;
    let begun = Answer::of(app.stranger("POST", "/session").json(&json!({"key": app.key}))).await;
    let cookie = begun.header("set-cookie").split(';').next().unwrap().to_owned();
    let look = || app.stranger("GET", "/session").header("cookie", &cookie);
    assert_eq!(Answer::of(look()).await.status, 200);
    let other = Answer::of(app.stranger("POST", "/session").json(&json!({"key": app.key}))).await;
    let ended = Answer::of(app.stranger("DELETE", "/session").header("cookie", &cookie)).await;
    assert_eq!(ended.status, 204);
    assert_eq!(Answer::of(look()).await.problem(), "unauthorized");
    let other = other.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(Answer::of(app.stranger("GET", "/session").header("cookie", other)).await.status, 200, "another browser's");
}

#[tokio::test]
async fn names_that_turn_text_around_and_redirects_with_hidden_characters_are_refused() {
    let app = spawn_app().await;
    let wrong = [
        ("client_name", json!("Employer\u{202e}gpj")),
        ("client_name", json!("a\u{2066}b")),
        ("software_id", json!("a\u{200f}")),
        ("redirect_uris", json!(["https://platform.example/cb\n.evil"])),
        ("redirect_uris", json!(["https://platform.example/\tcb"])),
        ("redirect_uris", json!(["https://platform.example/ cb"])),
        ("redirect_uris", json!([" https://platform.example/cb"])),
        ("contacts", json!(["a\u{0}b"])),
    ];
    for (member, value) in wrong {
        let mut registration = registration();
        registration[member] = value.clone();
        let answer = Answer::of(app.stranger("POST", "/oauth/register").json(&registration)).await;
        assert_eq!(answer.status, 400, "{member}: {value}");
    }
    for (member, value) in [("redirectUrl", "https://employer.example/\ncb"), ("reason", "a\u{202e}b")] {
        let body = json!({"variables": {member: value}});
        let answer = Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&body)).await;
        assert_eq!(answer.problem(), "invalid_field", "{member}");
    }
}

#[tokio::test]
async fn registrations_are_bounded_per_address_and_per_day_and_only_valid_ones_count() {
    let app = spawn_app_as(|settings| {
        settings.channels.registrations_per_minute = 2;
        settings.channels.registrations_per_day = 3;
    })
    .await;
    let register = async |from: &str, body: Value| {
        Answer::of(app.stranger("POST", "/oauth/register").header("x-forwarded-for", from).json(&body)).await
    };
    let mut broken = registration();
    broken["client_name"] = json!("");
    for _ in 0..5 {
        assert_eq!(register("192.0.2.1", broken.clone()).await.status, 400);
    }
    assert_eq!(register("192.0.2.1", registration()).await.status, 201);
    assert_eq!(register("192.0.2.1", registration()).await.status, 201);
    assert_eq!(register("192.0.2.1", registration()).await.status, 429, "the address");
    assert_eq!(register("192.0.2.2", registration()).await.status, 201);
    let full = register("192.0.2.3", registration()).await;
    assert_eq!((full.status, full.header("retry-after")), (429, "3600"), "the day");
    // What nobody used is gone after a day, and there is room again.
    app.clock.set(app.clock.now() + chrono::Duration::hours(25));
    app.app.store.tidy_channels(app.clock.now()).await.unwrap();
    assert_eq!(register("192.0.2.3", registration()).await.status, 201);
    assert_eq!(register("192.0.2.3", json!({"client_name": "x".repeat(20_000)})).await.status, 413);
}

#[tokio::test]
async fn erasing_a_person_ends_the_requests_to_their_wallet() {
    let app = spawn_app().await;
    let badge = Actor::new().badge("did:example:ada", "urn:uuid:1", "2026-01-01T00:00:00Z").to_string();
    let form = Form::new()
        .file("badge.json", badge.as_bytes())
        .text("candidate_email", "ada@example.org")
        .text("candidate_ref", "emp-1");
    assert!(is_uploaded(&Answer::of(app.upload(form)).await));
    let mut links = Vec::new();
    for variables in [
        json!({"candidate_email": "Ada@example.org"}),
        json!({"candidate_ref": "emp-1"}),
        json!({"candidate_email": "bob@example.org"}),
    ] {
        let made =
            Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&json!({"variables": variables}))).await;
        assert_eq!(made.status, 201, "{made:?}");
        links.push(format!("{}/protocols", made.json()["id"].as_str().unwrap().trim_start_matches(&app.address)));
    }
    assert_eq!(Answer::of(app.request("DELETE", "/v1/candidates/emp-1")).await.status, 204);
    let mut answers = Vec::new();
    for link in &links {
        answers.push(Answer::of(app.stranger("GET", link)).await.status);
    }
    assert_eq!(answers, [404, 404, 200]);
    app.drain().await;
}
