//! The gateway's own binary, killed with SIGKILL while it delivers; ten minutes later the gateway starts again on the same
//! database and queue. Shown, on both databases and both queues: what was accepted over HTTP arrives, a write declared
//! `natural`, `set` or `observe` has its effect exactly once, and one declared `ledger_only` is never written twice and is
//! parked when the process died between the system's taking it and the record of that.

use crate::recovery::{Ground, LATER, on_every_ground};
use crate::support::databases::MASTER_KEY;
use crate::support::effects::Kind;
use crate::support::made;
use crate::support::{BOUNDARY, Form};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use skillgate::app::App;
use skillgate::model::clock::Clock;
use skillgate::model::delivery::{Delivery, DeliveryState};
use skillgate::model::event::{Event, EventType};
use skillgate::model::record::Page;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

const KEY: &str = "sk_test_0123456789abcdefghij";

on_every_ground!(
    what_was_accepted_arrives_although_the_process_is_killed_at_once,
    a_process_killed_between_a_natural_write_and_its_record_repeats_no_effect,
    a_process_killed_between_setting_a_value_and_its_record_repeats_no_effect,
    a_process_killed_between_a_write_after_a_look_and_its_record_repeats_no_effect,
    a_process_killed_between_a_write_that_only_the_ledger_knows_and_its_record_parks_it,
    a_process_killed_as_soon_as_the_system_has_answered_writes_no_second_time,
);

/// A running `skillgate serve`; killed when it is dropped.
struct Gateway {
    child: Child,
    url: String,
    /// What it prints has somewhere to go as long as it lives.
    _printed: BufReader<ChildStdout>,
}

impl Gateway {
    async fn start(ground: &Ground) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let settings = ground.settings();
        let mut command = Command::new(env!("CARGO_BIN_EXE_skillgate"));
        command
            .arg("serve")
            .current_dir(ground.folder.path())
            .env_remove("SKILLGATE_UPDATE_GOLDEN")
            .env("SKILLGATE_HTTP__LISTEN", "127.0.0.1:0")
            .env("SKILLGATE_HTTP__WORKERS", "1")
            .env("SKILLGATE_DATABASE__URL", settings.database.url.expose())
            .env("SKILLGATE_QUEUE__URL", settings.queue.url.expose())
            .env("SKILLGATE_QUEUE__PREFIX", &settings.queue.prefix)
            .env("SKILLGATE_SECURITY__MASTER_KEY", STANDARD.encode(MASTER_KEY))
            .env("SKILLGATE_AUTH__BOOTSTRAP_KEY", KEY)
            .env("SKILLGATE_VERIFY__OFFLINE", "true")
            .env("SKILLGATE_HTTP_CLIENT__ALLOW_PRIVATE", "127.0.0.0/8")
            .env("SKILLGATE_DELIVERY__CONNECTORS_DIR", &settings.delivery.connectors_dir)
            .env("SKILLGATE_DELIVERY__FILES_DIR", &settings.delivery.files_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let started = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut printed = BufReader::new(child.stdout.take().unwrap());
            let lines = printed.by_ref().lines().map_while(Result::ok);
            let url = lines.filter_map(|line| Some(line.trim().strip_prefix("Open")?.trim().to_owned())).next();
            Self { url: url.expect("the gateway says where it answers"), child, _printed: printed }
        });
        started.await.unwrap()
    }

    async fn upload(&self, bytes: &[u8]) {
        let request = reqwest::Client::new().post(format!("{}/v1/submissions", self.url)).bearer_auth(KEY);
        let form = Form::new().file("badge.json", bytes).end();
        let typed = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
        let answer = typed.body(form).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
    }

    /// SIGKILL: nothing is tidied up, nothing is said goodbye to.
    async fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.end();
    }
}

fn badge() -> Vec<u8> {
    let files = skillgate::sample::files(Utc::now()).unwrap();
    files.into_iter().find(|file| file.name == "valid.json").unwrap().bytes
}

/// The event about the credential itself; only that one has an effect in the system.
async fn credential_event(ground: &Ground) -> Event {
    let page = Page { limit: 500, after: None };
    let events = ground.database.store.list_events(&made::tenant(), &page).await.unwrap();
    let about = |event: &Event| matches!(event.event_type, EventType::CredentialVerified | EventType::CredentialAttention);
    events.into_iter().map(|(_, event)| event).find(about).unwrap()
}

/// The gateway, ten minutes later, until the event is settled.
async fn recover(ground: &Ground, event: &Event) -> Delivery {
    let app = App::build(ground.settings(), Clock::fixed(Utc::now() + LATER)).await.unwrap();
    for _ in 0..20 {
        app.drain().await.unwrap();
        let delivery = ground.delivery(&event.id).await;
        if delivery.state != DeliveryState::Pending {
            assert_eq!(app.store.count_unpublished().await.unwrap(), 0);
            return delivery;
        }
    }
    panic!("the event stays undelivered");
}

fn is_delivered(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Delivered | DeliveryState::Unchanged)
}

async fn what_was_accepted_arrives_although_the_process_is_killed_at_once(ground: Ground) {
    ground.connect(Kind::Observe).await;
    let gateway = Gateway::start(&ground).await;
    gateway.upload(&badge()).await;
    gateway.kill().await;
    let event = credential_event(&ground).await;
    let delivery = recover(&ground, &event).await;
    assert!(is_delivered(&delivery), "{delivery:?}");
    assert_eq!(ground.system.effects(event.id.as_str()), 1);
}

/// Kills the process when the system has the write: before it has answered, or just after.
async fn killed(ground: &Ground, kind: Kind, before_the_answer: bool) -> (Event, Delivery) {
    ground.connect(kind).await;
    ground.system.keep_answers(before_the_answer);
    let gateway = Gateway::start(ground).await;
    gateway.upload(&badge()).await;
    let patience = std::time::Duration::from_secs(60);
    tokio::time::timeout(patience, ground.system.has_a_write()).await.expect("the gateway delivers");
    gateway.kill().await;
    ground.system.keep_answers(false);
    let event = credential_event(ground).await;
    let delivery = recover(ground, &event).await;
    (event, delivery)
}

async fn a_process_killed_between_a_natural_write_and_its_record_repeats_no_effect(ground: Ground) {
    repeats_no_effect(&ground, Kind::Natural).await;
}

async fn a_process_killed_between_setting_a_value_and_its_record_repeats_no_effect(ground: Ground) {
    repeats_no_effect(&ground, Kind::Set).await;
}

async fn a_process_killed_between_a_write_after_a_look_and_its_record_repeats_no_effect(ground: Ground) {
    repeats_no_effect(&ground, Kind::Observe).await;
}

async fn repeats_no_effect(ground: &Ground, kind: Kind) {
    let (event, delivery) = killed(ground, kind, true).await;
    assert!(is_delivered(&delivery), "{delivery:?}");
    assert_eq!(ground.system.effects(event.id.as_str()), 1);
    // One that is safe to repeat is written again; one that is preceded by a look is not.
    let writes = if kind == Kind::Observe { 1 } else { 2 };
    assert_eq!(ground.system.writes(event.id.as_str()), writes);
}

async fn a_process_killed_between_a_write_that_only_the_ledger_knows_and_its_record_parks_it(ground: Ground) {
    let (event, delivery) = killed(&ground, Kind::LedgerOnly, true).await;
    assert_eq!((delivery.state, delivery.reason.as_deref()), (DeliveryState::Parked, Some("ambiguous_write")));
    assert_eq!(ground.system.writes(event.id.as_str()), 1);
}

/// What of it is recorded by then is left to chance.
async fn a_process_killed_as_soon_as_the_system_has_answered_writes_no_second_time(ground: Ground) {
    let (event, delivery) = killed(&ground, Kind::LedgerOnly, false).await;
    let parked = (delivery.state, delivery.reason.as_deref()) == (DeliveryState::Parked, Some("ambiguous_write"));
    assert!(is_delivered(&delivery) || parked, "{delivery:?}");
    assert_eq!(ground.system.writes(event.id.as_str()), 1);
}
