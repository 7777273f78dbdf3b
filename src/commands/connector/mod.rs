//! `skillgate connector`: lists connectors, runs their tests, prints their requests for a sample event, tests a connection, and has
//! deliveries made or made again.
//! Comes in: arguments and settings. Goes out: plain text and an exit code. Secrets are never printed.

mod deliveries;
mod new;

use super::{block_on, open_store};
use crate::commands::SettingsArgs;
use crate::connector::file::FileWriter;
use crate::connector::manifest::Status;
use crate::connector::outside::World;
use crate::connector::registry::short_name;
use crate::connector::{Connector, Engine, Registry, secrets, selftest};
use crate::http_client::HttpClient;
use crate::model::clock::Clock;
use crate::model::event::Event;
use crate::model::ids::{ConnectionId, TenantId};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct ConnectorArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show every connector with its status and its events
    List,
    /// Make a folder with a connector that passes its own tests, to begin from
    New(new::NewArgs),
    /// Run the tests in the manifests; an unexpected request is a failure
    Test {
        /// Only this connector
        name: Option<String>,
    },
    /// Print the requests for a sample event and send nothing; the answers come from the manifest's tests
    Plan {
        /// The connector
        name: String,
        /// Test in the manifest that gives the event, the settings and the answers; default: the first test
        #[arg(long, value_name = "NAME")]
        case: Option<String>,
        /// Event file (CloudEvents JSON) to use instead of the test's event
        #[arg(long, value_name = "FILE")]
        event: Option<PathBuf>,
        /// Field to use instead of the test's field; may be repeated
        #[arg(long = "field", value_name = "NAME=VALUE", value_parser = name_value)]
        fields: Vec<(String, String)>,
    },
    /// Test a stored connection with the connector's harmless call
    Check {
        /// Id of the connection
        connection: String,
        /// The employer whose connection it is
        #[arg(long, default_value = "default")]
        tenant: String,
    },
    /// Try deliveries of a stored connection again
    Replay(deliveries::ReplayArgs),
    /// Send a stored connection what was verified before it was made
    Backfill(deliveries::BackfillArgs),
}

fn name_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

pub fn run(arguments: &SettingsArgs, connector: &ConnectorArgs) -> anyhow::Result<ExitCode> {
    match &connector.action {
        Action::List => list(&registry(arguments)?),
        Action::New(new) => new::new(new),
        Action::Test { name } => block_on(test(registry(arguments)?, name.as_deref())),
        Action::Plan { name, case, event, fields } => {
            let connector = find(&registry(arguments)?, name)?;
            block_on(plan(connector, case.as_deref(), event.as_ref(), fields))
        }
        Action::Check { connection, tenant } => block_on(check(arguments, connection, tenant)),
        Action::Replay(replay) => block_on(deliveries::replay(arguments, replay)),
        Action::Backfill(backfill) => block_on(deliveries::backfill(arguments, backfill)),
    }
}

fn registry(arguments: &SettingsArgs) -> anyhow::Result<Registry> {
    Ok(Registry::load(&arguments.load()?.delivery.connectors_dir)?)
}

fn find(registry: &Registry, name: &str) -> anyhow::Result<Arc<Connector>> {
    registry.get(name).with_context(|| format!("there is no connector “{name}”; `skillgate connector list` shows them"))
}

fn list(registry: &Registry) -> anyhow::Result<ExitCode> {
    for connector in registry.iter() {
        let manifest = &connector.manifest;
        let status = match manifest.status {
            Status::Stable => "stable",
            Status::Beta => "beta",
            Status::Experimental => "experimental",
        };
        let events: Vec<&str> = connector.event_types().into_iter().map(short_name).collect();
        println!("{:<12} {:<13} {:<8} {}: {}", manifest.connector, status, manifest.category, manifest.title, events.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

async fn test(registry: Registry, name: Option<&str>) -> anyhow::Result<ExitCode> {
    let chosen: Vec<Arc<Connector>> = match name {
        Some(name) => vec![find(&registry, name)?],
        None => registry.iter().cloned().collect(),
    };
    let (mut passed, mut failed) = (0, 0);
    for connector in chosen {
        for result in selftest::run(&connector).await {
            let name = &connector.manifest.connector;
            if result.problems.is_empty() {
                passed += 1;
                println!("ok    {name}: {}", result.name);
            } else {
                failed += 1;
                println!("FAIL  {name}: {}", result.name);
                result.problems.iter().for_each(|problem| println!("      {problem}"));
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn plan(
    connector: Arc<Connector>,
    case: Option<&str>,
    event: Option<&PathBuf>,
    fields: &[(String, String)],
) -> anyhow::Result<ExitCode> {
    let tests = &connector.manifest.tests;
    let chosen = match case {
        Some(case) => tests.iter().find(|test| test.name == case),
        None => tests.first(),
    };
    let Some(mut test) = chosen.cloned() else {
        let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        bail!("the manifest has no such test; its tests are: {}", names.join("; "));
    };
    for (name, text) in fields {
        // `true` is a boolean and `12` a number; every other value is text.
        let value = serde_json::from_str(text).ok().filter(|value: &Value| value.is_boolean() || value.is_i64());
        test.fields.insert(name.clone(), value.unwrap_or_else(|| Value::String(text.clone())));
    }
    let event: Option<Event> = match event {
        Some(file) => {
            let bytes = std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
            Some(serde_json::from_slice(&bytes).with_context(|| format!("{} is not an event", file.display()))?)
        }
        None => None,
    };
    print!("{}", selftest::plan(&connector, test, event).await?);
    Ok(ExitCode::SUCCESS)
}

async fn check(arguments: &SettingsArgs, connection: &str, tenant: &str) -> anyhow::Result<ExitCode> {
    let (settings, store) = open_store(arguments).await?;
    let id = ConnectionId::from(connection);
    let connection = store.connection(&TenantId::from(tenant), &id).await?;
    let connection = connection.with_context(|| format!("tenant {tenant} has no connection {id}"))?;
    let connector = find(&Registry::load(&settings.delivery.connectors_dir)?, &connection.connector)?;
    let stored = store.connection_secrets(&id).await?;
    let secrets = secrets::resolve(&stored, &connection.tenant_id, &settings.delivery.secrets_dir).await?;
    let world =
        World::new(HttpClient::new(&settings.http_client)?, FileWriter::inside(Some(settings.delivery.files_dir.clone())));
    let report = Engine::new(Arc::new(world), Clock::system()).check_connection(&connector, &connection, &secrets).await;
    for call in &report.calls {
        let status = call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        println!("      {} {} → {status} ({} ms)", call.method, call.url, call.milliseconds);
    }
    println!("{}  {}: {}", if report.ok { "ok  " } else { "FAIL" }, connection.name, report.message);
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
