//! Texts as directions: learned from the taxonomy's own labels, without data of third parties. Comes in: normal forms. Goes out:
//! vectors, and the concepts whose labels point the same way. Must not know: how a skill is decided.

mod features;
pub mod train;

use super::packed::{Lists, Packer, Unpacker};
pub use features::features;
use std::io;

/// Numbers of a vector.
pub const DIMENSIONS: usize = 128;
/// Rows of the table of features; a power of two.
pub const ROWS: usize = 1 << 17;
/// Groups of concepts; a look-up compares the text with the members of the nearest groups only.
const GROUPS: usize = 128;
const LOOKED_INTO: usize = 20;

/// A vector of length one, in 127ths.
pub type Direction = [i8; DIMENSIONS];

#[derive(Clone, Debug, Default)]
pub struct Embedding {
    /// `ROWS` × `DIMENSIONS`, each row in its own scale.
    table: Vec<i8>,
    scales: Vec<f32>,
    /// Of each concept: the middle of its labels.
    centres: Vec<i8>,
    labels: Vec<i8>,
    /// Of each concept's description; zero when it has none.
    descriptions: Vec<i8>,
    group_centres: Vec<i8>,
    groups: Lists,
}

fn row(of: &[i8], at: usize) -> &[i8] {
    of.get(at * DIMENSIONS..(at + 1) * DIMENSIONS).unwrap_or_default()
}

/// From -1 (opposite) to 1 (the same direction).
pub fn likeness(one: &[i8], other: &[i8]) -> f32 {
    // In pieces of a known length, which the compiler turns into wide instructions.
    let (one, _) = one.as_chunks::<16>();
    let (other, _) = other.as_chunks::<16>();
    let mut sums = [0i32; 16];
    for (one, other) in one.iter().zip(other) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += i32::from(i16::from(*one) * i16::from(*other));
        }
    }
    sums.iter().sum::<i32>() as f32 / (127.0 * 127.0)
}

/// The vector in 127ths, of length one; all zero when it has no length.
pub fn direction(vector: &[f32]) -> Direction {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let mut found = [0i8; DIMENSIONS];
    if length > 1e-9 {
        found.iter_mut().zip(vector).for_each(|(to, value)| *to = (value / length * 127.0).round() as i8);
    }
    found
}

impl Embedding {
    pub fn of_text(&self, normal: &str) -> Direction {
        let mut sum = [0.0f32; DIMENSIONS];
        features(normal, |feature| {
            let scale = self.scales.get(feature as usize).copied().unwrap_or_default();
            sum.iter_mut().zip(row(&self.table, feature as usize)).for_each(|(sum, value)| *sum += scale * f32::from(*value));
        });
        direction(&sum)
    }

    pub fn centre(&self, concept: u32) -> &[i8] {
        row(&self.centres, concept as usize)
    }

    pub fn label(&self, label: usize) -> &[i8] {
        row(&self.labels, label)
    }

    pub fn description(&self, concept: u32) -> &[i8] {
        row(&self.descriptions, concept as usize)
    }

    /// The concepts whose middle is nearest to the text, best first.
    pub fn nearest(&self, text: &Direction, wanted: usize) -> Vec<u32> {
        let mut groups: Vec<(f32, u32)> =
            (0..self.groups.len()).map(|group| (likeness(text, row(&self.group_centres, group)), group as u32)).collect();
        best(&mut groups, LOOKED_INTO);
        let members = groups.iter().flat_map(|(_, group)| self.groups.get(*group as usize));
        let mut found: Vec<(f32, u32)> = members.map(|concept| (likeness(text, self.centre(*concept)), *concept)).collect();
        best(&mut found, wanted);
        found.into_iter().map(|(_, concept)| concept).collect()
    }

    pub fn bytes(&self) -> usize {
        let signed = [&self.table, &self.centres, &self.labels, &self.descriptions, &self.group_centres];
        signed.into_iter().map(Vec::len).sum::<usize>() + 4 * (self.scales.len() + self.groups.values.len() + GROUPS)
    }

    pub fn pack(&self, packer: &mut Packer) {
        [&self.table, &self.centres, &self.labels, &self.descriptions, &self.group_centres]
            .into_iter()
            .for_each(|values| packer.signed(values));
        packer.f32s(&self.scales);
        packer.lists(&self.groups);
    }

    pub fn unpack(from: &mut Unpacker<'_>) -> io::Result<Self> {
        let (table, centres, labels) = (from.take_signed()?, from.take_signed()?, from.take_signed()?);
        let (descriptions, group_centres) = (from.take_signed()?, from.take_signed()?);
        Ok(Self { table, scales: from.take_f32s()?, centres, labels, descriptions, group_centres, groups: from.take_lists()? })
    }
}

/// Keeps the `wanted` largest, largest first.
fn best(found: &mut Vec<(f32, u32)>, wanted: usize) {
    let order = |one: &(f32, u32), other: &(f32, u32)| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1));
    if found.len() > wanted {
        found.select_nth_unstable_by(wanted, order);
        found.truncate(wanted);
    }
    found.sort_unstable_by(order);
}
