//! The built-in contexts against the official texts, where those lie beside the project: every document of the corpus that
//! uses one must come out as the same statements under both. `cargo test --test it contexts -- --ignored --nocapture` prints the table.

use crate::support::beside;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use skillgate::jsonld::{Contexts, Edition, HashAlgorithm, canonicalize, expand};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Texts that were published under the URL of another one. None of them is in the map of official texts.
const VARIANTS: [(&str, &str); 2] = [
    ("variants/1edtech-validator_ob3-context-3.0.3.json", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"),
    ("variants/w3c-vc-di-eddsa_lds-ed25519-2020-v1.json", "https://w3id.org/security/suites/ed25519-2020/v1"),
];

/// Official text, part of a document's path, why the document differs under it.
const EXPLAINED: [(&str, &str, &str); 1] = [(
    "variants/w3c-vc-di-eddsa_lds-ed25519-2020-v1.json",
    "a specimen of Ed25519",
    "the copy in a specification's repository types no key and lacks `controller`, `expires` and more; no document needs it",
)];

struct Official {
    url: String,
    file: String,
    text: Value,
}

struct Document {
    path: String,
    json: Value,
    contexts: Vec<String>,
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn officials(corpus: &Path) -> Vec<Official> {
    let folder = corpus.join("contexts");
    let map: BTreeMap<String, String> = serde_json::from_value(read(&folder.join("contexts-map.json"))).unwrap();
    let variants = VARIANTS.map(|(file, url)| (url.to_owned(), file.to_owned()));
    let text = |(url, file): (String, String)| Official { text: read(&folder.join(&file)), url, file };
    map.into_iter().chain(variants).map(text).collect()
}

/// Every JSON document with a context: in a file of its own, or as what a token says.
fn documents(corpus: &Path, folder: &Path, found: &mut Vec<Document>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(corpus).unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "contexts" {
                documents(corpus, &path, found);
            }
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for json in said(text.trim()) {
            let mut contexts = Vec::new();
            context_urls(&json, &mut contexts);
            contexts.sort_unstable();
            contexts.dedup();
            if json.get("@context").is_some() {
                found.push(Document { path: name.clone(), json, contexts });
            }
        }
    }
}

fn said(text: &str) -> Vec<Value> {
    if let Ok(json) = serde_json::from_str(text) {
        return vec![json];
    }
    let payload = text.split('~').next().and_then(|token| token.split('.').nth(1));
    let payload = payload.and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let Some(payload) = payload.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else { return Vec::new() };
    ["vc", "vp"].iter().filter_map(|name| payload.get(name).cloned()).chain([payload.clone()]).collect()
}

fn context_urls(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| context_urls(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                if name == "@context" {
                    let entries = member.as_array().map_or(std::slice::from_ref(member), Vec::as_slice);
                    found.extend(entries.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                context_urls(member, found);
            }
        }
        _ => {}
    }
}

/// The document with another name for a context.
fn renamed(value: &Value, from: &str, to: &str) -> Value {
    let entry = |entry: &Value| if entry == from { Value::from(to) } else { renamed(entry, from, to) };
    match value {
        Value::Array(items) => items.iter().map(|item| renamed(item, from, to)).collect(),
        Value::Object(members) => {
            let member = |(name, member): (&String, &Value)| {
                let new = match (name.as_str(), member) {
                    ("@context", Value::Array(entries)) => entries.iter().map(entry).collect(),
                    ("@context", other) => entry(other),
                    (_, other) => renamed(other, from, to),
                };
                (name.clone(), new)
            };
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

/// Documents that use every term of a context once: what no document of the corpus says is compared all the same.
fn specimens(official: &Official) -> Vec<Document> {
    let terms = official.text["@context"].as_object().into_iter().flatten();
    let made = terms.filter(|(term, _)| !term.starts_with('@')).map(|(term, definition)| {
        let mut json = match definition.get("@context").filter(|_| definition.get("@type").is_none()) {
            Some(scoped) => with_terms(scoped, 0),
            None => json!({ term: specimen(definition, 0) }),
        };
        json["@id"] = json!("urn:example:1");
        json["@type"] = json!(term);
        json["@context"] = json!(official.url);
        Document { path: format!("a specimen of {term}"), json, contexts: vec![official.url.clone()] }
    });
    made.collect()
}

fn with_terms(context: &Value, depth: usize) -> Value {
    let terms = context.as_object().into_iter().flatten();
    let terms = terms.filter(|(term, definition)| !term.starts_with('@') && !definition.is_null());
    // Aliases of keywords would be said twice.
    let terms = terms.filter(|(_, definition)| definition.as_str().is_none_or(|text| !text.starts_with('@')));
    terms.map(|(term, definition)| (term.clone(), specimen(definition, depth))).collect::<Map<_, _>>().into()
}

fn specimen(definition: &Value, depth: usize) -> Value {
    let kind = definition["@type"].as_str().unwrap_or_default();
    let value = match (definition.get("@context"), kind) {
        (Some(scoped), _) if depth < 4 && !scoped.is_null() => {
            let mut node = with_terms(scoped, depth + 1);
            node["@id"] = json!(format!("urn:example:node-{depth}"));
            node
        }
        (_, "@id" | "@vocab") => json!("urn:example:value"),
        (_, "@json") => json!({"a": [1, true]}),
        (_, kind) if kind.ends_with("boolean") => json!(true),
        (_, kind) if kind.ends_with("integer") => json!(5),
        _ => json!("2026-01-01T00:00:00Z"),
    };
    match definition["@container"].as_str() {
        Some("@list" | "@set") => json!([value]),
        Some("@language") => json!({"en": "text"}),
        _ => value,
    }
}

/// Canonical N-Quads, or why there are none.
fn statements(document: &Value, contexts: &Contexts, edition: Edition) -> Result<String, String> {
    let expansion = expand(document, contexts, edition, None).map_err(|error| error.to_string())?;
    let canonical = canonicalize(expansion.dataset, HashAlgorithm::Sha256).map_err(|error| error.to_string())?;
    Ok(canonical.document())
}

#[derive(Default)]
struct Row {
    equal: usize,
    /// Of these, documents that can't be read under either text.
    unreadable: usize,
    differing: Vec<String>,
}

/// One official text against one edition of ours, over every document that uses it.
fn compared(official: &Official, edition: Edition, documents: &[Document], others: &HashMap<String, Value>) -> Row {
    const OFFICIAL: &str = "https://official.example.org/context";
    let mut added = others.clone();
    added.insert(OFFICIAL.to_owned(), official.text.clone());
    let contexts = Contexts::with_added(added);
    let mut row = Row::default();
    for document in documents.iter().filter(|document| document.contexts.contains(&official.url)) {
        let ours = statements(&document.json, &contexts, edition);
        let theirs = statements(&renamed(&document.json, &official.url, OFFICIAL), &contexts, edition);
        let same = match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => ours == theirs,
            (Err(ours), Err(theirs)) => *ours == theirs.replace(OFFICIAL, &official.url),
            _ => false,
        };
        if same {
            row.equal += 1;
            row.unreadable += usize::from(ours.is_err());
        } else {
            row.differing.push(document.path.clone());
        }
    }
    row
}

#[test]
#[ignore = "needs ../shared/corpus"]
fn every_document_says_the_same_under_the_built_in_contexts_as_under_the_official_ones() {
    let corpus = beside("corpus");
    let index = std::fs::read_to_string(corpus.join("INDEX.tsv")).unwrap();
    let listed = index.lines().filter_map(|line| line.split('\t').next()?.strip_prefix("contexts/"));
    for variant in listed.filter(|file| file.starts_with("variants/")) {
        assert!(VARIANTS.iter().any(|(file, _)| *file == variant), "{variant} is a variant of which context?");
    }
    let built_in = Contexts::built_in();
    let mut all = Vec::new();
    documents(&corpus, &corpus, &mut all);
    all.sort_by(|one, other| one.path.cmp(&other.path));
    let officials = officials(&corpus);
    let others: HashMap<String, Value> = officials
        .iter()
        .filter(|official| !built_in.is_built_in(&official.url))
        .map(|official| (official.url.clone(), official.text.clone()))
        .collect();
    let mut unexplained = Vec::new();
    println!("documents  equal unreadable  terms  differ   text  official text");
    for official in officials.iter().filter(|official| built_in.is_built_in(&official.url)) {
        let editions = built_in.editions([official.url.as_str()].into_iter());
        // A text is one of our editions: the one under which most is equal.
        let rows = (0..editions).map(|edition| (edition, compared(official, Edition(edition), &all, &others)));
        let (edition, row) = rows.max_by_key(|(edition, row)| (row.equal, std::cmp::Reverse(*edition))).unwrap();
        let same_text = built_in.get(&official.url, Edition(edition)) == official.text.get("@context");
        let specimens = compared(official, Edition(edition), &specimens(official), &others);
        let (terms, text) = (specimens.equal - specimens.unreadable, if same_text { "same" } else { "other" });
        let Row { equal, unreadable, mut differing } = row;
        let count = equal + differing.len();
        differing.extend(specimens.differing);
        let differ = differing.len();
        let Official { url, file, .. } = official;
        println!("{count:>9} {equal:>6} {unreadable:>10} {terms:>6} {differ:>7} {text:>6}  {url} ({file})");
        if count == 0 && terms == 0 && !same_text {
            unexplained.push(format!("{file}: nothing was compared"));
        }
        for path in differing {
            let reason = EXPLAINED.iter().find(|(file, part, _)| *file == official.file && path.contains(part));
            match reason {
                Some((.., why)) => println!("{:>48}{path}: {why}", ""),
                None => unexplained.push(format!("{path} under {}", official.file)),
            }
        }
    }
    let mut without: Vec<&str> =
        built_in.built_in_urls().filter(|url| officials.iter().all(|official| official.url != *url)).collect();
    without.sort_unstable();
    println!("no official text at hand: {}", without.join(", "));
    assert!(unexplained.is_empty(), "{} differ: {unexplained:#?}", unexplained.len());

    // A text that says something else is noticed.
    let mut other = officials.into_iter().find(|official| official.url == "https://www.w3.org/ns/credentials/v2").unwrap();
    other.text["@context"]["VerifiableCredential"]["@id"] = Value::from("https://other.example.org/VerifiableCredential");
    assert!(compared(&other, Edition(0), &all, &others).differing.len() > 300);
}
