//! `skillgate serve`: API, pages, relay and workers in one process, and the first text that a newcomer reads.

use super::block_on;
use crate::app::{App, Started, Telemetry};
use crate::commands::SettingsArgs;
use crate::model::clock::Clock;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Address and port to listen on, instead of http.listen
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

pub fn run(arguments: &SettingsArgs, serve: &ServeArgs) -> anyhow::Result<ExitCode> {
    let mut settings = arguments.load()?;
    if let Some(listen) = &serve.listen {
        settings.http.listen.clone_from(listen);
    }
    block_on(async {
        let telemetry = Telemetry::start(&settings.log, &settings.traces)?;
        let app = App::build(settings, Clock::system()).await?;
        let served = app.serve(welcome).await;
        telemetry.end().await;
        served?;
        Ok(ExitCode::SUCCESS)
    })
}

fn welcome(started: &Started) {
    let url = &started.url;
    println!("Skillgate {} is ready.\n", env!("CARGO_PKG_VERSION"));
    println!("  Open      {url}");
    let key = started.first_key.as_ref().map(|key| key.expose());
    match key {
        Some(key) => println!("  API key   {key}\n            Shown only now; keep it. More keys: skillgate api-key create"),
        None => println!("  API key   printed at the first start. Make another key: skillgate api-key create"),
    }
    println!("\nTry it with sample badges:\n");
    println!("  skillgate sample samples");
    let key = key.unwrap_or("$(skillgate api-key create)");
    println!("  curl -H \"Authorization: Bearer {key}\" -F file=@samples/valid.json {url}/v1/submissions\n");
}
