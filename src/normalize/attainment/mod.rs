//! Whether what a credential awards was attained, as far as its results say.
//! Comes in: results, the descriptions of what they measure, and which orders are signed. Goes out: one answer per result and
//! one for all of them. A result that can't be compared with certainty is `unknown`; a failed one never counts as attained.
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

/// What kind of result it is, as far as it matters for the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Says whether, not how well.
    Status,
    /// A value or a level.
    Graded,
    /// A prediction: it attains nothing.
    Predicted,
}

/// Whether the description asks for something that the given value or level can be held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    Nothing,
    Something,
    /// Asked for and answered by another part of the same result or by another result of the same description.
    AnsweredElsewhere,
}

/// One thing that a result says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Neither a status, nor a value, nor a level.
    Nothing,
    /// A status that is one of the known words, in any language.
    Status(Word),
    /// A value or a level that is one of the known words.
    Word(Word),
    /// A value or a level held against the required one.
    Compared(Relation),
    /// A value or a level that nothing is required of.
    Uncompared,
    /// Anything that is there and can't be read.
    Unreadable,
}

/// The table: kind of result × what is required × what is given.
pub fn counts_as(kind: Kind, required: Required, given: Given) -> Attainment {
    use Attainment::{Attained, InProgress, NotAttained, Unknown};
    match (given, required, kind) {
        // That somebody failed or is not done needs no scale.
        (Given::Status(Word::Failed) | Given::Word(Word::Failed), _, _) => NotAttained,
        (Given::Status(Word::Unfinished) | Given::Word(Word::Unfinished), _, _) => InProgress,
        (_, _, Kind::Predicted) => Unknown,
        (Given::Status(Word::Provisional) | Given::Word(Word::Provisional) | Given::Unreadable, _, _) => Unknown,
        (Given::Status(Word::Passed), _, _) => Attained,
        (Given::Compared(Relation::Below), _, _) => NotAttained,
        (Given::Compared(Relation::Same | Relation::Above), _, _) => Attained,
        // `Pass` is not the `Distinction` that is asked for.
        (Given::Word(Word::Passed), Required::Something, _) => Unknown,
        (Given::Word(Word::Passed), Required::Nothing | Required::AnsweredElsewhere, _) => Attained,
        (Given::Compared(Relation::Unclear), _, _) => Unknown,
        // A grade without a bar may be a failed one.
        (Given::Uncompared, Required::AnsweredElsewhere, _) => Attained,
        (Given::Uncompared, Required::Nothing | Required::Something, _) => Unknown,
        (Given::Nothing, Required::AnsweredElsewhere, _) => Attained,
        // Open Badges 3.0 demands a status of such a result.
        (Given::Nothing, Required::Nothing, Kind::Status) => Unknown,
        (Given::Nothing, Required::Nothing, Kind::Graded) => Attained,
        (Given::Nothing, Required::Something, _) => Unknown,
    }
}

/// What several results say of one achievement: the least favourable one counts.
pub fn combined(all: impl IntoIterator<Item = Attainment>) -> Option<Attainment> {
    let weight = |attainment: &Attainment| match attainment {
        Attainment::NotAttained => 3,
        Attainment::InProgress => 2,
        Attainment::Unknown => 1,
        Attainment::Attained => 0,
    };
    all.into_iter().max_by_key(weight)
}

/// One result, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    pub attainment: Attainment,
    /// Whether it reaches what its description requires, where that is certain.
    pub meets_required: Option<bool>,
}

/// Judges each of the results, together with those of the same description.
pub fn judge(results: &[Node<'_>], descriptions: &[Node<'_>], order: Order) -> Vec<Judged> {
    let described: Vec<Described<'_>> = results.iter().map(|result| Described::of(result, descriptions, order)).collect();
    described.iter().map(|one| one.judge(&described)).collect()
}
