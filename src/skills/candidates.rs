//! Concepts that a text may mean, with everything that speaks for each. Comes in: a text, its language and the credential around it.
//! Goes out: candidates with numbers that the combiner weighs. Must not know: how the numbers are weighed.

use super::numbers::{OfCandidate, OfNone};
use crate::taxonomy::Catalogue;
use crate::taxonomy::bundle::Kind;
use crate::taxonomy::embedding::{DIMENSIONS, Direction, Embedding, direction, likeness};
use crate::taxonomy::lexical::{Alike, Lexical, Query, Scratch};
use crate::taxonomy::words::{hash, normal, stem, words};

/// Candidates from each source.
const FROM_EACH: usize = 20;
/// Texts of the credential around a skill that count.
const MAX_CONTEXT: usize = 40;

/// What stands around a skill in its credential: names of the achievement and of the other skills.
#[derive(Clone, Debug, Default)]
pub struct Context {
    direction: Option<Direction>,
    stems: Vec<(u32, f32)>,
}

/// Which sources take part: all, unless somebody measures what a source is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    pub embedding: bool,
    pub context: bool,
    pub products: bool,
}

impl Sources {
    pub const ALL: Self = Self { embedding: true, context: true, products: true };
}

/// A text that is looked up.
pub struct Asked<'a> {
    pub text: &'a str,
    pub language: Option<&'a str>,
    pub context: Option<&'a Context>,
    /// Only these concepts are compared.
    pub among: Option<&'a [u32]>,
}

#[derive(Clone, Debug)]
pub struct Candidate {
    pub concept: u32,
    pub numbers: OfCandidate,
    /// The label that is most like the text.
    pub label: u32,
}

#[derive(Clone, Debug)]
pub struct Candidates {
    pub all: Vec<Candidate>,
    pub none: OfNone,
    /// Concepts with exactly this name.
    pub exact: Vec<u32>,
    pub words: usize,
}

/// Memory that look-ups use again and again.
#[derive(Default)]
pub struct Work {
    scratch: Scratch,
}

struct Stemmed {
    /// Place in the taxonomy's stems, or `None` for a word that it does not know.
    stems: Vec<(Option<u32>, f32)>,
    total: f32,
}

impl Context {
    pub fn of<'a>(catalogue: &Catalogue, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut sum = [0.0f32; DIMENSIONS];
        let mut stems: Vec<(u32, f32)> = Vec::new();
        for text in texts.into_iter().take(MAX_CONTEXT) {
            let text = normal(text);
            if let Some(embedding) = &catalogue.embedding {
                sum.iter_mut().zip(embedding.of_text(&text)).for_each(|(to, value)| *to += f32::from(value));
            }
            stems.extend(stemmed(catalogue, &text).stems.into_iter().filter_map(|(stem, idf)| Some((stem?, idf))));
        }
        stems.sort_unstable_by_key(|(stem, _)| *stem);
        stems.dedup_by_key(|(stem, _)| *stem);
        let direction = catalogue.embedding.is_some().then(|| direction(&sum));
        Self { direction, stems }
    }
}

/// Finds the candidates. `is_product`: whether the text names a product exactly.
pub fn find(catalogue: &Catalogue, asked: &Asked<'_>, sources: Sources, is_product: bool, work: &mut Work) -> Candidates {
    let text = normal(asked.text);
    let language = asked.language.and_then(|tag| catalogue.language(tag)).or_else(|| catalogue.language("en")).unwrap_or(0);
    let exact = catalogue.with_label(&text, language);
    let embedding = catalogue.embedding.as_ref().filter(|_| sources.embedding);
    let direction = embedding.map(|embedding| embedding.of_text(&text));
    let lexical = catalogue.lexical.get(usize::from(language));
    let mut look = Look {
        catalogue,
        language,
        query: lexical.map(|lexical| lexical.query(&text)),
        compared: Vec::new(),
        stemmed: stemmed(catalogue, &text),
        embedding: embedding.zip(direction),
        around: asked.context.filter(|_| sources.context),
        is_verb_first: words(&text).next().is_some_and(|first| catalogue.verbs.binary_search(&hash(stem(first), 0)).is_ok()),
    };
    let mut concepts: Vec<u32> = exact.iter().map(|(concept, _)| *concept).collect();
    if let Some(among) = asked.among {
        among.clone_into(&mut concepts);
    } else {
        if let Some(lexical) = lexical {
            concepts.extend(look.nearest_by_runs(lexical, work));
        }
        if let Some((embedding, direction)) = &look.embedding {
            concepts.extend(embedding.nearest(direction, FROM_EACH));
        }
    }
    concepts.sort_unstable();
    concepts.dedup();
    concepts.retain(|concept| asked.among.is_some() || catalogue.is_target(*concept));
    let mut all: Vec<Candidate> = concepts.into_iter().map(|concept| look.candidate(concept, &exact)).collect();
    mark_best(&mut all);
    let none = look.none(asked.text, &text, is_product && sources.products, &all);
    Candidates { all, none, exact: exact.into_iter().map(|(concept, _)| concept).collect(), words: text.split(' ').count() }
}

/// One text that is looked up, prepared.
struct Look<'a> {
    catalogue: &'a Catalogue,
    language: u8,
    query: Option<Query>,
    /// Labels that were compared with the text, by their place.
    compared: Vec<(u32, Alike)>,
    stemmed: Stemmed,
    embedding: Option<(&'a Embedding, Direction)>,
    around: Option<&'a Context>,
    is_verb_first: bool,
}

impl Look<'_> {
    /// The concepts of the labels that are most alike, compared exactly.
    fn nearest_by_runs(&mut self, lexical: &Lexical, work: &mut Work) -> Vec<u32> {
        let labels = &self.catalogue.labels;
        let Some(query) = &mut self.query else { return Vec::new() };
        let mut found: Vec<(f32, u32)> = Vec::new();
        for label in lexical.nearest(query, &labels.norms, &mut work.scratch) {
            let at = label as usize;
            let alike = query.compare(labels.normals.get(at), [labels.norms[at], labels.long_norms[at]]);
            found.push((alike.all, labels.concepts[at]));
            self.compared.push((label, alike));
        }
        self.compared.sort_unstable_by_key(|(label, _)| *label);
        found.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut concepts: Vec<u32> = Vec::with_capacity(FROM_EACH);
        for (_, concept) in found {
            if !concepts.contains(&concept) && concepts.len() < FROM_EACH {
                concepts.push(concept);
            }
        }
        concepts
    }

    fn candidate(&mut self, concept: u32, exact: &[(u32, u8)]) -> Candidate {
        let mut numbers = OfCandidate::default();
        let label = self.by_labels(concept, &mut numbers);
        if let Some((_, kind)) = exact.iter().find(|(same, _)| *same == concept) {
            numbers.exact = 1.0;
            numbers.exact_preferred = flag(*kind == 0);
            numbers.ambiguous = flag(exact.len() > 1);
        }
        self.by_kind(concept, &mut numbers);
        self.by_context(concept, &mut numbers);
        Candidate { concept, numbers, label }
    }

    /// Compares the text with each label of the concept in its language; returns the label that is most alike.
    fn by_labels(&mut self, concept: u32, numbers: &mut OfCandidate) -> u32 {
        let (catalogue, language) = (self.catalogue, self.language);
        let labels = &catalogue.labels;
        let range = catalogue.labels_of(concept);
        let mut best = (0.0f32, range.start as u32);
        let mut alike = Alike::default();
        for at in range {
            let is_own = labels.languages[at] == language;
            let is_preferred = labels.kinds[at] == 0;
            if is_own {
                let vector =
                    self.embedding.as_ref().map_or(0.0, |(embedding, direction)| likeness(direction, embedding.label(at)));
                if let Some(query) = &mut self.query {
                    let known = self.compared.binary_search_by_key(&(at as u32), |(label, _)| *label);
                    let one = match known {
                        Ok(place) => self.compared[place].1,
                        Err(_) => query.compare(labels.normals.get(at), [labels.norms[at], labels.long_norms[at]]),
                    };
                    alike = alike.max(one);
                    if is_preferred {
                        numbers.preferred_runs = one.all;
                    }
                    if one.all > best.0 {
                        best = (one.all, at as u32);
                    }
                }
                let theirs = labels.stems.get(at);
                let (shared, total) = self.stemmed.shared(theirs, catalogue);
                let dice = 2.0 * shared / (self.stemmed.total + total).max(1e-6);
                if dice > numbers.shared_words {
                    numbers.shared_words = dice;
                    numbers.text_in_label = shared / self.stemmed.total.max(1e-6);
                    numbers.label_in_text = shared / total.max(1e-6);
                    let own = &self.stemmed.stems;
                    let same = |own: Option<&(Option<u32>, f32)>, theirs: Option<&u32>| {
                        flag(own.is_some_and(|own| own.0.as_ref() == theirs))
                    };
                    numbers.same_head = same(own.last(), theirs.last());
                    numbers.same_start = same(own.first(), theirs.first());
                    numbers.length = (own.len() as f32 - theirs.len() as f32).abs() / 4.0;
                }
                if is_preferred {
                    numbers.text_in_name = shared / self.stemmed.total.max(1e-6);
                    numbers.name_in_text = shared / total.max(1e-6);
                    numbers.preferred_label = vector;
                }
                numbers.label = numbers.label.max(vector);
            }
        }
        (numbers.runs, numbers.long_runs) = (alike.all, alike.long);
        best.1
    }

    fn by_kind(&self, concept: u32, numbers: &mut OfCandidate) {
        let catalogue = self.catalogue;
        let of_concept = catalogue.concepts.stems.get(concept as usize);
        let known =
            self.stemmed.stems.iter().filter(|(stem, _)| stem.is_some_and(|stem| of_concept.binary_search(&stem).is_ok()));
        numbers.text_in_concept = known.map(|(_, idf)| idf).sum::<f32>() / self.stemmed.total.max(1e-6);
        let is_knowledge = catalogue.kind(concept) == Kind::Knowledge;
        numbers.knowledge = flag(is_knowledge);
        numbers.verb_and_knowledge = flag(is_knowledge && self.is_verb_first);
        numbers.verb_and_skill = flag(!is_knowledge && self.is_verb_first);
        match catalogue.concepts.reuse.get(concept as usize).copied().unwrap_or_default() {
            1 => numbers.transversal = 1.0,
            2 => numbers.cross_sector = 1.0,
            3 => numbers.sector = 1.0,
            4 => numbers.occupation = 1.0,
            _ => {}
        }
        numbers.labels = (1.0 + catalogue.labels_of(concept).len() as f32).ln() / 4.0;
        if let Some((embedding, direction)) = &self.embedding {
            numbers.centre = likeness(direction, embedding.centre(concept));
            numbers.description = likeness(direction, embedding.description(concept));
        }
    }

    fn by_context(&self, concept: u32, numbers: &mut OfCandidate) {
        let Some(around) = self.around else { return };
        if let (Some((embedding, _)), Some(direction)) = (&self.embedding, &around.direction) {
            numbers.context = likeness(direction, embedding.centre(concept));
        }
        let total: f32 = around.stems.iter().map(|(_, idf)| idf).sum();
        let of_concept = self.catalogue.concepts.stems.get(concept as usize);
        let shared = around.stems.iter().filter(|(stem, _)| of_concept.binary_search(stem).is_ok());
        numbers.context_words = shared.map(|(_, idf)| idf).sum::<f32>() / total.max(1e-6);
    }

    fn none(&self, original: &str, text: &str, is_product: bool, all: &[Candidate]) -> OfNone {
        let largest = |number: fn(&OfCandidate) -> f32| all.iter().map(|one| number(&one.numbers)).fold(0.0, f32::max);
        let count = words(text).count();
        let unknown: f32 = self.stemmed.stems.iter().filter(|(stem, _)| stem.is_none()).map(|(_, idf)| idf).sum();
        let inside = original.split_whitespace().filter(|word| word.chars().skip(1).any(char::is_uppercase)).count();
        OfNone {
            bias: 1.0,
            unknown_words: unknown / self.stemmed.total.max(1e-6),
            words: (count as f32).ln_1p(),
            single_word: flag(count == 1),
            digit: flag(text.bytes().any(|byte| byte.is_ascii_digit())),
            capitals: inside as f32 / count.max(1) as f32,
            verb_first: flag(self.is_verb_first),
            rarest_word: self.stemmed.stems.iter().map(|(_, idf)| *idf).fold(0.0, f32::max) / 10.0,
            runs: largest(|numbers| numbers.runs),
            centre: largest(|numbers| numbers.centre),
            label: largest(|numbers| numbers.label),
            exact: largest(|numbers| numbers.exact),
            shared_words: largest(|numbers| numbers.shared_words),
            product: flag(is_product),
            has_context: flag(self.around.is_some()),
            context: largest(|numbers| numbers.context),
        }
    }
}

fn mark_best(all: &mut [Candidate]) {
    let best = |number: fn(&OfCandidate) -> f32| all.iter().map(|one| number(&one.numbers)).fold(0.0, f32::max);
    let (runs, vector) = (best(|numbers| numbers.runs), best(|numbers| numbers.centre));
    for numbers in all.iter_mut().map(|one| &mut one.numbers) {
        numbers.best_runs = flag(runs > 0.0 && numbers.runs >= runs);
        numbers.best_vector = flag(vector > 0.0 && numbers.centre >= vector);
        numbers.agreement = numbers.runs * numbers.centre.max(0.0);
        numbers.label_squared = numbers.label * numbers.label;
        numbers.behind_vector = if vector > 0.0 { vector - numbers.centre } else { 0.0 };
        numbers.behind_runs = runs - numbers.runs;
    }
}

fn flag(holds: bool) -> f32 {
    f32::from(u8::from(holds))
}

impl Stemmed {
    /// How much the text shares with a label, and how much the label has.
    fn shared(&self, label: &[u32], catalogue: &Catalogue) -> (f32, f32) {
        let (mut shared, mut total) = (0.0, 0.0);
        for stem in label {
            let idf = catalogue.stems.idf.get(*stem as usize).copied().unwrap_or_default();
            total += idf;
            if self.stems.iter().any(|(own, _)| *own == Some(*stem)) {
                shared += idf;
            }
        }
        (shared, total)
    }
}

fn stemmed(catalogue: &Catalogue, text: &str) -> Stemmed {
    let unknown = (1.0 + catalogue.len() as f32).ln();
    let mut stems: Vec<(Option<u32>, f32)> = Vec::with_capacity(8);
    for word in words(text) {
        let found = catalogue.stems.hashes.binary_search(&hash(stem(word), 0)).ok();
        let idf = found.and_then(|at| catalogue.stems.idf.get(at).copied()).unwrap_or(unknown);
        let one = (found.map(|at| at as u32), idf);
        if one.0.is_none() || !stems.contains(&one) {
            stems.push(one);
        }
    }
    let total = stems.iter().map(|(_, idf)| idf).sum();
    Stemmed { stems, total }
}
