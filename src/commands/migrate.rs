//! `skillgate migrate`: brings the database schema up to date, for installations that do this before they start a new version.

use super::{block_on, open_store};
use crate::commands::SettingsArgs;
use std::process::ExitCode;

pub fn run(settings: &SettingsArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let (_, store) = open_store(settings).await?;
        store.ping().await?;
        println!("The database schema is up to date.");
        Ok(ExitCode::SUCCESS)
    })
}
