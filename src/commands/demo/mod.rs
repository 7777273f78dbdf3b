//! `skillgate demo`: a gateway with sample badges, a receiver and a connection between them, in a folder that is deleted at the end.
//! Comes in: an address to listen on. Goes out: a running gateway, and lines about what to open and what the receiver got.

mod receiver;

use super::block_on;
use crate::app::{App, Started, Telemetry};
use crate::config::{Settings, load};
use crate::model::clock::Clock;
use crate::model::connection::{Carries, Connection, ConnectionState, Secrets, default_outcomes};
use crate::model::ids::{ConnectionId, TenantId};
use crate::model::secret::Secret;
use crate::model::submission::{CandidateHint, Channel, UploadedFile};
use crate::model::tenant::GeneratedKey;
use crate::pipeline::Delivered;
use crate::sample::{EMAIL, SampleFile};
use crate::verify::PresentationRequest;
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use rand::RngCore;
use serde_json::{Map, json};
use std::collections::HashMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The samples that are submitted, with the name of the person who sends each.
const SUBMITTED: [(&str, &str, &str); 3] = [
    ("valid.svg", EMAIL, "Ada Example"),
    ("expired.json", EMAIL, "Ada Example"),
    ("valid.png", "bob@example.org", "Bob Example"),
];

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Address and port to listen on; without it 127.0.0.1:8080, or a free port when that is taken
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

pub fn run(demo: &DemoArgs) -> anyhow::Result<ExitCode> {
    let folder = Folder::make()?;
    let samples = crate::sample::files(Clock::system().now())?;
    for file in &samples {
        std::fs::write(folder.0.join(file.name), &file.bytes).with_context(|| format!("{} could not be written", file.name))?;
    }
    let key = GeneratedKey::new();
    let settings = settings(&folder.0, demo.listen.clone().unwrap_or_else(free_address), key.expose())?;
    block_on(async {
        let telemetry = Telemetry::start(&settings.log, &settings.traces)?;
        let app = App::build(settings, Clock::system()).await?;
        let (listener, secret) = (tokio::net::TcpListener::bind("127.0.0.1:0").await?, signing_secret());
        let receiver = format!("http://{}/", listener.local_addr()?);
        connect(&app, &receiver, &secret).await?;
        submit(&app, &samples).await?;
        let work = app.serve(|started| welcome(started, key.expose(), &folder.0, &receiver));
        tokio::select! {
            served = work => served?,
            () = receiver::receive(listener, &secret) => {}
        }
        telemetry.end().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The usual address, or any free port when another program has it.
fn free_address() -> String {
    let usual = "127.0.0.1:8080";
    let is_free = TcpListener::bind(usual).is_ok();
    if is_free { usual.to_owned() } else { "127.0.0.1:0".to_owned() }
}

fn settings(folder: &Path, listen: String, key: &str) -> anyhow::Result<Settings> {
    let inside = |name: &str| folder.join(name).display().to_string();
    let flags = [
        ("http.listen", listen),
        ("database.url", format!("sqlite://{}", inside("skillgate.sqlite"))),
        ("security.master_key_file", inside("master.key")),
        ("delivery.files_dir", inside("files")),
        ("skills.taxonomies_dir", inside("taxonomies")),
        ("verify.policy_file", inside("policy.toml")),
        ("verify.documents_file", inside("documents.json")),
        ("http_client.allow_private", "127.0.0.0/8".to_owned()),
        ("auth.bootstrap_key", key.to_owned()),
        ("channels.organisation", "Example Ltd".to_owned()),
        ("log.level", "warn".to_owned()),
    ];
    let flags = flags.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Ok(load(None, HashMap::new(), &flags)?)
}

/// Standard Webhooks: `whsec_` and the Base64 of random bytes.
fn signing_secret() -> String {
    let mut bytes = [0u8; 32];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    format!("whsec_{}", STANDARD.encode(bytes))
}

async fn connect(app: &App, receiver: &str, secret: &str) -> anyhow::Result<()> {
    let (now, id) = (app.clock.now(), ConnectionId::generate());
    let connection = Connection {
        id,
        tenant_id: TenantId::from("default"),
        connector: "webhook".to_owned(),
        name: "Demo receiver".to_owned(),
        fields: Map::from_iter([("url".to_owned(), json!(receiver))]),
        mapping: Map::new(),
        event_types: Vec::new(),
        outcomes: default_outcomes(),
        carries: Carries::default(),
        state: ConnectionState::Active,
        paused_reason: None,
        secrets_set: vec!["signing_secret".to_owned()],
        created_at: now,
        updated_at: now,
    };
    let secrets = Secrets::from([("signing_secret".to_owned(), Secret::new(secret))]);
    Ok(app.store.create_connection(&connection, &secrets).await?)
}

async fn submit(app: &App, samples: &[SampleFile]) -> anyhow::Result<()> {
    for (name, email, person) in SUBMITTED {
        let file = samples.iter().find(|file| file.name == name).context("a sample is missing")?;
        let candidate =
            CandidateHint { emails: vec![email.to_owned()], name: Some(person.to_owned()), ..CandidateHint::default() };
        let delivered = Delivered {
            tenant_id: TenantId::from("default"),
            channel: Channel::Upload,
            candidate,
            files: vec![UploadedFile { name: Some(name.to_owned()), media_type: None, bytes: file.bytes.clone().into() }],
            people: Vec::new(),
            expected: PresentationRequest::default(),
            idempotency_key: None,
        };
        app.pipeline.accept(delivered).await?;
    }
    Ok(())
}

fn welcome(started: &Started, key: &str, folder: &Path, receiver: &str) {
    let (url, samples) = (&started.url, folder.display());
    println!("The Skillgate demo is ready. Ctrl-C ends it and deletes everything.\n");
    println!("  Open      {url}");
    println!("  API key   {key}");
    println!("  Samples   {samples}   (drop these files on the page)");
    println!("  Receiver  {receiver}   (it checks each signature; its events follow below)\n");
    println!("In another terminal:\n");
    println!("  KEY={key}");
    println!("  curl -s -H \"Authorization: Bearer $KEY\" -F file=@{samples}/valid.png -F candidate_email={EMAIL} \\");
    println!("    \"{url}/v1/submissions?view=summary\"");
    println!("  curl -s -H \"Authorization: Bearer $KEY\" {url}/v1/events\n");
}

/// The folder of one demo, deleted when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("skillgate-demo-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&path).with_context(|| format!("the folder {} could not be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("skillgate: the folder {} could not be deleted: {error}", self.0.display());
        }
    }
}
