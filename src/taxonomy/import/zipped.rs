//! Archives of official downloads: ESCO's bundle of tables, O*NET's text database. Which member is what is told by its columns;
//! members that hold no skills (occupations, collections, ratings of occupations) are left out by name.

use super::{ImportError, MAX_BYTES, Wanted, read_text, table};
use crate::taxonomy::bundle::Bundle;
use std::io::{Cursor, Read};

/// Members that hold something else, or the same again: by the start of their name in lower case without marks.
const LEFT_OUT: &[&str] = &[
    "occupation",
    "iscogroups",
    "conceptschemes",
    "digcomp",
    "digitalskills",
    "greenskills",
    "languageskills",
    "research",
    "transversalskills",
    "skillskillrelations",
    "broaderrelationsocc",
    "dictionary",
    "readme",
    "abilities",
    "work",
    "task",
    "interest",
    "education",
    "jobzone",
    "scales",
    "alternatetitles",
    "sampleofreported",
    "related",
    "survey",
    "unspsc",
    "emerging",
    "toolsused",
    "essentialskills",
    "transferableskills",
    "skills.txt",
    "knowledge.txt",
    "experience",
    "greenshare",
    "level",
];

pub fn read(bytes: &[u8], wanted: &Wanted) -> Result<Bundle, ImportError> {
    let unreadable = |error: zip::result::ZipError| ImportError::Unreadable(format!("the archive can't be opened: {error}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut bundle = Bundle::default();
    let mut left = MAX_BYTES;
    for index in 0..archive.len().min(500) {
        let member = archive.by_index(index).map_err(unreadable)?;
        let full = member.name().map_err(unreadable)?;
        let name = full.rsplit('/').next().unwrap_or_default().to_owned();
        let lower: String = name.to_lowercase().chars().filter(|mark| mark.is_ascii_alphanumeric() || *mark == '.').collect();
        let is_text = [".csv", ".tsv", ".txt", ".ttl", ".rdf", ".xml", ".json", ".jsonld"].iter().any(|end| lower.ends_with(end));
        if !is_text || LEFT_OUT.iter().any(|start| lower.starts_with(start)) {
            continue;
        }
        let mut content = Vec::new();
        member.take(left + 1).read_to_end(&mut content).map_err(|error| ImportError::Unreadable(format!("{name}: {error}")))?;
        left = left.checked_sub(content.len() as u64).ok_or(ImportError::TooLarge)?;
        let Ok(text) = String::from_utf8(content) else {
            bundle.problem(&name, 0, "the file is not UTF-8 text and was left out");
            continue;
        };
        let text = text.trim_start_matches('\u{feff}');
        let is_table = [".csv", ".tsv", ".txt"].iter().any(|end| lower.ends_with(end));
        if bundle.name.is_empty() && text.contains("http://data.europa.eu/esco/") {
            "esco".clone_into(&mut bundle.name);
            "ESCO".clone_into(&mut bundle.title);
            "EU reuse decision 2011/833/EU".clone_into(&mut bundle.licence);
        }
        if bundle.name.is_empty() && (lower.starts_with("contentmodel") || lower.starts_with("technologyskills")) {
            "onet".clone_into(&mut bundle.name);
            "O*NET".clone_into(&mut bundle.title);
            "CC BY 4.0".clone_into(&mut bundle.licence);
        }
        if is_table {
            if let Err(error) = table::read(&mut bundle, &name, text, wanted) {
                bundle.problem(&name, 1, error.to_string());
            }
        } else {
            bundle.merge(read_text(&name, text, wanted)?, false);
        }
    }
    Ok(bundle)
}
