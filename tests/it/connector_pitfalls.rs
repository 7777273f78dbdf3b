//! What integrators of employer systems run into, each as a test of the system's manifest: the list keeps the tests from getting lost.

use skillgate::connector::manifest::Require;
use skillgate::connector::{Connector, Registry};
use std::path::Path;
use std::sync::Arc;

/// Connector, and the name of the test in its manifest.
const PITFALLS: &[(&str, &str)] = &[
    ("ashby", "a limit inside a 200 is waited for"),
    ("ashby", "an error inside a 200 is an error"),
    ("ashby", "somebody who only resembles the candidate is not the candidate"),
    ("bamboohr", "XML instead of JSON is not a list"),
    ("bamboohr", "a 200 that says that nothing was deleted is a dead letter"),
    ("bamboohr", "a limit inside a 200 is waited for"),
    ("breezy", "a candidate who was moved meanwhile is found anew at once"),
    ("dynamics365-hr", "a certificate whose answer was lost is written again, because its key is the same"),
    ("greenhouse", "a note whose answer was lost and that is not there is written, with the visibility for writing"),
    ("greenhouse", "an answer that repeats the client id is not kept"),
    ("greenhouse", "an empty list may mean that the acting user sees nobody"),
    ("hibob", "the eleventh write of a minute waits until the window ends"),
    ("hibob", "the login page with a 200 is not an answer"),
    ("icims", "a person whose address iCIMS hides is for a person, not written to"),
    ("icims", "the calls of the day are used up"),
    ("jobvite", "a candidate with two applications is one person"),
    ("jobvite", "a search that ignores the address is read to its end and finds nobody else"),
    ("jobvite", "a wrong key inside a 200 pauses the connection and is not an empty list"),
    ("kombo", "a limit is told by the code, whatever the status"),
    ("kombo", "a task that timed out at Kombo may have been done"),
    ("lever", "an answer of another form still counts as written"),
    ("lever", "confidential people are asked for, and nobody is nobody"),
    ("merge", "an error inside a 201 is an error"),
    ("oracle-hcm", "a certificate whose answer was lost is found and not written again"),
    ("paylocity", "a skill that the company wrote is not replaced by a renewal"),
    ("personio", "attributes that are not ticked are told apart from nobody"),
    ("recruitee", "a quote in an address can't change the filter"),
    ("smartrecruiters", "nobody with this address, although somebody mentions it"),
    ("successfactors", "a record that is refused inside a 200 is a dead letter"),
    ("teamtailor", "a note and a tag beside the other tags for an accepted credential"),
    ("ukg-pro", "a request whose answer was lost is for a person, because requests can not be listed"),
    ("ukg-wfm", "an item that is refused inside a 207 is a dead letter"),
    ("ukg-wfm", "nobody is guessed where no person number is known"),
    ("workable", "a profile without its lists is not replaced"),
    ("workday-rest", "a withdrawn skill is for a person, because it may be the worker's own"),
    ("workday-soap", "a fault of validation is a dead letter, although the answer is a 500"),
    ("zoho-recruit", "a comma in a name does not make two tags"),
    ("zoho-recruit", "nobody is an empty 204"),
];

/// Systems that leave people out of their answers without a word when the account may not see them.
const HIDING: &[&str] = &["ashby", "bamboohr", "greenhouse", "hibob", "icims", "lever", "personio", "successfactors", "ukg-pro"];

/// Connector, and the rate that the system allows.
const RATES: &[(&str, &str)] = &[("hibob", "10/m"), ("jobvite", "15/m, 850/h, 20000/d")];

fn connector(registry: &Registry, name: &str) -> Arc<Connector> {
    registry.get(name).unwrap_or_else(|| panic!("there is no connector {name}"))
}

fn registry() -> Registry {
    Registry::load(Path::new("")).expect("the embedded connectors are valid")
}

#[test]
fn every_pitfall_is_a_test_of_its_manifest() {
    let registry = registry();
    for (name, test) in PITFALLS {
        let connector = connector(&registry, name);
        assert!(connector.manifest.tests.iter().any(|known| known.name == *test), "{name} has no test “{test}”");
    }
}

#[test]
fn where_a_system_hides_people_the_parked_delivery_names_that_cause() {
    let registry = registry();
    for name in HIDING {
        let connector = connector(&registry, name);
        let steps = connector.manifest.events.iter().flat_map(|handler| &handler.steps);
        let people: Vec<_> = steps.filter(|step| step.id == "person").filter_map(|step| step.require.as_ref()).collect();
        assert!(!people.is_empty(), "{name} looks for nobody");
        for require in people {
            let Require::OneOrElse { none, .. } = require else { panic!("{name} parks in general words") };
            assert_eq!(none.reason, "no_match", "{name}");
            assert!(none.message.contains("see"), "{name}: {}", none.message);
        }
    }
}

#[test]
fn a_connection_keeps_within_the_published_limits() {
    let registry = registry();
    for (name, rate) in RATES {
        assert_eq!(connector(&registry, name).manifest.limits.rate.as_deref(), Some(*rate), "{name}");
    }
}
