//! The arguments of every subcommand: the sources of its settings.
//! Comes in: `--config`, `--set` and the environment. Goes out: the settings. Must not know: the subcommands.

use crate::config::{Overrides, Settings, SettingsError, load};
use clap::Args;
use std::path::PathBuf;

/// `EX_USAGE` of sysexits.h: wrong usage of the command.
pub const EXIT_USAGE: u8 = 64;

/// Sources of the settings. `skillgate doctor --settings` prints every setting with its meaning.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// Settings file (TOML)
    #[arg(long, global = true, env = "SKILLGATE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting, for example --set http.listen=0.0.0.0:8080; may be repeated
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
