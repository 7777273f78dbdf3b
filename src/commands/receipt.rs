//! `skillgate receipt`: checks receipts that a gateway gave out, without asking the gateway.
//! Comes in: files with receipts, the gateway's public key. Goes out: the receipts' content, or why a receipt is not genuine.

use super::{block_on, open_store};
use crate::commands::SettingsArgs;
use crate::receipt;
use crate::verify::keys::PublicKey;
use anyhow::Context;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct ReceiptArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check receipts, oldest first; receipts of one tenant must follow each other in the chain
    Verify {
        /// Receipts, each as `GET /v1/credentials/{id}/receipt` answered it
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The gateway's public key (JSON Web Key); this installation's key if absent
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Print this installation's public key as a JSON Web Key
    Key,
}

/// Exit code 0 when every receipt is genuine, else 1.
///
/// # Errors
/// When a file can't be read or the key is no key.
pub fn run(settings: &SettingsArgs, args: &ReceiptArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::Verify { files, key } => {
            let public = match key {
                Some(file) => {
                    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
                    serde_json::from_str(&text).with_context(|| format!("{} is no JSON Web Key", file.display()))?
                }
                None => own_key(settings)?,
            };
            let public = PublicKey::from_jwk(&public)?;
            let read =
                |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()));
            let tokens: Vec<String> = files.iter().map(read).collect::<anyhow::Result<_>>()?;
            let tokens: Vec<&str> = tokens.iter().map(|token| token.trim()).collect();
            match receipt::verify_chain(&tokens, &public) {
                Ok(receipts) => {
                    for receipt in receipts {
                        println!("{}", serde_json::to_string(&receipt)?);
                    }
                    Ok(ExitCode::SUCCESS)
                }
                Err(error) => {
                    println!("not valid: {error}");
                    Ok(ExitCode::FAILURE)
                }
            }
        }
        Action::Key => {
            println!("{}", own_key(settings)?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn own_key(settings: &SettingsArgs) -> anyhow::Result<serde_json::Value> {
    block_on(async {
        let (_, store) = open_store(settings).await?;
        let kept =
            store.sealed_setting(receipt::KEY_SETTING).await?.context("this installation has not given out a receipt yet")?;
        let key = receipt::read_key(kept.expose()).context("the receipt signing key is damaged")?;
        Ok(receipt::public_jwk(&key.verifying_key()))
    })
}
