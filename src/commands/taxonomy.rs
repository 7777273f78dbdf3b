//! `skillgate taxonomy`: imports official downloads, lists, compares, activates and removes them, trains and measures the matcher.
//! Comes in: files and addresses. Goes out: compiled taxonomies in the folder of the settings, text for people.

use super::{SettingsArgs, block_on};
use crate::config::Settings;
use crate::http_client::{HttpClient, HttpClientConfig};
use crate::skills::candidates::Sources;
use crate::skills::coefficients::Coefficients;
use crate::skills::{evaluate, pairs};
use crate::taxonomy::bundle::RowProblem;
use crate::taxonomy::embedding::train::{STEPS, Training};
use crate::taxonomy::import::{MAX_BYTES, Wanted};
use crate::taxonomy::take_in::{Download, TakeInError, take_in};
use crate::taxonomy::{Catalogue, Library, unbuild};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use url::Url;

/// Steps between two saves of an unfinished training.
const SAVED_EVERY: u32 = 100;

#[derive(Debug, Args)]
pub struct TaxonomyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Import an official download: ESCO (CSV bundle, JSON-LD), O*NET (text database), CASE, RSD, CTDL-ASN, SKOS (Turtle, RDF/XML), CSV
    Import {
        /// File or https:// address
        source: String,
        /// Short name, for example esco; found out from the file for ESCO and O*NET
        #[arg(long, default_value = "")]
        name: String,
        /// Version, for example 1.2.0
        #[arg(long, default_value = "")]
        release: String,
        #[arg(long, default_value = "")]
        licence: String,
        /// Language of the labels, where neither the file nor its name says it
        #[arg(long, default_value = "")]
        language: String,
        /// Add the file's labels, relations or crosswalk rows to the imported taxonomy of this name
        #[arg(long, value_name = "NAME")]
        into: Option<String>,
        /// Refuse the file when a single row can't be read
        #[arg(long)]
        strict: bool,
    },
    /// List the imported taxonomies; a star marks the version that counts
    List,
    /// Compare two versions of a taxonomy
    Diff { before: String, after: String },
    /// Let another imported version count, for example after an update that you want to take back
    Activate { taxonomy: String },
    /// Remove a version
    Remove { taxonomy: String },
    /// Learn vectors from the taxonomy's own labels, so that suggestions get better; can be stopped and goes on where it stopped
    Train {
        taxonomy: String,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[arg(long, default_value_t = STEPS)]
        steps: u32,
    },
    /// Measure the matcher on judged pairs (tab separated: set, query, lang, gold_esco_uris)
    Evaluate {
        pairs: PathBuf,
        #[arg(long, default_value = "esco")]
        taxonomy: String,
        /// Also train and measure in eight folds on these pairs
        #[arg(long)]
        folds: bool,
    },
    /// Train the matcher's coefficients on judged pairs
    TrainMatcher {
        pairs: PathBuf,
        #[arg(long, default_value = "esco")]
        taxonomy: String,
        #[arg(long)]
        id: String,
        /// Where the coefficients are written
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// # Errors
/// When a file, an address or the folder can't be used.
pub fn run(settings: &SettingsArgs, args: &TaxonomyArgs) -> anyhow::Result<ExitCode> {
    let settings = settings.load()?;
    let library = Library::new(&settings.skills.taxonomies_dir);
    match &args.action {
        Action::Import { source, name, release, licence, language, into, strict } => {
            let wanted =
                Wanted { name: name.clone(), version: release.clone(), licence: licence.clone(), language: language.clone() };
            return import(&settings, &library, source, &wanted, into.as_deref(), *strict);
        }
        Action::List => list(&library)?,
        Action::Diff { before, after } => {
            let difference = unbuild::difference(&load(&library, before)?, &load(&library, after)?);
            println!("{}", serde_json::to_string_pretty(&difference)?);
        }
        Action::Activate { taxonomy } => {
            let (name, version) = parts(&library, taxonomy)?;
            library.activate(&name, &version)?;
            println!("{name}@{version} counts from now on; running gateways notice it within a minute.");
        }
        Action::Remove { taxonomy } => {
            let (name, version) = parts(&library, taxonomy)?;
            library.remove(&name, &version)?;
            println!("{name}@{version} was removed.");
        }
        Action::Train { taxonomy, seed, steps } => train(&library, taxonomy, *seed, *steps)?,
        Action::Evaluate { pairs, taxonomy, folds } => evaluate(&library, pairs, taxonomy, *folds)?,
        Action::TrainMatcher { pairs, taxonomy, id, out } => {
            let catalogue = load(&library, taxonomy)?;
            let products = load(&library, "onet").ok();
            let pairs = read_pairs(pairs)?;
            let coefficients = evaluate::coefficients(id, &catalogue, products.as_ref(), &pairs);
            fs::write(out, serde_json::to_string(&coefficients)? + "\n")?;
            println!("{} pairs; the coefficients are in {}", pairs.len(), out.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn import(
    settings: &Settings,
    library: &Library,
    source: &str,
    wanted: &Wanted,
    into: Option<&str>,
    strict: bool,
) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let bytes = if source.starts_with("https://") || source.starts_with("http://") {
        let large = HttpClientConfig { max_body_bytes: MAX_BYTES as usize, timeout_seconds: 900, ..settings.http_client.clone() };
        let client = HttpClient::new(&large)?;
        let address = Url::parse(source).with_context(|| format!("{source} is not an address"))?;
        let answer = block_on(async { client.get(&address, "*/*").await.context("the address could not be read") })?;
        if answer.status != 200 {
            bail!("{source} answered with the status {}", answer.status);
        }
        answer.body
    } else {
        fs::read(source).with_context(|| format!("{source} can't be read"))?.into()
    };
    step(&format!("reading {} MB", bytes.len() / 1_000_000));
    let file_name = Path::new(source).file_name().and_then(|name| name.to_str()).unwrap_or(source);
    let download = Download { file_name, bytes: &bytes, wanted: wanted.clone(), into, is_strict: strict };
    let taken = take_in(library, download, |problems, count| {
        tell(problems, count);
        step("compiling");
    });
    let taken = match taken {
        Err(TakeInError::Strict { count, problems }) => {
            tell(&problems, count);
            bail!("nothing was imported, since --strict was given");
        }
        Err(TakeInError::NoName) => bail!("say --name, for example --name our-skills: the file does not say what it is"),
        Err(TakeInError::NoVersion) => {
            bail!("say --release, for example --release 1.2.0: every concept carries the version of its taxonomy")
        }
        taken => taken.with_context(|| format!("{source} can't be imported"))?,
    };
    let about = &taken.about;
    step("");
    println!(
        "{}: {} skills, {} labels in {}, {} crosswalk rows; {} MB in memory; {:.1} seconds. It counts from now on.",
        about.id(),
        about.concepts,
        about.labels,
        about.languages.join(", "),
        about.crossings,
        taken.bytes / 1_000_000,
        started.elapsed().as_secs_f32()
    );
    if about.concepts > 1000 {
        println!("Suggestions get better with: skillgate taxonomy train {}", about.id());
    }
    Ok(ExitCode::SUCCESS)
}

/// Rows that can't be read; `count`: how many there are, of which the first are known.
fn tell(problems: &[RowProblem], count: usize) {
    for problem in problems {
        eprintln!("{}, line {}: {}", problem.file, problem.line, problem.message);
    }
    if count > 0 {
        eprintln!("{count} rows could not be read and were left out.");
    }
}

/// One line that is written over again on a terminal.
fn step(text: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let shown = write!(terminal, "\r\x1b[K{text}").and_then(|()| terminal.flush());
        drop(shown);
    }
}

fn list(library: &Library) -> anyhow::Result<()> {
    let active = library.active();
    let all = library.list()?;
    for about in &all {
        let counts = active.get(&about.name) == Some(&about.version);
        println!(
            "{} {:<24} {:>7} skills {:>8} labels  {:<16} {:<28} {}",
            if counts { "*" } else { " " },
            about.id(),
            about.concepts,
            about.labels,
            about.languages.join(","),
            about.licence,
            if about.seed.is_some() { "trained" } else { "not trained" }
        );
    }
    if all.is_empty() {
        println!(
            "No taxonomy is imported. ESCO: https://esco.ec.europa.eu/en/use-esco/download (CSV). O*NET: https://www.onetcenter.org/database.html (text)."
        );
        println!("Then: skillgate taxonomy import FILE.zip --release VERSION");
    }
    Ok(())
}

/// `esco@1.2.0`, or `esco` for the version that counts.
fn parts(library: &Library, taxonomy: &str) -> anyhow::Result<(String, String)> {
    match taxonomy.split_once('@') {
        Some((name, version)) => Ok((name.to_owned(), version.to_owned())),
        None => {
            let version = library.active().get(taxonomy).cloned();
            let version =
                version.with_context(|| format!("no version of {taxonomy} is imported: see skillgate taxonomy list"))?;
            Ok((taxonomy.to_owned(), version))
        }
    }
}

fn load(library: &Library, taxonomy: &str) -> anyhow::Result<Catalogue> {
    let (name, version) = parts(library, taxonomy)?;
    library.load(&name, &version).with_context(|| format!("{name}@{version} can't be loaded"))
}

fn read_pairs(file: &Path) -> anyhow::Result<Vec<pairs::Pair>> {
    let text = fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    pairs::read(&text).map_err(|message| anyhow::anyhow!("{}: {message}", file.display()))
}

fn train(library: &Library, taxonomy: &str, seed: u64, steps: u32) -> anyhow::Result<()> {
    let (name, version) = parts(library, taxonomy)?;
    let mut catalogue = library.load(&name, &version)?;
    let saved = library.training_file(&name, &version);
    let resumed = fs::read(&saved).ok().and_then(|bytes| Training::resume(&catalogue, &bytes).ok());
    let mut training = resumed.filter(|training| training.seed == seed).unwrap_or_else(|| Training::new(&catalogue, seed));
    let started = Instant::now();
    let (first, mut loss) = (training.step, 0.0);
    while training.step < steps {
        loss = 0.98 * loss + 0.02 * training.step();
        let done = training.step;
        if done.is_multiple_of(10) {
            let left = started.elapsed().as_secs_f32() / (done - first) as f32 * (steps - done) as f32;
            step(&format!("{} {done} of {steps} steps, {left:.0} seconds left", bar(done, steps)));
        }
        if done.is_multiple_of(SAVED_EVERY) && done < steps {
            fs::write(&saved, training.save(&catalogue))?;
        }
    }
    catalogue.embedding = Some(training.finish(&catalogue));
    catalogue.about.seed = Some(seed);
    library.keep(&catalogue)?;
    if saved.exists() {
        fs::remove_file(&saved)?;
    }
    step("");
    println!(
        "{name}@{version} was trained: {steps} steps in {:.0} seconds; {} MB in memory.",
        started.elapsed().as_secs_f32(),
        catalogue.bytes() / 1_000_000
    );
    Ok(())
}

fn bar(done: u32, all: u32) -> String {
    let filled = (20 * done / all.max(1)).min(20) as usize;
    format!("[{}{}]", "#".repeat(filled), " ".repeat(20 - filled))
}

fn evaluate(library: &Library, file: &Path, taxonomy: &str, folds: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    let catalogue = load(library, taxonomy)?;
    println!(
        "{}: loaded in {} ms, {} MB in memory",
        catalogue.about.id(),
        started.elapsed().as_millis(),
        catalogue.bytes() / 1_000_000
    );
    let products = load(library, "onet").ok();
    let pairs = read_pairs(file)?;
    let coefficients = Coefficients::shipped();
    let lexical = Sources { embedding: false, context: false, products: false };
    let rows = [
        ("labels only", lexical),
        ("labels, vectors", Sources { embedding: true, ..lexical }),
        ("labels, vectors, products", Sources { context: false, ..Sources::ALL }),
        ("labels, vectors, products, context", Sources::ALL),
    ];
    for (name, sources) in rows {
        if sources.embedding && catalogue.embedding.is_none() {
            println!("\n{name}: the taxonomy is not trained; run: skillgate taxonomy train {}", catalogue.about.id());
            break;
        }
        let started = Instant::now();
        let judged = evaluate::look_up(&catalogue, products.as_ref(), &pairs, sources);
        let per_second = pairs.len() as f32 / started.elapsed().as_secs_f32();
        println!("\n{name}: {per_second:.0} look-ups a second on one core");
        println!(
            "coefficients {}:\n{}",
            coefficients.id,
            evaluate::table(&evaluate::shipped(&coefficients, &catalogue, &judged, sources.embedding))
        );
        if folds {
            println!("{} folds of these pairs:\n{}", evaluate::FOLDS, evaluate::table(&evaluate::cross_validated(&judged)));
        }
    }
    Ok(())
}
