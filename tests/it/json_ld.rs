//! JSON-LD and RDF canonicalisation against the W3C's own tests, where those lie beside the project.
//! `cargo test --test it json_ld -- --ignored --nocapture` prints the table.

use crate::support::beside;
use serde_json::Value;
use skillgate::jsonld::dataset::{Dataset, Literal, Quad, Term};
use skillgate::jsonld::{Contexts, Edition, HashAlgorithm, canonicalize, expand};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

fn w3c(suite: &str) -> PathBuf {
    beside(&format!("w3c/{suite}/tests"))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A reader for the N-Quads of the test suites; blank node labels are kept for the map tests.
fn read_quads(text: &str) -> (Dataset, Vec<String>) {
    let mut labels: Vec<String> = Vec::new();
    let mut dataset = Dataset::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut rest = line;
        let mut terms = Vec::new();
        while rest != "." && !rest.starts_with(". ") {
            let (term, after) = read_term(rest, &mut labels);
            terms.push(term);
            rest = after.trim_start();
        }
        let mut terms = terms.into_iter();
        let subject = terms.next().unwrap();
        let Some(Term::Iri(predicate)) = terms.next() else { panic!("predicate in {line}") };
        dataset.quads.push(Quad { subject, predicate, object: terms.next().unwrap(), graph: terms.next() });
    }
    dataset.blank_count = labels.len() as u32;
    (dataset, labels)
}

fn read_term<'a>(text: &'a str, labels: &mut Vec<String>) -> (Term, &'a str) {
    if let Some(rest) = text.strip_prefix('<') {
        let (iri, rest) = rest.split_once('>').unwrap();
        return (Term::Iri(unescape(iri).into()), rest);
    }
    if let Some(rest) = text.strip_prefix("_:") {
        let end = rest.find(|c: char| c.is_whitespace()).unwrap();
        let label = &rest[..end];
        let id = labels.iter().position(|known| known == label).unwrap_or_else(|| {
            labels.push(label.to_owned());
            labels.len() - 1
        });
        return (Term::Blank(id as u32), &rest[end..]);
    }
    let body = text.strip_prefix('"').unwrap_or_else(|| panic!("a term in {text}"));
    let mut end = 0;
    let bytes = body.as_bytes();
    while bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let value = unescape(&body[..end]).into();
    let rest = &body[end + 1..];
    if let Some(rest) = rest.strip_prefix("^^<") {
        let (datatype, rest) = rest.split_once('>').unwrap();
        let datatype = unescape(datatype);
        let datatype = (datatype != "http://www.w3.org/2001/XMLSchema#string").then(|| datatype.into());
        return (Term::Literal(Box::new(Literal { value, datatype, language: None })), rest);
    }
    if let Some(rest) = rest.strip_prefix('@') {
        let end = rest.find(|c: char| c.is_whitespace()).unwrap();
        let language = Some(rest[..end].to_lowercase().into());
        return (Term::Literal(Box::new(Literal { value, datatype: None, language })), &rest[end..]);
    }
    (Term::Literal(Box::new(Literal { value, datatype: None, language: None })), rest)
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next().unwrap() {
            't' => out.push('\t'),
            'b' => out.push('\u{8}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            'f' => out.push('\u{c}'),
            'u' => out.push(read_hex(&mut letters, 4)),
            'U' => out.push(read_hex(&mut letters, 8)),
            other => out.push(other),
        }
    }
    out
}

fn read_hex(letters: &mut std::str::Chars<'_>, count: usize) -> char {
    let digits: String = letters.by_ref().take(count).collect();
    char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
}

struct Table {
    passed: usize,
    differing: BTreeMap<String, String>,
    out_of_scope: BTreeMap<&'static str, usize>,
}

impl Table {
    fn new() -> Self {
        Self { passed: 0, differing: BTreeMap::new(), out_of_scope: BTreeMap::new() }
    }

    fn print(&self, name: &str) {
        println!("{name}: {} passed, {} differ", self.passed, self.differing.len());
        for (reason, count) in &self.out_of_scope {
            println!("  not applicable: {count} ({reason})");
        }
        for (test, why) in &self.differing {
            println!("  {test}: {why}");
        }
    }
}

/// Where this implementation deliberately differs:
/// `c033` a scoped context is looked at when its term is used, not before; `in06` an identifier inside `@nest` is refused;
/// `e062` dot segments behind `//host` are kept; `li12`, `li14` a list item that RDF can't hold is left out and noted, and what is noted so is never accepted.
const KNOWN_TO_RDF: &[&str] = &["#tc033", "#te062", "#tin06", "#tli12", "#tli14"];

#[test]
#[ignore = "needs ../shared/w3c"]
fn json_ld_to_rdf_agrees_with_the_w3c_tests() {
    let folder = w3c("json-ld-api");
    let manifest = json(&folder.join("toRdf-manifest.jsonld"));
    let site = manifest["baseIri"].as_str().unwrap();
    let mut added: HashMap<String, Value> = HashMap::new();
    let mut folders = vec![folder.join("toRdf")];
    while let Some(inner) = folders.pop() {
        for path in std::fs::read_dir(inner).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonld") {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
                added.insert(format!("{site}{name}"), json(&path));
            }
        }
    }
    let contexts = Contexts::with_added(added);
    let mut table = Table::new();
    for test in manifest["sequence"].as_array().unwrap() {
        let id = test["@id"].as_str().unwrap();
        let option = |name: &str| test["option"].get(name);
        let out_of_scope = [
            (option("specVersion").is_some_and(|version| version == "json-ld-1.0"), "JSON-LD 1.0 only"),
            (option("processingMode").is_some_and(|mode| mode == "json-ld-1.0"), "JSON-LD 1.0 only"),
            (option("produceGeneralizedRdf").is_some_and(|wanted| wanted == true), "generalized RDF"),
            (option("rdfDirection").is_some(), "directions in RDF"),
            (!test["input"].as_str().unwrap().ends_with(".jsonld"), "input in HTML"),
            (!folder.join(test["input"].as_str().unwrap()).is_file(), "input not at hand"),
        ];
        if let Some((_, reason)) = out_of_scope.iter().find(|(applies, _)| *applies) {
            *table.out_of_scope.entry(reason).or_default() += 1;
            continue;
        }
        let input = test["input"].as_str().unwrap();
        let mut document = json(&folder.join(input));
        if let Some(context) = option("expandContext").and_then(Value::as_str) {
            let outer = json(&folder.join(context))["@context"].clone();
            let inner = document.as_object_mut().unwrap().remove("@context");
            let list = [Some(outer), inner].into_iter().flatten().collect();
            document.as_object_mut().unwrap().insert("@context".to_owned(), Value::Array(list));
        }
        let base = option("base").and_then(Value::as_str).map_or_else(|| format!("{site}{input}"), str::to_owned);
        let found = expand(&document, &contexts, Edition::default(), Some(&base));
        let types = test["@type"].to_string();
        let difference = if types.contains("NegativeEvaluationTest") {
            found.is_ok().then(|| format!("accepted; expected {}", test["expectErrorCode"]))
        } else if types.contains("PositiveSyntaxTest") {
            found.err().map(|error| error.to_string())
        } else {
            let expected = std::fs::read_to_string(folder.join(test["expect"].as_str().unwrap())).unwrap();
            let expected = canonicalize(read_quads(&expected).0, HashAlgorithm::Sha256).unwrap().document();
            match found {
                Err(error) => Some(format!("refused: {error}")),
                Ok(found) => {
                    let found = canonicalize(found.dataset, HashAlgorithm::Sha256).unwrap().document();
                    (found != expected).then(|| format!("{}\n--- got\n{found}--- expected\n{expected}", test["name"]))
                }
            }
        };
        match difference {
            None => table.passed += 1,
            Some(why) => {
                table.differing.insert(id.to_owned(), why);
            }
        }
    }
    table.print("JSON-LD 1.1 toRdf");
    let differing: Vec<&str> = table.differing.keys().map(String::as_str).collect();
    assert_eq!(differing, KNOWN_TO_RDF);
}

#[test]
#[ignore = "needs ../shared/w3c"]
fn canonical_rdf_agrees_with_the_w3c_tests() {
    let folder = w3c("rdf-canon");
    let manifest = json(&folder.join("manifest.jsonld"));
    let mut table = Table::new();
    for test in manifest["entries"].as_array().unwrap() {
        let id = test["id"].as_str().unwrap();
        let text = |name: &str| std::fs::read_to_string(folder.join(test[name].as_str().unwrap())).unwrap();
        let hash = if test["hashAlgorithm"] == "SHA384" { HashAlgorithm::Sha384 } else { HashAlgorithm::Sha256 };
        let (dataset, labels) = read_quads(&text("action"));
        let found = canonicalize(dataset, hash);
        let difference = match (test["type"].as_str().unwrap(), found) {
            ("rdfc:RDFC10NegativeEvalTest", Err(_)) => None,
            ("rdfc:RDFC10NegativeEvalTest", Ok(_)) => Some("finished within the budget".to_owned()),
            (_, Err(error)) => Some(error.to_string()),
            ("rdfc:RDFC10MapTest", Ok(found)) => {
                let expected: BTreeMap<String, String> = serde_json::from_str(&text("result")).unwrap();
                let named = labels.iter().zip(&found.numbers);
                let found: BTreeMap<_, _> =
                    named.filter_map(|(label, number)| Some((label.clone(), format!("c14n{}", (*number)?)))).collect();
                (found != expected).then(|| format!("{found:?} instead of {expected:?}"))
            }
            (_, Ok(found)) => (found.document() != text("result")).then(|| "another document".to_owned()),
        };
        match difference {
            None => table.passed += 1,
            Some(why) => {
                table.differing.insert(id.to_owned(), why);
            }
        }
    }
    table.print("RDFC-1.0");
    assert!(table.differing.is_empty());
}
