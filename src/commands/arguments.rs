//! What every subcommand takes from the command line: where its settings come from.
//! Comes in: `--config`, `--set` and the environment. Goes out: the settings. Must not know: which subcommand asks.

use crate::config::{Overrides, Settings, SettingsError, load};
use clap::Args;
use std::path::PathBuf;

/// `EX_USAGE` of sysexits.h: the command was used wrongly.
pub const EXIT_USAGE: u8 = 64;

/// Where settings come from. All of them, with what they mean: `skillgate doctor --settings`.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// Settings file (TOML)
    #[arg(long, global = true, env = "SKILLGATE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, for example --set http.listen=0.0.0.0:8080; may be repeated
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

impl SettingsArgs {
    pub fn load(&self) -> Result<Settings, SettingsError> {
        let overrides: Overrides = self.set.clone();
        load(self.config.as_deref(), std::env::vars().collect(), &overrides)
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as SECTION.KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
