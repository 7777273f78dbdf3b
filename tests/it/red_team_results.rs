//! What a holder could do to a genuine badge about a course that they did not pass: no edit makes it say that they did.
//!
//! The issuer is trusted and the signature is good, so what is accepted is believed. `attained` may stand nowhere: neither of
//! the badge, nor of a part, nor of a skill, whatever the outcome.
//!
//! `cargo test --test it red_team_results -- --nocapture` prints how many edits there were.

use crate::support::range::{Range, UNTIL, edits};
use serde_json::{Value, json};

const DESCRIPTION: &str = "urn:x:course";

/// Result description and results of courses that were not passed, or of which it is not certain that they were.
fn not_passed() -> Vec<(&'static str, Value, Value)> {
    let described = |kind: &str, rest: Value| {
        let mut all = json!({"id": DESCRIPTION, "type": ["ResultDescription"], "name": "Course", "resultType": kind});
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!([all])
    };
    let result = |rest: Value| {
        let mut all = json!({"type": ["Result"], "resultDescription": DESCRIPTION});
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        all
    };
    let level = |name: &str| json!({"id": format!("urn:x:{name}"), "type": ["RubricCriterionLevel"], "name": name});
    vec![
        ("a failed status", described("Status", json!({})), json!([result(json!({"status": "Failed"}))])),
        ("a value that is a word", described("Status", json!({})), json!([result(json!({"value": "Failed"}))])),
        (
            "a score below the bar",
            described("RawScore", json!({"valueMin": "1", "valueMax": "10", "requiredValue": "6"})),
            json!([result(json!({"value": "5,5"}))]),
        ),
        (
            "a grade of an unknown kind",
            described("ext:GermanGrade", json!({"valueMin": "1", "valueMax": "5", "requiredValue": "4"})),
            json!([result(json!({"value": "5"}))]),
        ),
        (
            "a level in a rubric whose order is not signed",
            described(
                "RubricCriterionLevel",
                json!({"requiredLevel": "urn:x:Fair", "rubricCriterionLevel": [level("Good"), level("Poor"), level("Fair")]}),
            ),
            json!([result(json!({"achievedLevel": "urn:x:Poor"}))]),
        ),
        (
            "a letter on a list that runs downwards",
            described("LetterGrade", json!({"allowedValue": ["A", "B", "C", "D", "F"], "requiredValue": "C"})),
            json!([result(json!({"value": "F"}))]),
        ),
        (
            "two results that disagree",
            described("Percent", json!({"requiredValue": "60"})),
            json!([result(json!({"value": "45"})), result(json!({"value": "72", "status": "Completed"}))]),
        ),
    ]
}

/// Every place at which `attained` stands.
fn attained(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let is_it = matches!(name.as_str(), "attainment") && value == "attained";
                found.extend(is_it.then(|| format!("{pointer}/{name}")));
                attained(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| attained(item, pointer, found)),
        _ => {}
    }
}

fn badge(range: &Range, description: Value, results: Value) -> Value {
    let mut badge = range.badge(UNTIL, 1);
    badge["credentialSubject"]["achievement"]["resultDescription"] = description;
    badge["credentialSubject"]["result"] = results;
    range.sign(&badge)
}

#[tokio::test]
async fn no_edit_makes_a_course_that_was_not_passed_an_attained_one() {
    let range = Range::new();
    let mut wrong = Vec::new();
    for (name, description, results) in not_passed() {
        let badge = badge(&range, description, results);
        let mut all = edits(&range, &badge);
        let count = all.len();
        all.push(("as issued".to_owned(), badge));
        let mut read = 0;
        for (edit, document) in all {
            let Some(common) = range.judge(&document).await.2 else { continue };
            read += 1;
            let mut found = Vec::new();
            attained(&common, "", &mut found);
            wrong.extend(found.into_iter().map(|place| format!("{name}, {edit}: {place}")));
        }
        println!("{name}: {count} edits, {read} documents were read");
        assert!(count > 500 && read > 1, "{name}: {count} edits, {read} documents were read");
    }
    assert!(wrong.is_empty(), "{} documents say that it was attained:\n{}", wrong.len(), wrong.join("\n"));
}

/// The same results beside a passed one, so that the test above can fail.
#[tokio::test]
async fn a_course_that_was_passed_is_an_attained_one() {
    let range = Range::new();
    let description = json!([{"id": DESCRIPTION, "type": ["ResultDescription"], "name": "Course", "resultType": "Percent", "requiredValue": "60"}]);
    let result = json!([{"type": ["Result"], "resultDescription": DESCRIPTION, "value": "72%"}]);
    let common = range.judge(&badge(&range, description, result)).await.2.unwrap();
    assert_eq!(common["attainment"], "attained");
    assert_eq!(common["results"][0]["counts_as"], "attained");
}
