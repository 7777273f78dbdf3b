//! The example configuration that the deployment files ship.

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
