//! `skillgate worker`: runs the relay and the connector workers, without API and pages.

use super::block_on;
use crate::app::{App, Telemetry};
use crate::commands::SettingsArgs;
use crate::model::clock::Clock;
use std::process::ExitCode;

pub fn run(arguments: &SettingsArgs) -> anyhow::Result<ExitCode> {
    let settings = arguments.load()?;
    let in_process_queue = settings.queue.url.expose().starts_with("memory:");
    if in_process_queue {
        anyhow::bail!(
            "`skillgate worker` needs a queue outside this process: set queue.url to amqp://…, or run `skillgate serve`, which has its own workers"
        );
    }
    block_on(async {
        let telemetry = Telemetry::start(&settings.log, &settings.traces)?;
        let worked = App::build(settings, Clock::system()).await?.work().await;
        telemetry.end().await;
        worked?;
        Ok(ExitCode::SUCCESS)
    })
}
