//! `skillgate context`: vocabularies (JSON-LD contexts) that are not built in.
//! Comes in: the address of a vocabulary, perhaps a file that holds it. Goes out: an entry in the file that `verify.contexts_file`
//! names. The gateway never fetches a vocabulary by itself: whoever adds it answers for what its words mean.

use super::block_on;
use crate::commands::SettingsArgs;
use crate::document::{Limits, json};
use crate::http_client::HttpClient;
use crate::jsonld::{Contexts, Edition};
use crate::verify::documents::Documents;
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Largest vocabulary that is added.
const MAX_BYTES: usize = 1 << 20;

#[derive(Debug, Args)]
pub struct ContextArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a vocabulary, so that credentials that use it can be checked. Read it first: it decides what their words mean
    Add {
        /// The address as it stands in the credential's @context
        #[arg(value_name = "URL")]
        url: String,
        /// The vocabulary; without a file it is fetched from its address, this once
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// List the vocabularies that were added
    List,
}

/// # Errors
/// When `verify.contexts_file` is not set, the vocabulary can't be read, or the file can't be written.
pub fn run(settings: &SettingsArgs, args: &ContextArgs) -> anyhow::Result<ExitCode> {
    let settings = settings.load()?;
    let map = &settings.verify.contexts_file;
    if map.as_os_str().is_empty() {
        bail!(
            "set verify.contexts_file to the path of a JSON file first, for example contexts.json; the file is made when it is missing"
        );
    }
    match &args.action {
        Action::Add { url, file } => {
            let bytes = match file {
                Some(file) => std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?,
                None => {
                    let documents = Documents::new(HashMap::new(), Some(HttpClient::new(&settings.http_client)?));
                    let fetched = block_on(async { Ok(documents.get(url, "application/ld+json, application/json").await?) })?;
                    fetched.bytes.to_vec()
                }
            };
            let added = add(map, url, &bytes, &settings.intake)?;
            println!("added {url}: sha256 {}, {} terms", added.sha256, added.terms);
            for further in &added.further {
                println!("it builds on {further}, which is not known either: add that one, too");
            }
            println!("restart the gateway: it reads vocabularies when it starts");
        }
        Action::List => {
            for (url, file) in entries(map, &settings.intake)? {
                println!("{url}  {}", file.as_str().unwrap_or_default());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What was added.
struct Added {
    sha256: String,
    terms: usize,
    /// Vocabularies that it names and that are not known.
    further: Vec<String>,
}

/// Keeps the vocabulary beside the map, and puts it into the map.
fn add(map: &Path, url: &str, bytes: &[u8], limits: &Limits) -> anyhow::Result<Added> {
    ensure!(url.starts_with("https://") || url.starts_with("http://"), "{url} is not an address of the web");
    ensure!(!Contexts::built_in().is_built_in(url), "{url} is built in, and built-in vocabularies are never replaced");
    ensure!(bytes.len() <= MAX_BYTES, "the vocabulary is larger than {MAX_BYTES} bytes");
    let document = json::parse(bytes, limits).with_context(|| format!("{url} is not a vocabulary in JSON"))?;
    let mut known: HashMap<String, Value> = HashMap::new();
    let mut entries = entries(map, limits)?;
    let folder = map.parent().unwrap_or(Path::new("."));
    for (other, file) in &entries {
        if let Some(text) = file.as_str().and_then(|file| std::fs::read(folder.join(file)).ok()) {
            known.insert(other.clone(), json::parse(&text, limits).unwrap_or_default());
        }
    }
    known.insert(url.to_owned(), document);
    let contexts = Contexts::with_added(known);
    let context = contexts.get(url, Edition(0)).with_context(|| format!("the document at {url} holds no @context"))?;
    let parts: Vec<&Value> = context.as_array().map_or_else(|| vec![context], |parts| parts.iter().collect());
    let terms: HashSet<&String> = parts.iter().filter_map(|part| part.as_object()).flat_map(Map::keys).collect();
    let terms = terms.into_iter().filter(|term| !term.starts_with('@')).count();
    let further = parts.iter().filter_map(|part| part.as_str()).filter(|url| contexts.get(url, Edition(0)).is_none());
    let further = further.map(str::to_owned).collect();
    let sha256 = hex::encode(Sha256::digest(bytes));
    let name = format!("context-{}.jsonld", &sha256[..16]);
    std::fs::write(folder.join(&name), bytes).with_context(|| format!("{name} can't be written beside {}", map.display()))?;
    entries.insert(url.to_owned(), Value::String(name));
    // A process that starts meanwhile reads the old file or the new one.
    let fresh = map.with_extension("json.new");
    std::fs::write(&fresh, format!("{:#}\n", Value::Object(entries)))
        .and_then(|()| std::fs::rename(&fresh, map))
        .with_context(|| format!("{} can't be written", map.display()))?;
    Ok(Added { sha256, terms, further })
}

/// The map as it stands; empty when there is none yet.
fn entries(map: &Path, limits: &Limits) -> anyhow::Result<Map<String, Value>> {
    if !map.exists() {
        return Ok(Map::new());
    }
    let text = std::fs::read(map).with_context(|| format!("{} can't be read", map.display()))?;
    match json::parse(&text, limits).with_context(|| format!("{} is not JSON", map.display()))? {
        Value::Object(entries) => Ok(entries),
        _ => bail!("{} must hold one JSON object", map.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::build_verifier;

    const URL: &str = "https://vocabulary.example.org/v1";

    #[test]
    fn an_added_vocabulary_is_known_after_a_restart_and_a_bad_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let map = folder.path().join("contexts.json");
        let limits = Limits::default();
        let text = br#"{"@context": ["https://unknown.example.org/v1", {"@version": 1.1, "Skill": "https://vocabulary.example.org/#Skill"}]}"#;
        let added = add(&map, URL, text, &limits).unwrap();
        assert_eq!((added.terms, added.further.as_slice()), (1, ["https://unknown.example.org/v1".to_owned()].as_slice()));
        for (url, bytes) in [
            ("https://www.w3.org/ns/credentials/v2", &text[..]),
            ("did:example:vocabulary", text),
            ("https://vocabulary.example.org/v2", b"{\"no\": 1}"),
            ("https://vocabulary.example.org/v3", b"<html>"),
            ("https://vocabulary.example.org/v4", &vec![b' '; MAX_BYTES + 1]),
        ] {
            assert!(add(&map, url, bytes, &limits).is_err(), "{url}");
        }
        assert_eq!(entries(&map, &limits).unwrap().len(), 1);
        let flags = HashMap::from([("verify.contexts_file".to_owned(), map.display().to_string())]);
        let settings = crate::config::load(None, HashMap::new(), &flags.into_iter().collect()).unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = HttpClient::new(&settings.http_client).unwrap();
        let verifier = build_verifier(&settings.verify, &settings.intake, client).unwrap();
        assert!(verifier.contexts.get(URL, Edition(0)).is_some());
    }
}
