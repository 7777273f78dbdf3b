//! One file per subcommand: arguments in, text and an exit code out.

pub mod api_key;
mod arguments;
pub mod asyncapi;
pub mod audit;
pub mod connector;
pub mod context;
pub mod demo;
pub mod doctor;
pub mod erasures;
pub mod keys;
mod machine;
pub mod migrate;
pub mod openapi;
pub mod policy;
pub mod receipt;
pub mod retention;
pub mod sample;
pub mod serve;
pub mod taxonomy;
pub mod user;
pub mod verify;
pub mod worker;

pub use arguments::{EXIT_USAGE, SettingsArgs};

use crate::config::{Settings, existing_master_key, master_key};
use crate::model::account::Deed;
use crate::model::clock::Clock;
use crate::model::ids::TenantId;
use crate::seal::Sealer;
use crate::store::{Condition, Store};
use anyhow::{Context, bail};
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

/// Notes in the audit log what a command did.
pub(crate) async fn note(store: &Store, tenant: &TenantId, action: &str, object: String) -> anyhow::Result<()> {
    let deed = Deed { actor: "cli".to_owned(), action: action.to_owned(), object, address: String::new() };
    Ok(store.audit(tenant, vec![deed], Clock::system().now()).await?)
}

/// The store of a command that must make nothing: no key file, no database, no newer schema.
pub(crate) async fn open_existing_store(arguments: &SettingsArgs) -> anyhow::Result<Store> {
    let settings = arguments.load()?;
    let url = settings.database.url.expose();
    let condition = Store::condition(url).await?;
    let key = existing_master_key(&settings.security)?;
    match (condition, key) {
        (Condition::Ready, Some(key)) => Ok(Store::connect(url, Sealer::new(&key)).await?),
        (Condition::Ready, None) => bail!(
            "the master key file {} is missing; it belongs to the database. Run the command in the gateway's folder, or with its settings",
            settings.security.master_key_file.display()
        ),
        (Condition::Behind, _) => bail!("the database's schema is of an earlier version; `skillgate migrate` updates it"),
        (Condition::Missing, _) => bail!(
            "there is no database yet, so there are no keys. Run the command in the gateway's folder, or with its settings \
             (--config, --set database.url=…)"
        ),
    }
}
