//! `skillgate api-key create|list|revoke`: a key exists in clear text only during its creation.

use super::{block_on, note, open_existing_store, open_store};
use crate::commands::SettingsArgs;
use crate::model::account::Role;
use crate::model::clock::Clock;
use crate::model::ids::{ApiKeyId, TenantId};
use crate::model::tenant::{ApiKey, GeneratedKey, is_tenant_name};
use crate::store::Store;
use anyhow::bail;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct ApiKeyArgs {
    #[command(subcommand)]
    action: Action,
    /// The employer (tenant) that the key acts for; `create` makes a missing tenant
    #[arg(long, global = true, default_value = "default")]
    tenant: String,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and print it (it is never shown again)
    Create {
        /// Purpose of the key, shown in the list
        #[arg(default_value = "unnamed")]
        name: String,
        /// What the key may do: recruiter, integrator, administrator or auditor (docs/accounts.md)
        #[arg(long, default_value = "administrator")]
        role: Role,
    },
    /// List the keys' names and ids; the keys themselves are never shown
    List,
    /// Revoke a key at once
    Revoke {
        /// The key's id, as the list shows it
        id: String,
    },
}

pub fn run(settings: &SettingsArgs, arguments: &ApiKeyArgs) -> anyhow::Result<ExitCode> {
    let tenant = TenantId::from(arguments.tenant.as_str());
    block_on(async {
        match &arguments.action {
            Action::Create { name, role } => create(&open_store(settings).await?.1, &tenant, name, *role).await,
            Action::List => list(&open_existing_store(settings).await?, &tenant).await,
            Action::Revoke { id } => revoke(&open_existing_store(settings).await?, &tenant, &ApiKeyId::from(id.as_str())).await,
        }
    })
}

async fn create(store: &Store, tenant: &TenantId, name: &str, role: Role) -> anyhow::Result<ExitCode> {
    let (key, now) = (GeneratedKey::new(), Clock::system().now());
    if !is_tenant_name(tenant.as_str()) {
        bail!("a tenant's name holds at most 63 lower-case letters, digits and hyphens; \"{tenant}\" does not fit");
    }
    if store.create_tenant(tenant, now).await? {
        eprintln!("Made the new tenant \"{tenant}\".");
    }
    let listed = store.create_api_key(tenant, name, key.prefix(), &key.hash(), role, now).await?;
    note(store, tenant, "api_key.create", format!("api_key:{}", listed.id)).await?;
    eprintln!("Key {} ({role}) for \"{name}\". Keep it: it is shown only now.", listed.id);
    println!("{}", key.expose());
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, tenant: &TenantId) -> anyhow::Result<ExitCode> {
    println!("{:36}  {:11}  {:13}  {:16}  {:16}  name", "id", "starts with", "role", "made", "last used");
    for key in store.list_api_keys(tenant).await? {
        println!("{}", row(&key));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(key: &ApiKey) -> String {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let used = key.last_used_at.map_or_else(|| "never".to_owned(), moment);
    let revoked = if key.revoked_at.is_some() { " (revoked)" } else { "" };
    format!(
        "{:36}  {:11}  {:13}  {:16}  {:16}  {}{revoked}",
        key.id,
        key.prefix,
        key.role.as_str(),
        moment(key.created_at),
        used,
        key.name
    )
}

async fn revoke(store: &Store, tenant: &TenantId, id: &ApiKeyId) -> anyhow::Result<ExitCode> {
    if store.revoke_api_key(tenant, id, Clock::system().now()).await? {
        note(store, tenant, "api_key.revoke", format!("api_key:{id}")).await?;
        println!("Key {id} is revoked.");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("There is no key {id}. `skillgate api-key list` shows the keys.");
    Ok(ExitCode::FAILURE)
}
