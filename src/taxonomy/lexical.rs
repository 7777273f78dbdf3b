//! Labels of one language, found by the runs of 2 to 4 characters that they share with a text (TF-IDF, cosine).
//! Comes in: normal forms. Goes out: labels with their likeness. Must not know: concepts.

use super::packed::{Lists, Packer, Texts, Unpacker};
use super::words::{run_length, runs, runs_while};
use std::collections::HashMap;
use std::io;

/// Postings that one look-up reads at most: common runs are left to the exact comparison.
const MAX_POSTINGS: usize = 24_000;
/// Labels that are compared exactly.
const COMPARED: usize = 128;
/// Steps between no likeness and the largest, in which labels are counted.
const STEPS: usize = 512;

#[derive(Clone, Debug, Default)]
pub struct Lexical {
    /// Sorted.
    runs: Vec<u64>,
    idf: Vec<f32>,
    /// Weight of a run that no label holds.
    unknown: f32,
    /// For each run of 3 or 4 characters: the labels that hold it.
    postings: Lists,
}

/// How alike a text and a label are: over runs of 2 to 4 and of 3 to 4 characters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Alike {
    pub all: f32,
    pub long: f32,
}

impl Alike {
    pub fn max(self, other: Self) -> Self {
        Self { all: self.all.max(other.all), long: self.long.max(other.long) }
    }
}

/// The runs of a text that is looked up, in a small table of its own.
pub struct Query {
    slots: Vec<Slot>,
    mask: usize,
    filled: Vec<usize>,
    norms: [f32; 2],
}

#[derive(Clone, Copy, Default)]
struct Slot {
    run: u64,
    weight: f32,
    idf: f32,
    posting: u32,
    /// Occurrences in the label that is compared just now.
    count: u16,
}

fn largest(idf: &[f32]) -> f32 {
    idf.iter().copied().fold(1.0, f32::max)
}

fn spread(run: u64) -> usize {
    (run.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

impl Lexical {
    /// Builds the index over the labels `members` of `normals`; gives each label's two norms to `norm`.
    pub fn build(normals: &Texts, members: &[u32], mut norm: impl FnMut(u32, [f32; 2])) -> Self {
        let mut holders: HashMap<u64, Vec<u32>, foldhash::fast::FixedState> = HashMap::default();
        for label in members {
            runs(normals.get(*label as usize), |run, _| {
                let holders = holders.entry(run).or_default();
                if holders.last() != Some(label) {
                    holders.push(*label);
                }
            });
        }
        let mut sorted: Vec<(u64, Vec<u32>)> = holders.into_iter().collect();
        sorted.sort_unstable_by_key(|(run, _)| *run);
        let total = members.len() as f32;
        let idf: Vec<f32> = sorted.iter().map(|(_, labels)| ((1.0 + total) / (1.0 + labels.len() as f32)).ln() + 1.0).collect();
        let run_list: Vec<u64> = sorted.iter().map(|(run, _)| *run).collect();
        // Two characters say too little to be looked up by.
        let postings = Lists::of(sorted.into_iter().map(|(run, labels)| if run_length(run) > 2 { labels } else { Vec::new() }));
        let index = Self { runs: run_list, unknown: largest(&idf), idf, postings };
        for label in members {
            norm(*label, index.query(normals.get(*label as usize)).norms);
        }
        index
    }

    pub fn query(&self, normal: &str) -> Query {
        let mut counted: Vec<u64> = Vec::with_capacity(64);
        runs(normal, |run, _| counted.push(run));
        counted.sort_unstable();
        let size = (counted.len() * 2).next_power_of_two().max(64);
        let mut query = Query { slots: vec![Slot::default(); size], mask: size - 1, filled: Vec::new(), norms: [0.0; 2] };
        let mut squares = [0.0f32; 2];
        for same in counted.chunk_by(|one, other| one == other) {
            let Some(run) = same.first().copied() else { continue };
            let found = self.runs.binary_search(&run);
            // A run that no label holds still says that the text is about something else.
            let idf = found.map_or(self.unknown, |at| self.idf.get(at).copied().unwrap_or(1.0));
            let weight = (1.0 + (same.len() as f32).ln()) * idf;
            squares[0] += weight * weight;
            if run_length(run) > 2 {
                squares[1] += weight * weight;
            }
            let Ok(at) = found else { continue };
            let mut slot = spread(run) & query.mask;
            while query.slots[slot].run != 0 {
                slot = (slot + 1) & query.mask;
            }
            query.slots[slot] = Slot { run, weight, idf, posting: at as u32, count: 0 };
            query.filled.push(slot);
        }
        query.norms = squares.map(f32::sqrt);
        query
    }

    /// The labels that share most with the text, best first, compared roughly: `(label, rough likeness)`.
    pub fn nearest(&self, query: &Query, norms: &[f32], scratch: &mut Scratch) -> Vec<u32> {
        let mut order: Vec<&Slot> = query.filled.iter().map(|slot| &query.slots[*slot]).collect();
        order.sort_by(|one, other| other.idf.total_cmp(&one.idf).then(one.run.cmp(&other.run)));
        scratch.clear(norms.len());
        let mut read = 0;
        for slot in order {
            let labels = self.postings.get(slot.posting as usize);
            if read > 0 && read + labels.len() > MAX_POSTINGS {
                continue;
            }
            read += labels.len();
            scratch.add(labels, slot.weight * slot.idf);
        }
        scratch.best(norms, COMPARED)
    }

    pub fn pack(&self, packer: &mut Packer) {
        packer.u64s(&self.runs);
        packer.f32s(&self.idf);
        packer.lists(&self.postings);
    }

    pub fn unpack(unpacker: &mut Unpacker<'_>) -> io::Result<Self> {
        let (runs, idf) = (unpacker.take_u64s()?, unpacker.take_f32s()?);
        Ok(Self { runs, unknown: largest(&idf), idf, postings: unpacker.take_lists()? })
    }

    pub fn bytes(&self) -> usize {
        12 * self.runs.len() + 4 * (self.postings.starts.len() + self.postings.values.len())
    }
}

impl Query {
    /// The exact likeness of a label; `norms`: its own.
    pub fn compare(&mut self, label: &str, norms: [f32; 2]) -> Alike {
        let mut touched: [usize; 256] = [0; 256];
        let mut count = 0;
        let (slots, mask) = (&mut self.slots, self.mask);
        runs_while(label, |run| {
            let mut at = spread(run) & mask;
            while slots[at].run != 0 {
                if slots[at].run == run {
                    if slots[at].count == 0 && count < touched.len() {
                        touched[count] = at;
                        count += 1;
                    }
                    slots[at].count = slots[at].count.saturating_add(1);
                    return true;
                }
                at = (at + 1) & mask;
            }
            false
        });
        let (mut all, mut long) = (0.0, 0.0);
        for at in &touched[..count] {
            let slot = &mut slots[*at];
            let times = if slot.count == 1 { 1.0 } else { 1.0 + f32::from(slot.count).ln() };
            let shared = slot.weight * times * slot.idf;
            all += shared;
            if run_length(slot.run) > 2 {
                long += shared;
            }
            slot.count = 0;
        }
        let cosine = |shared: f32, at: usize| match self.norms[at] * norms[at] {
            0.0 => 0.0,
            product => (shared / product).min(1.0),
        };
        Alike { all: cosine(all, 0), long: cosine(long, 1) }
    }
}

/// Memory that look-ups use again and again.
#[derive(Default)]
pub struct Scratch {
    scores: Vec<f32>,
    touched: Vec<u32>,
    /// The likeness of each touched label.
    rough: Vec<f32>,
}

impl Scratch {
    fn clear(&mut self, labels: usize) {
        self.scores.resize(labels, 0.0);
        for label in self.touched.drain(..) {
            self.scores[label as usize] = 0.0;
        }
    }

    fn add(&mut self, labels: &[u32], weight: f32) {
        for label in labels {
            let Some(score) = self.scores.get_mut(*label as usize) else { continue };
            if *score == 0.0 {
                self.touched.push(*label);
            }
            *score += weight;
        }
    }

    fn best(&mut self, norms: &[f32], wanted: usize) -> Vec<u32> {
        let (scores, rough) = (&self.scores, &mut self.rough);
        rough.clear();
        rough.extend(self.touched.iter().map(|label| scores[*label as usize] / norms[*label as usize].max(1.0)));
        // Most labels are far behind. Counting them in steps finds the step of the last wanted label without sorting them.
        let step = STEPS as f32 / rough.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let step_of = |likeness: f32| ((likeness * step) as usize).min(STEPS);
        let mut counts = [0usize; STEPS + 1];
        rough.iter().for_each(|likeness| counts[step_of(*likeness)] += 1);
        let mut least = STEPS;
        let mut enough = counts[STEPS];
        while enough < wanted && least > 0 {
            least -= 1;
            enough += counts[least];
        }
        let near = rough.iter().zip(&self.touched).filter(|(likeness, _)| step_of(**likeness) >= least);
        let mut found: Vec<(f32, u32)> = near.map(|(likeness, label)| (*likeness, *label)).collect();
        found.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        found.truncate(wanted);
        found.into_iter().map(|(_, label)| label).collect()
    }
}
