//! `skillgate policy`: tests a trust policy before its use.
//! Comes in: a policy file. Goes out: the results of its examples, or the decision about an issuer with the rule that decides.

use super::block_on;
use crate::app::{build_verifier, load_policy};
use crate::commands::SettingsArgs;
use crate::http_client::HttpClient;
use crate::model::clock::Clock;
use crate::verify::checks::issuer_trust;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the policy's own examples; exit code 1 if an example does not hold
    Test {
        /// Trust policy (TOML or JSON)
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the decision about an issuer and the rule that decides; this asks registries
    Explain {
        /// Trust policy (TOML or JSON)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// DID or web address
        #[arg(long, value_name = "ID")]
        issuer: String,
        /// Kind of achievement, for example Certificate; may be repeated
        #[arg(long = "type", value_name = "TYPE")]
        achievement_type: Vec<String>,
    },
}

/// # Errors
/// When the file can't be read or is not a policy.
pub fn run(settings: &SettingsArgs, args: &PolicyArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::Test { file } => {
            let policy = load_policy(file)?;
            let (count, failures) = policy.test();
            for failure in &failures {
                println!("{failure}");
            }
            let reference = policy.reference();
            println!(
                "{}: {} of {count} examples hold (policy sha256 {})",
                reference.name,
                count - failures.len(),
                reference.sha256
            );
            Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Action::Explain { file, issuer, achievement_type } => {
            let settings = settings.load()?;
            let policy = load_policy(file)?;
            let client = HttpClient::new(&settings.issuer_client)?;
            let verifier = build_verifier(&settings.verify, &settings.intake, client)?;
            let now = Clock::system().now();
            let (listings, unavailable) =
                block_on(async { Ok(issuer_trust::look_up(issuer, &policy, &verifier.documents, now).await) })?;
            let decision = policy.decide(issuer, achievement_type, &listings);
            let by = decision.rule.as_deref().map_or("no rule matches it".to_owned(), |rule| format!("decided by \"{rule}\""));
            println!("{issuer}: {:?}, {by}", decision.verdict);
            if decision.wrong_type {
                println!("  the rule does not cover this kind of achievement");
            }
            if let Some((name, source)) = &decision.name {
                println!("  shown as \"{name}\" ({source})");
            }
            for listing in &listings {
                println!("  listed in {}", listing.registry);
            }
            for registry in &unavailable {
                println!("  {registry} did not answer");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
