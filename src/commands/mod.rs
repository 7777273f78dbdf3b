//! One file per subcommand: arguments in, text and an exit code out.

pub mod api_key;
mod arguments;
pub mod asyncapi;
pub mod connector;
pub mod context;
pub mod doctor;
mod machine;
pub mod migrate;
pub mod openapi;
pub mod policy;
pub mod receipt;
pub mod sample;
pub mod serve;
pub mod taxonomy;
pub mod verify;
pub mod worker;

pub use arguments::{EXIT_USAGE, SettingsArgs};

use crate::config::{Settings, master_key};
use crate::seal::Sealer;
use crate::store::Store;
use anyhow::Context;
use std::future::Future;

/// Runs a command's future to its end on a new runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime could not be started")?
        .block_on(future)
}

/// The settings and the store of a management command.
pub(crate) async fn open_store(arguments: &SettingsArgs) -> anyhow::Result<(Settings, Store)> {
    let settings = arguments.load()?;
    let sealer = Sealer::new(&*master_key(&settings.security)?);
    let store = Store::connect(settings.database.url.expose(), sealer).await?;
    Ok((settings, store))
}
