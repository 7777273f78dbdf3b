//! `skillgate audit verify|export`: whether the audit log is whole, and the log as a file.

use super::{block_on, open_existing_store};
use crate::commands::SettingsArgs;
use crate::http::handlers::audit::{csv, jsonl};
use crate::model::account::{AuditFilter, AuditHead};
use crate::model::ids::TenantId;
use crate::store::Store;
use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use std::io::Write;
use std::process::ExitCode;

/// Entries that are read at a time.
const AT_ONCE: u32 = 1_000;

#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    action: Action,
    /// The employer (tenant) whose log it is
    #[arg(long, global = true, default_value = "default")]
    tenant: String,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Find an entry that was changed, removed or inserted; prints the newest entry as NUMBER:HASH
    Verify {
        /// NUMBER:HASH that an earlier check printed: finds also that newer entries were taken away with all that was after them
        #[arg(long)]
        since: Option<String>,
    },
    /// Write every entry, newest first
    Export {
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

pub fn run(settings: &SettingsArgs, arguments: &AuditArgs) -> anyhow::Result<ExitCode> {
    let tenant = TenantId::from(arguments.tenant.as_str());
    block_on(async {
        let store = open_existing_store(settings).await?;
        match &arguments.action {
            Action::Verify { since } => verify(&store, &tenant, since.as_deref()).await,
            Action::Export { format } => export(&store, &tenant, *format).await,
        }
    })
}

async fn verify(store: &Store, tenant: &TenantId, since: Option<&str>) -> anyhow::Result<ExitCode> {
    let known = since.map(parse).transpose()?;
    let head = match store.verify_audit(tenant).await? {
        Ok(head) => head,
        Err(fault) => {
            println!("The audit log is not whole: {fault}.");
            return Ok(ExitCode::FAILURE);
        }
    };
    if let Some(known) = known.filter(|known| known.number > 0) {
        let there = store.list_audit(tenant, &AuditFilter::default(), Some(known.number + 1), 1).await?;
        if there.first().is_none_or(|entry| entry.number != known.number || entry.hash != known.hash) {
            println!("The audit log is not whole: entry {} is not the entry that it was.", known.number);
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("The audit log is whole. Entries: {}.", head.number);
    println!("{}:{}", head.number, head.hash);
    Ok(ExitCode::SUCCESS)
}

fn parse(text: &str) -> anyhow::Result<AuditHead> {
    let parts = text.trim().split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash.to_owned())));
    match parts {
        Some((number, hash)) => Ok(AuditHead { number, hash }),
        None => bail!("--since takes NUMBER:HASH, as `skillgate audit verify` prints it"),
    }
}

async fn export(store: &Store, tenant: &TenantId, format: Format) -> anyhow::Result<ExitCode> {
    let (mut before, mut is_first) = (None, true);
    let mut out = std::io::stdout().lock();
    loop {
        let entries = store.list_audit(tenant, &AuditFilter::default(), before, AT_ONCE).await?;
        let bytes = match format {
            Format::Jsonl => jsonl(&entries)?,
            Format::Csv => csv(&entries, is_first)?,
        };
        out.write_all(&bytes).context("the entries could not be written")?;
        is_first = false;
        match entries.last() {
            Some(last) if entries.len() == AT_ONCE as usize => before = Some(last.number),
            _ => return Ok(ExitCode::SUCCESS),
        }
    }
}
