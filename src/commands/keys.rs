//! `skillgate keys`: changes the master key while gateways run.
//! Comes in: the file of a new master key. Goes out: what to do next. Both keys open the database until the change is finished.

use super::{block_on, open_existing_store};
use crate::commands::SettingsArgs;
use crate::config::master_key_of_file;
use crate::model::clock::Clock;
use crate::seal::Sealer;
use crate::store::Rotation;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Begin: let a new master key open the database beside the present one. Run it with the present settings
    Rotate {
        /// File of the new master key; a missing file is made
        #[arg(value_name = "FILE")]
        new: PathBuf,
    },
    /// Finish: let only the new master key open the database. Run it with the new settings
    Finish,
}

/// # Errors
/// The database can't be reached, the configured master key does not open it, or the new key's file can't be used.
pub fn run(settings: &SettingsArgs, arguments: &KeysArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let store = open_existing_store(settings).await?;
        let now = Clock::system().now();
        let state = match &arguments.action {
            Action::Rotate { new } => store.begin_rotation(Sealer::new(&*master_key_of_file(new)?), now).await?,
            Action::Finish => store.finish_rotation(now).await?,
        };
        let (said, code) = match state {
            Rotation::BothCount => (
                "Both master keys open the database now. Set security.master_key_file to the new file, restart each process, \
                 and then run: skillgate keys finish",
                ExitCode::SUCCESS,
            ),
            Rotation::Finished => ("Only the new master key opens the database now. Destroy the old key.", ExitCode::SUCCESS),
            Rotation::NotBegun => (
                "There is nothing to finish: no change was begun (skillgate keys rotate FILE), or the settings still name the old key.",
                ExitCode::FAILURE,
            ),
        };
        println!("{said}");
        Ok(code)
    })
}
