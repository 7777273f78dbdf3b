//! The command line: its options and subcommands, and the function that runs each subcommand.
//! Comes in: arguments. Goes out: an exit code. Each command has its own file in `commands`.

use crate::commands::{self, EXIT_USAGE, SettingsArgs};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The employer's front door for digital credentials: receives Open Badges, CLRs and Verifiable Credentials, verifies them,
/// converts them to one skills model and delivers skill events to HR systems.
#[derive(Debug, Parser)]
#[command(name = "skillgate", version, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub settings: SettingsArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run API, pages, relay and connector workers in one process (the default)
    Serve(commands::serve::ServeArgs),
    /// Run only the relay and the connector workers, with PostgreSQL and RabbitMQ
    Worker,
    /// Verify files: genuine, valid, and about the right person?
    Verify(commands::verify::VerifyArgs),
    /// Try the gateway: sample badges, a receiver and a connection, in a folder that is deleted at the end
    Demo(commands::demo::DemoArgs),
    /// Manage API keys
    ApiKey(commands::api_key::ApiKeyArgs),
    /// Manage the people who sign in to the pages
    User(commands::user::UserArgs),
    /// Check the audit log for changed, removed or inserted entries, or write it out
    Audit(commands::audit::AuditArgs),
    /// Write freshly signed sample badges, good and bad, to try the gateway with
    Sample(commands::sample::SampleArgs),
    /// List connectors, run their tests, print their requests; test a connection, send it earlier events
    Connector(commands::connector::ConnectorArgs),
    /// Print the description of the events (AsyncAPI 3.0, JSON)
    Asyncapi,
    /// Bring the database schema up to date and stop
    Migrate,
    /// Check settings, database and queue or, with --ready, a running gateway
    Doctor(commands::doctor::DoctorArgs),
    /// Print the description of the HTTP API (OpenAPI 3.1)
    Openapi,
    /// Add a vocabulary (JSON-LD context) that credentials use and that is not built in
    Context(commands::context::ContextArgs),
    /// Test a trust policy: run its examples, or show its decision about an issuer
    Policy(commands::policy::PolicyArgs),
    /// Import ESCO, O*NET or your own catalogue of skills; compare, train and measure
    Taxonomy(commands::taxonomy::TaxonomyArgs),
    /// List erased references; erase them again after an older copy of the database was restored
    Erasures(commands::erasures::ErasuresArgs),
    /// Change the master key while gateways run
    Keys(commands::keys::KeysArgs),
    /// Apply the rules of retention now, or say what they would delete
    Retention(commands::retention::RetentionArgs),
    /// Check verification receipts without a request to the gateway
    Receipt(commands::receipt::ReceiptArgs),
}

/// Runs the process: parses the arguments, runs the command, and prints its error.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wanted = error.use_stderr();
            let printed = error.print();
            return if wanted || printed.is_err() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let settings = &cli.settings;
    let outcome = match cli.command.unwrap_or(Command::Serve(commands::serve::ServeArgs::default())) {
        Command::Serve(args) => commands::serve::run(settings, &args),
        Command::Worker => commands::worker::run(settings),
        Command::Verify(args) => commands::verify::run(settings, &args),
        Command::Demo(args) => commands::demo::run(&args),
        Command::ApiKey(args) => commands::api_key::run(settings, &args),
        Command::User(args) => commands::user::run(settings, &args),
        Command::Audit(args) => commands::audit::run(settings, &args),
        Command::Sample(args) => commands::sample::run(&args),
        Command::Connector(args) => commands::connector::run(settings, &args),
        Command::Asyncapi => commands::asyncapi::run(settings),
        Command::Migrate => commands::migrate::run(settings),
        Command::Doctor(args) => commands::doctor::run(settings, &args),
        Command::Openapi => commands::openapi::run(),
        Command::Context(args) => commands::context::run(settings, &args),
        Command::Policy(args) => commands::policy::run(settings, &args),
        Command::Taxonomy(args) => commands::taxonomy::run(settings, &args),
        Command::Erasures(args) => commands::erasures::run(settings, &args),
        Command::Keys(args) => commands::keys::run(settings, &args),
        Command::Retention(args) => commands::retention::run(settings, &args),
        Command::Receipt(args) => commands::receipt::run(settings, &args),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("skillgate: {error:#}");
        ExitCode::FAILURE
    })
}
