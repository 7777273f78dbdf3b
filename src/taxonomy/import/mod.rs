//! Official downloads become a [`Bundle`]. Comes in: the bytes of a file and its name. Goes out: concepts, relations and the rows
//! that could not be read. Must not know: the index, where the file came from. Every byte is foreign: sizes are bounded.

mod json;
mod linked;
mod skos_xml;
pub mod table;
mod turtle;
mod zipped;

use super::bundle::Bundle;
use std::io;

/// Largest file, and largest file inside an archive, in bytes (512 MiB): the largest official download has 250 MiB.
pub const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Most concepts of one taxonomy.
pub const MAX_CONCEPTS: usize = 500_000;

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Unreadable(String),
    #[error("the file holds no concept: {0}")]
    Empty(String),
    #[error("the file is larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What the caller says about the file; empty values are found out from the file where it says them.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub name: String,
    pub version: String,
    pub licence: String,
    /// Language of labels whose file does not say it.
    pub language: String,
}

/// Reads a download. `file_name` helps where the bytes don't say what they are.
pub fn read(file_name: &str, bytes: &[u8], wanted: &Wanted) -> Result<Bundle, ImportError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ImportError::TooLarge);
    }
    let mut bundle = if bytes.starts_with(b"PK\x03\x04") {
        zipped::read(bytes, wanted)?
    } else {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            ImportError::Unreadable(format!(
                "the file is not UTF-8 text: the first bad byte is at position {}",
                error.valid_up_to()
            ))
        })?;
        read_text(file_name, text.trim_start_matches('\u{feff}'), wanted)?
    };
    let given =
        [(&wanted.name, &mut bundle.name), (&wanted.version, &mut bundle.version), (&wanted.licence, &mut bundle.licence)];
    for (said, found) in given {
        if !said.is_empty() {
            said.clone_into(found);
        }
    }
    if bundle.concepts.is_empty() && bundle.crossings.is_empty() {
        let first = bundle.problems.first().map_or("no row has a name", |problem| problem.message.as_str());
        return Err(ImportError::Empty(first.to_owned()));
    }
    if bundle.concepts.len() > MAX_CONCEPTS {
        return Err(ImportError::Unreadable(format!("the file holds more than {MAX_CONCEPTS} concepts")));
    }
    Ok(bundle)
}

/// One text file, by its first characters.
fn read_text(file_name: &str, text: &str, wanted: &Wanted) -> Result<Bundle, ImportError> {
    let start = text.trim_start();
    if start.starts_with('{') || start.starts_with('[') {
        return json::read(file_name, text, wanted);
    }
    if start.starts_with("<?xml") || start.starts_with("<rdf:RDF") {
        return skos_xml::read(file_name, text, wanted);
    }
    let is_turtle = ["@prefix", "@base", "PREFIX", "prefix", "BASE"].iter().any(|word| start.starts_with(word));
    if is_turtle || file_name.ends_with(".ttl") || file_name.ends_with(".nt") {
        return turtle::read(file_name, text, wanted);
    }
    let mut bundle = Bundle::default();
    table::read(&mut bundle, file_name, text, wanted)?;
    Ok(bundle)
}

/// `en` of `en-GB`, `en_GB` and `EN`.
pub(super) fn primary(language: &str) -> String {
    language.split(['-', '_']).next().unwrap_or_default().trim().to_lowercase()
}
