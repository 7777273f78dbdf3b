//! The engine's promises, on a made-up system whose manifest carries its own tests, and on manifests that must be refused.

use skillgate::connector::{Registry, RegistryError, selftest};
use std::path::Path;

const EXAMPLE: &str = r#"
connector: example
title: Example
version: 1
status: experimental
category: ats
connection:
  fields: {host: {title: Host, default: api.example.org}}
  secrets: {id: {title: Id, required: true}, key: {title: Key, required: true}}
  auth:
    type: oauth2
    token_url: https://auth.example.org/token
    client_id: '{{ secrets.id }}'
    client_secret: '{{ secrets.key }}'
  base_url: 'https://{{ fields.host }}/v1'
values: {level: {Advanced: 4}}
mapping: {level: '{{ item.level.raw.label | default("none") | lookup(values.level) if item.level is defined else omit }}'}
events:
  - on: [credential.verified]
    steps:
      - id: person
        call: {get: /people, query: {email: '{{ candidate.email }}'}}
        find: json.people
        require: one
        extract: {id: match.id}
      - id: skill
        for_each: data.skills
        call: {put: '/people/{{ person.id }}/skills/{{ item.assertion_id }}', json: {label: '{{ item.label.text }}', level: '{{ mapping.level }}'}}
        write: {idempotency: natural}
      - id: note
        call: {post: '/people/{{ person.id }}/notes', json: {text: 'Done'}}
        write: {idempotency: ledger_only, remote_id: json.id}
tests:
  - name: a refused token is renewed once
    event: event.json
    secrets: &secrets {id: an-id, key: a-secret-key}
    candidate: &ada {emails: [ada@example.org]}
    exchange:
      - expect: {post: 'https://auth.example.org/token', text: grant_type=client_credentials}
        reply: {status: 200, json: {access_token: old-token, expires_in: 3600}}
      - expect: {get: '/v1/people?email=ada%40example.org', headers: {authorization: Bearer old-token}}
        reply: {status: 401}
      - expect: {post: 'https://auth.example.org/token'}
        reply: {status: 200, json: {access_token: new-token, expires_in: 3600}}
      - &person
        expect: {get: '/v1/people?email=ada%40example.org', headers: {authorization: Bearer new-token}}
        reply: {status: 200, json: {people: [{id: ../p1}]}}
      - &one
        expect: {put: /v1/people/..%2Fp1/skills/5c0e0000-0000-5000-8000-000000000001, json: {label: Network monitoring, level: 4}}
        reply: {status: 200}
      - &two
        expect: {put: /v1/people/..%2Fp1/skills/5c0e0000-0000-5000-8000-000000000002, json: {label: Incident response}}
        reply: {status: 200}
      - expect: {post: /v1/people/..%2Fp1/notes}
        reply: {status: 201, json: {id: n1}}
    outcome: delivered

  - name: a write that only our ledger knows is not repeated when its fate is unknown
    event: event.json
    secrets: *secrets
    candidate: *ada
    ledger: {note: started}
    exchange: [&token {expect: {post: 'https://auth.example.org/token'}, reply: {status: 200, json: {access_token: new-token}}}, *person, *one, *two]
    outcome: parked
    reason: ambiguous_write

  - name: a write that was certainly refused is tried again
    event: event.json
    secrets: *secrets
    candidate: *ada
    ledger: {note: refused}
    exchange:
      - *token
      - *person
      - *one
      - *two
      - expect: {post: /v1/people/..%2Fp1/notes}
        reply: {status: 429, headers: {Retry-After: '5'}}
    outcome: retry
    reason: rate_limited

  - name: a second refusal of the credentials is the connection's fault
    event: event.json
    secrets: *secrets
    candidate: *ada
    exchange:
      - *token
      - {expect: {get: '/v1/people?email=ada%40example.org'}, reply: {status: 401}}
      - *token
      - {expect: {get: '/v1/people?email=ada%40example.org'}, reply: {status: 401}}
    outcome: config_error
    reason: unauthorized

  - name: credentials that give no token are the connection's fault
    event: event.json
    secrets: *secrets
    candidate: *ada
    exchange: [{expect: {post: 'https://auth.example.org/token'}, reply: {status: 400, json: {error: invalid_client}}}]
    outcome: config_error
    reason: credentials

  - name: a value that no table has parks the delivery
    event: event.json
    mapping: {values: {level: {Beginner: 1}}}
    secrets: *secrets
    candidate: *ada
    exchange: [*token, *person]
    outcome: parked
    reason: unmapped_value

  - name: an answer without what a later step needs is not guessed
    event: event.json
    secrets: *secrets
    candidate: *ada
    exchange: [*token, {expect: {get: '/v1/people?email=ada%40example.org'}, reply: {status: 200, json: {people: [{name: x}]}}}]
    outcome: permanent
    reason: unexpected_answer

  - name: a missing secret is the connection's fault
    event: event.json
    secrets: {id: an-id}
    outcome: config_error
    reason: settings
"#;

fn with_manifest(manifest: &str) -> (tempfile::TempDir, Result<Registry, RegistryError>) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("example");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("manifest.yaml"), manifest).unwrap();
    let event = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/webhook/fixtures/credential_verified.json");
    std::fs::copy(event, folder.join("event.json")).unwrap();
    let registry = Registry::load(root.path());
    (root, registry)
}

#[tokio::test]
async fn a_made_up_system_in_an_extra_folder_keeps_all_promises() {
    let (_root, registry) = with_manifest(EXAMPLE);
    let connector = registry.unwrap().get("example").unwrap();
    let results = selftest::run(&connector).await;
    assert_eq!(results.len(), 8);
    let wrong: Vec<String> =
        results.iter().flat_map(|result| result.problems.iter().map(|p| format!("{}: {p}", result.name))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_test_that_expects_something_else_fails() {
    let (_root, registry) = with_manifest(&EXAMPLE.replace("level: 4}}", "level: 5}}"));
    let results = selftest::run(&registry.unwrap().get("example").unwrap()).await;
    assert!(results[0].problems.iter().any(|problem| problem.contains("is not expected")), "{:?}", results[0]);
    assert!(results[0].problems.iter().any(|problem| problem.contains("was never sent")), "{:?}", results[0]);
}

#[test]
fn a_manifest_that_could_do_harm_is_refused_with_the_reason() {
    let cases = [
        ("connector: example", "connector: other", "its folder is example"),
        ("version: 1", "version: 1\nsurprise: 1", "surprise"),
        ("text: 'Done'", "text: '{{ secrets.key }}'", "may use secrets"),
        ("text: 'Done'", "text: '{{ oops'", "{{ oops"),
        ("id: skill", "id: event", "reserved"),
        ("id: note", "id: skill", "used twice"),
        ("idempotency: ledger_only", "idempotency: observe", "observe"),
        ("write: {idempotency: natural}", "require: one", "write"),
        ("call: {get: /people,", "call: {get: /people, json: {a: 1},", "body"),
        ("status: experimental", "status: wonderful", "wonderful"),
        ("title: Example\n", "title: Example\ntitle: Twice\n", "uplicate"),
    ];
    for (from, to, told) in cases {
        assert!(EXAMPLE.contains(from), "{from}");
        let (_root, registry) = with_manifest(&EXAMPLE.replacen(from, to, 1));
        let error = registry.expect_err(to).to_string();
        assert!(error.contains(told), "{to}: {error}");
    }
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (one, before) in ('b'..='j').zip('a'..='i') {
        bomb.push_str(&format!("{one}: &{one} [{}]\n", vec![format!("*{before}"); 9].join(", ")));
    }
    let (_root, registry) = with_manifest(&bomb);
    assert!(registry.is_err());
}
