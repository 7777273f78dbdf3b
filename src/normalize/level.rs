//! Results and levels, as the issuer states them.
//! Comes in: an achievement's `resultDescription`s and a subject's `result`s. Goes out: raw results with their attainment, and positions
//! on the issuer's own scale. A level on the common scale is given only where a published table defines it.

use super::attainment::scale::{self, Measure, Scale};
use super::attainment::{self, Order};
use super::reader::{Node, preferred};
use crate::model::credential::ResultValue;
use crate::model::skill::{Level, Position, RawLevel};
use std::cmp::Ordering;

/// A result with its statements about skills.
#[derive(Clone, Debug)]
pub struct Read<'a> {
    pub value: ResultValue,
    pub level: Option<Level>,
    /// Alignments of the result and of its description.
    pub alignments: Vec<Node<'a>>,
}

/// Reads the results with the descriptions of their achievement.
pub fn read<'a>(results: &[Node<'a>], descriptions: &[Node<'a>], order: Order) -> Vec<Read<'a>> {
    let judged = attainment::judge(results, descriptions, order);
    results.iter().zip(judged).map(|(result, judged)| read_one(result, descriptions, order, judged)).collect()
}

fn read_one<'a>(result: &Node<'a>, descriptions: &[Node<'a>], order: Order, judged: attainment::Judged) -> Read<'a> {
    let wanted = result.id_of("resultDescription");
    let described = |node: &&Node<'a>| wanted.is_some() && node.id() == wanted;
    let description = descriptions.iter().find(described).or_else(|| match descriptions {
        [only] if wanted.is_none() => Some(only),
        _ => None,
    });
    let result_type = description.and_then(|node| node.text_of("resultType"));
    let value = ResultValue {
        name: description
            .and_then(|node| node.get("name"))
            .and_then(|name| preferred(&name.languages(None)).map(|(_, text)| text.to_owned())),
        value: result.text_of("value"),
        achieved_level: achieved_level_name(result, description),
        meets_required: judged.meets_required,
        counts_as: judged.attainment,
        source_pointer: result.pointer.clone(),
        status: result.text_of("status"),
        result_type: result_type.clone(),
    };
    let mut alignments = result.list("alignment");
    if let Some(description) = description {
        alignments.extend(description.list("alignment"));
        alignments.extend(reached_rubric_level(result, description).map(|level| level.list("alignment")).unwrap_or_default());
    }
    let level = description.and_then(|node| level(result, node, result_type.as_deref(), order));
    Read { value, level, alignments }
}

fn reached_rubric_level<'a>(result: &Node<'a>, description: &Node<'a>) -> Option<Node<'a>> {
    let reached = result.id_of("achievedLevel")?;
    description.list("rubricCriterionLevel").into_iter().find(|level| level.id().as_ref() == Some(&reached))
}

fn achieved_level_name(result: &Node<'_>, description: Option<&Node<'_>>) -> Option<String> {
    let named = description.and_then(|node| reached_rubric_level(result, node)).and_then(|level| {
        level.any(&["name", "level"]).and_then(|name| preferred(&name.languages(None)).map(|(_, text)| text.to_owned()))
    });
    named.or_else(|| result.id_of("achievedLevel"))
}

/// The identifiers of the rubric's levels from low to high: by their points, or in the written order if it is certain.
fn rubric(description: &Node<'_>, order: Order) -> Option<Vec<Option<String>>> {
    let levels = description.list("rubricCriterionLevel");
    let placed: Option<Vec<_>> = levels.iter().map(|level| Some((level.number_of("points")?, level.id()))).collect();
    if let Some(mut placed) = placed {
        placed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        if placed.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Some(placed.into_iter().map(|(_, id)| id).collect());
        }
    }
    let name = |level: &Node<'_>| {
        level.any(&["name", "level"]).and_then(|name| preferred(&name.languages(None)).map(|(_, text)| text.to_owned()))
    };
    let names: Vec<_> = levels.iter().map(name).collect();
    let is_certain = levels.len() < 2 || (order.rubrics && scale::ascends(&names, Measure::Other));
    is_certain.then(|| levels.iter().map(Node::id).collect())
}

/// The allowed values from low to high, if the order is certain.
fn allowed_values(description: &Node<'_>, order: Order) -> Option<Vec<Option<String>>> {
    let values: Vec<_> = description.list("allowedValue").iter().map(Node::text).collect();
    let measure = description.text_of("resultType").map_or(Measure::Foreign, |name| attainment::measure(&name));
    (values.len() < 2 || (order.allowed_values && scale::ascends(&values, measure))).then_some(values)
}

fn level(result: &Node<'_>, description: &Node<'_>, result_type: Option<&str>, order: Order) -> Option<Level> {
    let scheme_uri = description.id().filter(|id| id.contains(':'));
    let raw = |label: Option<String>, value: Option<String>| RawLevel { scheme_uri: scheme_uri.clone(), label, value };
    if let Some(reached) = result.id_of("achievedLevel") {
        let position = rubric(description, order).and_then(|levels| place(&levels, &reached));
        let label = achieved_level_name(result, Some(description)).filter(|name| *name != reached);
        return Some(placed(raw(label, Some(reached)), position, "rubric_level"));
    }
    let value = result.text_of("value")?;
    if description.get("allowedValue").is_some() {
        let position = allowed_values(description, order).and_then(|allowed| place(&allowed, &value));
        return Some(placed(raw(None, Some(value)), position, "allowed_value"));
    }
    if let Some(measure) = result_type.map(attainment::measure).filter(|one| matches!(one, Measure::Percent | Measure::Score)) {
        let (min, max) = (description.text_of("valueMin"), description.text_of("valueMax"));
        let ordinal = scale::within(&value, measure, &Scale { min, max, allowed: None });
        return Some(Level { raw: raw(None, Some(value)), position: None, ordinal, common: None, method: "range".to_owned() });
    }
    // A status is never a level.
    let is_level = !matches!(result_type, None | Some("Status"));
    is_level.then(|| Level { raw: raw(None, Some(value)), position: None, ordinal: None, common: None, method: "raw".to_owned() })
}

/// Lists of levels are ordered from low to high (Open Badges 3.0).
fn position(index: Option<usize>, of: usize) -> Option<Position> {
    let rank = u32::try_from(index? + 1).ok()?;
    Some(Position { rank, of: u32::try_from(of).ok()? })
}

fn place(levels: &[Option<String>], reached: &str) -> Option<Position> {
    position(levels.iter().position(|level| level.as_deref() == Some(reached)), levels.len())
}

fn placed(raw: RawLevel, position: Option<Position>, method: &str) -> Level {
    let ordinal = position.filter(|place| place.of > 1).map(|place| f64::from(place.rank - 1) / f64::from(place.of - 1));
    let method = if position.is_some() { method } else { "raw" };
    Level { raw, position, ordinal, common: None, method: method.to_owned() }
}

/// The lower of two levels of one skill, whatever their order in the document.
pub fn lower(one: Level, other: Level) -> Level {
    let weight = |level: &Level| (level.common.map_or(f64::MAX, f64::from), level.ordinal.unwrap_or(f64::MAX));
    let by_name = || format!("{:?}", one.raw).cmp(&format!("{:?}", other.raw));
    match weight(&one).partial_cmp(&weight(&other)).filter(|order| *order != Ordering::Equal).unwrap_or_else(by_name) {
        Ordering::Greater => other,
        _ => one,
    }
}

/// Published tables from a framework's own level, low to high, to the common scale: taxonomy, level, common level. SFIA's levels are of
/// responsibility: they have their place among each other, and none on the common scale.
const COMMON: &[(&str, &str, Option<u8>)] = &[
    ("cefr", "A1", Some(1)),
    ("cefr", "A2", Some(2)),
    ("cefr", "B1", Some(3)),
    ("cefr", "B2", Some(4)),
    ("cefr", "C1", Some(4)),
    ("cefr", "C2", Some(5)),
    ("digcomp", "1", Some(2)),
    ("digcomp", "2", Some(2)),
    ("digcomp", "3", Some(3)),
    ("digcomp", "4", Some(3)),
    ("digcomp", "5", Some(4)),
    ("digcomp", "6", Some(4)),
    ("digcomp", "7", Some(5)),
    ("digcomp", "8", Some(5)),
    ("sfia", "1", None),
    ("sfia", "2", None),
    ("sfia", "3", None),
    ("sfia", "4", None),
    ("sfia", "5", None),
    ("sfia", "6", None),
    ("sfia", "7", None),
];

/// The level of a framework with a published table; `text`: a code or a label (`B2`, `Level 4`).
pub fn of_framework(taxonomy: &str, text: &str, scheme_uri: Option<String>) -> Option<Level> {
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let is_named = !matches!(taxonomy, "digcomp" | "sfia") || words().any(|word| word.eq_ignore_ascii_case("level"));
    let row = COMMON.iter().find(|(of, level, _)| *of == taxonomy && words().any(|word| word.eq_ignore_ascii_case(level)))?;
    let steps: Vec<_> = COMMON.iter().filter(|(of, _, _)| *of == taxonomy).collect();
    let position = position(steps.iter().position(|step| step.1 == row.1), steps.len());
    let raw = RawLevel { scheme_uri, label: Some(text.to_owned()), value: Some(row.1.to_owned()) };
    is_named.then(|| Level { common: row.2, ..placed(raw, position, taxonomy) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::Attainment;
    use serde_json::{Value, json};

    const SIGNED: Order = Order { allowed_values: true, rubrics: true };
    const UNSIGNED: Order = Order { allowed_values: false, rubrics: false };

    fn read_in(order: Order, result: &Value, description: &Value) -> (Option<Level>, ResultValue) {
        let descriptions = [Node::root(description)];
        let read = read(&[Node::root(result)], &descriptions, order).pop().unwrap();
        (read.level, read.value)
    }

    fn read_one(result: &Value, description: &Value) -> (Option<Level>, ResultValue) {
        read_in(SIGNED, result, description)
    }

    #[test]
    fn a_rubric_level_has_a_place_in_its_list() {
        let description = json!({"id": "urn:d", "resultType": "RubricCriterionLevel", "requiredLevel": "urn:l2",
            "rubricCriterionLevel": [{"id": "urn:l1", "name": "Poor"}, {"id": "urn:l2", "name": "Fair"}, {"id": "urn:l3", "name": "Good"}]});
        let (level, value) = read_one(&json!({"resultDescription": "urn:d", "achievedLevel": "urn:l2"}), &description);
        assert_eq!(level.as_ref().and_then(|level| level.ordinal), Some(0.5));
        assert_eq!(level.as_ref().and_then(|level| level.raw.label.clone()), Some("Fair".to_owned()));
        assert_eq!(level.and_then(|level| level.common), None);
        assert_eq!((value.achieved_level, value.meets_required), (Some("Fair".to_owned()), Some(true)));
    }

    #[test]
    fn an_order_that_is_not_signed_places_nothing() {
        let mut description = json!({"id": "urn:d", "resultType": "RubricCriterionLevel", "requiredLevel": "urn:l2",
            "rubricCriterionLevel": [{"id": "urn:l3"}, {"id": "urn:l1"}, {"id": "urn:l2"}]});
        let reached = |level: &str| json!({"resultDescription": "urn:d", "achievedLevel": level});
        let (level, value) = read_in(UNSIGNED, &reached("urn:l1"), &description);
        assert_eq!((level.and_then(|level| level.position), value.meets_required), (None, None));
        assert_eq!(read_in(UNSIGNED, &reached("urn:l2"), &description).1.meets_required, Some(true));
        for (index, points) in ["30", "5", "10"].into_iter().enumerate() {
            description["rubricCriterionLevel"][index]["points"] = json!(points);
        }
        let (level, value) = read_in(UNSIGNED, &reached("urn:l1"), &description);
        assert_eq!((level.and_then(|level| level.ordinal), value.meets_required), (Some(0.0), Some(false)));
        let allowed = json!({"id": "urn:d", "resultType": "LetterGrade", "allowedValue": ["A", "B", "C"], "requiredValue": "B"});
        let (level, value) = read_in(UNSIGNED, &json!({"resultDescription": "urn:d", "value": "C"}), &allowed);
        assert_eq!((level.and_then(|level| level.position), value.meets_required), (None, None));
    }

    #[test]
    fn of_two_levels_the_lower_one_counts_in_either_order() {
        let level = |text: &str| of_framework("cefr", text, None).unwrap();
        assert_eq!(lower(level("B2"), level("A1")), lower(level("A1"), level("B2")));
        assert_eq!(lower(level("B2"), level("A1")).common, Some(1));
    }

    #[test]
    fn values_are_placed_only_where_the_scale_is_known() {
        let allowed =
            json!({"id": "urn:d", "resultType": "LetterGrade", "allowedValue": ["F", "D", "C", "B", "A"], "requiredValue": "C"});
        let (level, value) = read_one(&json!({"resultDescription": "urn:d", "value": "B"}), &allowed);
        assert_eq!((level.and_then(|level| level.ordinal), value.meets_required), (Some(0.75), Some(true)));
        let percent = json!({"id": "urn:d", "resultType": "Percent", "valueMin": "0", "valueMax": 100, "requiredValue": "60"});
        let (level, value) = read_one(&json!({"resultDescription": "urn:d", "value": "55"}), &percent);
        assert_eq!((level.and_then(|level| level.ordinal), value.meets_required), (Some(0.55), Some(false)));
        let grade =
            json!({"id": "urn:d", "resultType": "ext:GermanGrade", "valueMin": "1", "valueMax": "6", "requiredValue": "4"});
        let (level, value) = read_one(&json!({"resultDescription": "urn:d", "value": "1.3"}), &grade);
        assert_eq!(level.map(|level| (level.method, level.ordinal)), Some(("raw".to_owned(), None)));
        assert_eq!(value.meets_required, None);
    }

    #[test]
    fn a_status_says_whether_and_never_how_well() {
        let description = json!({"id": "urn:d", "resultType": "Status"});
        let result = json!({"resultDescription": "urn:d", "status": "InProgress"});
        let descriptions = [Node::root(&description)];
        let one = read(&[Node::root(&result)], &descriptions, SIGNED).pop().unwrap();
        assert_eq!((one.value.counts_as, one.level), (Attainment::InProgress, None));
    }

    #[test]
    fn published_tables_give_a_common_level() {
        assert_eq!(of_framework("cefr", "B2", None).and_then(|level| level.common), Some(4));
        assert_eq!(of_framework("digcomp", "Level 4", None).and_then(|level| level.common), Some(3));
        assert_eq!(of_framework("digcomp", "2.1 Interacting", None), None);
        assert_eq!(of_framework("sfia", "4", None), None);
        let sfia = of_framework("sfia", "Programming, level 4", None).unwrap();
        assert_eq!((sfia.ordinal, sfia.common), (Some(0.5), None));
    }
}
