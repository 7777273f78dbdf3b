//! Judged pairs: texts with the concepts that people say they mean. Comes in: a table. Goes out: pairs, and the folds that a concept
//! stays in, so that no concept is learned from and tested on.

use crate::taxonomy::words::hash;

/// A text and what it means.
#[derive(Clone, Debug)]
pub struct Pair {
    pub set: String,
    pub text: String,
    pub language: String,
    /// Addresses of the right concepts; empty: no concept of the taxonomy means it.
    pub right: Vec<String>,
    /// The text is a name of a concept, or of a wrong concept.
    pub overlaps: bool,
    /// Names around the text in its credential.
    pub around: Vec<String>,
}

/// Reads the table: columns `set`, `query`, `lang`, `gold_esco_uris` or `uris`, and optionally `label_overlap` and `context`.
///
/// # Errors
/// The table lacks a column, or a row is broken: says which.
pub fn read(text: &str) -> Result<Vec<Pair>, String> {
    let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |names: &[&str]| names.iter().find_map(|name| header.iter().position(|one| one == *name));
    let needed =
        |names: &[&str]| column(names).ok_or_else(|| format!("the table lacks the column \"{}\"", names.first().unwrap_or(&"")));
    let (set, query, language) = (needed(&["set"])?, needed(&["query"])?, needed(&["lang"])?);
    let (uris, overlap, context) = (needed(&["gold_esco_uris", "uris"])?, column(&["label_overlap"]), column(&["context"]));
    let mut pairs = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let value = |at: usize| row.get(at).unwrap_or_default();
        let listed = |at: usize| value(at).split('|').filter(|one| !one.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        pairs.push(Pair {
            set: value(set).to_owned(),
            text: value(query).to_owned(),
            language: value(language).to_owned(),
            right: listed(uris),
            overlaps: overlap.is_some_and(|at| !matches!(value(at), "" | "no")),
            around: context.map(listed).unwrap_or_default(),
        });
    }
    Ok(pairs)
}

impl Pair {
    pub fn fold(&self, folds: u64) -> u64 {
        hash(self.right.first().unwrap_or(&self.text), 7) % folds.max(1)
    }
}
