//! The list of connectors, what each of them takes back, and a connector that is added without a build.

use skillgate::connector::registry::short_name;
use skillgate::connector::{Registry, selftest};
use skillgate::model::event::EventType;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- the list -->\n";
const END: &str = "<!-- the end of the list -->";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors")
}

fn registry() -> Registry {
    Registry::load(Path::new("")).expect("the embedded connectors are valid")
}

/// `SKILLGATE_UPDATE_GOLDEN=1` writes the table anew.
#[test]
fn the_list_of_connectors_says_what_the_manifests_say() {
    let mut table = String::from("\n| connector | kind | writes | status | proven by |\n|---|---|---|---|---|\n");
    for connector in registry().iter() {
        let manifest = &connector.manifest;
        let name = &manifest.connector;
        assert!(!manifest.writes.is_empty() && !manifest.proven.is_empty(), "{name}: `writes` or `proven` is missing");
        let status = format!("{:?}", manifest.status).to_lowercase();
        writeln!(
            table,
            "| [`{name}`]({name}/README.md) | {} | {} | {status} | {} |",
            manifest.category, manifest.writes, manifest.proven
        )
        .unwrap();
        assert!(folder().join(name).join("README.md").is_file(), "{name} has no README.md");
    }
    table.push('\n');
    let path = folder().join("README.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("SKILLGATE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    let differing = table.lines().zip(written.lines()).find(|(made, written)| made != written);
    assert!(table == written, "connectors/README.md is not up to date (SKILLGATE_UPDATE_GOLDEN=1 writes it anew): {differing:?}");
}

/// An employer must be able to trust that what does not hold any more goes away.
#[test]
fn every_connector_takes_back_what_it_wrote_or_says_why_it_does_not() {
    let takes_back = [
        EventType::CredentialRevoked,
        EventType::CredentialExpired,
        EventType::CredentialSuperseded,
        EventType::CredentialSuspended,
        EventType::CredentialReinstated,
        EventType::SkillWithdrawn,
        EventType::CandidateErased,
    ];
    for connector in registry().iter() {
        let handles = |event_type| connector.handler(event_type).is_some();
        let name = &connector.manifest.connector;
        for event_type in takes_back {
            let short = short_name(event_type);
            let is_told = connector.manifest.not_handled.contains_key(short);
            assert!(handles(event_type) || is_told, "{name}: {short} has neither steps nor a reason in `not_handled`");
        }
        assert!(handles(EventType::CandidateErased), "{name}: candidate.erased");
        assert!(handles(EventType::CredentialVerified) || handles(EventType::SkillAsserted), "{name} writes nothing");
    }
}

/// The page that teaches manifests holds a complete connector: it must work as it is printed, from a folder, without a build.
#[tokio::test]
async fn the_connector_of_the_manual_works_from_a_folder_at_run_time() {
    let page = std::fs::read_to_string(folder().join("../docs/connectors.md")).unwrap();
    let manifest = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let extra = tempfile::tempdir().unwrap();
    let own = extra.path().join("chat");
    std::fs::create_dir_all(own.join("fixtures")).unwrap();
    std::fs::write(own.join("manifest.yaml"), manifest).unwrap();
    std::fs::copy(folder().join("webhook/fixtures/credential_verified.json"), own.join("fixtures/credential_verified.json"))
        .unwrap();
    let registry = Registry::load(extra.path()).unwrap();
    assert!(registry.get("odoo").is_some(), "the built-in connectors are still there");
    let results = selftest::run(&registry.get("chat").unwrap()).await;
    let problems: Vec<&String> = results.iter().flat_map(|result| &result.problems).collect();
    assert!(!results.is_empty() && problems.is_empty(), "{problems:?}");
}
