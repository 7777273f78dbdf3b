//! `skillgate user create|list|disable|enable|reset`: the people who sign in, also the first administrator, without a browser.

use super::{block_on, note, open_existing_store, open_store};
use crate::account::{Accounts, is_email};
use crate::commands::SettingsArgs;
use crate::config::Settings;
use crate::model::account::{Role, User};
use crate::model::clock::Clock;
use crate::model::ids::{TenantId, UserId};
use crate::model::secret::Secret;
use crate::model::tenant::is_tenant_name;
use crate::store::{Store, UserChange};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::io::Read;
use std::process::ExitCode;

/// A password on the standard input is not longer.
const MAX_PASSWORD_BYTES: u64 = 4_096;

#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    action: Action,
    /// The employer (tenant) that the user works for; `create` makes a missing tenant
    #[arg(long, global = true, default_value = "default")]
    tenant: String,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a user, and print the link by which the person sets a password
    Create {
        /// The person's e-mail address
        email: String,
        /// The person's name
        #[arg(long)]
        name: String,
        /// What the person may do: recruiter, integrator, administrator or auditor (docs/accounts.md)
        #[arg(long)]
        role: Role,
        /// Read the password from the standard input, instead of printing a link
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the users
    List,
    /// Disable a user: the person's sessions end, and nobody signs in
    Disable {
        /// The e-mail address or the id
        user: String,
    },
    /// Enable a user who was disabled
    Enable {
        /// The e-mail address or the id
        user: String,
    },
    /// End a user's password, second factor, lock and sessions, and print the link to a new password
    Reset {
        /// The e-mail address or the id
        user: String,
    },
}

pub fn run(settings: &SettingsArgs, arguments: &UserArgs) -> anyhow::Result<ExitCode> {
    let tenant = TenantId::from(arguments.tenant.as_str());
    block_on(async {
        if let Action::Create { email, name, role, password_stdin } = &arguments.action {
            let (settings, store) = open_store(settings).await?;
            return create(&settings, &store, &tenant, (email, name, *role), *password_stdin).await;
        }
        let store = open_existing_store(settings).await?;
        match &arguments.action {
            Action::Disable { user } => disable(&store, &tenant, user, true).await,
            Action::Enable { user } => disable(&store, &tenant, user, false).await,
            Action::Reset { user } => reset(&settings.load()?, &store, &tenant, user).await,
            Action::List | Action::Create { .. } => list(&store, &tenant).await,
        }
    })
}

async fn create(
    settings: &Settings,
    store: &Store,
    tenant: &TenantId,
    (email, name, role): (&str, &str, Role),
    password_stdin: bool,
) -> anyhow::Result<ExitCode> {
    if !is_tenant_name(tenant.as_str()) {
        bail!("a tenant's name holds at most 63 lower-case letters, digits and hyphens; \"{tenant}\" does not fit");
    }
    if !is_email(email) || name.trim().is_empty() {
        bail!("a user needs an e-mail address and a name");
    }
    let accounts = Accounts::new(settings.accounts.clone(), store.clone(), Clock::system());
    store.create_tenant(tenant, Clock::system().now()).await?;
    let made = store.create_user(tenant, name.trim(), email.trim(), role, Clock::system().now()).await;
    let user = made.context("the user could not be made; does somebody have this address already?")?;
    note(store, tenant, "user.create", format!("user:{}", user.id)).await?;
    if password_stdin {
        let mut text = String::new();
        std::io::stdin().take(MAX_PASSWORD_BYTES).read_to_string(&mut text).context("the password could not be read")?;
        accounts.set_password(&user, Secret::new(text.trim_end_matches(['\r', '\n']))).await?;
        println!("User {} ({role}) can sign in.", user.id);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "User {} ({role}). The person sets a password by this link; it works once, for {} hours:",
        user.id, settings.accounts.invite_hours
    );
    print_link(settings, &accounts, tenant, &user.id, false).await
}

async fn print_link(
    settings: &Settings,
    accounts: &Accounts,
    tenant: &TenantId,
    id: &UserId,
    forget: bool,
) -> anyhow::Result<ExitCode> {
    let code = accounts.invite(tenant, id, forget).await?.context("the user went away")?;
    let public = settings.http.public_url.trim_end_matches('/');
    let base = if public.is_empty() { format!("http://{}", settings.http.listen) } else { public.to_owned() };
    println!("{base}/welcome/{}", code.expose());
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, tenant: &TenantId) -> anyhow::Result<ExitCode> {
    println!("{:36}  {:13}  {:8}  {:30}  name", "id", "role", "state", "e-mail");
    for user in store.list_users(tenant).await? {
        let state = match (user.disabled_at.is_some(), user.has_password) {
            (true, _) => "disabled",
            (false, true) => "active",
            (false, false) => "invited",
        };
        println!("{:36}  {:13}  {:8}  {:30}  {}", user.id, user.role.as_str(), state, user.email, user.name);
    }
    Ok(ExitCode::SUCCESS)
}

async fn found(store: &Store, tenant: &TenantId, named: &str) -> anyhow::Result<User> {
    let wanted = named.trim().to_lowercase();
    let users = store.list_users(tenant).await?;
    let found = users.into_iter().find(|user| user.id.as_str() == wanted || user.email.to_lowercase() == wanted);
    found.with_context(|| format!("there is no user {named}; `skillgate user list` shows the users"))
}

async fn disable(store: &Store, tenant: &TenantId, named: &str, is_disabled: bool) -> anyhow::Result<ExitCode> {
    let user = found(store, tenant, named).await?;
    let change = UserChange { is_disabled: Some(is_disabled), ..UserChange::default() };
    store.change_user(tenant, &user.id, change, Clock::system().now()).await?;
    let action = if is_disabled { "user.disable" } else { "user.enable" };
    note(store, tenant, action, format!("user:{}", user.id)).await?;
    println!("User {} is {}.", user.id, if is_disabled { "disabled" } else { "enabled" });
    Ok(ExitCode::SUCCESS)
}

async fn reset(settings: &Settings, store: &Store, tenant: &TenantId, named: &str) -> anyhow::Result<ExitCode> {
    let user = found(store, tenant, named).await?;
    let accounts = Accounts::new(settings.accounts.clone(), store.clone(), Clock::system());
    note(store, tenant, "user.reset", format!("user:{}", user.id)).await?;
    print_link(settings, &accounts, tenant, &user.id, true).await
}
