//! The connectors' own tests, their golden requests, and the engine against a real socket.

use skillgate::connector::{Registry, selftest};
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
