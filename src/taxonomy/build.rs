//! A bundle becomes a compiled taxonomy. Comes in: concepts with their labels. Goes out: a [`Catalogue`] without embedding.
//! Must not know: files.

use super::bundle::{Bundle, Kind, LabelKind};
use super::catalogue::{About, Catalogue, Concepts, Crossings, Labels, Stems};
use super::lexical::Lexical;
use super::packed::{Lists, Texts};
use super::words::{hash, normal, stem, words};
use std::collections::{BTreeSet, HashMap};

/// Skills whose preferred label begins with a word, before the word counts as a verb.
const VERB_SKILLS: usize = 10;
/// Words of a description that are looked at.
const DESCRIPTION_WORDS: usize = 60;

/// Compiles a tidied bundle.
pub fn build(bundle: &Bundle) -> Catalogue {
    let languages: Vec<String> = bundle.languages().into_iter().take(64).collect();
    let place: HashMap<&str, u8> = languages.iter().enumerate().map(|(at, tag)| (tag.as_str(), at as u8)).collect();
    let by_uri: HashMap<&str, u32> = bundle.concepts.iter().enumerate().map(|(at, one)| (one.uri.as_str(), at as u32)).collect();
    let mut labels = Labels::default();
    let mut label_starts = vec![0u32];
    let mut successors = Texts::default();
    let mut replaced = Vec::new();
    for (at, concept) in bundle.concepts.iter().enumerate() {
        for label in &concept.labels {
            let Some(language) = place.get(label.language.as_str()) else { continue };
            labels.texts.push(&label.text);
            labels.normals.push(&normal(&label.text));
            labels.languages.push(*language);
            labels.kinds.push(match label.kind {
                LabelKind::Preferred => 0,
                LabelKind::Alternative => 1,
                LabelKind::Hidden => 2,
            });
            labels.concepts.push(at as u32);
        }
        label_starts.push(labels.kinds.len() as u32);
        let first = successors.len() as u32;
        concept.replaced_by.iter().for_each(|uri| successors.push(uri));
        replaced.push((first..successors.len() as u32).collect());
    }
    labels.sorted = (0..labels.kinds.len() as u32).collect();
    let key = |label: &u32| (labels.languages[*label as usize], labels.normals.get(*label as usize), *label);
    labels.sorted.sort_unstable_by(|one, other| key(one).cmp(&key(other)));

    let count = labels.kinds.len();
    (labels.norms, labels.long_norms) = (vec![1.0; count], vec![1.0; count]);
    let mut lexical = Vec::with_capacity(languages.len());
    for language in 0..languages.len() {
        let is_target = |label: &u32| {
            let concept = &bundle.concepts[labels.concepts[*label as usize] as usize];
            concept.kind != Kind::Group && !concept.retired
        };
        let members: Vec<u32> = (0..count as u32)
            .filter(|label| usize::from(labels.languages[*label as usize]) == language && is_target(label))
            .collect();
        let (norms, long_norms) = (&mut labels.norms, &mut labels.long_norms);
        lexical.push(Lexical::build(&labels.normals, &members, |label, [all, long]| {
            norms[label as usize] = all;
            long_norms[label as usize] = long;
        }));
    }
    let (stems, of_concepts) = stems(bundle);
    let place_of = |word: &str| stems.hashes.binary_search(&hash(stem(word), 0)).ok().map(|at| at as u32);
    labels.stems = Lists::of((0..count).map(|label| words(labels.normals.get(label)).filter_map(place_of).collect()));
    let broader = bundle.concepts.iter().map(|concept| {
        let mut above: Vec<u32> = concept.broader.iter().filter_map(|uri| by_uri.get(uri.as_str()).copied()).collect();
        // The concept itself above it, or a heading of another tree, explains nothing: real groups first.
        above.sort_by_key(|at| (bundle.concepts[*at as usize].kind != Kind::Group, *at));
        above
    });
    let all = &bundle.concepts;
    let concepts = Concepts {
        uris: all.iter().map(|concept| concept.uri.as_str()).collect(),
        codes: all.iter().map(|concept| concept.code.as_str()).collect(),
        kinds: all.iter().map(|concept| concept.kind.code()).collect(),
        reuse: all.iter().map(|concept| concept.reuse.code()).collect(),
        retired: all.iter().map(|concept| u8::from(concept.retired)).collect(),
        descriptions: all.iter().map(|concept| concept.description.as_str()).collect(),
        label_starts,
        broader: Lists::of(broader),
        replaced: Lists::of(replaced),
        successors,
        stems: of_concepts,
    };
    let crossings = Crossings {
        from: bundle.crossings.iter().map(|one| one.from.as_str()).collect(),
        to: bundle.crossings.iter().map(|one| one.to.as_str()).collect(),
        relations: bundle.crossings.iter().map(|one| one.relation as u8).collect(),
    };
    let about = About {
        name: bundle.name.clone(),
        version: bundle.version.clone(),
        title: if bundle.title.is_empty() { bundle.name.clone() } else { bundle.title.clone() },
        licence: bundle.licence.clone(),
        languages,
        concepts: all.iter().filter(|concept| concept.kind != Kind::Group && !concept.retired).count(),
        labels: count,
        crossings: bundle.crossings.len(),
        problems: bundle.problem_count,
        seed: None,
    };
    Catalogue { about, concepts, labels, stems, verbs: verbs(bundle), crossings, lexical, embedding: None }
}

/// The stems of each concept's texts, and how rare each is.
fn stems(bundle: &Bundle) -> (Stems, Lists) {
    let mut holders: HashMap<u64, u32> = HashMap::new();
    let mut of_concepts: Vec<BTreeSet<u64>> = Vec::with_capacity(bundle.concepts.len());
    for concept in &bundle.concepts {
        let mut found = BTreeSet::new();
        for label in &concept.labels {
            found.extend(words(&normal(&label.text)).map(|word| hash(stem(word), 0)));
        }
        let description: String = concept.description.chars().take(600).collect();
        for part in description.split(['.', ';', ',']) {
            found.extend(words(&normal(part)).take(DESCRIPTION_WORDS).map(|word| hash(stem(word), 0)));
        }
        found.iter().for_each(|stem| *holders.entry(*stem).or_default() += 1);
        of_concepts.push(found);
    }
    let mut hashes: Vec<u64> = holders.keys().copied().collect();
    hashes.sort_unstable();
    let total = bundle.concepts.len() as f32;
    let idf =
        hashes.iter().map(|stem| (1.0 + total / (1.0 + holders.get(stem).copied().unwrap_or_default() as f32)).ln()).collect();
    let place = |stem: &u64| hashes.binary_search(stem).ok().map(|at| at as u32);
    let lists = Lists::of(of_concepts.iter().map(|found| found.iter().filter_map(place).collect()));
    (Stems { hashes, idf }, lists)
}

/// First words of many preferred labels of skills: verbs, found in the taxonomy itself.
fn verbs(bundle: &Bundle) -> Vec<u64> {
    let mut counted: HashMap<u64, usize> = HashMap::new();
    for concept in bundle.concepts.iter().filter(|concept| matches!(concept.kind, Kind::Skill | Kind::Transversal)) {
        for label in concept.labels.iter().filter(|label| label.kind == LabelKind::Preferred) {
            let normal = normal(&label.text);
            if let Some(first) = words(&normal).next() {
                *counted.entry(hash(stem(first), 0)).or_default() += 1;
            }
        }
    }
    let mut verbs: Vec<u64> = counted.into_iter().filter(|(_, count)| *count >= VERB_SKILLS).map(|(word, _)| word).collect();
    verbs.sort_unstable();
    verbs
}
