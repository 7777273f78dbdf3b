//! `skillgate connector replay` and `backfill`: sends a stored connection what it did not get, or not yet.
//! Comes in: a connection and which deliveries or credentials are meant. Goes out: numbers. A running gateway sends what is due.

use crate::commands::{SettingsArgs, open_store};
use crate::connector::Registry;
use crate::model::clock::Clock;
use crate::model::connection::Connection;
use crate::model::delivery::DeliveryState;
use crate::model::ids::{ConnectionId, TenantId};
use crate::model::record::DeliveryFilter;
use crate::store::{Backfill, Store};
use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Target {
    /// Id of the connection
    connection: String,
    /// The employer whose connection it is
    #[arg(long, default_value = "default")]
    tenant: String,
    /// Only what was made at this moment or later, for example 2026-11-01T00:00:00Z
    #[arg(long, value_name = "MOMENT")]
    since: Option<DateTime<Utc>>,
    /// Only what was made before this moment
    #[arg(long, value_name = "MOMENT")]
    until: Option<DateTime<Utc>>,
    /// Only count
    #[arg(long)]
    preview: bool,
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    target: Target,
    /// State of the deliveries: dead, parked, delivered or unchanged
    #[arg(long, default_value = "dead")]
    state: String,
    /// Only deliveries with this reason, for example no_match
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub struct BackfillArgs {
    #[command(flatten)]
    target: Target,
    /// Only credentials of this issuer: its id, or its name
    #[arg(long)]
    issuer: Option<String>,
}

impl Target {
    pub async fn find(&self, store: &Store) -> anyhow::Result<Connection> {
        let id = ConnectionId::from(self.connection.as_str());
        let found = store.connection(&TenantId::from(self.tenant.as_str()), &id).await?;
        found.with_context(|| format!("tenant {} has no connection {id}", self.tenant))
    }
}

pub async fn replay(arguments: &SettingsArgs, ReplayArgs { target, state, reason }: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let state = DeliveryState::parse(state).filter(|state| *state != DeliveryState::Pending);
    let Some(state) = state else { bail!("--state must be dead, parked, delivered or unchanged") };
    let (_, store) = open_store(arguments).await?;
    let connection = target.find(&store).await?;
    let filter = DeliveryFilter {
        connection_id: Some(connection.id.clone()),
        state: Some(state),
        reason: reason.clone(),
        since: target.since,
        until: target.until,
        ..DeliveryFilter::default()
    };
    if target.preview {
        println!("{} deliveries", store.count_deliveries(&connection.tenant_id, &filter).await?);
        return Ok(ExitCode::SUCCESS);
    }
    let now = Clock::system().now();
    let replayed = store.replay_deliveries(&connection.tenant_id, &filter, u32::MAX, now).await?;
    println!("{replayed} deliveries are due now");
    Ok(ExitCode::SUCCESS)
}

pub async fn backfill(arguments: &SettingsArgs, BackfillArgs { target, issuer }: &BackfillArgs) -> anyhow::Result<ExitCode> {
    let (settings, store) = open_store(arguments).await?;
    let connection = target.find(&store).await?;
    let connector = super::find(&Registry::load(&settings.delivery.connectors_dir)?, &connection.connector)?;
    let which = Backfill { since: target.since, until: target.until, issuer: issuer.clone() };
    let handled = move |event_type| connector.handler(event_type).is_some();
    let (of, now) = ((&connection, &which), Clock::system().now());
    let found = store.backfill_on(of, 0, (target.preview, usize::MAX), now, handled).await?;
    let what = if target.preview { "would be sent" } else { "are due now" };
    println!("{} events about {} credentials {what}", found.events, found.credentials.len());
    if found.merged > 0 {
        println!("{} events about people who were merged into others are left out", found.merged);
    }
    Ok(ExitCode::SUCCESS)
}
