//! `skillgate erasures`: the list of erased references, and erasing them again after an older copy of the database was restored.
//! Comes in: a list, as a back-up wrote it beside its copy. Goes out: the list; how many persons were erased again.

use super::{block_on, open_existing_store};
use crate::commands::SettingsArgs;
use crate::model::clock::Clock;
use crate::model::erasure::ErasedRefs;
use crate::store::Store;
use anyhow::Context;
use clap::{Args, Subcommand};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Who erases again, in the certificates.
const ACTOR: &str = "restored_backup";

#[derive(Debug, Args)]
pub struct ErasuresArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the references of every tenant that were erased, one JSON object a line; they name nobody
    List,
    /// Erase again what the list names; run it after an older copy of the database was restored, before the gateway starts
    Apply {
        /// The newest list that there is
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// # Errors
/// When the database can't be reached, or the list can't be read; what stands before the damaged line is erased.
pub fn run(settings: &SettingsArgs, arguments: &ErasuresArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let store = open_existing_store(settings).await?;
        match &arguments.action {
            Action::List => {
                for erased in store.all_erased_refs().await? {
                    println!("{}", serde_json::to_string(&erased)?);
                }
            }
            Action::Apply { file } => println!("{} persons were erased again", apply(&store, file).await?),
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn apply(store: &Store, file: &Path) -> anyhow::Result<usize> {
    let name = file.display();
    let list = std::fs::File::open(file).with_context(|| format!("{name} can't be read"))?;
    let mut again = 0;
    for (number, line) in BufReader::new(list).lines().enumerate() {
        let line = line.with_context(|| format!("{name} can't be read"))?;
        if line.trim().is_empty() {
            continue;
        }
        let erased: ErasedRefs =
            serde_json::from_str(&line).with_context(|| format!("{name}, line {}, is not an entry of the list", number + 1))?;
        for candidate in &erased.refs {
            let now = Clock::system().now();
            again += usize::from(store.erase_candidate(&erased.tenant, candidate, ACTOR, now).await?.is_some());
        }
    }
    Ok(again)
}
