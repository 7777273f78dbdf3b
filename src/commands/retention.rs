//! `skillgate retention`: what the rules of retention would delete, and deleting it now.
//! Comes in: a tenant. Goes out: numbers by class. The gateway applies the rules by itself once a day.

use super::block_on;
use crate::app::App;
use crate::commands::SettingsArgs;
use crate::model::clock::Clock;
use crate::model::ids::TenantId;
use crate::model::retention::Expired;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub struct RetentionArgs {
    /// The employer
    #[arg(long, value_name = "TENANT", default_value = "default", global = true)]
    tenant: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print what the rules would delete now; nothing is deleted
    Preview,
    /// Delete it now; persons are erased with a certificate, and the connections are told
    Run,
}

/// # Errors
/// The settings are wrong, or the database can't be reached.
pub fn run(settings: &SettingsArgs, arguments: &RetentionArgs) -> anyhow::Result<ExitCode> {
    let (settings, tenant) = (settings.load()?, TenantId::from(arguments.tenant.as_str()));
    block_on(async {
        let app = App::build(settings, Clock::system()).await?;
        let expired = match arguments.action {
            Action::Preview => app.preview_retention(&tenant).await?,
            Action::Run => app.apply_retention(&tenant, &CancellationToken::new()).await?,
        };
        let Expired { candidates, requests, events, certificates } = expired;
        println!("persons       {candidates}\nrequests      {requests}\nevents        {events}\ncertificates  {certificates}");
        Ok(ExitCode::SUCCESS)
    })
}
