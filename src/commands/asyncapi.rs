//! `skillgate asyncapi`: prints the description of the events (AsyncAPI 3.0, JSON) as one self-contained document, with the names
//! that the settings give to the broker's exchanges.

use super::SettingsArgs;
use crate::http::asyncapi;
use std::io::Write;
use std::process::ExitCode;

/// # Errors
/// When the settings can't be read, standard output is closed, or the embedded documents are broken (which the tests rule out).
pub fn run(arguments: &SettingsArgs) -> anyhow::Result<ExitCode> {
    let settings = arguments.load()?;
    let document = asyncapi::document(&settings.queue.prefix).map_err(anyhow::Error::msg)?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&document)?)?;
    Ok(ExitCode::SUCCESS)
}
