//! Exchanges with wallets over VCALM, and stateless verification for partners.

use crate::support::wallet::{Actor, tampered};
use crate::support::{Answer, TestApp, spawn_app};
use serde_json::{Value, json};

const EXCHANGES: &str = "/workflows/credentials/exchanges";

pub async fn open(app: &TestApp, body: Value) -> Value {
    let answer = Answer::of(app.request("POST", EXCHANGES).json(&body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let exchange = answer.json();
    assert_eq!(answer.header("location"), exchange["id"]);
    exchange
}

async fn post(app: &TestApp, exchange: &Value, body: impl ToString) -> Answer {
    let request = app.client.post(exchange["id"].as_str().unwrap()).header("content-type", "application/json");
    Answer::of(request.body(body.to_string())).await
}

async fn state(app: &TestApp, exchange: &Value) -> Value {
    Answer::of(app.client.get(exchange["id"].as_str().unwrap()).bearer_auth(&app.key)).await.json()
}

async fn asked(app: &TestApp, exchange: &Value) -> (String, String) {
    let answer = post(app, exchange, "{}").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let request = &answer.json()["verifiablePresentationRequest"];
    (request["challenge"].as_str().unwrap().to_owned(), request["domain"].as_str().unwrap().to_owned())
}

fn problem_type(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    answer.json()["type"].as_str().unwrap().rsplit(['#', '/']).next().unwrap().to_owned()
}

struct People {
    issuer: Actor,
    holder: Actor,
}

impl People {
    fn new() -> Self {
        Self { issuer: Actor::new(), holder: Actor::new() }
    }

    fn badge(&self) -> Value {
        self.issuer.badge(&self.holder.did, &format!("urn:uuid:{}", uuid::Uuid::now_v7()), "2026-01-01T00:00:00Z")
    }

    fn message(&self, challenge: &str, domain: &str) -> Value {
        json!({"verifiablePresentation": self.holder.present(&[self.badge()], challenge, domain)})
    }
}

#[tokio::test]
async fn a_wallet_answers_and_the_employer_reads_verdict_and_journal() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({"variables": {"candidate_ref": "emp-1", "reason": "For the vacancy"}})).await;
    assert_eq!((exchange["state"].as_str(), exchange["sequence"].as_i64()), (Some("pending"), Some(0)));
    let interaction = app.client.get(exchange["interaction"].as_str().unwrap()).header("accept", "application/json");
    let protocols = Answer::of(interaction).await.json();
    assert_eq!(protocols["protocols"]["vcapi"], exchange["id"]);
    let (challenge, domain) = asked(&app, &exchange).await;
    assert_eq!(domain, app.address);
    assert_eq!(asked(&app, &exchange).await.0, challenge, "asking again changes nothing");
    assert_eq!(state(&app, &exchange).await["state"], "active");
    let answer = post(&app, &exchange, people.message(&challenge, &domain)).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    assert_eq!((answer.header("cache-control"), answer.header("access-control-allow-origin")), ("no-store", "*"));
    let done = state(&app, &exchange).await;
    assert_eq!((done["state"].as_str(), done["candidate_ref"].as_str()), (Some("complete"), Some("emp-1")));
    let results = &done["variables"]["results"]["default"];
    assert_eq!((results["verdicts"][0]["verified"].as_bool(), results["holderProven"].as_bool()), (Some(true), Some(true)));
    assert_eq!(results["holder"], people.holder.did);
    let submission = app.get_json(&format!("/v1/submissions/{}", done["submission_id"].as_str().unwrap())).await;
    assert_eq!(submission["channel"], "vcalm");
    let credential = &submission["files"][0]["credentials"][0];
    let recipient = credential["report"]["checks"].as_array().unwrap().iter().find(|check| check["id"] == "recipient").unwrap();
    assert_eq!(recipient["status"], "pass", "the holder is the subject: {recipient}");
    let id = exchange["id"].as_str().unwrap().rsplit('/').next().unwrap();
    let journal = app.get_json(&format!("{EXCHANGES}/{id}/log")).await;
    let calls: Vec<&str> = journal["items"].as_array().unwrap().iter().map(|line| line["call"].as_str().unwrap()).collect();
    assert_eq!(calls, ["interaction", "participate", "participate", "participate"]);
    assert!(!journal.to_string().contains(&people.holder.did) && !journal.to_string().contains("Rust web"), "no bodies");
    assert!(app.get_json("/v1/events").await.to_string().contains("credential."));
}

#[tokio::test]
async fn the_answer_may_come_bare_listed_or_without_being_asked_first() {
    let app = spawn_app().await;
    let people = People::new();
    for shape in ["bare", "list", "not_asked"] {
        let exchange = open(&app, json!({})).await;
        let (challenge, domain) = match shape {
            "not_asked" => {
                let url = format!("{}/request", exchange["id"].as_str().unwrap());
                let request = Answer::of(app.client.get(url)).await.json();
                let request = &request["verifiablePresentationRequest"];
                (request["challenge"].as_str().unwrap().to_owned(), request["domain"].as_str().unwrap().to_owned())
            }
            _ => asked(&app, &exchange).await,
        };
        let message = people.message(&challenge, &domain);
        let body = match shape {
            "bare" => message["verifiablePresentation"].clone(),
            "list" => json!({"verifiablePresentation": [message["verifiablePresentation"]], "referenceId": "urn:uuid:other"}),
            _ => message,
        };
        assert_eq!(post(&app, &exchange, body).await.text, "{}", "{shape}");
        assert_eq!(state(&app, &exchange).await["state"], "complete", "{shape}");
    }
}

#[tokio::test]
async fn a_wrong_challenge_or_domain_is_refused_and_the_next_try_gets_a_new_challenge() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    let wrong = post(&app, &exchange, people.message("another", &domain)).await;
    assert_eq!((wrong.status, problem_type(&wrong).as_str()), (400, "INVALID_CHALLENGE_ERROR"));
    let seen = state(&app, &exchange).await;
    assert_eq!((seen["state"].as_str(), seen["attempts"].as_i64()), (Some("active"), Some(1)));
    assert!(seen["lastError"]["type"].as_str().unwrap().ends_with("#INVALID_CHALLENGE_ERROR"));
    let (second, _) = asked(&app, &exchange).await;
    assert_ne!(challenge, second);
    let stale = post(&app, &exchange, people.message(&challenge, &domain)).await;
    assert_eq!(problem_type(&stale), "INVALID_CHALLENGE_ERROR");
    let (third, _) = asked(&app, &exchange).await;
    let elsewhere = post(&app, &exchange, people.message(&third, "https://evil.example")).await;
    assert_eq!((elsewhere.status, problem_type(&elsewhere).as_str()), (400, "INVALID_DOMAIN_ERROR"));
    let (fourth, _) = asked(&app, &exchange).await;
    assert_eq!(post(&app, &exchange, people.message(&fourth, &domain)).await.text, "{}");
}

#[tokio::test]
async fn a_presentation_signed_by_somebody_else_is_refused() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    let thief = Actor::new();
    let mut stolen = thief.present(&[people.badge()], &challenge, &domain);
    stolen["holder"] = json!(people.holder.did);
    let answer = post(&app, &exchange, json!({"verifiablePresentation": stolen})).await;
    assert_eq!((answer.status, problem_type(&answer).as_str()), (400, "PROOF_VERIFICATION_ERROR"));
}

#[tokio::test]
async fn after_completion_the_same_message_is_refused() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    let message = people.message(&challenge, &domain);
    assert_eq!(post(&app, &exchange, &message).await.status, 200);
    let replay = post(&app, &exchange, &message).await;
    assert_eq!((replay.status, problem_type(&replay).as_str()), (403, "exchange-finished"));
    assert_eq!(app.get_json("/v1/submissions").await["items"].as_array().unwrap().len(), 1);
    let url = format!("{}/request", exchange["id"].as_str().unwrap());
    assert_eq!(Answer::of(app.client.get(url)).await.json(), json!({"verifiablePresentationRequest": {}}));
}

#[tokio::test]
async fn two_answers_at_once_are_taken_once() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    let messages: Vec<Value> = (0..6).map(|_| people.message(&challenge, &domain)).collect();
    let answers = futures_util::future::join_all(messages.iter().map(|message| post(&app, &exchange, message))).await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(taken, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!(app.get_json("/v1/submissions").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn too_many_bad_answers_end_the_exchange() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({})).await;
    for _ in 0..6 {
        assert_eq!(post(&app, &exchange, people.message("wrong", &app.address)).await.status, 400);
    }
    assert_eq!(state(&app, &exchange).await["state"], "invalid");
    assert_eq!(post(&app, &exchange, "{}").await.status, 403);
}

#[tokio::test]
async fn an_exchange_whose_time_is_over_is_unknown() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({"expires": "2026-03-01T12:10:00Z"})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    app.clock.set("2026-03-01T12:10:00Z".parse().unwrap());
    let late = post(&app, &exchange, people.message(&challenge, &domain)).await;
    assert_eq!((late.status, problem_type(&late).as_str()), (404, "exchange-unknown"));
    let page = Answer::of(app.client.get(exchange["interaction"].as_str().unwrap()).header("accept", "text/html")).await;
    assert_eq!(page.status, 404);
    assert_eq!(Answer::of(app.stranger("POST", &format!("{EXCHANGES}/nobody")).body("{}")).await.status, 404);
    for expires in ["2026-03-01T12:00:00Z", "2026-03-04T12:00:00Z", "soon"] {
        let answer = Answer::of(app.request("POST", EXCHANGES).json(&json!({"expires": expires}))).await;
        assert_eq!(answer.status, 422, "{expires}");
    }
}

#[tokio::test]
async fn the_transport_s_verdict_and_the_credential_s_are_never_mixed() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    let presentation = people.holder.present(&[tampered(people.badge()), people.badge()], &challenge, &domain);
    assert_eq!(post(&app, &exchange, json!({"verifiablePresentation": presentation})).await.text, "{}");
    let done = state(&app, &exchange).await;
    assert_eq!(done["state"], "complete");
    let verdicts = done["variables"]["results"]["default"]["verdicts"].as_array().unwrap();
    assert_eq!((verdicts[0]["verified"].as_bool(), verdicts[1]["verified"].as_bool()), (Some(false), Some(true)));
    assert_eq!(verdicts[0]["outcome"], "rejected");
}

#[tokio::test]
async fn a_presentation_of_nothing_leaves_the_exchange_open() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    let empty = people.holder.present(&[], &challenge, &domain);
    let answer = post(&app, &exchange, json!({"verifiablePresentation": empty})).await;
    assert_eq!((answer.status, problem_type(&answer).as_str()), (400, "nothing-presented"));
    for (body, code) in [
        (r#"{"verifiablePresentation": ["#, "PARSING_ERROR"),
        (r#"{"redirectUrl":"https://x.example"}"#, "unsupported-message"),
        (r#"{"verifiablePresentation":{"type":"Other"}}"#, "MALFORMED_VALUE_ERROR"),
    ] {
        let answer = post(&app, &exchange, body).await;
        assert_eq!((answer.status, problem_type(&answer).as_str()), (400, code), "{body}");
    }
    assert_eq!(state(&app, &exchange).await["state"], "active");
}

#[tokio::test]
async fn the_person_is_sent_on_when_the_employer_says_where() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({"variables": {"redirectUrl": "https://jobs.example/thanks"}})).await;
    let (challenge, domain) = asked(&app, &exchange).await;
    let answer = post(&app, &exchange, people.message(&challenge, &domain)).await;
    assert_eq!(answer.json(), json!({"redirectUrl": "https://jobs.example/thanks"}));
}

#[tokio::test]
async fn browsers_get_a_page_with_a_qr_code_and_are_told_when_it_is_done() {
    let app = spawn_app().await;
    let people = People::new();
    let exchange = open(&app, json!({"variables": {"reason": "<b>Vacancy</b>"}})).await;
    let interaction = exchange["interaction"].as_str().unwrap().to_owned();
    for accept in ["text/html,application/xhtml+xml", "*/*", "image/webp"] {
        let page = Answer::of(app.client.get(&interaction).header("accept", accept)).await;
        assert!(page.header("content-type").starts_with("text/html"), "{accept}");
        assert!(page.text.contains("<svg") && page.text.contains("interaction:") && !page.text.contains("<b>Vacancy"));
        assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("no-referrer", "no-store"));
    }
    let id = exchange["id"].as_str().unwrap().rsplit('/').next().unwrap();
    let events = app.client.get(app.url(&format!("/interactions/{id}/events"))).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let waiting = tokio::spawn(async move { events.text().await.unwrap() });
    let (challenge, domain) = asked(&app, &exchange).await;
    assert_eq!(post(&app, &exchange, people.message(&challenge, &domain)).await.status, 200);
    let text = tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.unwrap().unwrap();
    let last = text.lines().rfind(|line| line.starts_with("data: ")).unwrap();
    let last: Value = serde_json::from_str(last.trim_start_matches("data: ")).unwrap();
    assert_eq!(last["state"], "complete");
    assert_eq!(last["verdicts"].as_array().unwrap().len(), 1);
    assert!(!text.contains(&people.holder.did));
}

#[tokio::test]
async fn a_link_has_so_many_event_streams_and_one_that_ended_makes_room() {
    let app = spawn_app().await;
    let link = async |app: &TestApp| {
        let exchange = open(app, json!({})).await;
        let id = exchange["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        app.url(&format!("/interactions/{id}/events"))
    };
    let (one, other) = (link(&app).await, link(&app).await);
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(app.client.get(&one).send().await.unwrap());
    }
    assert!(streams.iter().all(|stream| stream.status() == 200));
    let refused = Answer::of(app.client.get(&one)).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(app.client.get(&other).send().await.unwrap().status(), 200, "another link is another matter");
    streams.pop();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while app.client.get(&one).send().await.unwrap().status() != 200 {
        assert!(std::time::Instant::now() < deadline, "the seat of a stream that its reader left is not given back");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn state_and_journal_belong_to_the_employer() {
    let app = spawn_app().await;
    let exchange = open(&app, json!({})).await;
    let url = exchange["id"].as_str().unwrap();
    assert_eq!(Answer::of(app.client.get(url)).await.status, 401);
    assert_eq!(Answer::of(app.client.get(format!("{url}/log"))).await.status, 401);
    let list = app.get_json(EXCHANGES).await;
    assert_eq!(list["items"][0]["state"], "pending");
}

#[tokio::test]
async fn partners_have_credentials_verified() {
    let app = spawn_app().await;
    let people = People::new();
    let verify = |body: Value| Answer::of(app.request("POST", "/credentials/verify").json(&body));
    let all = json!({"returnResults": true, "returnCredential": true, "checks": ["proof"]});
    let good = people.badge();
    let answer = verify(json!({"verifiableCredential": good, "options": all})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!((body["verified"].as_bool(), &body["credential"]), (Some(true), &good));
    assert_eq!(body["results"]["proof"][0]["verified"], true);
    let bad = verify(json!({"verifiableCredential": tampered(good.clone())})).await.json();
    assert_eq!((bad["verified"].as_bool(), bad["outcome"].as_str()), (Some(false), Some("rejected")));
    assert!(bad["problemDetails"].to_string().contains("https://w3id.org/security#PROOF_VERIFICATION_ERROR"), "{bad}");
    let unknown = verify(json!({"verifiableCredential": good, "options": {"x": 1}})).await;
    assert_eq!((unknown.status, problem_type(&unknown).as_str()), (400, "UNKNOWN_OPTION_PROVIDED"));
    assert_eq!(verify(json!({"verifiableCredential": {"type": ["VerifiableCredential"]}})).await.status, 400);
    let claims = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": people.issuer.did,
        "credentialSubject": {"id": people.holder.did}});
    let token = people.issuer.jwt(json!({"typ": "vc+jwt"}), &claims);
    let enveloped = json!({"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential",
        "id": format!("data:application/vc+jwt,{token}")});
    assert_eq!(verify(json!({"verifiableCredential": enveloped})).await.json()["verified"], true);
    assert_eq!(Answer::of(app.stranger("POST", "/credentials/verify").json(&json!({}))).await.status, 401);
    assert!(app.get_json("/v1/submissions").await["items"].as_array().unwrap().is_empty(), "nothing is kept");
}

#[tokio::test]
async fn partners_have_presentations_verified_with_challenges_that_are_good_once() {
    let app = spawn_app().await;
    let people = People::new();
    let challenge = Answer::of(app.request("POST", "/challenges").json(&json!({}))).await.json();
    let challenge = challenge["challenge"].as_str().unwrap();
    let verify = |body: Value| Answer::of(app.request("POST", "/presentations/verify").json(&body));
    let presentation = people.holder.present(&[people.badge()], challenge, "https://partner.example");
    let options = json!({"challenge": challenge, "domain": "https://partner.example", "returnResults": true});
    let good = verify(json!({"verifiablePresentation": presentation, "options": options})).await.json();
    assert_eq!(good["verified"], true, "{good}");
    assert_eq!(good["results"]["presentation"]["challenge"]["verified"], true);
    assert_eq!(good["results"]["credentials"][0]["verified"], true);
    let again = verify(json!({"verifiablePresentation": presentation, "options": options})).await.json();
    assert_eq!(
        (again["verified"].as_bool(), again["results"]["presentation"]["challenge"]["verified"].as_bool()),
        (Some(false), Some(false))
    );
    let own = people.holder.present(&[people.badge()], "mine", "https://partner.example");
    let verified = |options: Value| {
        let request = verify(json!({"verifiablePresentation": own, "options": options}));
        async move { request.await.json()["verified"].as_bool().unwrap() }
    };
    assert!(verified(json!({"challenge": "mine", "domain": "https://partner.example"})).await);
    assert!(!verified(json!({"challenge": "other", "domain": "https://partner.example"})).await);
    assert!(!verified(json!({"challenge": "mine", "domain": "https://other.example"})).await);
    let unsigned = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
        "verifiableCredential": [people.badge()]});
    assert_eq!(verify(json!({"presentation": unsigned})).await.json()["verified"], true);
    assert_eq!(verify(json!({"verifiablePresentation": unsigned})).await.status, 400);
}
