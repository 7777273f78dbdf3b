//! The pages below /docs: everything that they show is there, and what they show as an example is right.

use crate::support::{Answer, spawn_app};
use serde_json::{Value, json};
use skillgate::http::docs::{reference, samples};
use skillgate::http::{openapi, schemas};
use skillgate::model::event::EventType;

/// A validator of one schema with those that it refers to.
fn validator(path: &str) -> jsonschema::Validator {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let mut schema = read(schemas::find(path).unwrap());
    for (other, text) in schemas::SCHEMAS.iter().filter(|(other, _)| *other != path && !other.starts_with("ob")) {
        schema["$defs"][*other] = read(text);
    }
    jsonschema::options().offline().build(&schema).unwrap()
}

#[test]
fn each_type_of_event_has_a_sample_that_its_schema_accepts() {
    let event_schema = validator("events/cloud-event.json");
    for event_type in EventType::ALL {
        let event = samples::event(*event_type);
        let errors: Vec<String> =
            event_schema.iter_errors(&event).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", event_type.as_str());
        assert_eq!(event["type"], event_type.as_str());
    }
    assert_eq!(samples::all().len(), EventType::ALL.len());
}

#[test]
fn each_route_with_a_body_has_an_example_that_its_schema_accepts() {
    let document = openapi::document().unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(_, operation)| operation["requestBody"].is_object())
        {
            let (media_type, media) = openapi::body(operation).unwrap();
            let example = media.get("example");
            let example = example.unwrap_or_else(|| panic!("{method} {path}: schemas/request-examples.yaml has no example"));
            // A form gives a file by its name, and a list by repeating the field.
            if media_type == "multipart/form-data" {
                continue;
            }
            let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "components": document["components"],
                "allOf": [media["schema"]]});
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{method} {path}: {errors:#?}");
        }
    }
}

#[tokio::test]
async fn strangers_read_every_page_and_no_page_holds_anything_inline() {
    let app = spawn_app().await;
    let mut wanted = vec!["/docs".to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = wanted.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = Answer::of(app.stranger("GET", &path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        assert!(!answer.text.contains("<style") && !answer.text.contains(" style="), "{path}: inline style");
        assert!(!answer.text.contains("<script"), "{path}: a document needs no script");
        let links = answer.text.split(" href=\"").skip(1).filter_map(|rest| rest.split(['"', '#', '?']).next());
        wanted.extend(links.filter(|link| link.starts_with("/docs") || link.starts_with("/schemas/")).map(str::to_owned));
    }
    assert!(seen.len() > 40, "{}", seen.len());
    assert!(seen.contains("/docs/connectors/webhook") && seen.contains("/docs/verdicts"));
    assert!(reference::subjects("").iter().all(|subject| seen.contains(&format!("/docs/api/{}", subject.slug))));
    for missing in ["/docs/nothing", "/docs/api/nothing", "/docs/connectors/nothing", "/docs/decisions/nothing"] {
        let answer = Answer::of(app.stranger("GET", missing)).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, "text/html; charset=utf-8"), "{missing}");
    }
}

#[tokio::test]
async fn the_name_in_dataschema_leads_to_the_schema() {
    let app = spawn_app().await;
    for event_type in EventType::ALL {
        let event = samples::event(*event_type);
        let answer = Answer::of(app.stranger("GET", &format!("/schemas/{}", event["dataschema"].as_str().unwrap()))).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/schema+json"), "{event:#}");
        assert!(answer.json()["$id"].as_str().unwrap().starts_with("/schemas/events/"));
    }
    assert_eq!(Answer::of(app.stranger("GET", "/schemas/urn:skillgate:schema:nothing:1")).await.status, 404);
}
