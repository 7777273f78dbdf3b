//! What a holder could do to a credential of which they may show a part: leave things out, and edit the derived proof.
//! In ecdsa-sd-2023 and in bbs-2023.

use crate::support::disclosure::{Issued, Suite, with_components};
use crate::support::range::{ENDED, OTHER_LIST, REVOKED, Range, UNTIL, attack, unordered};
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use skillgate::model::report::Outcome;

/// What decides on validity, each by the end of its IRI.
const DECISIVE: [&str; 6] =
    ["#validFrom>", "#validUntil>", "#credentialStatus>", "#statusListIndex>", "#statusPurpose>", "#statusListCredential>"];
/// Statements of these properties, and of nodes with these types, are about results.
const RESULTS: [&str; 12] = [
    "#result>",
    "#resultDescription>",
    "#resultType>",
    "#requiredValue>",
    "#valueMin>",
    "#valueMax>",
    "schema.org/value>",
    "#status>",
    "#test>",
    "#Result>",
    "#ResultDescription>",
    "#achievedLevel>",
];

/// What any careful issuer demands to be shown: validity, status, issuer and kind.
fn is_lifecycle(line: &str) -> bool {
    let kinds = ["#VerifiableCredential>", "#OpenBadgeCredential>", "#AchievementCredential>", "#BitstringStatusListEntry>"];
    DECISIVE.iter().chain(&kinds).chain(&["#issuer>"]).any(|part| line.contains(part))
}

fn is_about_results(line: &str) -> bool {
    RESULTS.iter().any(|part| line.contains(part))
}

/// A badge of a course that was not passed.
fn failed_badge(range: &Range) -> Value {
    let mut badge = range.others_badge(UNTIL, 1);
    let result = &mut badge["credentialSubject"]["result"][0];
    (result["value"], result["status"]) = (json!("10"), json!("Failed"));
    badge
}

/// Skills that the person is said to have, so that they are asserted.
fn held(common: Option<&Value>) -> Vec<String> {
    let skills = common.and_then(|common| common["skills"].as_array()).into_iter().flatten();
    let held = skills.filter(|skill| !matches!(skill["attainment"].as_str(), Some("not_attained" | "in_progress")));
    held.map(|skill| skill["label"]["text"].as_str().unwrap().to_owned()).collect()
}

/// JSON Pointers to every member and element, contexts left out.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            let said = members.iter().filter(|(name, _)| *name != "@context");
            said.map(|(name, value)| (format!("{pointer}/{name}"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item)).collect(),
        _ => Vec::new(),
    };
    for (pointer, value) in inner {
        found.push(pointer.clone());
        places(value, &pointer, found);
    }
}

/// The document without what stands at these places; a place that is gone already makes no difference.
fn without(document: &Value, places: &[&String]) -> Value {
    let mut rest = document.clone();
    for place in places {
        let (parent, name) = place.rsplit_once('/').unwrap();
        match rest.pointer_mut(parent) {
            Some(Value::Object(members)) => drop(members.remove(name)),
            Some(Value::Array(items)) if name.parse::<usize>().unwrap() < items.len() => {
                drop(items.remove(name.parse().unwrap()))
            }
            _ => {}
        }
    }
    rest
}

#[tokio::test]
async fn no_edit_of_a_badge_in_selective_disclosure_is_accepted_unless_it_says_the_same() {
    let range = Range::new();
    let good = range.disclosed(Suite::EcdsaSd, UNTIL, |_| true);
    attack("good badge in EcdsaSd", &range, &good).await;
    for suite in [Suite::EcdsaSd, Suite::Bbs] {
        let badge = range.disclosed(suite, ENDED, |_| true);
        assert_eq!(range.judge(&badge).await.1, "expired");
        attack(&format!("expired badge in {suite:?}"), &range, &badge).await;
    }
}

/// What decides on validity has to be shown: a holder who could leave it out may have left out another one.
#[tokio::test]
async fn a_badge_whose_holder_could_leave_out_what_decides_is_not_accepted() {
    let range = Range::new();
    for suite in Suite::ALL {
        let honest = range.disclosed(suite, UNTIL, |_| true);
        let (outcome, code, _) = range.judge(&honest).await;
        assert_eq!((outcome, code.as_str()), (Outcome::Accepted, "ok"), "{suite:?}");
        for part in DECISIVE {
            let badge = range.disclosed(suite, UNTIL, |line| !line.contains(part));
            let (outcome, code, _) = range.judge(&badge).await;
            assert_eq!((outcome, code.as_str()), (Outcome::Rejected, "withholdable"), "{part} in {suite:?}");
        }
    }
}

#[tokio::test]
async fn a_badge_whose_holder_leaves_out_what_decides_is_not_accepted() {
    let range = Range::new();
    for suite in Suite::ALL {
        let badge = range.others_badge(ENDED, REVOKED);
        for left_out in [
            &["/validUntil", "/credentialStatus"][..],
            &["/validFrom", "/validUntil", "/credentialStatus"],
            &["/validUntil", "/credentialStatus/statusListIndex"],
            &["/validUntil", "/credentialStatus/statusPurpose", "/credentialStatus/statusListCredential"],
        ] {
            let left_out: Vec<String> = left_out.iter().map(|place| (*place).to_owned()).collect();
            let shown = without(&badge, &left_out.iter().collect::<Vec<_>>());
            for decisive_is_shown in [false, true] {
                let issued =
                    Issued::new(suite, &badge, |line| decisive_is_shown || !DECISIVE.iter().any(|part| line.contains(part)));
                let (outcome, code, common) = range.judge(&issued.disclose(&shown).unwrap()).await;
                let refused = if code == "bbs_edition" { Outcome::Attention } else { Outcome::Rejected };
                assert_eq!((outcome, common), (refused, None), "{left_out:?} in {suite:?}");
                assert!(
                    !decisive_is_shown || code == suite.mismatch() || code == "malformed" || code == "schema_invalid",
                    "{code}"
                );
            }
        }
    }
}

/// The proof of bbs-2023 covers how many statements there are.
#[tokio::test]
async fn a_proof_that_shows_that_nothing_was_left_out_hides_nothing() {
    let range = Range::new();
    let badge = range.others_badge(UNTIL, 1);
    for (suite, expected) in [(Suite::Bbs, "ok"), (Suite::EcdsaSd, "withholdable")] {
        let issued = Issued::new(suite, &badge, |line| line.contains("#issuer>"));
        assert_eq!(range.judge(&issued.disclose(&badge).unwrap()).await.1, expected, "{suite:?}");
    }
}

#[tokio::test]
async fn whatever_is_left_out_of_a_failed_course_nobody_is_said_to_have_passed_it() {
    let range = Range::new();
    let badge = failed_badge(&range);
    let mut all = Vec::new();
    places(&badge, "", &mut all);
    for suite in [Suite::EcdsaSd, Suite::Bbs] {
        let issued = Issued::new(suite, &badge, is_lifecycle);
        let mut shown = 0;
        // Each thing alone, and each beside what says that the course was failed.
        let telling =
            ["/result", "/result/0/status", "/achievement/resultDescription"].map(|end| format!("/credentialSubject{end}"));
        let pairs = all.iter().flat_map(|one| telling.iter().chain([one]).map(move |other| [one, other]));
        let pairs = pairs.filter(|[one, other]| suite == Suite::EcdsaSd || one == other || other.ends_with("/result"));
        for left_out in pairs {
            let Some(document) = issued.disclose(&without(&badge, &left_out)) else { continue };
            let (outcome, code, common) = range.judge(&document).await;
            shown += 1;
            let said = held(common.as_ref());
            assert!(outcome != Outcome::Accepted || said.is_empty(), "{suite:?} without {left_out:?}: {code}, {said:?}");
        }
        println!("failed course in {suite:?}: {shown} ways to leave something out");
        assert!(shown > 30);
    }
}

#[tokio::test]
async fn a_result_that_could_be_left_out_leaves_open_whether_the_course_was_passed() {
    let range = Range::new();
    for suite in Suite::ALL {
        let passed = range.others_badge(UNTIL, 1);
        let result = "/credentialSubject/result".to_owned();
        let bar = "/credentialSubject/achievement/resultDescription".to_owned();
        let issued = Issued::new(suite, &passed, is_lifecycle);
        let tag = "/credentialSubject/achievement/tag/1".to_owned();
        for left_out in [&[&tag][..], &[&result], &[&bar], &[&result, &bar]] {
            let (outcome, code, common) = range.judge(&issued.disclose(&without(&passed, left_out)).unwrap()).await;
            assert_eq!((outcome, code.as_str()), (Outcome::Attention, "result_withholdable"), "{suite:?} {left_out:?}");
            assert_eq!(common.unwrap()["attainment"], "unknown", "{suite:?} {left_out:?}");
        }
        // An issuer that demands results to be shown loses nothing.
        let careful = Issued::new(suite, &passed, |line| is_lifecycle(line) || is_about_results(line));
        let (outcome, code, common) = range.judge(&careful.disclose(&without(&passed, &[&tag])).unwrap()).await;
        assert_eq!((outcome, code.as_str()), (Outcome::Accepted, "ok"), "{suite:?}");
        assert_eq!((&common.as_ref().unwrap()["attainment"], held(common.as_ref()).len()), (&json!("attained"), 3), "{suite:?}");
        // Not even an issuer that forgets what a result had to reach can be played against itself.
        let forgetful =
            Issued::new(suite, &passed, |line| is_lifecycle(line) || line.contains("#result>") || line.contains("#Result>"));
        let required = format!("{bar}/0/requiredValue");
        for left_out in [&bar, &required] {
            let (outcome, code, _) = range.judge(&forgetful.disclose(&without(&passed, &[left_out])).unwrap()).await;
            assert_eq!((outcome, code.as_str()), (Outcome::Attention, "result_withholdable"), "{suite:?} {left_out}");
        }
        let bars =
            ["#resultDescription> _:", "#requiredValue>", "#resultType>", "#valueMin>", "#valueMax>", "#ResultDescription>"];
        let without_bar = |line: &str| bars.iter().any(|part| line.contains(part)) || line.starts_with("<https://lindgrove");
        let forgetful = Issued::new(suite, &passed, |line| is_lifecycle(line) || is_about_results(line) && !without_bar(line));
        let (outcome, code, _) = range.judge(&forgetful.disclose(&without(&passed, &[&bar])).unwrap()).await;
        assert_eq!((outcome, code.as_str()), (Outcome::Attention, "result_withholdable"), "{suite:?}");
        let failed = failed_badge(&range);
        let careful = Issued::new(suite, &failed, |line| is_lifecycle(line) || is_about_results(line));
        let (outcome, _, common) = range.judge(&careful.disclose(&without(&failed, &[&tag])).unwrap()).await;
        assert_eq!((outcome, held(common.as_ref()).len()), (Outcome::Accepted, 0), "{suite:?}");
        assert_eq!(range.judge(&careful.disclose(&without(&failed, &[&result])).unwrap()).await.1, suite.mismatch());
    }
}

#[tokio::test]
async fn one_of_two_entries_of_the_status_can_not_be_left_out() {
    let range = Range::new();
    let mut badge = range.others_badge(UNTIL, 1);
    let mut second = badge["credentialStatus"].clone();
    (second["id"], second["statusListIndex"]) = (json!(format!("{OTHER_LIST}#{REVOKED}")), json!(REVOKED.to_string()));
    badge["credentialStatus"] = json!([badge["credentialStatus"], second]);
    let shown = without(&badge, &[&"/credentialStatus/1".to_owned()]);
    for suite in Suite::ALL {
        let is_second = |line: &str| line.contains(&format!("/status/2#{REVOKED}>"));
        let hidable =
            Issued::new(suite, &badge, |line| is_lifecycle(line) && !line.contains("#credentialStatus>") && !is_second(line));
        assert_eq!(range.judge(&hidable.disclose(&shown).unwrap()).await.1, "withholdable", "{suite:?}");
        let mandatory = Issued::new(suite, &badge, is_lifecycle);
        assert_eq!(range.judge(&mandatory.disclose(&shown).unwrap()).await.1, suite.mismatch(), "{suite:?}");
        assert_eq!(range.judge(&mandatory.disclose(&badge).unwrap()).await.1, "revoked", "{suite:?}");
    }
}

/// Every component of the proof, and the statements it stands for, against each other.
#[tokio::test]
async fn no_edit_of_a_derived_proof_is_accepted_unless_it_says_the_same() {
    let range = Range::new();
    for suite in Suite::ALL {
        let mut badge = range.others_badge(UNTIL, 1);
        badge["credentialSubject"]["achievement"]["tag"] = json!(["One", "Three", "Two", "Zero"]);
        let issued = Issued::new(suite, &badge, |line| !line.contains("/keywords>"));
        badge["credentialSubject"]["achievement"]["tag"] = json!(["One", "Three", "Two"]);
        let shown = issued.disclose(&badge).unwrap();
        let (outcome, _, original) = range.judge(&shown).await;
        assert_eq!(outcome, Outcome::Accepted);
        let original = original.map(unordered);
        let mut documents: Vec<(String, Value)> = Vec::new();
        for index in 0..5 {
            for (what, edit) in component_edits() {
                documents.push((
                    format!("component {index}: {what}"),
                    with_components(suite, &shown, |parts| edit(&mut parts[index])),
                ));
            }
            for other in 0..5 {
                let swapped = with_components(suite, &shown, |parts| parts.swap(index, other));
                documents.push((format!("components {index} and {other} swapped"), swapped));
            }
        }
        for tags in
            [&["One", "Three", "Two", "Zero"][..], &["One", "Three", "Four"], &["One", "Three"], &["Zero", "Three", "Two"], &[]]
        {
            let mut other = shown.clone();
            other["credentialSubject"]["achievement"]["tag"] = json!(tags);
            documents.push((format!("tags {tags:?}"), other.clone()));
            // With the proof's own account of what is shown brought into line.
            for component in 2..5 {
                for (what, edit) in component_edits() {
                    let edited = with_components(suite, &other, |parts| edit(&mut parts[component]));
                    documents.push((format!("tags {tags:?}, component {component}: {what}"), edited));
                }
            }
        }
        let count = documents.len();
        let mut wrong = Vec::new();
        for (what, document) in documents {
            let (outcome, _, common) = range.judge(&document).await;
            // A proof that does not fit may be of an outdated edition of BBS: then a person looks, and nothing of it is read.
            let said = common.map(unordered);
            if (outcome == Outcome::Accepted || said.is_some()) && said != original {
                wrong.push(what);
            }
        }
        println!("derived proof in {suite:?}: {count} edits");
        assert!(wrong.is_empty(), "{suite:?}: not rejected: {wrong:?}");
    }
}

type Edit = Box<dyn Fn(&mut Cbor)>;

/// Edits of a component; one that does not apply to its kind leaves it as it is.
fn component_edits() -> Vec<(String, Edit)> {
    let mut edits: Vec<(String, Edit)> = vec![
        ("null".to_owned(), Box::new(|part| *part = Cbor::Null)),
        ("no bytes".to_owned(), Box::new(|part| *part = Cbor::Bytes(Vec::new()))),
        ("empty list".to_owned(), Box::new(|part| *part = Cbor::Array(Vec::new()))),
        ("empty map".to_owned(), Box::new(|part| *part = Cbor::Map(Vec::new()))),
        ("zeros".to_owned(), Box::new(|part| on_bytes(part, |bytes| bytes.fill(0)))),
        ("shorter".to_owned(), Box::new(|part| on_bytes(part, |bytes| bytes.truncate(bytes.len().saturating_sub(32))))),
        ("longer".to_owned(), Box::new(|part| on_bytes(part, |bytes| bytes.extend([0; 32])))),
        ("reversed".to_owned(), Box::new(|part| on_list(part, |list| list.reverse()))),
        ("rotated".to_owned(), Box::new(|part| on_list(part, |list| list.rotate_left(1)))),
        ("without the first".to_owned(), Box::new(|part| on_list(part, |list| drop(list.drain(..1))))),
        ("without the last".to_owned(), Box::new(|part| on_list(part, |list| drop(list.pop())))),
        ("with the last twice".to_owned(), Box::new(|part| on_list(part, |list| list.extend(list.last().cloned())))),
        ("labels rotated".to_owned(), Box::new(|part| on_labels(part, |labels| labels.rotate_left(1)))),
        ("labels reversed".to_owned(), Box::new(|part| on_labels(part, |labels| labels.reverse()))),
        ("labels all the same".to_owned(), Box::new(|part| on_labels(part, |labels| labels.fill(Cbor::from(0))))),
    ];
    for add in 1..5 {
        edits.push((
            format!("all more by {add}"),
            Box::new(move |part| on_list(part, |list| list.iter_mut().for_each(|item| more(item, add)))),
        ));
        edits.push((
            format!("last more by {add}"),
            Box::new(move |part| on_list(part, |list| list.last_mut().into_iter().for_each(|item| more(item, add)))),
        ));
        edits.push((
            format!("{add} more"),
            Box::new(move |part| {
                on_list(part, |list| {
                    let mut next = list.last().cloned().unwrap_or_else(|| Cbor::from(0));
                    for _ in 0..add {
                        more(&mut next, 1);
                        list.push(next.clone());
                    }
                })
            }),
        ));
    }
    for at in [0, 47, 48, 95, 96, 143, 144, 175, 176, 208, 239] {
        edits.push((
            format!("bit at {at}"),
            Box::new(move |part| on_bytes(part, |bytes| bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1))),
        ));
    }
    edits
}

fn on_bytes(part: &mut Cbor, edit: impl Fn(&mut Vec<u8>)) {
    match part {
        Cbor::Bytes(bytes) => edit(bytes),
        Cbor::Array(items) => items.iter_mut().filter_map(Cbor::as_bytes_mut).take(1).for_each(edit),
        _ => {}
    }
}

fn on_list(part: &mut Cbor, edit: impl Fn(&mut Vec<Cbor>)) {
    if let Some(list) = part.as_array_mut().filter(|list| !list.is_empty()) {
        edit(list);
    }
}

fn on_labels(part: &mut Cbor, edit: impl Fn(&mut Vec<Cbor>)) {
    let Cbor::Map(entries) = part else { return };
    let mut labels: Vec<Cbor> = entries.iter().map(|(_, label)| label.clone()).collect();
    edit(&mut labels);
    entries.iter_mut().zip(labels).for_each(|((_, label), other)| *label = other);
}

fn more(index: &mut Cbor, by: u64) {
    if let Some(number) = index.as_integer().and_then(|number| u64::try_from(number).ok()) {
        *index = Cbor::from(number + by);
    }
}
