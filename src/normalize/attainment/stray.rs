//! Results outside the members that a standard defines for them.
//! Comes in: an object and the names that its reader knows. Goes out: the statement of the other members about a result, if any.
//! Platforms that are older than the standard wrote grades into extensions: `grade: Failed` is a result, too.

use super::words::{Word, word};
use super::{Given, Kind, Required, combined, counts_as};
use crate::model::credential::Attainment;
use crate::normalize::reader::Node;
use serde_json::Value;

/// Words of names whose value is always a result.
const RESULTS: [&str; 9] = ["result", "results", "grade", "grades", "score", "scores", "mark", "marks", "gpa"];
/// Words of names whose value may be a result: only a known word, or yes or no, counts.
const HINTS: [&str; 8] = ["status", "outcome", "verdict", "progress", "completion", "passed", "completed", "attainment"];
/// Words of names that describe a scale, a time or a place rather than a result.
const NOT_RESULTS: [&str; 14] = [
    "description",
    "descriptions",
    "scheme",
    "scale",
    "type",
    "max",
    "min",
    "level",
    "required",
    "date",
    "time",
    "url",
    "id",
    "context",
];
/// The depth to which an extension is searched.
const DEPTH: usize = 4;
const LONGEST_NAME: usize = 80;

/// The statement about a result in the members of `node` that are not in `known`; `None` without such a member.
pub fn of(node: &Node<'_>, known: &[&str]) -> Option<Attainment> {
    let unread = node.members().filter(|(name, _)| !known.contains(name));
    combined(unread.filter_map(|(name, member)| of_member(Naming::of(name), &member, DEPTH)))
}

/// The kind of value that a member's name suggests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Result,
    Hint,
    Other,
}

impl Naming {
    fn of(name: &str) -> Self {
        let local = name.rsplit(['/', '#', ':']).next().unwrap_or_default();
        let words = words(local);
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        match () {
            () if has(&NOT_RESULTS) => Self::Other,
            () if has(&RESULTS) => Self::Result,
            () if has(&HINTS) => Self::Hint,
            () => Self::Other,
        }
    }

    /// The kind of a member inside an object with such a name.
    fn inside(self, name: &str) -> Self {
        match (self, name) {
            (Self::Result, "value" | "achievedLevel") => Self::Result,
            (Self::Result | Self::Hint, "value" | "name" | "label" | "prefLabel" | "@value") => Self::Hint,
            _ => Self::of(name),
        }
    }
}

/// `finalGrade`, `final_grade`, `FINAL-GRADE` → `final`, `grade`
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower_case = false;
    for character in name.chars().take(LONGEST_NAME) {
        if !character.is_alphanumeric() || (after_lower_case && character.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
        after_lower_case = character.is_lowercase();
    }
    words
}

fn of_member(naming: Naming, member: &Node<'_>, depth: usize) -> Option<Attainment> {
    combined(member.items().iter().filter_map(|item| match item.value {
        Value::Object(_) => of_object(naming, item, depth),
        _ => of_scalar(naming, item),
    }))
}

fn of_object(naming: Naming, object: &Node<'_>, depth: usize) -> Option<Attainment> {
    let said = depth
        .checked_sub(1)
        .and_then(|depth| combined(object.members().filter_map(|(name, member)| of_member(naming.inside(name), &member, depth))));
    let unreadable = || counts_as(Kind::Graded, Required::Nothing, Given::Unreadable);
    said.or_else(|| (naming == Naming::Result).then(unreadable))
}

fn of_scalar(naming: Naming, item: &Node<'_>) -> Option<Attainment> {
    let said = match item.value {
        Value::Bool(true) => Some(Word::Passed),
        Value::Bool(false) => Some(Word::Failed),
        _ => item.text().as_deref().and_then(word),
    };
    let given = match (naming, said) {
        (Naming::Other, _) | (Naming::Hint, None) => return None,
        (_, Some(word)) => Given::Word(word),
        (Naming::Result, None) => Given::Uncompared,
    };
    Some(counts_as(Kind::Graded, Required::Nothing, given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_grade_in_an_extension_is_a_result() {
        use Attainment::{Attained, InProgress, NotAttained, Unknown};
        for (member, said) in [
            (json!({"grade": "Failed"}), Some(NotAttained)),
            (json!({"extensions:finalGrade": {"type": ["Extension"], "value": "nicht bestanden"}}), Some(NotAttained)),
            (json!({"https://example.org/ext#result": [{"status": "InProgress"}, {"status": "Completed"}]}), Some(InProgress)),
            (json!({"x:assessment": {"course": {"score": 45}}}), Some(Unknown)),
            (json!({"FINAL_SCORE": "45/100"}), Some(Unknown)),
            (json!({"passed": false}), Some(NotAttained)),
            (json!({"passed": true}), Some(Attained)),
            (json!({"courseStatus": "Withdrew"}), Some(NotAttained)),
            (json!({"result": {"odd": {}}}), Some(Unknown)),
            (json!({"status": "active", "gradeLevel": "9", "passedOn": "2026-01-01", "trademark": "x", "resultUrl": "x"}), None),
            (json!({"known": "Failed", "remark": "Failed"}), None),
        ] {
            assert_eq!(of(&Node::root(&member), &["known"]), said, "{member}");
        }
    }
}
