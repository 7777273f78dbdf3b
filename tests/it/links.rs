//! Share links: known platforms and listed hosts only, and what the recruiter is told.

use crate::support::fake_host::FakeHost;
use crate::support::wallet::Actor;
use crate::support::{Answer, Form, documents as made, spawn_app, spawn_app_with_channels};
use serde_json::json;
use skillgate::channel::ChannelSettings;

#[tokio::test]
async fn a_link_to_a_listed_host_becomes_a_submission_without_the_candidate_s_address() {
    let host = FakeHost::start().await;
    let (issuer, holder) = (Actor::new(), Actor::new());
    host.serve(
        "/public/assertions/x1",
        200,
        "application/json",
        issuer.badge(&holder.did, "urn:uuid:1", "2026-01-01T00:00:00Z").to_string(),
    );
    let app =
        spawn_app_with_channels(ChannelSettings { link_hosts: vec![host.address.clone()], ..ChannelSettings::default() }).await;
    let link = format!("{}/public/assertions/x1?identity__email=ada@example.org&v=2_0", host.address);
    let answer =
        Answer::of(app.request("POST", "/v1/submissions/link").json(&json!({"url": link, "candidate_ref": "emp-2"}))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let submission = answer.json();
    assert_eq!((submission["channel"].as_str(), submission["candidate_ref"].as_str()), (Some("link"), Some("emp-2")));
    assert_ne!(submission["outcome"], "rejected");
    let asked = host.requests();
    assert_eq!(asked[0].path, "/public/assertions/x1?v=2_0", "nobody is told the candidate's address");
    assert!(asked[0].accept.starts_with("application/json"));
}

#[tokio::test]
async fn an_unlisted_host_is_never_fetched_and_the_recruiter_is_told_what_to_ask_for() {
    let host = FakeHost::start().await;
    let app = spawn_app().await;
    for link in [
        format!("{}/public/assertions/x1", host.address),
        "https://evil.example/badge".to_owned(),
        "https://www.linkedin.com/in/ada".to_owned(),
        "not a link".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        let answer = Answer::of(app.request("POST", "/v1/submissions/link").json(&json!({"url": link}))).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "link_unresolved"), "{link}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("the candidate"), "{answer:?}");
    }
    assert!(host.requests().is_empty());
    assert!(app.get_json("/v1/submissions").await["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn pages_missing_and_withdrawn_credentials_each_get_their_sentence() {
    let host = FakeHost::start().await;
    host.serve("/page", 200, "text/html", "<html></html>".to_owned());
    host.serve("/gone", 410, "text/html", "gone".to_owned());
    host.serve("/private", 403, "application/json", "{}".to_owned());
    let app =
        spawn_app_with_channels(ChannelSettings { link_hosts: vec![host.address.clone()], ..ChannelSettings::default() }).await;
    for (path, code) in
        [("/page", "link_is_a_page"), ("/gone", "link_gone"), ("/private", "link_not_public"), ("/none", "link_not_public")]
    {
        let body = json!({"url": format!("{}{path}", host.address)});
        let answer = Answer::of(app.request("POST", "/v1/submissions/link").json(&body)).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["message"].as_str()), (422, Some(code)), "{path}");
    }
}

#[tokio::test]
async fn a_link_in_a_document_is_asked_like_a_pasted_one_and_the_answer_says_so() {
    let host = FakeHost::start().await;
    let (issuer, holder) = (Actor::new(), Actor::new());
    let badge = issuer.badge(&holder.did, "urn:uuid:1", "2026-01-01T00:00:00Z").to_string();
    host.serve("/public/assertions/x1", 200, "application/json", badge);
    let settings = ChannelSettings { link_hosts: vec![host.address.clone()], ..ChannelSettings::default() };
    let app = spawn_app_with_channels(settings).await;
    let link = format!("{}/public/assertions/x1?identity__email=ada@example.org", host.address);
    let page = format!("<a href='{link}'>Badge</a> <a href='https://evil.example/public/assertions/x1'>Other</a>");
    let places = [
        made::pdf_with_link(&link),
        made::pdf_with_code(&link),
        made::jpeg(&link),
        made::eml(&page, "a.txt", b"x"),
        made::msg(&link, "a.txt", b"x"),
    ];
    let asked_for_one = places.len();
    for file in places {
        let answer = Answer::of(app.upload(Form::new().file("cv", &file))).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let answer = answer.json();
        let file = &answer["files"][0];
        assert!(file["detected"].as_str().unwrap().contains("from a link to"), "{file:#}");
        assert_eq!(file["credentials"].as_array().unwrap().len(), 1, "{file:#}");
        assert_ne!(file["credentials"][0]["outcome"], "rejected");
    }
    let asked: Vec<String> = host.requests().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, vec!["/public/assertions/x1"; asked_for_one], "nobody is told the candidate's address");
}

#[tokio::test]
async fn a_document_whose_links_lead_nowhere_says_what_became_of_them() {
    let host = FakeHost::start().await;
    host.serve("/private", 403, "application/json", "{}".to_owned());
    let settings = ChannelSettings { link_hosts: vec![host.address.clone()], ..ChannelSettings::default() };
    let app = spawn_app_with_channels(settings).await;
    for (link, sentence) in [
        ("https://evil.example/badge".to_owned(), "does not lead to a platform that the gateway knows"),
        (format!("{}/private", host.address), "does not show this credential publicly"),
        ("https://www.linkedin.com/in/ada".to_owned(), "does not lead to a credential that can be checked"),
    ] {
        let answer = Answer::of(app.upload(Form::new().file("cv.pdf", &made::pdf_with_link(&link)))).await.json();
        let problem = &answer["files"][0]["problem"];
        assert_eq!(problem["code"], "no_credential_found", "{link}");
        assert!(problem["message"].as_str().unwrap().contains(sentence), "{problem:#}");
    }
}
