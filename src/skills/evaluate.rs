//! Measures the matcher on judged pairs, and trains it. Comes in: a catalogue and pairs. Goes out: counts with intervals, coefficients.
//! A threshold is never measured on the pairs that it was chosen on.

use super::candidates::{Asked, Candidates, Context, Sources, Work, find};
use super::coefficients::{Chosen, Coefficients, Set};
use super::combiner::{Combiner, Ranked};
use super::mapper::answer;
use super::pairs::Pair;
use super::training::train;
use crate::model::skill::Method;
use crate::taxonomy::Catalogue;
use crate::taxonomy::words::normal;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Parts that the pairs are cut into; each is judged by weights that were trained on the others.
pub const FOLDS: u64 = 8;
/// Most wrong answers among those that are published without a person's look.
const WRONG: f32 = 0.05;

/// A pair with what was found for it.
pub struct Judged<'a> {
    pub pair: &'a Pair,
    pub found: Candidates,
    /// Places of the right candidates.
    pub right: Vec<usize>,
}

pub fn look_up<'a>(catalogue: &Catalogue, products: Option<&Catalogue>, pairs: &'a [Pair], sources: Sources) -> Vec<Judged<'a>> {
    let mut work = Work::default();
    let one = |pair: &'a Pair| {
        let context = (!pair.around.is_empty()).then(|| Context::of(catalogue, pair.around.iter().map(String::as_str)));
        let asked = Asked { text: &pair.text, language: Some(&pair.language), context: context.as_ref(), among: None };
        let is_product = products.is_some_and(|products| !products.with_label(&normal(&pair.text), 0).is_empty());
        let found = find(catalogue, &asked, sources, is_product, &mut work);
        let is_right = |concept: u32| pair.right.iter().any(|uri| uri == catalogue.uri(concept));
        let right = found.all.iter().enumerate().filter(|(_, one)| is_right(one.concept)).map(|(at, _)| at).collect();
        Judged { pair, found, right }
    };
    pairs.iter().map(one).collect()
}

/// What came of one pair.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub set: String,
    pub is_link: bool,
    /// Place of the first right concept, from 0.
    pub place: Option<usize>,
    pub probability: f32,
    /// How it would be published, if it were, and whether that is right.
    pub published: Option<(Method, bool)>,
}

impl Outcome {
    fn of(judged: &Judged<'_>, ranked: &[Ranked], chosen: &Chosen) -> Self {
        let is_right = |concept: u32| judged.right.iter().any(|at| judged.found.all[*at].concept == concept);
        let published = answer(&judged.found, ranked, chosen).map(|answer| (answer.method, is_right(answer.concept)));
        Self {
            set: judged.pair.set.clone(),
            is_link: !judged.pair.right.is_empty(),
            place: ranked.iter().position(|one| judged.right.contains(&one.at)),
            probability: ranked.first().map_or(0.0, |one| one.probability),
            published,
        }
    }

    fn is_wrong(&self) -> bool {
        self.place != Some(0)
    }
}

/// English texts have weights of their own: only for them pairs without a concept are known.
fn group(language: &str) -> bool {
    language == "en"
}

fn trained<'a>(judged: impl Iterator<Item = &'a Judged<'a>>) -> Combiner {
    let rows: Vec<(&Candidates, Vec<usize>)> = judged.map(|one| (&one.found, one.right.clone())).collect();
    train(&rows)
}

/// Each pair judged by weights, and a threshold, that come from the other folds.
pub fn cross_validated(judged: &[Judged<'_>]) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(judged.len());
    for english in [true, false] {
        let of_group: Vec<&Judged<'_>> = judged.iter().filter(|one| group(&one.pair.language) == english).collect();
        if of_group.is_empty() {
            continue;
        }
        let first = out_of_fold(&of_group, &[None; FOLDS as usize]);
        let thresholds: Vec<Option<f32>> = (0..FOLDS)
            .map(|fold| {
                let others = of_group.iter().zip(&first).filter(|(one, _)| one.pair.fold(FOLDS) != fold);
                threshold(others.map(|(_, outcome)| outcome)).filter(|_| english)
            })
            .collect();
        outcomes.extend(out_of_fold(&of_group, &thresholds));
    }
    outcomes
}

fn out_of_fold(judged: &[&Judged<'_>], thresholds: &[Option<f32>]) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; judged.len()];
    for (fold, threshold) in (0..FOLDS).zip(thresholds) {
        let combiner = trained(judged.iter().copied().filter(|one| one.pair.fold(FOLDS) != fold));
        let chosen = Chosen { combiner, publish_at: *threshold };
        for (one, outcome) in judged.iter().zip(&mut outcomes).filter(|(one, _)| one.pair.fold(FOLDS) == fold) {
            *outcome = Some(Outcome::of(one, &chosen.combiner.rank(&one.found), &chosen));
        }
    }
    outcomes.into_iter().flatten().collect()
}

/// The least probability at which few enough answers are wrong.
fn threshold<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Option<f32> {
    let mut sorted: Vec<(f32, bool)> = outcomes.map(|outcome| (outcome.probability, outcome.is_wrong())).collect();
    sorted.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut wrong, mut least) = (0usize, None);
    for (count, (probability, is_wrong)) in (1usize..).zip(sorted) {
        wrong += usize::from(is_wrong);
        if wrong as f32 <= WRONG * count as f32 && count >= 10 {
            least = Some(probability);
        }
    }
    least
}

/// The coefficients for a catalogue, with and without its vectors.
pub fn coefficients(id: &str, catalogue: &Catalogue, products: Option<&Catalogue>, pairs: &[Pair]) -> Coefficients {
    let mut sets = Vec::new();
    for embedding in [true, false] {
        if embedding && catalogue.embedding.is_none() {
            continue;
        }
        let judged = look_up(catalogue, products, pairs, Sources { embedding, ..Sources::ALL });
        for english in [true, false] {
            let of_group: Vec<&Judged<'_>> = judged.iter().filter(|one| group(&one.pair.language) == english).collect();
            if of_group.is_empty() {
                continue;
            }
            let first = out_of_fold(&of_group, &[None; FOLDS as usize]);
            let publish_at = threshold(first.iter()).filter(|_| english).map(|least| (least * 1000.0).ceil() / 1000.0);
            let weights = trained(of_group.into_iter()).weights();
            let languages = if english { vec!["en".to_owned()] } else { Vec::new() };
            sets.push(Set { languages, embedding, publish_at, weights });
        }
    }
    let about = &catalogue.about;
    let major = about.version.split('.').next().unwrap_or_default();
    Coefficients { id: id.to_owned(), taxonomy: format!("{}@{major}", about.name), sets }
}

/// Each pair judged by the coefficients that are built in.
pub fn shipped(coefficients: &Coefficients, catalogue: &Catalogue, judged: &[Judged<'_>], embedding: bool) -> Vec<Outcome> {
    let about = &catalogue.about;
    let one = |judged: &Judged<'_>| {
        let chosen = coefficients.choose(&about.name, &about.version, &judged.pair.language, embedding)?;
        Some(Outcome::of(judged, &chosen.combiner.rank(&judged.found), &chosen))
    };
    judged.iter().filter_map(one).collect()
}

/// 95% interval of a share (Wilson).
pub fn interval(hits: usize, of: usize) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, z) = (of as f64, 1.96f64);
    let share = hits as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// A table for people: one row for each set.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut sets: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        sets.entry(&outcome.set).or_default().push(outcome);
    }
    let mut text =
        format!("{:<14} {:>5} {:>26} {:>26} {:>24} {:>26}\n", "set", "pairs", "P@1", "hit@5", "published", "of these wrong");
    for (set, rows) in sets {
        let links: Vec<&&Outcome> = rows.iter().filter(|one| one.is_link).collect();
        let within = |places: usize| links.iter().filter(|one| one.place.is_some_and(|place| place < places)).count();
        let published: Vec<(Method, bool)> = rows.iter().filter_map(|one| one.published).collect();
        let wrong = published.iter().filter(|(_, is_right)| !is_right).count();
        let exact = published.iter().filter(|(method, _)| *method == Method::Exact).count();
        let wrote = writeln!(
            text,
            "{set:<14} {:>5} {:>26} {:>26} {:>24} {:>26}",
            rows.len(),
            share(within(1), links.len()),
            share(within(5), links.len()),
            format!("{} ({exact} exact) = {:.3}", published.len(), published.len() as f64 / rows.len().max(1) as f64),
            share(wrong, published.len()),
        );
        debug_assert!(wrote.is_ok());
    }
    text
}

fn share(hits: usize, of: usize) -> String {
    let (low, high) = interval(hits, of);
    format!("{hits}/{of} {:.3} [{low:.3} {high:.3}]", hits as f64 / of.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(probability: f32, right: bool) -> Outcome {
        let place = right.then_some(0);
        Outcome { set: "s".to_owned(), is_link: true, place, probability, published: None }
    }

    #[test]
    fn the_threshold_is_the_least_at_which_few_answers_are_wrong() {
        let mut outcomes: Vec<Outcome> = (0..40).map(|at| outcome(0.99 - 0.01 * at as f32, true)).collect();
        outcomes.push(outcome(0.5, false));
        outcomes.push(outcome(0.4, false));
        outcomes.push(outcome(0.3, false));
        assert_eq!(threshold(outcomes.iter()), Some(0.4));
        assert_eq!(threshold(outcomes[..5].iter()), None);
    }

    #[test]
    fn a_small_count_has_a_wide_interval() {
        let (low, high) = interval(0, 5);
        assert!(low.abs() < 1e-9 && (0.4..0.5).contains(&high), "{low} {high}");
        assert_eq!(interval(0, 0), (0.0, 1.0));
    }
}
