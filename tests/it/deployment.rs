//! The example configuration that the deployment files ship, and the list of tests that CI runs on every back end.

use skillgate::config;
use skillgate::verify::checks::issuer_trust::TrustPolicy;
use std::collections::HashMap;
use std::path::Path;

#[test]
fn the_example_configuration_loads_and_says_what_it_seems_to_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/skillgate.toml");
    let settings = config::load(Some(&file), HashMap::new(), &Vec::new()).unwrap();
    assert_eq!(settings.http.public_url, "https://credentials.example.org");
    assert!(settings.database.url.expose().starts_with("postgres://"));
    assert!(settings.queue.url.expose().starts_with("amqp://"));
    assert_eq!(settings.http_client.allow_private.len(), 1);
}

#[test]
fn the_example_trust_policy_decides_as_its_examples_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/policy.toml");
    let policy = TrustPolicy::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(policy.test(), (4, Vec::new()));
    assert_eq!(policy.audience(), ["https://credentials.example.org"]);
}

#[test]
fn the_settings_of_the_compose_file_exist() {
    let compose = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/compose.yaml")).unwrap();
    let named: HashMap<String, String> = compose
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .filter(|(name, _)| name.starts_with("SKILLGATE_"))
        .map(|(name, _)| (name.to_owned(), if name.ends_with("FORMAT") { "json" } else { "text" }.to_owned()))
        .collect();
    assert!(named.len() >= 5, "found only {named:?}");
    config::load(None, named, &Vec::new()).unwrap();
}

/// A file, or all files of a folder together.
fn source(path: &Path) -> String {
    if !path.is_dir() {
        return std::fs::read_to_string(path).unwrap();
    }
    let files = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.is_file()).map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn the_second_run_of_the_tests_names_every_file_that_starts_the_gateway() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = std::fs::read_to_string(root.join(".ci/run")).unwrap();
    let list = script.split_once("back_ends=(").unwrap().1.split_once(')').unwrap().0;
    let named: Vec<&str> = list.split_whitespace().filter_map(|word| word.strip_suffix("::")).collect();
    let mut starting = Vec::new();
    for entry in std::fs::read_dir(root.join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.is_dir() || path.extension().is_some_and(|extension| extension == "rs");
        // Fuzzing feeds one parser; the database behind it is beside the point. What starts the gateway for all starts it for nobody.
        if is_test && path.file_stem().is_some_and(|stem| stem != "fuzz" && stem != "deployment" && stem != "support") {
            let text = source(&path);
            let starts = text.contains("spawn_app") || text.contains("TestStore::of_the_run");
            starting.extend(starts.then(|| path.file_stem().unwrap().to_string_lossy().into_owned()));
        }
    }
    starting.sort_unstable();
    let mut named: Vec<String> = named.into_iter().map(str::to_owned).collect();
    named.sort_unstable();
    assert_eq!(named, starting);
}
