//! A taxonomy as an importer read it, before it is compiled. Comes in: rows of files. Goes out: concepts with their labels, the
//! relations between them, and the rows that could not be read. Must not know: file formats, the index.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most problems that are kept; all are counted.
const MAX_PROBLEMS: usize = 200;

/// What a concept is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Skill,
    Knowledge,
    Language,
    Technology,
    Transversal,
    /// A heading of the hierarchy: part of paths, never the meaning of a skill.
    Group,
}

impl Kind {
    pub const ALL: [Kind; 6] = [Kind::Skill, Kind::Knowledge, Kind::Language, Kind::Technology, Kind::Transversal, Kind::Group];

    pub fn code(self) -> u8 {
        Self::ALL.iter().position(|kind| *kind == self).map_or(0, |at| at as u8)
    }

    pub fn of_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or_default()
    }
}

/// How wide a concept is used: ESCO's reuse level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    #[default]
    Unknown,
    Transversal,
    CrossSector,
    Sector,
    Occupation,
}

impl Reuse {
    pub fn read(text: &str) -> Self {
        match text.trim().to_lowercase().as_str() {
            "transversal" => Self::Transversal,
            "cross-sector" => Self::CrossSector,
            "sector-specific" => Self::Sector,
            "occupation-specific" => Self::Occupation,
            _ => Self::Unknown,
        }
    }

    pub fn code(self) -> u8 {
        self as u8
    }

    pub fn of_code(code: u8) -> Self {
        let all = [Self::Unknown, Self::Transversal, Self::CrossSector, Self::Sector, Self::Occupation];
        all.get(usize::from(code)).copied().unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelKind {
    Preferred,
    Alternative,
    Hidden,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelText {
    pub text: String,
    /// Lower-case BCP 47 primary tag.
    pub language: String,
    pub kind: LabelKind,
}

#[derive(Clone, Debug, Default)]
pub struct ConceptText {
    pub uri: String,
    pub code: String,
    pub kind: Kind,
    pub reuse: Reuse,
    pub labels: Vec<LabelText>,
    pub description: String,
    pub broader: Vec<String>,
    /// Addresses of the concepts that took this one's place.
    pub replaced_by: Vec<String>,
    /// No longer part of the taxonomy.
    pub retired: bool,
}

/// How two concepts of different taxonomies relate, read from the first to the second (SKOS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    Exact,
    Close,
    Broad,
    Narrow,
}

impl Match {
    pub fn read(text: &str) -> Option<Self> {
        let name = text.rsplit(['#', '/', ':']).next().unwrap_or(text).trim().to_lowercase();
        match name.trim_end_matches("match") {
            "exact" | "exactof" | "equivalent" | "same" | "exactmatchof" => Some(Self::Exact),
            "close" | "similar" => Some(Self::Close),
            "broad" | "broader" => Some(Self::Broad),
            "narrow" | "narrower" => Some(Self::Narrow),
            _ => None,
        }
    }
}

/// One row of a crosswalk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    pub from: String,
    pub from_label: String,
    pub from_language: String,
    pub relation: Match,
    pub to: String,
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    pub file: String,
    /// Counted from 1, the header included; 0 when the format has no lines.
    pub line: u64,
    pub message: String,
}

#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// Short name: `esco`, `onet`, or the employer's own.
    pub name: String,
    pub version: String,
    pub licence: String,
    pub title: String,
    pub concepts: Vec<ConceptText>,
    pub crossings: Vec<Crossing>,
    pub problems: Vec<RowProblem>,
    pub problem_count: usize,
    by_uri: HashMap<String, usize>,
}

impl Bundle {
    pub fn new(name: &str, version: &str) -> Self {
        Self { name: name.to_owned(), version: version.to_owned(), ..Self::default() }
    }

    /// The concept with that address, made if it is not there.
    pub fn concept(&mut self, uri: &str) -> &mut ConceptText {
        let index = match self.by_uri.get(uri) {
            Some(index) => *index,
            None => {
                self.concepts.push(ConceptText { uri: uri.to_owned(), ..ConceptText::default() });
                self.by_uri.insert(uri.to_owned(), self.concepts.len() - 1);
                self.concepts.len() - 1
            }
        };
        &mut self.concepts[index]
    }

    pub fn has(&self, uri: &str) -> bool {
        self.by_uri.contains_key(uri)
    }

    pub fn problem(&mut self, file: &str, line: u64, message: impl Into<String>) {
        self.problem_count += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(RowProblem { file: file.to_owned(), line, message: message.into() });
        }
    }

    /// Takes over what another file says about the same concepts and, unless `only_known`, about further concepts.
    pub fn merge(&mut self, other: Self, only_known: bool) {
        for concept in other.concepts {
            if only_known && !self.has(&concept.uri) {
                continue;
            }
            let ours = self.concept(&concept.uri);
            let is_new = ours.labels.is_empty();
            for label in concept.labels {
                ours.add_label(&label.text, &label.language, label.kind);
            }
            ours.broader.extend(concept.broader);
            ours.replaced_by.extend(concept.replaced_by);
            ours.retired |= concept.retired;
            if ours.description.is_empty() {
                ours.description = concept.description;
            }
            if ours.code.is_empty() {
                ours.code = concept.code;
            }
            if is_new {
                (ours.kind, ours.reuse) = (concept.kind, concept.reuse);
            }
        }
        self.crossings.extend(other.crossings);
        self.problem_count += other.problem_count;
        self.problems.extend(other.problems);
        self.problems.truncate(MAX_PROBLEMS);
    }

    /// Drops concepts without a label and double relations, and puts everything into an order of its own: the same content
    /// makes the same compiled taxonomy, whatever the order of files and rows.
    pub fn tidy(&mut self) {
        self.concepts.retain(|concept| !concept.labels.is_empty() || concept.retired);
        self.concepts.sort_by(|one, other| one.uri.cmp(&other.uri));
        self.by_uri = self.concepts.iter().enumerate().map(|(at, concept)| (concept.uri.clone(), at)).collect();
        for concept in &mut self.concepts {
            concept.broader.sort();
            concept.broader.dedup();
            concept.replaced_by.sort();
            concept.replaced_by.dedup();
            concept
                .labels
                .sort_by(|one, other| (&one.language, one.kind, &one.text).cmp(&(&other.language, other.kind, &other.text)));
        }
        let key = |one: &Crossing| (one.from.clone(), one.to.clone(), one.relation, one.from_language.clone());
        self.crossings.sort_by_key(key);
        self.crossings.dedup();
    }

    /// The languages of the labels, the one with most labels first.
    pub fn languages(&self) -> Vec<String> {
        let mut counted: HashMap<&str, usize> = HashMap::new();
        for label in self.concepts.iter().flat_map(|concept| &concept.labels) {
            *counted.entry(label.language.as_str()).or_default() += 1;
        }
        let mut languages: Vec<(usize, &str)> = counted.into_iter().map(|(language, count)| (count, language)).collect();
        languages.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        languages.into_iter().map(|(_, language)| language.to_owned()).collect()
    }
}

impl ConceptText {
    /// Adds a label that is not there yet. A second preferred label of a language becomes an alternative one.
    pub fn add_label(&mut self, text: &str, language: &str, kind: LabelKind) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() || text.chars().count() > super::words::MAX_CHARACTERS {
            return;
        }
        let same = |label: &&mut LabelText| label.language == language && label.text == text;
        if let Some(known) = self.labels.iter_mut().find(same) {
            known.kind = known.kind.min(kind);
            return;
        }
        let is_second = kind == LabelKind::Preferred
            && self.labels.iter().any(|label| label.language == language && label.kind == LabelKind::Preferred);
        let kind = if is_second { LabelKind::Alternative } else { kind };
        self.labels.push(LabelText { text, language: language.to_owned(), kind });
    }
}
