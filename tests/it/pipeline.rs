//! What submissions change: duplicates, repeated checks, superseding, expiry, and what events may tell.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use chrono::Duration;
use skillgate::document::Limits;
use skillgate::examine::Examiner;
use skillgate::jsonld::Contexts;
use skillgate::model::clock::Clock;
use skillgate::model::connection::{Connection, Secrets};
use skillgate::model::credential::{Attainment, CredentialStatus};
use skillgate::model::event::{Event, EventType};
use skillgate::model::ids::{CandidateRef, TenantId};
use skillgate::model::record::Page;
use skillgate::model::report::Outcome;
use skillgate::model::submission::{CandidateHint, Channel, SubmissionState, UploadedFile};
use skillgate::pipeline::{Delivered, Pipeline, PipelineError};
use skillgate::store::Store;
use skillgate::verify::documents::Documents;
use skillgate::verify::{PresentationRequest, Verifier};

on_both_databases!(
    the_same_bytes_for_the_same_person_make_no_second_event,
    the_same_bytes_for_another_person_are_another_credential,
    the_same_bytes_twice_in_one_submission_are_one_credential,
    unnamed_bytes_are_the_credential_that_is_known,
    an_unnamed_submission_does_not_overrule_another_verdict,
    a_repeated_check_with_another_verdict_is_published,
    a_connection_hears_when_a_credential_enters_or_leaves_what_it_takes,
    a_skill_stays_where_another_credential_that_the_connection_takes_supports_it,
    a_newer_issue_supersedes_the_older_one,
    an_older_issue_is_kept_but_adds_nothing,
    issues_in_one_submission_supersede_each_other,
    a_skill_that_another_credential_supports_is_not_withdrawn,
    a_failed_course_asserts_no_skill,
    a_rejected_credential_tells_its_reason_and_no_content,
    what_has_ended_expires_once,
    events_tell_nothing_that_names_the_person,
    an_idempotency_key_gives_the_first_answer_again,
    a_repeated_request_at_the_same_moment_makes_one_submission,
    many_files_are_worked_on_later_and_each_once,
);

async fn events(store: &Store) -> Vec<Event> {
    let page = Page { limit: 1_000, after: None };
    store.list_events(&made::tenant(), &page).await.unwrap().into_iter().map(|(_, event)| event).collect()
}

async fn event_types(store: &Store) -> Vec<EventType> {
    events(store).await.into_iter().map(|event| event.event_type).collect()
}

fn two_skills() -> Vec<skillgate::model::skill::SkillAssertion> {
    vec![made::skill("s1", "Riveting"), made::skill("s2", "Welding")]
}

async fn the_same_bytes_for_the_same_person_make_no_second_event(TestStore { store, .. }: &TestStore) {
    made::submit(store, made::named("ada"), vec![made::credential("badge", two_skills())]).await;
    let again = made::submit(store, made::named("ada"), vec![made::credential("badge", two_skills())]).await;
    assert_eq!(events(store).await.len(), 3);
    let answer = store.submission(&made::tenant(), &again).await.unwrap().unwrap();
    assert!(answer.files[0].credentials[0].duplicate);
    assert_eq!(answer.candidate_ref, Some(CandidateRef::from("ada")));
    let ada = store.candidate(&made::tenant(), &CandidateRef::from("ada")).await.unwrap().unwrap();
    assert_eq!((ada.credentials, ada.skills), (1, 2));
}

async fn the_same_bytes_for_another_person_are_another_credential(TestStore { store, .. }: &TestStore) {
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![])]).await;
    let other = made::submit(store, made::named("bob"), vec![made::with_outcome("badge", vec![], Outcome::Rejected)]).await;
    let answer = store.submission(&made::tenant(), &other).await.unwrap().unwrap();
    assert!(!answer.files[0].credentials[0].duplicate);
    assert_eq!(answer.outcome, Some(Outcome::Rejected));
    assert_eq!(event_types(store).await, [EventType::CredentialVerified, EventType::CredentialRejected]);
}

async fn the_same_bytes_twice_in_one_submission_are_one_credential(TestStore { store, .. }: &TestStore) {
    let twice = vec![made::credential("badge", two_skills()), made::credential("badge", two_skills())];
    let id = made::submit(store, made::named("ada"), twice).await;
    let answer = store.submission(&made::tenant(), &id).await.unwrap().unwrap();
    let duplicates: Vec<bool> = answer.files.iter().map(|file| file.credentials[0].duplicate).collect();
    assert_eq!(duplicates, [false, true]);
    assert_eq!(events(store).await.len(), 3);
}

async fn unnamed_bytes_are_the_credential_that_is_known(TestStore { store, .. }: &TestStore) {
    let first = made::submit(store, made::nobody(), vec![made::credential("badge", vec![])]).await;
    let again = made::submit(store, made::nobody(), vec![made::credential("badge", vec![])]).await;
    let (first, again) = (
        store.submission(&made::tenant(), &first).await.unwrap().unwrap(),
        store.submission(&made::tenant(), &again).await.unwrap().unwrap(),
    );
    assert!(first.candidate_ref.is_some());
    assert_eq!(first.candidate_ref, again.candidate_ref);
    assert_eq!(first.files[0].credentials[0].id, again.files[0].credentials[0].id);
    assert_eq!(events(store).await.len(), 1);
}

async fn an_unnamed_submission_does_not_overrule_another_verdict(TestStore { store, .. }: &TestStore) {
    made::submit(store, made::named("bob"), vec![made::with_outcome("of ada", vec![], Outcome::Rejected)]).await;
    let other = made::submit(store, made::nobody(), vec![made::credential("of ada", vec![])]).await;
    let answer = store.submission(&made::tenant(), &other).await.unwrap().unwrap();
    assert_ne!(answer.candidate_ref, Some(CandidateRef::from("bob")));
    assert!(!answer.files[0].credentials[0].duplicate);
    let bob = skillgate::model::record::CredentialFilter { candidate_ref: Some(CandidateRef::from("bob")), ..Default::default() };
    let of_bob = store.list_credentials(&made::tenant(), &bob, &Page { limit: 9, after: None }).await.unwrap();
    assert_eq!(of_bob[0].outcome, Outcome::Rejected);
}

async fn a_repeated_check_with_another_verdict_is_published(TestStore { store, .. }: &TestStore) {
    made::submit(store, made::named("ada"), vec![made::with_outcome("badge", two_skills(), Outcome::Attention)]).await;
    let changed = vec![made::skill("s1", "Riveting"), made::skill("s3", "Soldering")];
    let again = made::submit(store, made::named("ada"), vec![made::credential("badge", changed)]).await;
    let expected = [
        EventType::CredentialAttention,
        EventType::SkillAsserted,
        EventType::SkillAsserted,
        EventType::CredentialVerified,
        // For a connection that takes only what needs attention; the other skill is gone for everyone.
        EventType::SkillWithdrawn,
        EventType::SkillWithdrawn,
        EventType::SkillAsserted,
        EventType::SkillAsserted,
    ];
    assert_eq!(event_types(store).await, expected);
    let answer = store.submission(&made::tenant(), &again).await.unwrap().unwrap();
    assert_eq!(answer.files[0].credentials[0].outcome, Outcome::Accepted);
    made::submit(store, made::named("ada"), vec![made::with_outcome("badge", vec![], Outcome::Rejected)]).await;
    let last: Vec<_> = event_types(store).await.split_off(expected.len());
    assert_eq!(last, [EventType::CredentialRejected, EventType::SkillWithdrawn, EventType::SkillWithdrawn]);
    assert!(store.candidate_skills(&made::tenant(), &CandidateRef::from("ada")).await.unwrap().is_empty());
}

/// What was published since the last time, by connection: one that takes accepted credentials, one that takes those that need
/// attention, one that takes both.
async fn told(store: &Store, connections: &[Connection; 3]) -> [Vec<String>; 3] {
    let minute = Duration::minutes(1);
    let taken = store.take_unpublished(noon(), minute, minute, 100, |_, _| true).await.unwrap();
    store.mark_published(&taken.iter().map(|outgoing| outgoing.position).collect::<Vec<_>>(), noon()).await.unwrap();
    let name = |event: &Event| {
        let short = event.event_type.as_str().trim_start_matches("org.skillgate.").trim_end_matches(".v1").to_owned();
        let of = event.data["assertion"]["assertion_id"].as_str().map(|id| format!(" {id}")).unwrap_or_default();
        format!("{short}{of}: {}", event.data["credential"]["outcome"].as_str().unwrap())
    };
    connections.each_ref().map(|connection| {
        let for_it = taken.iter().filter(|outgoing| outgoing.takers.contains(&connection.id));
        for_it.map(|outgoing| name(&outgoing.event.event().unwrap())).collect()
    })
}

async fn three_connections(store: &Store) -> [Connection; 3] {
    let (accepted, attention) = (Outcome::Accepted, Outcome::Attention);
    let made = [("a", vec![accepted]), ("b", vec![attention]), ("c", vec![accepted, attention])];
    let made = made.map(|(name, outcomes)| Connection { outcomes, ..made::connection(name) });
    for connection in &made {
        store.create_connection(connection, &Secrets::new()).await.unwrap();
    }
    made
}

async fn a_connection_hears_when_a_credential_enters_or_leaves_what_it_takes(TestStore { store, .. }: &TestStore) {
    let connections = three_connections(store).await;
    let nothing: [&str; 0] = [];
    let submit = async |outcome| {
        let badge = made::with_outcome("badge", vec![made::skill("s1", "Riveting")], outcome);
        made::submit(store, made::named("ada"), vec![badge]).await;
        told(store, &connections).await
    };
    let [accepted, attention, both] = submit(Outcome::Attention).await;
    let news = ["credential.attention: attention", "skill.asserted s1: attention"];
    assert_eq!(
        (accepted.as_slice(), attention.as_slice(), both.as_slice()),
        (&[][..], &news.map(str::to_owned)[..], &news.map(str::to_owned)[..])
    );

    let [accepted, attention, both] = submit(Outcome::Accepted).await;
    let news = ["credential.verified: accepted", "skill.asserted s1: accepted"];
    assert_eq!(accepted, news, "it never had the skill");
    assert_eq!(attention, ["credential.verified: accepted", "skill.withdrawn s1: accepted"]);
    assert_eq!(both, news, "nothing is withdrawn from who takes both");

    let [accepted, attention, both] = submit(Outcome::Attention).await;
    let news = ["credential.attention: attention", "skill.asserted s1: attention"];
    assert_eq!(accepted, ["credential.attention: attention", "skill.withdrawn s1: attention"]);
    assert_eq!(attention, news);
    assert_eq!(both, news);

    for told in submit(Outcome::Attention).await {
        assert_eq!(told, nothing, "the same verdict again is no news");
    }
    let [accepted, attention, both] = submit(Outcome::Rejected).await;
    let news = ["credential.rejected: rejected", "skill.withdrawn s1: rejected"];
    assert_eq!(accepted, nothing, "it knows already that the credential is not accepted, and has lost the skill");
    assert_eq!((attention.as_slice(), both.as_slice()), (&news.map(str::to_owned)[..], &news.map(str::to_owned)[..]));

    let once = async |bytes: &str, outcome| {
        made::submit(store, made::named("ada"), vec![made::with_outcome(bytes, Vec::new(), outcome)]).await;
        told(store, &connections).await
    };
    let [accepted, attention, both] = once("other", Outcome::Rejected).await;
    assert_eq!(accepted, nothing, "a connection that takes only accepted credentials is not told of rejected ones");
    assert_eq!((attention.as_slice(), both.as_slice()), (&news.map(str::to_owned)[..1], &news.map(str::to_owned)[..1]));
    once("third", Outcome::Accepted).await;
    for told in once("third", Outcome::Rejected).await {
        assert_eq!(told, ["credential.rejected: rejected"], "who was told that it is accepted hears that it no longer is");
    }
}

async fn a_skill_stays_where_another_credential_that_the_connection_takes_supports_it(TestStore { store, .. }: &TestStore) {
    let connections = three_connections(store).await;
    let submit = async |bytes: &str, outcome| {
        let badge = made::with_outcome(bytes, vec![made::skill("s1", "Riveting")], outcome);
        made::submit(store, made::named("ada"), vec![badge]).await;
        told(store, &connections).await
    };
    submit("one", Outcome::Accepted).await;
    submit("other", Outcome::Accepted).await;
    let [accepted, ..] = submit("one", Outcome::Attention).await;
    assert_eq!(accepted, ["credential.attention: attention"], "the other badge still gives the skill");
    let [accepted, attention, both] = submit("other", Outcome::Rejected).await;
    assert_eq!(
        accepted,
        ["credential.rejected: rejected", "skill.withdrawn s1: rejected"],
        "the badge that needs attention is none of its"
    );
    assert_eq!(
        (attention, both),
        (vec!["credential.rejected: rejected".to_owned()], vec!["credential.rejected: rejected".to_owned()])
    );
}

async fn a_newer_issue_supersedes_the_older_one(TestStore { store, .. }: &TestStore) {
    let mut renamed = made::skill("s2", "Welding");
    renamed.label.text = "Arc Welding".to_owned();
    made::submit(
        store,
        made::named("ada"),
        vec![made::issue("key", noon(), {
            let mut skills = two_skills();
            skills.push(made::skill("s0", "Filing"));
            skills
        })],
    )
    .await;
    let newer = vec![made::skill("s1", "Riveting"), renamed, made::skill("s3", "Soldering")];
    made::submit(store, made::named("ada"), vec![made::issue("key", noon() + Duration::days(1), newer)]).await;
    let types = event_types(store).await.split_off(4);
    let expected = [
        EventType::CredentialSuperseded,
        EventType::CredentialVerified,
        EventType::SkillWithdrawn,
        EventType::SkillUpdated,
        EventType::SkillAsserted,
    ];
    assert_eq!(types, expected);
    assert_eq!(events(store).await[6].data["assertion"]["assertion_id"], "s0");
    let mut held = store.candidate_skills(&made::tenant(), &CandidateRef::from("ada")).await.unwrap();
    held.sort_by(|one, other| one.assertion_id.cmp(&other.assertion_id));
    assert_eq!(held.iter().map(|skill| skill.label.text.as_str()).collect::<Vec<_>>(), ["Riveting", "Arc Welding", "Soldering"]);
    // The same badge from another employer's person is not touched.
    made::submit(store, made::named("bob"), vec![made::issue("key", noon() + Duration::days(2), vec![])]).await;
    assert_eq!(event_types(store).await.pop(), Some(EventType::CredentialVerified));
}

async fn an_older_issue_is_kept_but_adds_nothing(TestStore { store, .. }: &TestStore) {
    made::submit(store, made::named("ada"), vec![made::issue("key", noon(), two_skills())]).await;
    let count = events(store).await.len();
    let older = made::issue("key", noon() - Duration::days(1), vec![made::skill("s9", "Old")]);
    let id = made::submit(store, made::named("ada"), vec![older]).await;
    assert_eq!(events(store).await.len(), count);
    let answer = store.submission(&made::tenant(), &id).await.unwrap().unwrap();
    let normalized = answer.files[0].credentials[0].normalized.as_ref().unwrap();
    assert_eq!(normalized.status, CredentialStatus::Superseded);
    assert_eq!(normalized.warnings[0].code, "newer_issue_known");
}

async fn issues_in_one_submission_supersede_each_other(TestStore { store, .. }: &TestStore) {
    let issues = vec![
        made::issue("key", noon(), vec![made::skill("s1", "Riveting")]),
        made::issue("key", noon() + Duration::days(1), vec![made::skill("s2", "Welding")]),
    ];
    made::submit(store, made::named("ada"), issues).await;
    let expected = [
        EventType::CredentialVerified,
        EventType::SkillAsserted,
        EventType::CredentialSuperseded,
        EventType::CredentialVerified,
        EventType::SkillWithdrawn,
        EventType::SkillAsserted,
    ];
    assert_eq!(event_types(store).await, expected);
    let held = store.candidate_skills(&made::tenant(), &CandidateRef::from("ada")).await.unwrap();
    assert_eq!(held.iter().map(|skill| skill.assertion_id.as_str()).collect::<Vec<_>>(), ["s2"]);
}

async fn a_skill_that_another_credential_supports_is_not_withdrawn(TestStore { store, .. }: &TestStore) {
    let mut same_concept = made::skill("other id", "Riveting!");
    same_concept.concepts = made::skill("s1", "Riveting").concepts;
    made::submit(store, made::named("ada"), vec![made::credential("support", vec![same_concept])]).await;
    made::submit(store, made::named("ada"), vec![made::issue("key", noon(), vec![made::skill("s1", "Riveting")])]).await;
    made::submit(store, made::named("ada"), vec![made::issue("key", noon() + Duration::days(1), vec![])]).await;
    assert!(!event_types(store).await.contains(&EventType::SkillWithdrawn));
}

async fn a_failed_course_asserts_no_skill(TestStore { store, .. }: &TestStore) {
    let mut failed = made::skill("s1", "Riveting");
    failed.attainment = Attainment::NotAttained;
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![failed])]).await;
    assert_eq!(event_types(store).await, [EventType::CredentialVerified]);
    assert_eq!(events(store).await[0].data["projections"]["plain"], serde_json::json!([]));
    assert!(store.candidate_skills(&made::tenant(), &CandidateRef::from("ada")).await.unwrap().is_empty());
}

async fn a_rejected_credential_tells_its_reason_and_no_content(TestStore { store, .. }: &TestStore) {
    made::submit(store, made::named("ada"), vec![made::with_outcome("forged", two_skills(), Outcome::Rejected)]).await;
    let event = events(store).await.remove(0);
    assert_eq!(event.event_type, EventType::CredentialRejected);
    assert_eq!(event.data["reason"]["code"], "signature_invalid");
    assert_eq!(event.data["skills"], serde_json::json!([]));
    let credential = event.data["credential"].as_object().unwrap();
    let told: Vec<&str> = credential.keys().map(String::as_str).collect();
    assert_eq!(told, ["fingerprint", "id", "outcome", "verified_at"]);
}

fn pipeline(store: &Store, clock: Clock) -> Pipeline {
    let verifier = Verifier::new(Documents::default(), Contexts::built_in());
    Pipeline {
        examiner: Examiner::new(verifier, Limits::default()),
        store: store.clone(),
        clock,
        mapper: crate::support::no_taxonomies(),
        status_interval: Some(chrono::Duration::hours(24)),
    }
}

async fn what_has_ended_expires_once(TestStore { store, .. }: &TestStore) {
    let mut ends = made::credential("badge", two_skills());
    ends.normalized.as_mut().unwrap().valid_until = Some(noon() + Duration::days(1));
    let id = ends.id.clone();
    made::submit(store, made::named("ada"), vec![ends, made::credential("endless", vec![])]).await;
    let count = events(store).await.len();
    let clock = Clock::fixed(noon());
    let pipeline = pipeline(store, clock.clone());
    assert_eq!(pipeline.expire_ended().await.unwrap(), 0);
    clock.set(noon() + Duration::days(2));
    assert_eq!(pipeline.expire_ended().await.unwrap(), 1);
    assert_eq!(pipeline.expire_ended().await.unwrap(), 0);
    let types = event_types(store).await.split_off(count);
    assert_eq!(types, [EventType::CredentialExpired, EventType::SkillExpired, EventType::SkillExpired]);
    let stored = store.credential(&made::tenant(), &id).await.unwrap().unwrap();
    assert_eq!(stored.normalized.unwrap().status, CredentialStatus::Expired);
    assert!(store.candidate_skills(&made::tenant(), &CandidateRef::from("ada")).await.unwrap().is_empty());
}

/// The reports of the fixtures quote the person in every message; the file is named after her.
async fn events_tell_nothing_that_names_the_person(TestStore { store, .. }: &TestStore) {
    for outcome in [Outcome::Accepted, Outcome::Attention, Outcome::Rejected] {
        let mut credential = made::with_outcome(&format!("of Ada Lovelace {}", outcome.as_str()), two_skills(), outcome);
        credential.name = "ada-lovelace.png".to_owned();
        made::submit(store, made::named("c1"), vec![credential]).await;
    }
    let all = events(store).await;
    assert_eq!(all.len(), 7);
    for event in all {
        let text = serde_json::to_string(&event).unwrap().to_lowercase();
        for secret in ["lovelace", "example.org,", "@"] {
            assert!(!text.contains(secret), "{secret:?} in {text}");
        }
        // As a word: its letters are hexadecimal digits, which identifiers are made of.
        assert!(!text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == "ada"), "the name in {text}");
    }
}

fn delivered(key: Option<&str>, texts: &[&str]) -> Delivered {
    let file = |(n, text): (usize, &&str)| UploadedFile {
        name: Some(format!("note-{n}.txt")),
        media_type: Some("text/plain".to_owned()),
        bytes: text.as_bytes().to_vec().into(),
    };
    Delivered {
        tenant_id: made::tenant(),
        channel: Channel::Upload,
        candidate: CandidateHint { emails: vec!["ada@example.org".to_owned()], ..CandidateHint::default() },
        files: texts.iter().enumerate().map(file).collect(),
        people: Vec::new(),
        expected: PresentationRequest::default(),
        idempotency_key: key.map(str::to_owned),
    }
}

async fn an_idempotency_key_gives_the_first_answer_again(TestStore { store, .. }: &TestStore) {
    let pipeline = pipeline(store, Clock::fixed(noon()));
    let first = pipeline.accept(delivered(Some("k1"), &["no badge"])).await.unwrap();
    assert_eq!(pipeline.accept(delivered(Some("k1"), &["no badge"])).await.unwrap(), first);
    let other = pipeline.accept(delivered(Some("k1"), &["another text"])).await;
    assert!(matches!(other, Err(PipelineError::IdempotencyConflict)), "{other:?}");
    assert_ne!(pipeline.accept(delivered(None, &["no badge"])).await.unwrap().id, first.id);
    let mut elsewhere = delivered(Some("k1"), &["no badge"]);
    elsewhere.tenant_id = TenantId::from("other");
    assert!(pipeline.accept(elsewhere).await.is_err(), "there is no such tenant");
}

async fn a_repeated_request_at_the_same_moment_makes_one_submission(TestStore { store, .. }: &TestStore) {
    let pipeline = pipeline(store, Clock::fixed(noon()));
    let requests = (0..6).map(|_| pipeline.accept(delivered(Some("k1"), &["no badge"])));
    let answers = futures_util::future::join_all(requests).await;
    let ids: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(store.list_submissions(&made::tenant(), &Page { limit: 9, after: None }).await.unwrap().len(), 1);
}

async fn many_files_are_worked_on_later_and_each_once(TestStore { store, .. }: &TestStore) {
    let pipeline = pipeline(store, Clock::fixed(noon()));
    let texts: Vec<String> = (0..150).map(|n| format!("text {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let answer = pipeline.accept(delivered(None, &texts)).await.unwrap();
    assert_eq!((answer.state, answer.progress.total, answer.files.len()), (SubmissionState::Processing, 150, 0));
    assert_eq!(store.unfinished_submissions().await.unwrap(), std::slice::from_ref(&answer.id));
    // Several at once, as after a restart of two processes: nothing is done twice.
    let runs = futures_util::future::join_all((0..3).map(|_| pipeline.resume(&answer.id))).await;
    runs.into_iter().for_each(|run| run.unwrap());
    let done = store.submission(&made::tenant(), &answer.id).await.unwrap().unwrap();
    assert_eq!((done.state, done.progress.done, done.files.len()), (SubmissionState::Complete, 150, 150));
    let names: Vec<&str> = done.files.iter().map(|file| file.file.as_str()).collect();
    assert!(names.first() == Some(&"note-0.txt") && names.last() == Some(&"note-149.txt"), "{names:?}");
    assert!(store.unfinished_submissions().await.unwrap().is_empty());
    pipeline.resume(&answer.id).await.unwrap();
}
