//! Whether the person attained what a credential awards, by its results.
//! Comes in: results, the descriptions of what they measure, and the orders that are signed. Goes out: one answer per result and one
//! for all results. A result that can't be compared with certainty is `unknown`; a failed result never counts as attained.
//! Must not know: credential formats, skills.

mod read;
pub mod scale;
pub mod stray;
#[cfg(test)]
mod tests;
pub mod words;

pub use read::{Described, Order, measure, result_types};

use super::reader::Node;
use crate::model::credential::Attainment;
use scale::Relation;
use words::Word;

/// The kind of a result, for the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A status: whether it was attained, not how well.
    Status,
    /// A value or a level.
    Graded,
    /// A prediction, which proves nothing.
    Predicted,
}

/// Whether the description requires a value or level that the given value or level can be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    Nothing,
    Something,
    /// The requirement is compared with another part of the result, or with another result of the same description.
    AnsweredElsewhere,
}

/// One statement of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Neither a status, nor a value, nor a level.
    Nothing,
    /// A status with a known word, in any language.
    Status(Word),
    /// A value or a level with a known word.
    Word(Word),
    /// A value or a level, compared with the required value or level.
    Compared(Relation),
    /// A value or a level without a requirement.
    Uncompared,
    /// A statement that can't be read.
    Unreadable,
}

/// The table: kind of result × requirement × statement.
pub fn counts_as(kind: Kind, required: Required, given: Given) -> Attainment {
    use Attainment::{Attained, InProgress, NotAttained, Unknown};
    match (given, required, kind) {
        // "Failed" and "in progress" need no scale.
        (Given::Status(Word::Failed) | Given::Word(Word::Failed), _, _) => NotAttained,
        (Given::Status(Word::Unfinished) | Given::Word(Word::Unfinished), _, _) => InProgress,
        (_, _, Kind::Predicted) => Unknown,
        (Given::Status(Word::Provisional) | Given::Word(Word::Provisional) | Given::Unreadable, _, _) => Unknown,
        (Given::Status(Word::Passed), _, _) => Attained,
        (Given::Compared(Relation::Below), _, _) => NotAttained,
        (Given::Compared(Relation::Same | Relation::Above), _, _) => Attained,
        // A `Pass` does not meet a required `Distinction`.
        (Given::Word(Word::Passed), Required::Something, _) => Unknown,
        (Given::Word(Word::Passed), Required::Nothing | Required::AnsweredElsewhere, _) => Attained,
        (Given::Compared(Relation::Unclear), _, _) => Unknown,
        // A grade without a requirement may be a failed grade.
        (Given::Uncompared, Required::AnsweredElsewhere, _) => Attained,
        (Given::Uncompared, Required::Nothing | Required::Something, _) => Unknown,
        (Given::Nothing, Required::AnsweredElsewhere, _) => Attained,
        // Open Badges 3.0 requires a status of such a result.
        (Given::Nothing, Required::Nothing, Kind::Status) => Unknown,
        (Given::Nothing, Required::Nothing, Kind::Graded) => Attained,
        (Given::Nothing, Required::Something, _) => Unknown,
    }
}

/// The answer of several results about one achievement: the least favourable result counts.
pub fn combined(all: impl IntoIterator<Item = Attainment>) -> Option<Attainment> {
    let weight = |attainment: &Attainment| match attainment {
        Attainment::NotAttained => 3,
        Attainment::InProgress => 2,
        Attainment::Unknown => 1,
        Attainment::Attained => 0,
    };
    all.into_iter().max_by_key(weight)
}

/// A judged result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    pub attainment: Attainment,
    /// Whether the result meets the requirement of its description; `None` when that is uncertain.
    pub meets_required: Option<bool>,
}

/// Judges each result, together with the other results of its description.
pub fn judge(results: &[Node<'_>], descriptions: &[Node<'_>], order: Order) -> Vec<Judged> {
    let described: Vec<Described<'_>> = results.iter().map(|result| Described::of(result, descriptions, order)).collect();
    described.iter().map(|one| one.judge(&described)).collect()
}
