//! The person's own page: who may open it, what it shows, and what the person decides there.

use super::{connected, erase, hand_in, link_of, pass, sample};
use crate::support::{Answer, Form, TestApp, spawn_app, spawn_app_as};
use serde_json::json;

async fn shown(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.stranger("GET", path)).await
}

async fn post(app: &TestApp, path: &str, body: &str) -> Answer {
    let request = app.stranger("POST", path).header("content-type", "application/x-www-form-urlencoded");
    Answer::of(request.body(body.to_owned())).await
}

#[tokio::test]
async fn the_page_says_in_each_language_what_was_received_and_what_was_passed_on_to_whom() {
    let app = spawn_app().await;
    let (_receiver, _) = connected(&app, "Our HR system").await;
    hand_in(&app, "emp-ada").await;
    app.drain().await;
    let path = link_of(&app, "emp-ada").await;
    for (language, title) in [("en", "Your data at"), ("de", "Ihre Daten bei"), ("es", "Sus datos en")] {
        let answer = Answer::of(app.stranger("GET", &path).header("accept-language", language)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.text.contains(title), "{}", answer.text);
        for part in ["Working with Data", "Our HR system", "Python"] {
            assert!(answer.text.contains(part), "{language}: {part}: {}", answer.text);
        }
        assert!(!answer.text.contains("ada@example.org"), "the page shows no address");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "the address is a secret");
    }
}

#[tokio::test]
async fn a_link_is_guessed_by_nobody_and_ends_when_it_is_revoked_or_old_or_the_person_is_erased() {
    let app = spawn_app().await;
    hand_in(&app, "emp-ada").await;
    let path = link_of(&app, "emp-ada").await;
    let code = path.rsplit('/').next().unwrap();
    assert!(code.len() >= 40, "{code}");
    let stored = app.get_json("/v1/candidates/emp-ada/links").await;
    assert!(!stored.to_string().contains(code), "only the hash is kept");
    let almost = format!("{}A", &path[..path.len() - 1]);
    assert_eq!(shown(&app, &almost).await.status, if almost == path { 200 } else { 404 });

    let id = stored["items"][0]["id"].as_str().unwrap();
    let revoked = Answer::of(app.request("DELETE", &format!("/v1/candidates/emp-ada/links/{id}"))).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    assert_eq!(shown(&app, &path).await.status, 404);

    let old = link_of(&app, "emp-ada").await;
    pass(&app, 91 * 86_400);
    assert_eq!(shown(&app, &old).await.status, 404);

    let last = link_of(&app, "emp-ada").await;
    assert_eq!(shown(&app, &last).await.status, 200);
    erase(&app, "emp-ada").await;
    for path in [&last, &format!("{last}/stop"), &format!("{last}/erasure"), &format!("{last}/error")] {
        let method = if path == &last { "GET" } else { "POST" };
        assert_eq!(Answer::of(app.stranger(method, path)).await.status, 404, "{path}");
    }
    app.drain().await;
}

#[tokio::test]
async fn a_link_follows_the_person_through_a_merger_and_a_link_of_an_invitation_opens_the_page_too() {
    let app = spawn_app().await;
    hand_in(&app, "emp-ada").await;
    let invited = json!({"candidate_ref": "emp-lovelace", "purpose": "Application"});
    let invitation = Answer::of(app.request("POST", "/v1/invitations").json(&invited)).await.json();
    let by_invitation = format!("/person/{}", invitation["code"].as_str().unwrap());
    assert!(!shown(&app, &by_invitation).await.text.contains("Working with Data"));
    let path = link_of(&app, "emp-lovelace").await;
    let merged = app.request("POST", "/v1/candidates/emp-ada/merge").json(&json!({"candidate_ref": "emp-lovelace"}));
    assert_eq!(Answer::of(merged).await.status, 200);
    for path in [path, by_invitation] {
        assert!(shown(&app, &path).await.text.contains("Working with Data"), "{path}");
    }
    app.drain().await;
}

#[tokio::test]
async fn after_consent_is_withdrawn_no_connection_is_sent_anything_until_it_is_given_again() {
    let app = spawn_app().await;
    let (receiver, connection) = connected(&app, "Our HR system").await;
    hand_in(&app, "emp-ada").await;
    // Withdrawn while the events wait, and before more events are made.
    let path = link_of(&app, "emp-ada").await;
    assert_eq!(post(&app, &format!("{path}/stop"), "").await.status, 303);
    app.drain().await;
    let form = Form::new().file("more.json", &sample(&app, "revoked.json")).text("candidate_ref", "emp-ada");
    assert_eq!(Answer::of(app.upload(form)).await.status, 201);
    app.drain().await;
    let about_skills = |receiver: &crate::support::receiver::Receiver| {
        let events = receiver.genuine();
        events.iter().filter(|event| !event["type"].as_str().unwrap().contains("candidate.")).count()
    };
    assert_eq!(about_skills(&receiver), 0);
    let parked = app.get_json(&format!("/v1/deliveries?connection_id={connection}")).await;
    let parked = parked["items"].as_array().unwrap().clone();
    assert!(!parked.is_empty() && parked.iter().all(|delivery| delivery["reason"] == "consent_withdrawn"), "{parked:#?}");
    // Nobody gets around it by replaying.
    let replayed = format!("/v1/deliveries/{}/replay", parked[0]["id"].as_str().unwrap());
    assert!(Answer::of(app.request("POST", &replayed)).await.status < 300);
    app.drain().await;
    assert_eq!(about_skills(&receiver), 0);
    // The employer sees it.
    let notes = app.get_json("/v1/candidates/emp-ada/notes").await;
    assert!(notes["sharing_stopped_at"].is_string(), "{notes:#}");
    assert_eq!(notes["items"][0]["kind"], "sharing_stopped");
    let page = Answer::of(app.request("GET", "/candidates/emp-ada")).await;
    assert!(page.text.contains("withdrew the consent"), "{}", page.text);

    assert_eq!(post(&app, &format!("{path}/allow"), "").await.status, 303);
    assert!(Answer::of(app.request("POST", &replayed)).await.status < 300);
    app.drain().await;
    assert_eq!(about_skills(&receiver), 1);
    // An erasure is told in any case.
    assert_eq!(post(&app, &format!("{path}/stop"), "").await.status, 303);
    erase(&app, "emp-ada").await;
    app.drain().await;
    let last = receiver.genuine().pop().unwrap();
    assert_eq!(last["type"], "org.skillgate.candidate.erased.v1");
}

#[tokio::test]
async fn a_report_of_an_error_reaches_the_employer_sealed_and_is_audited() {
    let app = spawn_app().await;
    hand_in(&app, "emp-ada").await;
    let path = link_of(&app, "emp-ada").await;
    let said = post(&app, &format!("{path}/error"), "text=My+name+is+spelled+Lovelace%3Cb%3E").await;
    assert_eq!((said.status, said.header("location")), (303, format!("{path}?done=error").as_str()));
    let answer = Answer::of(app.request("GET", "/v1/person-notes")).await;
    crate::openapi::assert_described("GET", "/v1/person-notes", &answer);
    let note = &answer.json()["items"][0];
    assert_eq!((&note["text"], &note["candidate_ref"]), (&json!("My name is spelled Lovelace<b>"), &json!("emp-ada")));
    let page = Answer::of(app.request("GET", "/candidates/emp-ada")).await;
    assert!(page.text.contains("spelled Lovelace&lt;b&gt;"), "{}", page.text);
    assert!(Answer::of(app.request("GET", "/candidates")).await.text.contains("Report of an error"));
    let dump = app.database.dump().await;
    assert!(!dump.contains("Lovelace"), "the note is sealed");
    assert!(dump.contains("person.error"), "the audit log notes it");

    let done = format!("/v1/candidates/emp-ada/notes/{}/done", note["id"].as_str().unwrap());
    assert_eq!(Answer::of(app.request("POST", &done)).await.status, 204);
    assert!(app.get_json("/v1/person-notes").await["items"].as_array().unwrap().is_empty());
    for (body, told) in [(String::new(), "failed=error"), (format!("text={}", "x".repeat(2_001)), "failed=error")] {
        let refused = post(&app, &format!("{path}/error"), &body).await;
        assert!(refused.header("location").ends_with(told), "{refused:?}");
    }
}

#[tokio::test]
async fn what_a_person_adds_is_checked_as_theirs_within_the_bounds_of_every_upload() {
    let app = spawn_app_as(|settings| settings.intake.max_upload_bytes = 64 << 10).await;
    hand_in(&app, "emp-bob").await;
    let path = format!("{}/files", link_of(&app, "emp-bob").await);
    // The form can't name another person.
    let form = Form::new().file("own.json", &sample(&app, "expired.json")).text("candidate_ref", "emp-somebody-else");
    let sent = app.stranger("POST", &path).header("content-type", Form::content_type()).body(form.end());
    let answer = Answer::of(sent).await;
    assert!(answer.header("location").ends_with("done=file"), "{answer:?}");
    assert_eq!(app.get_json("/v1/credentials?candidate_ref=emp-bob").await["items"].as_array().unwrap().len(), 2);
    assert_eq!(Answer::of(app.request("GET", "/v1/candidates/emp-somebody-else")).await.status, 404);

    let large = Form::new().file("large.json", &vec![b' '; 80 << 10]);
    let sent = app.stranger("POST", &path).header("content-type", Form::content_type()).body(large.end());
    assert!(Answer::of(sent).await.header("location").ends_with("failed=too_large"));
    for _ in 0..20 {
        post(&app, &path, "").await;
    }
    assert!(post(&app, &path, "").await.header("location").ends_with("failed=often"), "so many a minute");
    app.drain().await;
}

#[tokio::test]
async fn a_request_for_erasure_waits_for_the_employer_or_is_carried_out_at_once_as_the_settings_say() {
    let app = spawn_app().await;
    hand_in(&app, "emp-ada").await;
    let path = link_of(&app, "emp-ada").await;
    for _ in 0..2 {
        assert!(post(&app, &format!("{path}/erasure"), "").await.header("location").ends_with("done=erasure"));
    }
    let open = app.get_json("/v1/person-notes").await;
    assert_eq!(open["items"].as_array().unwrap().len(), 1, "asked twice is asked once: {open:#}");
    assert_eq!(Answer::of(app.request("GET", "/v1/candidates/emp-ada")).await.status, 200);
    drop(app);

    let app = spawn_app_as(|settings| settings.channels.erase_at_once = true).await;
    hand_in(&app, "emp-ada").await;
    let path = link_of(&app, "emp-ada").await;
    let erased = post(&app, &format!("{path}/erasure"), "").await;
    assert_eq!(erased.status, 200, "{erased:?}");
    assert_eq!(Answer::of(app.request("GET", "/v1/candidates/emp-ada")).await.status, 404);
    let list = Answer::of(app.request("GET", "/v1/erasures")).await;
    crate::openapi::assert_described("GET", "/v1/erasures", &list);
    let certificate = &list.json()["items"][0];
    assert_eq!(certificate["actor"], "person");
    assert!(erased.text.contains(certificate["id"].as_str().unwrap()), "the person learns the number");
    app.drain().await;
}
