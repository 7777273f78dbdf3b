//! The table of results as a whole, and the peculiarities of single rows.

use super::*;
use crate::model::credential::Attainment::{self, Attained, InProgress, NotAttained, Unknown};
use serde_json::{Value, json};

const SIGNED: Order = Order { allowed_values: true, rubrics: true };
const UNSIGNED: Order = Order { allowed_values: false, rubrics: false };

fn judged(results: &[Value], descriptions: &[Value], order: Order) -> Vec<Judged> {
    fn nodes(values: &[Value]) -> Vec<Node<'_>> {
        values.iter().map(Node::root).collect()
    }
    judge(&nodes(results), &nodes(descriptions), order)
}

fn all(results: &[Value], descriptions: &[Value]) -> Option<Attainment> {
    combined(judged(results, descriptions, SIGNED).into_iter().map(|one| one.attainment))
}

fn one(result: Value, description: Value) -> Attainment {
    judged(&[result], &[description], SIGNED)[0].attainment
}

fn with(members: &Value, more: Value) -> Value {
    let mut all = members.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// Every result type × every kind of requirement × everything that may be given.
/// `A` attained, `N` not attained, `P` in progress, `?` unknown; one letter per column of [`GIVEN`].
#[test]
fn the_table_holds_for_all_types_requirements_and_results() {
    let required = [
        ("nothing", json!({})),
        ("60 of 100", json!({"requiredValue": "60", "valueMin": "0", "valueMax": "100"})),
        ("60 %", json!({"requiredValue": "60%"})),
        ("4 of 1 to 6", json!({"requiredValue": 4, "valueMin": 1, "valueMax": 6})),
        ("C of F to A", json!({"requiredValue": "C", "allowedValue": ["F", "D", "C", "B", "A"]})),
        ("C of A to F", json!({"requiredValue": "C", "allowedValue": ["A", "B", "C", "D", "F"]})),
        (
            "level",
            json!({"requiredLevel": "urn:l:2", "rubricCriterionLevel": [{"id": "urn:l:1", "name": "Poor"},
            {"id": "urn:l:2", "name": "Fair"}, {"id": "urn:l:3", "name": "Good"}]}),
        ),
        ("level of no list", json!({"requiredLevel": "urn:l:2"})),
        ("unreadable", json!({"requiredValue": {"odd": true}})),
    ];
    let given = [
        json!({}),
        json!({"status": "Completed"}),
        json!({"status": "Failed"}),
        json!({"status": "Enrolled"}),
        json!({"status": "Provisional"}),
        json!({"status": "Odd"}),
        json!({"value": "72"}),
        json!({"value": 45}),
        json!({"value": "45%"}),
        json!({"value": "5,0"}),
        json!({"value": "1.0"}),
        json!({"value": "B"}),
        json!({"value": "D"}),
        json!({"value": "Pass"}),
        json!({"value": "No pass"}),
        json!({"value": "Nicht bestanden"}),
        json!({"value": "In progress"}),
        json!({"value": ["72", "Failed"]}),
        json!({"achievedLevel": "urn:l:3"}),
        json!({"achievedLevel": "urn:l:1"}),
        json!({"achievedLevel": "https://example.org/levels#Failed"}),
        json!({"status": "Completed", "value": "45"}),
    ];
    let other = ["Status", "LetterGrade", "PerformanceLevel", "RubricCriterion", "RubricCriterionLevel"];
    let score = ["RawScore", "ScaledScore", "RubricScore", "GradePointAverage"];
    let foreign = ["Result", "ext:ECTSGradeScore", "GPA", "Odd"];
    let types: Vec<&str> = result_types().chain(foreign).collect();
    let mut wrong = String::new();
    for name in &types {
        for (index, (label, description)) in required.iter().enumerate() {
            let description = with(description, json!({"id": "urn:d", "resultType": name}));
            let row: String = given
                .iter()
                .map(|given| match one(with(given, json!({"resultDescription": "urn:d"})), description.clone()) {
                    Attained => 'A',
                    NotAttained => 'N',
                    InProgress => 'P',
                    Unknown => '?',
                })
                .collect();
            let expected = if *name == "PredictedScore" {
                PREDICTED
            } else if *name == "Percent" {
                PERCENT[index]
            } else if score.contains(name) {
                SCORE[index]
            } else if *name == "Status" && index == 0 {
                STATUS
            } else {
                assert!(other.contains(name) || foreign.contains(name), "{name} has no row");
                OTHER[index]
            };
            if row != expected.replace(' ', "") {
                wrong += &format!("{name}, {label}:\n   is {row}\nwants {}\n", expected.replace(' ', ""));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(types.len(), 16);
}

// Columns:             none  status  72 45 45% 5,0 1.0  B D  words  both  levels  both
const PREDICTED: &str = "?    ?NP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?";
const STATUS: &str = "   ?    ANP??   ? ? ? ? ?          ? ?  ANNP   N     ??N     ?";
const OTHER: [&str; 9] = [
    "                    A    ANP??   ? ? ? ? ?          ? ?  ANNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          A N  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ANN     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
];
const SCORE: [&str; 9] = [
    "                    A    ANP??   ? ? ? ? ?          ? ?  ANNP   N     ??N     ?",
    "                    ?    ANP??   A N N N N          ? ?  ?NNP   N     ??N     N",
    "                    ?    ANP??   ? ? N ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          A N  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ANN     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
];
const PERCENT: [&str; 9] = [
    "                    A    ANP??   ? ? ? ? ?          ? ?  ANNP   N     ??N     ?",
    "                    ?    ANP??   A N N N ?          ? ?  ?NNP   N     ??N     N",
    "                    ?    ANP??   A N N N ?          ? ?  ?NNP   N     ??N     N",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          A N  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ANN     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
    "                    ?    ANP??   ? ? ? ? ?          ? ?  ?NNP   N     ??N     ?",
];

#[test]
fn a_result_without_a_description_counts_by_its_words_alone() {
    for (result, expected) in [
        (json!({"value": "Pass"}), Attained),
        (json!({"value": "Fail"}), NotAttained),
        (json!({"value": "A"}), Unknown),
        (json!({"resultDescription": "urn:other", "value": "72"}), Unknown),
        (json!({"status": "Completed"}), Attained),
        (json!({"status": ["Completed", "Failed"]}), NotAttained),
        (json!({"status": {"@value": "Withdrew"}}), NotAttained),
        (json!({"value": {"en": "Passed", "de": "Nicht bestanden"}}), NotAttained),
        (json!({"status": {}}), Unknown),
        (json!({"value": ""}), Unknown),
        (json!({"value": true}), Unknown),
        (json!("urn:result"), Unknown),
        (json!(5), Unknown),
    ] {
        assert_eq!(
            one(result.clone(), json!({"id": "urn:d", "resultType": "Percent", "requiredValue": 60})),
            match &result["resultDescription"] {
                Value::Null if result["value"] == "A" || result["value"] == "Pass" => Unknown,
                _ => expected,
            },
            "with the only description: {result}"
        );
        assert_eq!(judged(std::slice::from_ref(&result), &[], SIGNED)[0].attainment, expected, "{result}");
    }
}

#[test]
fn results_that_disagree_count_as_the_least_favourable_one() {
    let status = json!({"id": "urn:s", "resultType": "Status"});
    let score = json!({"id": "urn:p", "resultType": "Percent", "requiredValue": 60});
    let says = |of: &str, name: &str, value: &str| json!({"resultDescription": of, name: value});
    for (results, expected) in [
        (vec![says("urn:s", "status", "Completed"), says("urn:p", "value", "45")], NotAttained),
        (vec![says("urn:s", "status", "Completed"), says("urn:p", "value", "nearly")], Unknown),
        (vec![says("urn:s", "status", "Enrolled"), says("urn:p", "value", "72")], InProgress),
        (vec![says("urn:p", "value", "72"), says("urn:p", "value", "45")], NotAttained),
        (vec![says("urn:s", "status", "Completed"), says("urn:p", "value", "72")], Attained),
    ] {
        let mut reversed = results.clone();
        reversed.reverse();
        for results in [results, reversed] {
            assert_eq!(all(&results, &[status.clone(), score.clone()]), Some(expected), "{results:?}");
        }
    }
    assert_eq!(all(&[], &[score]), None);
}

#[test]
fn a_requirement_may_be_answered_by_another_result_of_the_same_description() {
    let grade = json!({"id": "urn:g", "resultType": "LetterGrade", "allowedValue": ["D", "C", "B", "A"], "requiredValue": "C"});
    let says = |name: &str, value: &str| json!({"resultDescription": "urn:g", name: value});
    let answered = [says("value", "A"), says("achievedLevel", "urn:l:mastery"), says("status", "Completed")];
    assert_eq!(all(&answered, std::slice::from_ref(&grade)), Some(Attained));
    assert_eq!(all(&answered[1..], &[grade]), Some(Unknown));
}

#[test]
fn descriptions_that_share_an_identifier_are_all_held_against_the_result() {
    let bar = |value: u8| json!({"id": "urn:p", "resultType": "Percent", "requiredValue": value});
    let result = json!({"resultDescription": "urn:p", "value": "72"});
    for descriptions in [[bar(60), bar(90)], [bar(90), bar(60)]] {
        assert_eq!(judged(std::slice::from_ref(&result), &descriptions, SIGNED)[0].attainment, NotAttained);
    }
}

#[test]
fn an_order_that_is_not_signed_proves_nothing_and_points_do() {
    let letters =
        json!({"id": "urn:d", "resultType": "LetterGrade", "allowedValue": ["F", "D", "C", "B", "A"], "requiredValue": "C"});
    let result = json!({"resultDescription": "urn:d", "value": "B"});
    assert_eq!(judged(std::slice::from_ref(&result), std::slice::from_ref(&letters), UNSIGNED)[0].attainment, Unknown);
    let level = |id: &str, points: &str| json!({"id": id, "points": points});
    let rubric = json!({"id": "urn:d", "resultType": "RubricCriterionLevel", "requiredLevel": "urn:b",
        "rubricCriterionLevel": [level("urn:c", "10"), level("urn:a", "1"), level("urn:b", "5")]});
    for (reached, expected) in [("urn:a", NotAttained), ("urn:b", Attained), ("urn:c", Attained), ("urn:x", Unknown)] {
        let result = json!({"resultDescription": "urn:d", "achievedLevel": reached});
        assert_eq!(judged(&[result], std::slice::from_ref(&rubric), UNSIGNED)[0].attainment, expected, "{reached}");
    }
    let mut alike = rubric.clone();
    alike["rubricCriterionLevel"][0]["points"] = json!("5");
    let result = json!({"resultDescription": "urn:d", "achievedLevel": "urn:c"});
    assert_eq!(judged(&[result], &[alike], UNSIGNED)[0].attainment, Unknown);
}

#[test]
fn the_name_of_a_level_may_say_that_it_is_a_failed_one() {
    let rubric = json!({"id": "urn:d", "resultType": "RubricCriterionLevel",
        "rubricCriterionLevel": [{"id": "urn:1", "name": {"en": "Level 0", "fr": "Non acquis"}}, {"id": "urn:2", "level": "Competent"}]});
    let reached = |level: &str| json!({"resultDescription": "urn:d", "achievedLevel": level});
    assert_eq!(one(reached("urn:1"), rubric.clone()), NotAttained);
    assert_eq!(one(json!({"resultDescription": "urn:d", "value": "Level 0"}), rubric.clone()), NotAttained);
    assert_eq!(one(reached("urn:2"), with(&rubric, json!({"requiredLevel": "urn:2"}))), Attained);
}
