//! `skillgate doctor`: checks an installation, and says how to repair a fault. It makes and changes nothing.

use super::{block_on, machine};
use crate::app::build_verifiers;
use crate::channel::request_signer;
use crate::commands::SettingsArgs;
use crate::config::{DEFAULTS, MasterKeyError, Settings, existing_master_key};
use crate::http_client::HttpClient;
use crate::model::clock::Clock;
use crate::seal::Sealer;
use crate::store::{Condition, Store, StoreError};
use anyhow::Context;
use clap::Args;
use std::process::ExitCode;
use url::Url;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print every setting with its meaning and default
    #[arg(long)]
    settings: bool,
    /// Only check whether the running gateway with these settings is ready
    #[arg(long)]
    ready: bool,
}

pub fn run(arguments: &SettingsArgs, doctor: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if doctor.settings {
        print!("{DEFAULTS}");
        return Ok(ExitCode::SUCCESS);
    }
    let settings = arguments.load()?;
    if doctor.ready {
        return block_on(ask_whether_ready(&settings));
    }
    block_on(examine(&settings))
}

async fn examine(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut healthy = true;
    let mut say = |what: &str, result: anyhow::Result<String>| match result {
        Ok(detail) => println!("ok    {what}: {detail}"),
        Err(error) => {
            healthy = false;
            println!("FAIL  {what}: {error:#}");
        }
    };
    say("settings", Ok("read, every key is known".into()));
    let condition = Store::condition(settings.database.url.expose()).await;
    let (is_new, is_ready) = (matches!(condition, Ok(Condition::Missing)), matches!(condition, Ok(Condition::Ready)));
    let key = existing_master_key(&settings.security);
    say("master key", master_key(settings, key.as_ref().map(Option::is_some), is_new));
    let sealer = key.ok().flatten().map(|key| Sealer::new(&key));
    say("database", database(settings, condition, sealer.clone()).await);
    if let (true, Some(sealer)) = (is_ready, sealer) {
        say("clock", clock(settings, sealer).await);
    }
    say("room on the disks", machine::room(settings));
    say("queue", queue(settings).await);
    say("outbound requests", outbound(settings));
    say("trust policies", policies(settings));
    if let Some(signer) = certificate(settings) {
        say("signed requests", signer);
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether both clients can be built, and the private networks that each may reach.
fn outbound(settings: &Settings) -> anyhow::Result<String> {
    let mut opened = Vec::new();
    for (whose, config) in [("connectors", &settings.http_client), ("issuers", &settings.issuer_client)] {
        HttpClient::new(config)?;
        let networks: Vec<String> = config.allow_private.iter().map(ToString::to_string).collect();
        opened.push(match networks.is_empty() {
            true => format!("{whose} may reach no private network"),
            false => format!("{whose} may reach {}", networks.join(", ")),
        });
    }
    Ok(format!("clients ready, {}", opened.join(", ")))
}

/// Checks that each policy file of the settings is readable and that its examples hold.
fn policies(settings: &Settings) -> anyhow::Result<String> {
    let verifiers = build_verifiers(&settings.verify, &settings.intake, HttpClient::new(&settings.issuer_client)?)?;
    for policy in verifiers.policies() {
        let (_, failures) = policy.test();
        if let Some(first) = failures.first() {
            anyhow::bail!("an example in the policy \"{}\" does not hold: {first}", policy.reference().name);
        }
    }
    let everybody = verifiers.everybody().policy.reference().name;
    Ok(match verifiers.policies().count() - 1 {
        0 => format!("\"{everybody}\" for all tenants"),
        1 => format!("\"{everybody}\" for all tenants except one with its own policy"),
        count => format!("\"{everybody}\" for all tenants except {count} with their own policies"),
    })
}

/// `None` without a configured certificate or attestation.
fn certificate(settings: &Settings) -> Option<anyhow::Result<String>> {
    let signer = match request_signer(&settings.channels, &settings.http.public_url) {
        Ok(signer) => signer?,
        Err(error) => return Some(Err(error.into())),
    };
    let now = Clock::system().now();
    Some(match signer.notice(now) {
        Some(notice) if signer.expires <= now => Err(anyhow::anyhow!(notice)),
        Some(notice) => Ok(format!("attention, {notice}")),
        None => {
            Ok(format!("the {} is valid for {} until {}", signer.kind(), signer.stands_for(), signer.expires.format("%Y-%m-%d")))
        }
    })
}

/// A database without its key is damaged; without a database, the first start makes both.
fn master_key(settings: &Settings, is_there: Result<bool, &MasterKeyError>, is_new: bool) -> anyhow::Result<String> {
    let file = settings.security.master_key_file.display();
    match is_there {
        Ok(true) => Ok("present".to_owned()),
        Ok(false) if is_new => Ok(format!("not there yet; the first start makes {file}")),
        Ok(false) => anyhow::bail!("the file {file} is missing, and the database was made with it; restore it from the backup"),
        Err(error) => anyhow::bail!("{error}"),
    }
}

async fn database(
    settings: &Settings,
    condition: Result<Condition, StoreError>,
    sealer: Option<Sealer>,
) -> anyhow::Result<String> {
    let url = settings.database.url.expose();
    match (condition?, sealer) {
        (Condition::Missing, _) => Ok(format!("{} holds no tables yet; the first start makes them", kind(url))),
        (Condition::Behind, _) => {
            Ok(format!("{} answers; the next start, or `skillgate migrate`, updates its schema", kind(url)))
        }
        (Condition::Ready, None) => Ok(format!("{} answers", kind(url))),
        (Condition::Ready, Some(sealer)) => {
            Store::connect(url, sealer).await?.ping().await?;
            Ok(format!("{} answers, and its schema is up to date", kind(url)))
        }
    }
}

/// Compares the clocks; the database itself is another check's business.
async fn clock(settings: &Settings, sealer: Sealer) -> anyhow::Result<String> {
    machine::clock(&Store::connect(settings.database.url.expose(), sealer).await?).await
}

async fn queue(settings: &Settings) -> anyhow::Result<String> {
    let url = settings.queue.url.expose();
    crate::app::connect_queue(settings).await?.ping().await?;
    Ok(format!("{} answers", kind(url)))
}

/// Only the scheme, because the rest of a URL may hold a password.
fn kind(url: &str) -> &str {
    url.split(':').next().unwrap_or(url)
}

async fn ask_whether_ready(settings: &Settings) -> anyhow::Result<ExitCode> {
    let port = settings.http.listen.rsplit(':').next().unwrap_or("8080");
    let url = Url::parse(&format!("http://127.0.0.1:{port}/readyz")).context("http.listen holds no port")?;
    let mut guarded = settings.http_client.clone();
    guarded.allow_private = vec!["127.0.0.0/8".parse()?];
    let answer = HttpClient::new(&guarded)?.get(&url, "application/json").await?;
    println!("{}", String::from_utf8_lossy(&answer.body));
    Ok(if answer.status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
