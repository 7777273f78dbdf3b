//! What a manifest can say beyond the usual, on two made-up systems: one that speaks SOAP, one with a grant and words of its own.

use sha2::{Digest, Sha256};
use skillgate::connector::{Registry, selftest};
use std::path::Path;

const SOAP: &str = r#"
connector: example
title: Example
version: 1
status: experimental
category: hris
connection:
  secrets: {user: {title: User, required: true}, password: {title: Password, required: true}}
  auth:
    type: body
    marker: '<!--credentials-->'
    value: '<User>{{ secrets.user | xml }}</User><Password>{{ secrets.password | xml }}</Password>'
  base_url: https://api.example.org
  headers: {content-type: text/xml; charset=utf-8}
limits: {rate: '100/m, 5000/d'}
classify:
  - {when: 'xml.Envelope.Body.Fault.detail.Validation_Error', then: permanent, reason: refused, message: 'It said {{ xml.Envelope.Body.Fault.detail.Validation_Error.Message }}'}
  - {when: 'status == 500', then: transient}
  - {when: 'not xml', then: transient, reason: unexpected_answer}
events:
  - on: [credential.verified]
    steps:
      - id: put
        call:
          post: /talent
          text: <Envelope><Header><!--credentials--></Header><Body><Name>{{ data.credential.achievement.name | localized("en") | xml }}</Name></Body></Envelope>
        write: {idempotency: natural, remote_id: xml.Envelope.Body.Put.ID}
tests:
  - name: credentials are in the body and nowhere else
    event: event.json
    secrets: &secrets {user: isu, password: a&b-secret}
    exchange:
      - expect:
          post: /talent
          text: <Envelope><Header><User>isu</User><Password>a&amp;b-secret</Password></Header><Body><Name>Network Operations</Name></Body></Envelope>
        reply: {status: 200, file: put.xml}
    outcome: delivered
  - name: a fault that says what is wrong is no reason to try again, although it comes with 500
    event: event.json
    secrets: *secrets
    exchange: [{expect: {post: /talent}, reply: {status: 500, file: fault.xml}}]
    outcome: permanent
    reason: refused
  - name: another 500 is
    event: event.json
    secrets: *secrets
    exchange: [{expect: {post: /talent}, reply: {status: 500}}]
    outcome: retry
"#;

const PUT: &str = "<e:Envelope xmlns:e='urn:e'><e:Body><Put><ID>c-1</ID></Put></e:Body></e:Envelope>";
const FAULT: &str = "<e:Envelope xmlns:e='urn:e'><e:Body><e:Fault><faultcode>x</faultcode><detail><w:Validation_Error \
    xmlns:w='urn:w'><w:Message>No such worker. a&amp;b-secret</w:Message></w:Validation_Error></detail></e:Fault></e:Body></e:Envelope>";

const JSON: &str = r#"
connector: example
title: Example
version: 1
status: experimental
category: hris
connection:
  secrets: {user: {title: User, required: true}, password: {title: Password, required: true}}
  auth:
    type: oauth2
    token_url: https://auth.example.org/token
    send_credentials: none
    request: json
    params:
      grant_type: http://auth0.com/oauth/grant-type/password-realm
      realm: acme
      username: '{{ secrets.user }}'
      password: '{{ secrets.password }}'
    token: json.data.token
    scheme: Token
  base_url: https://api.example.org
classify:
  - {when: 'status == 412', then: start_over}
events:
  - on: [credential.verified]
    steps:
      - id: person
        for_each: 'candidate.emails or park("no_address", "No address is known.")'
        call: {get: /people, query: {email: '{{ item }}'}}
        find: json.people
        require: one
        extract: {id: match.id}
        link: id
      - id: kind
        call: {get: /kinds}
        find: json.kinds | selectattr("name", "equalto", "Networks")
        require: {none: {reason: no_kind, message: 'The catalogue has no “Networks”.'}}
        extract: {id: match.id, tag: headers.etag}
      - id: row
        call: {put: '/people/{{ person.id }}/kinds/{{ kind.id }}', headers: {if-match: '{{ kind.tag }}'}, json: {ok: true}}
        write: {idempotency: natural}
tests:
  - name: a grant of its own, and a lost race that is run again at once
    event: event.json
    secrets: &secrets {user: user-1, password: a-secret}
    candidate: &ada {emails: [ada@example.org]}
    exchange:
      - &token
        expect: {post: 'https://auth.example.org/token', json: {grant_type: http://auth0.com/oauth/grant-type/password-realm, realm: acme, username: user-1, password: a-secret}}
        reply: {status: 200, json: {data: {token: t-1}}}
      - &person
        expect: {get: '/people?email=ada%40example.org', headers: {authorization: Token t-1}}
        reply: {status: 200, json: {people: [{id: p1}]}}
      - {expect: {get: /kinds}, reply: {status: 200, headers: {etag: '1'}, json: {kinds: [{id: k1, name: Networks}]}}}
      - {expect: {put: /people/p1/kinds/k1, headers: {if-match: '1'}}, reply: {status: 412}}
      - *person
      - &kinds {expect: {get: /kinds}, reply: {status: 200, headers: {etag: '2'}, json: {kinds: [{id: k1, name: Networks}]}}}
      - {expect: {put: /people/p1/kinds/k1, headers: {if-match: '2'}}, reply: {status: 204}}
    outcome: delivered
  - name: a person whom somebody has linked is not searched, even without an address
    event: event.json
    secrets: *secrets
    link: p/9
    exchange:
      - {expect: {post: 'https://auth.example.org/token'}, reply: {status: 200, json: {data: {token: t-1}}}}
      - *kinds
      - {expect: {put: /people/p%2F9/kinds/k1}, reply: {status: 204}}
    outcome: delivered
  - name: what is no person is missed in words of its own
    event: event.json
    secrets: *secrets
    candidate: *ada
    exchange: [*token, *person, {expect: {get: /kinds}, reply: {status: 200, json: {kinds: []}}}]
    outcome: parked
    reason: no_kind
  - name: a race that is lost again and again is a retry
    event: event.json
    secrets: *secrets
    link: p9
    exchange:
      - *token
      - *kinds
      - &lost {expect: {put: /people/p9/kinds/k1}, reply: {status: 412}}
      - *kinds
      - *lost
      - *kinds
      - *lost
      - *kinds
      - *lost
    outcome: retry
    reason: changed_meanwhile
"#;

const LEFT_OUT: &str = r#"
connector: example
title: Example
version: 1
status: experimental
category: hris
connection:
  fields: {search: {title: Search, type: boolean, default: false}}
  base_url: https://api.example.org
events:
  - on: [credential.verified]
    steps:
      - id: kind
        when: fields.search
        call: {get: /kinds}
        find: json
        require: {none: {reason: no_kind, message: 'There is no such kind.'}}
        extract: {id: match.id, label: '"fixed"'}
      - id: person
        for_each: candidate.emails
        call: {get: /people, query: {email: '{{ item }}'}}
        find: json
        require: one
        extract: {id: match.id}
      - id: row
        call: {put: '/people/{{ person.id }}', json: {kind: '{{ kind.match.id if kind.match else omit }}', label: '{{ kind.label }}'}}
        write: {idempotency: natural}
tests:
  - name: a search that is left out misses nobody
    event: event.json
    candidate: {emails: [ada@example.org]}
    exchange:
      - &person {expect: {get: '/people?email=ada%40example.org'}, reply: {status: 200, json: [{id: p1}]}}
      - {expect: {put: /people/p1, json: {label: fixed}}, reply: {status: 204}}
    outcome: delivered
  - name: the same search that is made and finds nothing does
    event: event.json
    fields: {search: true}
    exchange: [{expect: {get: /kinds}, reply: {status: 200, json: []}}]
    outcome: parked
    reason: no_kind
  - name: a person without any address is still missed
    event: event.json
    outcome: parked
    reason: no_match
"#;

const LATER: &str = r#"
connector: example
title: Example
version: 1
status: experimental
category: hris
connection:
  base_url: https://api.example.org
events:
  - on: [credential.verified]
    steps:
      - id: job
        call: {post: /jobs, json: {event: '{{ event.id }}'}}
        write: {idempotency: natural, remote_id: json.id}
      - id: finished
        call:
          get: /jobs/{{ job.remote_id }}
          classify: [{when: 'json.state == "failed"', then: permanent, reason: job_failed, message: The system could not do it.}]
        until: json.state == "done"
tests:
  - name: work that is finished at once is delivered
    event: event.json
    exchange:
      - &accepted {expect: {post: /jobs}, reply: {status: 202, json: {id: j1}}}
      - {expect: {get: /jobs/j1}, reply: {status: 200, json: {state: done}}}
    outcome: delivered
  - name: work that is not finished is asked for later
    event: event.json
    exchange: [*accepted, {expect: {get: /jobs/j1}, reply: {status: 200, json: {state: running}}}]
    outcome: retry
    reason: not_ready
  - name: work that failed is a dead letter
    event: event.json
    exchange: [*accepted, {expect: {get: /jobs/j1}, reply: {status: 200, json: {state: failed}}}]
    outcome: permanent
    reason: job_failed
"#;

const ATTACHED: &str = r#"
connector: example
title: Example
version: 1
status: experimental
category: ats
connection:
  base_url: https://api.example.org
events:
  - on: [credential.verified]
    steps:
      - id: file
        badge: '{{ data.credential.id }}'
        call:
          post: /people/1/files
          multipart:
            - {name: kind, text: certificate}
            - {name: file, base64: '{{ badge.base64 }}', file_name: '{{ badge.name }}', media_type: '{{ badge.media_type }}'}
        write: {idempotency: natural}
tests:
  - name: the credential's own bytes are attached
    event: event.json
    badge: put.xml
    exchange:
      - expect:
          post: /people/1/files
          text: "--BOUNDARY\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\ncertificate\r\n--BOUNDARY\r\ncontent-disposition: form-data; name=\"file\"; filename=\"badge.json\"\r\ncontent-type: application/json\r\n\r\nCONTENT\r\n--BOUNDARY--\r\n"
          headers: {content-type: multipart/form-data; boundary=BOUNDARY}
        reply: {status: 201}
    outcome: delivered
  - name: a credential that must not be shown is not sent
    event: event.json
    outcome: parked
    reason: badge_missing
"#;

async fn problems(manifest: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("example");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("manifest.yaml"), manifest).unwrap();
    std::fs::write(folder.join("put.xml"), PUT).unwrap();
    std::fs::write(folder.join("fault.xml"), FAULT).unwrap();
    let event = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/webhook/fixtures/credential_verified.json");
    std::fs::copy(event, folder.join("event.json")).unwrap();
    let registry = Registry::load(root.path()).unwrap();
    let results = selftest::run(&registry.get("example").unwrap()).await;
    results.iter().flat_map(|result| result.problems.iter().map(|problem| format!("{}: {problem}", result.name))).collect()
}

#[tokio::test]
async fn a_system_that_speaks_soap_needs_no_code() {
    let wrong = problems(SOAP).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn other_grants_lost_races_and_linked_people_need_no_code() {
    let wrong = problems(JSON).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_search_that_a_condition_leaves_out_parks_nothing() {
    let wrong = problems(LEFT_OUT).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_system_that_accepts_work_is_asked_until_it_has_finished() {
    let wrong = problems(LATER).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_credentials_own_file_can_be_attached() {
    let boundary = format!("skillgate-{}", &hex::encode(Sha256::digest(format!("certificate{PUT}")))[..32]);
    let wrong = problems(&ATTACHED.replace("BOUNDARY", &boundary).replace("CONTENT", PUT)).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
