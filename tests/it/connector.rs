//! The connectors' own tests, their golden requests, and the engine against a real socket.

use skillgate::connector::{Registry, selftest};
use skillgate::http::asyncapi;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors")
}

fn registry() -> Registry {
    Registry::load(Path::new("")).expect("the embedded connectors are valid")
}

#[tokio::test]
async fn every_connector_passes_the_tests_of_its_own_manifest() {
    let mut failures = String::new();
    for connector in registry().iter() {
        for result in selftest::run(connector).await {
            for problem in &result.problems {
                writeln!(failures, "{}: {}: {problem}", connector.manifest.connector, result.name).unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_event_of_a_fixture_is_an_event_that_the_gateway_could_send() {
    let schema = asyncapi::event_schema().unwrap();
    let validator = jsonschema::options().offline().should_validate_formats(true).build(&schema).unwrap();
    let mut checked = 0;
    for connector in registry().iter() {
        for path in
            connector.manifest.tests.iter().map(|test| &test.event).filter(|event| !event.is_empty()).collect::<BTreeSet<_>>()
        {
            let event = connector.json_file(path).unwrap();
            let problems: Vec<String> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{}: {path}: {problems:#?}", connector.manifest.connector);
            checked += 1;
        }
    }
    assert!(checked > 5, "only {checked} events were checked");
}

/// The requests of every manifest's tests, byte for byte. `SKILLGATE_UPDATE_GOLDEN=1` writes them anew.
#[tokio::test]
async fn every_request_is_the_one_in_the_golden_file() {
    let update = std::env::var_os("SKILLGATE_UPDATE_GOLDEN").is_some();
    for connector in registry().iter() {
        let name = &connector.manifest.connector;
        let transcript: Vec<String> = selftest::run(connector).await.into_iter().map(|result| result.transcript).collect();
        let transcript = transcript.join("\n");
        let path = folder().join(name).join("golden/requests.txt");
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &transcript).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = golden.lines().zip(transcript.lines()).position(|(old, new)| old != new);
        assert!(golden == transcript, "{name}: golden/requests.txt differs, first at line {differs:?}");
    }
}
