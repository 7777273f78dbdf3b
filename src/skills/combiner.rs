//! Weighs what speaks for each candidate and for "no concept". Comes in: numbers and trained weights. Goes out: candidates in
//! order, each with a probability. Must not know: where numbers come from.

use super::candidates::{Candidate, Candidates};
use super::numbers::{OfCandidate, OfNone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Trained weights for one set of sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    pub candidate: BTreeMap<String, f32>,
    pub none: BTreeMap<String, f32>,
}

/// The same as [`Weights`], by place.
#[derive(Clone, Debug, PartialEq)]
pub struct Combiner {
    candidate: Vec<f32>,
    none: Vec<f32>,
}

#[derive(Clone, Debug)]
pub struct Ranked {
    pub concept: u32,
    pub probability: f32,
    /// The place of its candidate.
    pub at: usize,
}

impl Combiner {
    pub fn new(weights: &Weights) -> Self {
        let by_place = |names: &[&str], of: &BTreeMap<String, f32>| {
            names.iter().map(|name| of.get(*name).copied().unwrap_or_default()).collect()
        };
        Self { candidate: by_place(OfCandidate::NAMES, &weights.candidate), none: by_place(OfNone::NAMES, &weights.none) }
    }

    pub fn of_places(all: &[f64]) -> Self {
        let (candidate, none) = all.split_at(OfCandidate::NAMES.len());
        let short = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
        Self { candidate: short(candidate), none: short(none) }
    }

    pub fn weights(&self) -> Weights {
        // Four digits behind the point are enough, and make a file that a person can compare.
        let named = |names: &[&str], values: &[f32]| {
            let rounded = values.iter().map(|value| (value * 10_000.0).round() / 10_000.0);
            names.iter().map(|name| (*name).to_owned()).zip(rounded).collect()
        };
        Weights { candidate: named(OfCandidate::NAMES, &self.candidate), none: named(OfNone::NAMES, &self.none) }
    }

    fn score(&self, candidate: &Candidate) -> f32 {
        self.candidate.iter().zip(candidate.numbers.values()).map(|(weight, number)| weight * number).sum()
    }

    /// The candidates, most probable first. What is missing to 1 is the probability of "no concept".
    pub fn rank(&self, candidates: &Candidates) -> Vec<Ranked> {
        let none: f32 = self.none.iter().zip(candidates.none.values()).map(|(weight, number)| weight * number).sum();
        let scores: Vec<f32> = candidates.all.iter().map(|candidate| self.score(candidate)).collect();
        let largest = scores.iter().copied().fold(none, f32::max);
        let total: f32 = scores.iter().map(|score| (score - largest).exp()).sum::<f32>() + (none - largest).exp();
        let mut ranked: Vec<Ranked> = scores
            .iter()
            .enumerate()
            .map(|(at, score)| Ranked { concept: candidates.all[at].concept, probability: (score - largest).exp() / total, at })
            .collect();
        ranked.sort_by(|one, other| other.probability.total_cmp(&one.probability).then(one.concept.cmp(&other.concept)));
        ranked
    }
}
