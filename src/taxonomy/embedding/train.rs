//! Learns the vectors: two texts of one concept shall point the same way, those of other concepts elsewhere. Comes in: a compiled
//! taxonomy. Goes out: its [`Embedding`]. The same taxonomy and seed give the same vectors. Can be stopped and taken up again.

use super::{DIMENSIONS, Embedding, GROUPS, ROWS, best, direction, features, likeness, row};
use crate::taxonomy::catalogue::Catalogue;
use crate::taxonomy::packed::{Lists, Packer, Unpacker};
use crate::taxonomy::words::normal;
use std::io;

/// Concepts of one step; each is the wrong answer for all others.
const BATCH: usize = 640;
pub const STEPS: u32 = 1_400;
const TEMPERATURE: f32 = 0.06;
const RATE: f32 = 0.03;
const WEIGHT_RATE: f32 = 0.006;
/// Share of features that one side of a pair goes without.
const DROPPED: f32 = 0.15;
/// Share of pairs whose second text is a description.
const DESCRIBED: f32 = 0.25;

/// The state between two steps.
pub struct Training {
    pub seed: u64,
    pub step: u32,
    table: Vec<f32>,
    /// Sum of squared slopes of each row.
    slopes: Vec<f32>,
    weights: Vec<f32>,
    weight_slopes: Vec<f32>,
    texts: Texts,
    gradient: Vec<f32>,
    weight_gradient: Vec<f32>,
}

/// The features of all texts.
struct Texts {
    labels: Lists,
    /// Label ids of each concept that takes part.
    of_concepts: Vec<Vec<u32>>,
    descriptions: Lists,
    has_description: Vec<bool>,
}

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
}

impl Training {
    pub fn new(catalogue: &Catalogue, seed: u64) -> Self {
        let texts = Texts::of(catalogue);
        let mut random = Random(seed);
        // Sums of three even numbers are near enough to a bell curve.
        let mut bell = || (random.unit() + random.unit() + random.unit() - 1.5) * 2.0 / (DIMENSIONS as f32).sqrt();
        let table: Vec<f32> = (0..ROWS * DIMENSIONS).map(|_| bell()).collect();
        let mut holders = vec![0u32; ROWS];
        texts.labels.values.iter().for_each(|feature| holders[*feature as usize] += 1);
        let total = texts.labels.len() as f32;
        let weight = |count: &u32| (((total + 1.0) / (*count as f32 + 1.0)).ln() / total.max(3.0).ln()).max(0.0).sqrt().max(0.05);
        let weights = holders.iter().map(weight).collect();
        Self {
            seed,
            step: 0,
            table,
            slopes: vec![0.0; ROWS],
            weights,
            weight_slopes: vec![0.0; ROWS],
            texts,
            gradient: vec![0.0; ROWS * DIMENSIONS],
            weight_gradient: vec![0.0; ROWS],
        }
    }

    /// Takes up a training that was stopped.
    pub fn resume(catalogue: &Catalogue, saved: &[u8]) -> io::Result<Self> {
        let mut from = Unpacker::new(saved);
        let head = from.take_u64s()?;
        let [seed, step, labels] = head[..] else { return Err(io::Error::from(io::ErrorKind::InvalidData)) };
        let (table, slopes) = (from.take_f32s()?, from.take_f32s()?);
        let (weights, weight_slopes) = (from.take_f32s()?, from.take_f32s()?);
        let fits =
            table.len() == ROWS * DIMENSIONS && [&slopes, &weights, &weight_slopes].into_iter().all(|rows| rows.len() == ROWS);
        if !fits || labels != catalogue.labels.kinds.len() as u64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the saved training belongs to another taxonomy"));
        }
        let (gradient, weight_gradient) = (vec![0.0; ROWS * DIMENSIONS], vec![0.0; ROWS]);
        let texts = Texts::of(catalogue);
        Ok(Self { seed, step: step as u32, table, slopes, weights, weight_slopes, texts, gradient, weight_gradient })
    }

    pub fn save(&self, catalogue: &Catalogue) -> Vec<u8> {
        let mut packer = Packer::default();
        packer.u64s(&[self.seed, u64::from(self.step), catalogue.labels.kinds.len() as u64]);
        [&self.table, &self.slopes, &self.weights, &self.weight_slopes].into_iter().for_each(|rows| packer.f32s(rows));
        packer.out
    }

    /// One step; returns the loss.
    pub fn step(&mut self) -> f32 {
        let mut random = Random(self.seed ^ (u64::from(self.step) + 1).wrapping_mul(0xd134_2543_de82_ef95));
        self.step += 1;
        let (left, right) = self.texts.pairs(&mut random);
        let size = left.len();
        let (one, one_lengths) = self.vectors(&left);
        let (other, other_lengths) = self.vectors(&right);
        let (slopes, loss) = contrast(&one, &other, size);
        let mut to_one = vec![0.0f32; size * DIMENSIONS];
        let mut to_other = vec![0.0f32; size * DIMENSIONS];
        for (at, slopes) in slopes.chunks_exact(size).enumerate() {
            let own = &one[at * DIMENSIONS..(at + 1) * DIMENSIONS];
            let mine = &mut to_one[at * DIMENSIONS..(at + 1) * DIMENSIONS];
            let theirs = other.chunks_exact(DIMENSIONS).zip(to_other.chunks_exact_mut(DIMENSIONS));
            for (slope, (vector, back)) in slopes.iter().zip(theirs) {
                if slope.abs() > 1e-7 {
                    mine.iter_mut().zip(vector).for_each(|(to, value)| *to += slope * value);
                    back.iter_mut().zip(own).for_each(|(to, value)| *to += slope * value);
                }
            }
        }
        let mut touched = Vec::new();
        self.spread(&left, &one, &one_lengths, &to_one, &mut touched);
        self.spread(&right, &other, &other_lengths, &to_other, &mut touched);
        self.descend(touched);
        loss
    }

    /// The normalised vectors of the texts, with their lengths before.
    fn vectors(&self, texts: &[Vec<u32>]) -> (Vec<f32>, Vec<f32>) {
        let mut vectors = vec![0.0f32; texts.len() * DIMENSIONS];
        let mut lengths = Vec::with_capacity(texts.len());
        for (features, vector) in texts.iter().zip(vectors.chunks_exact_mut(DIMENSIONS)) {
            for feature in features {
                let weight = self.weights[*feature as usize];
                let row = &self.table[*feature as usize * DIMENSIONS..][..DIMENSIONS];
                vector.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
            }
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-6);
            vector.iter_mut().for_each(|value| *value /= length);
            lengths.push(length);
        }
        (vectors, lengths)
    }

    /// Passes the slopes of the vectors on to the features that made them.
    fn spread(&mut self, texts: &[Vec<u32>], vectors: &[f32], lengths: &[f32], slopes: &[f32], touched: &mut Vec<u32>) {
        let rows = vectors.chunks_exact(DIMENSIONS).zip(slopes.chunks_exact(DIMENSIONS)).zip(lengths);
        for (features, ((vector, slope), length)) in texts.iter().zip(rows) {
            let along: f32 = vector.iter().zip(slope).map(|(one, other)| one * other).sum();
            let mut own = [0.0f32; DIMENSIONS];
            own.iter_mut().zip(slope.iter().zip(vector)).for_each(|(to, (slope, value))| *to = (slope - along * value) / length);
            for feature in features {
                let at = *feature as usize;
                if self.weight_gradient[at] == 0.0 {
                    touched.push(*feature);
                }
                let (weight, row) = (self.weights[at], &self.table[at * DIMENSIONS..][..DIMENSIONS]);
                let to = &mut self.gradient[at * DIMENSIONS..][..DIMENSIONS];
                let mut of_weight = 0.0;
                for ((to, slope), value) in to.iter_mut().zip(&own).zip(row) {
                    *to += weight * slope;
                    of_weight += value * slope;
                }
                self.weight_gradient[at] += of_weight;
            }
        }
    }

    fn descend(&mut self, mut touched: Vec<u32>) {
        touched.sort_unstable();
        touched.dedup();
        for feature in touched {
            let at = feature as usize;
            let gradient = &mut self.gradient[at * DIMENSIONS..][..DIMENSIONS];
            let square: f32 = gradient.iter().map(|value| value * value).sum::<f32>() / DIMENSIONS as f32;
            self.slopes[at] += square;
            let rate = RATE / (self.slopes[at].sqrt() + 1e-8);
            let row = &mut self.table[at * DIMENSIONS..][..DIMENSIONS];
            row.iter_mut().zip(gradient.iter_mut()).for_each(|(value, slope)| {
                *value -= rate * *slope;
                *slope = 0.0;
            });
            let slope = std::mem::take(&mut self.weight_gradient[at]);
            self.weight_slopes[at] += slope * slope;
            let rate = WEIGHT_RATE / (self.weight_slopes[at].sqrt() + 1e-8);
            self.weights[at] = (self.weights[at] - rate * slope).max(0.01);
        }
    }

    /// The trained vectors of the taxonomy.
    pub fn finish(self, catalogue: &Catalogue) -> Embedding {
        let mut embedding = Embedding { table: Vec::with_capacity(ROWS * DIMENSIONS), ..Embedding::default() };
        for (values, weight) in self.table.chunks_exact(DIMENSIONS).zip(&self.weights) {
            let largest = values.iter().fold(1e-9f32, |largest, value| largest.max(value.abs()));
            embedding.table.extend(values.iter().map(|value| (value / largest * 127.0).round() as i8));
            embedding.scales.push(weight * largest / 127.0);
        }
        let label_count = catalogue.labels.kinds.len();
        for label in 0..label_count {
            embedding.labels.extend(embedding.of_text(catalogue.labels.normals.get(label)));
        }
        for concept in 0..catalogue.len() as u32 {
            let mut sum = [0.0f32; DIMENSIONS];
            for label in catalogue.labels_of(concept) {
                // The preferred name counts twice.
                let weight = if catalogue.labels.kinds.get(label) == Some(&0) { 2.0 } else { 1.0 };
                sum.iter_mut().zip(row(&embedding.labels, label)).for_each(|(to, value)| *to += weight * f32::from(*value));
            }
            embedding.centres.extend(direction(&sum));
            let text = normal(catalogue.concepts.descriptions.get(concept as usize));
            let described = if text.is_empty() { [0; DIMENSIONS] } else { embedding.of_text(&text) };
            embedding.descriptions.extend(described);
        }
        embedding.group(catalogue);
        embedding
    }
}

impl Embedding {
    /// Puts concepts that point the same way into groups (k-means).
    fn group(&mut self, catalogue: &Catalogue) {
        let members: Vec<u32> = (0..catalogue.len() as u32).filter(|concept| catalogue.is_target(*concept)).collect();
        let count = GROUPS.min(members.len());
        let step = members.len().div_ceil(count.max(1)).max(1);
        let mut centres: Vec<i8> = members.iter().step_by(step).flat_map(|concept| self.centre(*concept).to_vec()).collect();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for _ in 0..8 {
            groups = vec![Vec::new(); centres.len() / DIMENSIONS];
            for concept in &members {
                let mut found: Vec<(f32, u32)> =
                    (0..groups.len()).map(|at| (likeness(self.centre(*concept), row(&centres, at)), at as u32)).collect();
                best(&mut found, 1);
                if let Some((_, at)) = found.first() {
                    groups[*at as usize].push(*concept);
                }
            }
            for (at, group) in groups.iter().enumerate().filter(|(_, group)| !group.is_empty()) {
                let mut sum = [0.0f32; DIMENSIONS];
                for concept in group {
                    sum.iter_mut().zip(self.centre(*concept)).for_each(|(to, value)| *to += f32::from(*value));
                }
                centres[at * DIMENSIONS..][..DIMENSIONS].copy_from_slice(&direction(&sum));
            }
        }
        (self.group_centres, self.groups) = (centres, Lists::of(groups));
    }
}

impl Texts {
    fn of(catalogue: &Catalogue) -> Self {
        let features_of = |text: &str| {
            let mut found = Vec::new();
            features(text, |feature| found.push(feature));
            found
        };
        let labels = Lists::of((0..catalogue.labels.kinds.len()).map(|label| features_of(catalogue.labels.normals.get(label))));
        let targets: Vec<u32> = (0..catalogue.len() as u32).filter(|concept| catalogue.is_target(*concept)).collect();
        let described: Vec<String> =
            targets.iter().map(|concept| normal(catalogue.concepts.descriptions.get(*concept as usize))).collect();
        let has_description: Vec<bool> = described.iter().map(|text| !text.is_empty()).collect();
        let of_concepts: Vec<Vec<u32>> =
            targets.iter().map(|concept| catalogue.labels_of(*concept).map(|label| label as u32).collect()).collect();
        let descriptions = Lists::of(described.iter().map(|text| features_of(text)));
        Self { labels, of_concepts, descriptions, has_description }
    }

    /// One pair of texts for each concept of a batch; no concept is there twice.
    fn pairs(&self, random: &mut Random) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
        let total = self.of_concepts.len();
        let size = BATCH.min(total);
        let mut chosen: Vec<usize> = Vec::with_capacity(size);
        let mut is_chosen = vec![false; total];
        while chosen.len() < size {
            let concept = random.below(total);
            if !std::mem::replace(&mut is_chosen[concept], true) {
                chosen.push(concept);
            }
        }
        let (mut left, mut right) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for concept in chosen {
            let labels = &self.of_concepts[concept];
            let pick = |random: &mut Random| {
                labels.get(random.below(labels.len())).map_or(&[][..], |label| self.labels.get(*label as usize))
            };
            let one = pick(random);
            let is_described = self.has_description[concept] && (labels.len() < 2 || random.unit() < DESCRIBED);
            let other = if is_described { self.descriptions.get(concept) } else { pick(random) };
            let kept: Vec<u32> = one.iter().copied().filter(|_| random.unit() >= DROPPED).collect();
            left.push(if kept.is_empty() { one.to_vec() } else { kept });
            right.push(other.to_vec());
        }
        (left, right)
    }
}

/// Softmax over the batch, from both sides: the slopes of each likeness, and the loss.
fn contrast(one: &[f32], other: &[f32], size: usize) -> (Vec<f32>, f32) {
    let mut scores = vec![0.0f32; size * size];
    for (vector, row) in one.chunks_exact(DIMENSIONS).zip(scores.chunks_exact_mut(size)) {
        for (score, theirs) in row.iter_mut().zip(other.chunks_exact(DIMENSIONS)) {
            *score = ((dot(vector, theirs) - 1.0) / TEMPERATURE).exp();
        }
    }
    let rows: Vec<f32> = scores.chunks_exact(size).map(|row| row.iter().sum()).collect();
    let mut columns = vec![0.0f32; size];
    scores.chunks_exact(size).for_each(|row| columns.iter_mut().zip(row).for_each(|(sum, score)| *sum += score));
    let scale = 0.5 / (size as f32 * TEMPERATURE);
    let mut loss = 0.0;
    for (at, (row, total)) in scores.chunks_exact_mut(size).zip(&rows).enumerate() {
        loss -= (row[at] / total).ln() + (row[at] / columns[at]).ln();
        for (score, column) in row.iter_mut().zip(&columns) {
            *score = (*score / total + *score / column) * scale;
        }
        row[at] -= 2.0 * scale;
    }
    (scores, loss / (2.0 * size as f32))
}

/// In eight sums side by side, so that the compiler can use wide instructions.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (one, other) in one.chunks_exact(8).zip(other.chunks_exact(8)) {
        sums.iter_mut().zip(one.iter().zip(other)).for_each(|(sum, (one, other))| *sum += one * other);
    }
    sums.iter().sum()
}
