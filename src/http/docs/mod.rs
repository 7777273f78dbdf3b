//! What the pages below /docs show: the project's documents, the connectors' documents, receivers, the API and the events.
//! Comes in: the name of a page. Goes out: its content, made from files that are part of the program. Must not know: who reads it.

pub mod markdown;
pub mod reference;
mod request;
pub mod samples;

pub use markdown::Document;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

mod documents {
    include!(concat!(env!("OUT_DIR"), "/documents.rs"));
}

mod connectors {
    include!(concat!(env!("OUT_DIR"), "/connector_documents.rs"));
}

mod receivers {
    include!(concat!(env!("OUT_DIR"), "/receivers.rs"));
}

/// The documents that the index lists, in the order of a reader's way. The others are reached by links.
pub const LISTED: [&str; 9] =
    ["events", "channels", "persons", "skills", "connectors", "verdicts", "accounts", "operating", "architecture"];

type Files = [(&'static str, &'static [u8])];
type Documents = BTreeMap<&'static str, Document>;

/// Made when a page first shows one of them.
static DOCUMENTS: LazyLock<Documents> = LazyLock::new(|| made(documents::EMBEDDED, "docs"));
static CONNECTORS: LazyLock<Documents> = LazyLock::new(|| made(connectors::EMBEDDED, "connectors"));

/// `folder`: where the files lie in the project.
fn made(files: &'static Files, folder: &str) -> Documents {
    let paths = files.iter().map(|(path, _)| *path);
    paths.filter_map(|path| Some((path, markdown::document(text(files, path)?, &format!("{folder}/{path}"))))).collect()
}

/// A document of `docs/`, for example `events` or `decisions/silence`.
pub fn document(name: &str) -> Option<&'static Document> {
    DOCUMENTS.get(format!("{name}.md").as_str())
}

/// The page of the list of connectors.
const LIST: &str = "list";

/// The README of a connector, or the list of connectors.
pub fn connector(name: &str) -> Option<&'static Document> {
    let path = if name == LIST { "README.md".to_owned() } else { format!("{name}/README.md") };
    CONNECTORS.get(path.as_str())
}

/// Name and title of each connector, by name.
pub fn connectors() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONNECTORS.iter().filter_map(|(path, document)| Some((path.strip_suffix("/README.md")?, document.title.as_str())))
}

/// A program that receives events, as text.
#[derive(Debug, Serialize)]
pub struct Receiver {
    pub language: &'static str,
    pub file: &'static str,
    pub run: &'static str,
    pub text: &'static str,
}

/// The receivers, each with the command that runs it. `SECRET` is the connection's signing secret.
pub fn receivers() -> Vec<Receiver> {
    let known = [
        ("Python 3", "receiver.py", "python3 receiver.py SECRET 9000"),
        ("JavaScript (Node.js 18 or newer)", "receiver.mjs", "node receiver.mjs SECRET 9000"),
        ("Java 17 or newer", "Receiver.java", "java Receiver.java SECRET 9000"),
    ];
    let found = |(language, file, run)| Some(Receiver { language, file, run, text: text(receivers::EMBEDDED, file)? });
    known.into_iter().filter_map(found).collect()
}

/// The page of a document of the project, by the document's path.
fn page_of(path: &str) -> Option<String> {
    if let Some(name) = path.strip_prefix("docs/").and_then(|path| path.strip_suffix(".md")) {
        let index = name.strip_suffix("/README").unwrap_or(name);
        return Some(format!("/docs/{index}"));
    }
    let name = path.strip_prefix("connectors/")?;
    match name.strip_suffix("/README.md") {
        Some(name) => Some(format!("/docs/connectors/{name}")),
        None => Some(format!("/docs/connectors/{LIST}")).filter(|_| name == "README.md"),
    }
}

fn text(files: &'static Files, path: &str) -> Option<&'static str> {
    let (_, bytes) = files.iter().find(|(name, _)| *name == path)?;
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_between_the_documents_leads_to_a_page() {
        let all = documents::EMBEDDED.iter().map(|(path, _)| document(path.trim_end_matches(".md")));
        let all = all.chain(connectors::EMBEDDED.iter().filter_map(|(path, _)| path.strip_suffix("/README.md")).map(connector));
        let mut links = 0;
        for made in all.flatten() {
            for link in made.html.split("href=\"/docs/").skip(1).filter_map(|rest| rest.split('"').next()) {
                let name = link.split('#').next().unwrap_or_default();
                let is_there = match name.strip_prefix("connectors/") {
                    Some(name) => connector(name).is_some(),
                    None => document(name).is_some() || document(&format!("{name}/README")).is_some(),
                };
                assert!(is_there, "{}: /docs/{link}", made.title);
                links += 1;
            }
        }
        assert!(links > 20, "{links}");
        assert!(LISTED.iter().all(|name| document(name).is_some()));
        assert_eq!(receivers().len(), 3);
    }
}
