//! Concepts that the issuer declared, held against the loaded taxonomies. Comes in: addresses and names. Goes out: the taxonomy's own
//! names and versions, what took the place of retired concepts, what crosswalks lead to, and whether name and address disagree.

use super::candidates::{Asked, Sources, Work, find};
use super::concepts::{concept, relation};
use crate::model::skill::{Concept, Method, Relation};
use crate::taxonomy::bundle::Match;
use crate::taxonomy::{Catalogue, Taxonomies};

/// Name and concept share less than this: they disagree.
const LEAST_RUNS: f32 = 0.2;
const LEAST_VECTOR: f32 = 0.3;

/// What a look at the declared concepts gives.
pub struct Checked {
    pub concepts: Vec<Concept>,
    /// A declared address belongs to a concept of quite another name.
    pub mismatch: bool,
}

/// `label`: the name that the issuer gives the skill.
pub fn check(taxonomies: &Taxonomies, declared: &[Concept], label: &str, language: Option<&str>, target: &str) -> Checked {
    let mut concepts: Vec<Concept> = Vec::with_capacity(declared.len());
    let mut mismatch = false;
    for one in declared {
        let mut one = one.clone();
        let found = address(&one).and_then(|uri| taxonomies.find(&uri));
        let Some((catalogue, at)) = found else {
            concepts.push(one);
            continue;
        };
        let own = language.and_then(|tag| catalogue.language(tag));
        // The skill's own text stays as the issuer wrote it, whatever was filled in before.
        mismatch |= disagrees(catalogue, at, label, language);
        let known = concept(catalogue, at, own, Relation::Exact, Method::Declared);
        one.taxonomy_version = known.taxonomy_version;
        one.taxonomy = known.taxonomy;
        one.uri = known.uri;
        one.code = one.code.or(known.code);
        one.label = known.label.filter(|name| !name.is_empty()).or(one.label);
        one.mapping = known.mapping;
        concepts.push(one);
        for uri in catalogue.successors(at).filter(|_| catalogue.is_retired(at)) {
            if let Some((catalogue, new)) = taxonomies.find(uri) {
                add(&mut concepts, concept(catalogue, new, own, Relation::Close, Method::Crosswalk));
            }
        }
    }
    if !mismatch && !concepts.iter().any(|one| one.taxonomy == target) {
        let crossed = concepts.iter().filter_map(|one| one.uri.as_deref());
        let crossed: Vec<(Match, String)> = crossed.flat_map(|uri| taxonomies.crossings(uri).to_vec()).collect();
        for (of, uri) in crossed {
            if let Some((catalogue, at)) = taxonomies.find(&uri).filter(|(catalogue, _)| catalogue.about.name == target) {
                let own = language.and_then(|tag| catalogue.language(tag));
                add(&mut concepts, concept(catalogue, at, own, relation(of), Method::Crosswalk));
            }
        }
    }
    // The employer's own catalogue first, and in it the closest relation.
    concepts.sort_by_key(|one| (one.taxonomy != target, one.relation as u8));
    Checked { concepts, mismatch }
}

fn add(to: &mut Vec<Concept>, one: Concept) {
    if !to.iter().any(|known| known.uri == one.uri) {
        to.push(one);
    }
}

/// ESCO's addresses come with https and with a slash at the end, too. O*NET's elements are known by their code.
fn address(concept: &Concept) -> Option<String> {
    match concept.uri.as_deref() {
        Some(uri) => match uri.strip_prefix("https://data.europa.eu/") {
            Some(rest) => Some(format!("http://data.europa.eu/{}", rest.trim_end_matches('/'))),
            None if uri.starts_with("http://data.europa.eu/") => Some(uri.trim_end_matches('/').to_owned()),
            None => Some(uri.to_owned()),
        },
        None => concept.code.clone(),
    }
}

/// Whether the name has nothing in common with any label of the concept.
fn disagrees(catalogue: &Catalogue, at: u32, name: &str, language: Option<&str>) -> bool {
    if name.trim().is_empty() {
        return false;
    }
    let asked = Asked { text: name, language, context: None, among: Some(&[at]) };
    let found = find(catalogue, &asked, Sources::ALL, false, &mut Work::default());
    let Some(numbers) = found.all.first().map(|one| &one.numbers) else { return false };
    let has_label = catalogue.labels_of(at).any(|label| {
        let own = language.and_then(|tag| catalogue.language(tag)).or_else(|| catalogue.language("en"));
        catalogue.labels.languages.get(label).copied() == own
    });
    // Without a label in the language of the name, nothing can be compared.
    has_label && numbers.runs < LEAST_RUNS && numbers.label < LEAST_VECTOR && numbers.text_in_concept < 0.34
}
