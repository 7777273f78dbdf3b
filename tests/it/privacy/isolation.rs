//! Tenants are apart: every route that takes an id answers another tenant as if there were no such thing, and no list shows it.
//! A route with a place in its path is in `places`, or names its reason in `capabilities`: a new route fails the test until it is.

use super::{connected, erase, hand_in, link_of};
use crate::support::{Answer, TestApp, spawn_app};
use serde_json::{Value, json};
use skillgate::http::openapi;
use skillgate::http::routes::{Access, Row, table};
use skillgate::model::account::Role;
use skillgate::model::backpack::{Backpack, BackpackApi, BackpackState, HostDescription};
use skillgate::model::ids::{CandidateRef, TenantId};
use skillgate::model::tenant::GeneratedKey;
use std::collections::BTreeMap;

/// A word that stands in everything of the first tenant.
const MARK: &str = "zq7mark";

/// Ids of the first tenant's things, by the beginning of a path.
struct World(BTreeMap<&'static str, Vec<String>>);

impl World {
    async fn make(app: &TestApp) -> Self {
        let candidate = format!("emp-{MARK}");
        let (_receiver, connection) = connected(app, &format!("Connection {MARK}")).await;
        hand_in(app, &candidate).await;
        hand_in(app, &format!("gone-{MARK}")).await;
        app.drain().await;
        let erasure = erase(app, &format!("gone-{MARK}")).await;
        app.drain().await;
        let first = async |path: &str, member: &str| {
            let items = app.get_json(path).await["items"].clone();
            items[0][member].as_str().unwrap_or_else(|| panic!("{path}: {items:#}")).to_owned()
        };
        let made = async |path: &str, body: Value| {
            let answer = Answer::of(app.request("POST", path).json(&body)).await;
            assert!(answer.status < 300, "{path}: {answer:?}");
            answer
        };
        let submission = first("/v1/submissions", "id").await;
        let credential = first(&format!("/v1/credentials?candidate_ref={candidate}"), "id").await;
        let delivery = first("/v1/deliveries", "id").await;
        let addresses = app.get_json(&format!("/v1/candidates/{candidate}")).await;
        let address = addresses["addresses"][0]["id"].as_str().unwrap().to_owned();
        let page = link_of(app, &candidate).await;
        let link = first(&format!("/v1/candidates/{candidate}/links"), "id").await;
        let said = app.stranger("POST", &format!("{page}/error")).header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(Answer::of(said.body(format!("text={MARK}"))).await.status, 303);
        let note = first("/v1/person-notes", "id").await;
        let template = app.request("PUT", &format!("/v1/request-templates/{MARK}"));
        assert!(Answer::of(template.json(&json!({"reason": MARK, "types": ["OpenBadgeCredential"]}))).await.status < 300);
        made("/v1/skills/decisions", json!({"label": MARK, "ruling": "not_a_skill"})).await;
        let decision = first("/v1/skills/decisions", "id").await;
        let invitation = made("/v1/invitations", json!({"candidate_ref": candidate})).await.json();
        let subscription = made("/v1/push-subscriptions", json!({"channel": "standard-webhooks", "name": MARK})).await.json();
        let variables = json!({"variables": {"candidate_ref": candidate, "reason": MARK, "types": ["OpenBadgeCredential"]}});
        let exchange = made("/workflows/credentials/exchanges", variables).await;
        let exchange = exchange.header("location").rsplit('/').next().unwrap().to_owned();
        let key = first("/v1/api-keys", "id").await;
        let person = format!("/v1/connections/{connection}/people/{candidate}");
        assert!(Answer::of(app.request("PUT", &person).json(&json!({"remote_id": MARK}))).await.status < 300);
        let backpack = backpack(app, &candidate).await;
        let text = |member: &Value| member.as_str().unwrap().to_owned();
        let (picture, on_page) = (credential.clone(), connection.clone());
        let user = made("/v1/users", json!({"name": MARK, "email": "colleague@example.org", "role": "recruiter"})).await.json();
        let user = text(&user["id"]);
        let signed_in = app.stranger("POST", "/session").header("x-skillgate-page", "1").json(&json!({"key": app.key}));
        assert!(Answer::of(signed_in).await.status < 300);
        let session = first("/v1/sessions", "id").await;
        Self(BTreeMap::from([
            ("/v1/submissions/", vec![submission.clone()]),
            ("/submissions/", vec![submission]),
            ("/v1/credentials/", vec![credential]),
            ("/v1/candidates/{ref}/addresses/", vec![candidate.clone(), address]),
            ("/v1/candidates/{ref}/links/", vec![candidate.clone(), link]),
            ("/v1/candidates/{ref}/notes/", vec![candidate.clone(), note]),
            ("/v1/candidates/", vec![candidate.clone()]),
            ("/candidates/", vec![candidate.clone()]),
            ("/v1/request-templates/", vec![MARK.to_owned()]),
            ("/v1/skills/decisions/", vec![decision]),
            ("/v1/connections/{id}/people/", vec![connection.clone(), candidate.clone()]),
            ("/v1/connections/", vec![connection]),
            ("/v1/deliveries/", vec![delivery.clone()]),
            ("/deliveries/", vec![delivery]),
            ("/v1/api-keys/", vec![key]),
            ("/v1/invitations/", vec![text(&invitation["id"])]),
            ("/v1/backpacks/", vec![backpack]),
            ("/v1/push-subscriptions/", vec![text(&subscription["id"])]),
            ("/workflows/credentials/exchanges/", vec![exchange.clone()]),
            ("/requests/", vec![exchange]),
            ("/v1/erasures/", vec![erasure.clone()]),
            ("/erasures/", vec![erasure]),
            ("/pictures/", vec![picture]),
            ("/connections/", vec![on_page]),
            ("/v1/users/", vec![user]),
            ("/v1/sessions/", vec![session.clone()]),
            ("/v1/me/sessions/", vec![session]),
        ]))
    }

    /// The route's path with ids of the first tenant; `None` when nobody has said what its places are.
    fn path(&self, row: &Row) -> Option<String> {
        let (_, ids) =
            self.0.iter().filter(|(beginning, _)| row.path.starts_with(**beginning)).max_by_key(|(one, _)| one.len())?;
        let mut ids = ids.iter();
        let filled =
            row.path.split('/').map(|part| if part.starts_with('{') { ids.next().map(String::as_str) } else { Some(part) });
        Some(filled.collect::<Option<Vec<_>>>()?.join("/"))
    }

    fn ids(&self) -> impl Iterator<Item = &String> {
        self.0.values().flatten()
    }
}

async fn backpack(app: &TestApp, candidate: &str) -> String {
    let known = Backpack {
        id: uuid::Uuid::now_v7().to_string(),
        tenant_id: TenantId::from("default"),
        candidate_ref: CandidateRef::from(candidate),
        state: BackpackState::Pending,
        host: HostDescription {
            api: BackpackApi::OpenBadges3,
            name: None,
            api_base: "https://backpack.example.org".to_owned(),
            registration_url: "https://backpack.example.org/register".to_owned(),
            authorization_url: "https://backpack.example.org/authorize".to_owned(),
            token_url: "https://backpack.example.org/token".to_owned(),
            refresh_url: "https://backpack.example.org/token".to_owned(),
            revocation_url: None,
            scopes: Vec::new(),
        },
        last_failure: None,
        last_pull_at: None,
        next_pull_at: None,
        failures: 0,
        created_at: app.clock.now(),
    };
    app.app.store.create_backpack(&known, "hash").await.unwrap();
    known.id
}

/// A key of another tenant.
pub async fn another_tenant(app: &TestApp) -> String {
    let (tenant, key) = (TenantId::from("other"), GeneratedKey::new());
    app.app.store.create_tenant(&tenant, app.clock.now()).await.unwrap();
    app.app.store.create_api_key(&tenant, "key", key.prefix(), &key.hash(), Role::Administrator, app.clock.now()).await.unwrap();
    key.expose().to_owned()
}

/// A body that the route takes, so that it is not refused before it looks for the thing.
fn example(row: &Row) -> Value {
    let document = openapi::document().unwrap();
    let operation = &document["paths"][row.path.as_str()][row.method.as_str().to_lowercase()];
    operation["requestBody"]["content"]["application/json"]["example"].clone()
}

fn has_place(row: &Row) -> bool {
    row.path.contains('{')
}

async fn as_other(app: &TestApp, key: &str, row: &Row, path: &str) -> Answer {
    let request = app.stranger(row.method.as_str(), path).bearer_auth(key);
    Answer::of(match example(row) {
        Value::Null => request,
        body => request.json(&body),
    })
    .await
}

/// Names of things that belong to no tenant.
const SHARED: &[(&str, &str)] = &[
    ("/v1/taxonomies/", "all tenants share the taxonomies; skills_api.rs shows who changes them"),
    ("/v1/connectors/", "the connectors of the installation; a plan is made of what the request holds"),
];

#[tokio::test]
async fn every_route_with_an_id_answers_another_tenant_as_if_there_were_no_such_thing() {
    let app = spawn_app().await;
    let world = World::make(&app).await;
    let other = another_tenant(&app).await;
    let before = app.get_json(&format!("/v1/candidates/emp-{MARK}")).await;
    let guarded = table().into_iter().filter(|row| has_place(row) && matches!(row.access, Access::Tenant | Access::Page));
    let guarded = guarded.filter(|row| !SHARED.iter().any(|(beginning, _)| row.path.starts_with(beginning)));
    let mut uncovered = Vec::new();
    for row in guarded {
        let name = format!("{} {}", row.method, row.path);
        let Some(path) = world.path(&row) else {
            uncovered.push(name);
            continue;
        };
        let answer = as_other(&app, &other, &row, &path).await;
        // A template is called by a name that each tenant chooses: the other tenant makes its own.
        let makes_its_own = row.path == "/v1/request-templates/{name}" && row.method == "PUT";
        assert_eq!(answer.status == 404, !makes_its_own, "{name}: {answer:?}");
        let shown = answer.text.replace(&path, "");
        assert!(makes_its_own || !shown.contains(MARK), "{name}: {}", answer.text);
        if makes_its_own {
            assert!(Answer::of(app.stranger("DELETE", &path).bearer_auth(&other)).await.status < 300, "{name}");
        }
    }
    assert!(uncovered.is_empty(), "say in World::make what these places are: {uncovered:#?}");
    // Nothing of the first tenant's was changed.
    assert_eq!(app.get_json(&format!("/v1/candidates/emp-{MARK}")).await, before);
    assert_eq!(app.get_json("/v1/connections").await["items"][0]["state"], "active");
    for path in ["/v1/invitations", "/v1/push-subscriptions", "/v1/backpacks", "/v1/skills/decisions", "/v1/request-templates"] {
        assert_eq!(app.get_json(path).await["items"].as_array().unwrap().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn no_list_and_no_page_shows_a_thing_of_another_tenant() {
    let app = spawn_app().await;
    let world = World::make(&app).await;
    let other = another_tenant(&app).await;
    let lists = table().into_iter().filter(|row| row.method == "GET" && !has_place(row));
    for row in lists.filter(|row| matches!(row.access, Access::Tenant | Access::Page) && row.path != "/requests/qr.svg") {
        for query in ["", "?limit=100", &format!("?candidate_ref=emp-{MARK}"), &format!("?q={MARK}")] {
            let path = format!("{}{query}", row.path);
            let answer = Answer::of(app.stranger("GET", &path).bearer_auth(&other)).await;
            assert!(answer.status < 500, "{path}: {answer:?}");
            // A page repeats what was searched for.
            let shown = if query.is_empty() || query.contains("limit") { answer.text.clone() } else { String::new() };
            assert!(!shown.contains(MARK), "{path}: {shown}");
            for id in world.ids().filter(|id| !id.contains(MARK)) {
                assert!(!answer.text.contains(id.as_str()), "{path}: {id}: {}", answer.text);
            }
        }
    }
}

#[test]
fn a_route_that_anybody_may_call_with_an_id_carries_a_capability_or_nothing_of_a_tenant() {
    /// What stands in the place: a secret that was given out, or a name of something that everybody may read.
    const CAPABILITIES: &[(&str, &str)] = &[
        (
            "/v1/applications/{id}",
            "the id of a connection; the message is signed with its secret, or the address holds the secret",
        ),
        ("/welcome/{code}", "the secret of a link to set a password"),
        ("/person/{code}", "the secret of a person's link"),
        ("/connect/{code}", "the secret of an invitation"),
        ("/backpacks/{start}", "the secret of a backpack's first step"),
        ("/interactions/{x}", "the unguessable id of a request to a wallet"),
        ("/workflows/credentials/exchanges/{x}", "the unguessable id of a request to a wallet"),
        ("/v1/push/{channel}/{id}", "the id of a subscription; the message is signed with its secret"),
        ("/schemas/", "the name of a schema"),
        ("/problems/", "the code of a problem"),
        ("/docs/", "the name of a document"),
        ("/assets/", "the name of a file of the pages"),
    ];
    let open = table().into_iter().filter(|row| has_place(row) && !matches!(row.access, Access::Tenant | Access::Page));
    let without: Vec<String> = open
        .filter(|row| !CAPABILITIES.iter().any(|(beginning, _)| row.path.starts_with(beginning)))
        .map(|row| format!("{} {}", row.method, row.path))
        .collect();
    assert!(without.is_empty(), "say why anybody may call these: {without:#?}");
}
