//! Rules, registries, strictness and examples of a policy, decided without any network.
//! Comes in: policies as text. Goes out: nothing.

use super::*;
use crate::model::code::Code;

const POLICY: &str = r#"
    name = "example employer"
    version = "3"
    unknown_issuer = "attention"

    [checks.recipient]
    warning = "fail"
    [checks.schema]
    warning = "pass"
    [checks.proof]
    fail = "warning"

    [[registry]]
    id = "members"
    name = "Example Members"
    kind = "list"
    issuers = [{ id = "did:example:member", name = "Example Member College" }]

    [[rule]]
    id = "mill"
    decision = "deny"
    domain = "mill.example.com"

    [[rule]]
    id = "college"
    decision = "allow"
    domain = "example.edu"
    url = "https://badges.example.org/college"
    achievement_types = ["Certificate"]
    name = "Example College"

    [[example]]
    issuer = "did:web:school.example.edu"
    achievement_types = ["Certificate"]
    expect = "allow"
    rule = "college"
"#;

fn decide(issuer: &str, kind: &str) -> Decision {
    TrustPolicy::parse(POLICY).unwrap().decide(issuer, &[kind.to_owned()], &[])
}

#[test]
fn rules_speak_by_domain_and_address_with_boundaries() {
    assert_eq!(decide("did:web:school.example.edu:dept", "Certificate").verdict, Verdict::Allow);
    assert_eq!(decide("https://badges.example.org/college/7", "Certificate").verdict, Verdict::Allow);
    for stranger in [
        "did:web:notexample.edu",
        "https://badges.example.org/college-of-others",
        "https://example.edu.evil.test/",
        "https://example.edu@evil.test/",
        "did:key:zABC",
    ] {
        assert_eq!(decide(stranger, "Certificate").verdict, Verdict::Attention, "{stranger}");
    }
    assert_eq!(decide("https://a.mill.example.com/x", "Certificate").verdict, Verdict::Deny);
}

#[test]
fn an_issuer_may_issue_only_what_its_rule_says() {
    let decision = decide("did:web:example.edu", "DoctoralDegree");
    assert!(decision.wrong_type && decision.verdict == Verdict::Attention);
    let untyped = TrustPolicy::parse(POLICY).unwrap().decide("did:web:example.edu", &[], &[]);
    assert!(untyped.wrong_type && untyped.verdict == Verdict::Attention, "it may be anything");
}

#[test]
fn a_registry_gives_the_name_and_is_enough_to_be_trusted() {
    let listing =
        Listing { registry_id: "members".into(), registry: "Example Members".into(), issuer_name: Some("Member".into()) };
    let decision = TrustPolicy::parse(POLICY).unwrap().decide("did:example:member", &[], &[listing]);
    assert_eq!((decision.verdict, decision.name), (Verdict::Allow, Some(("Member".into(), "Example Members".into()))));
}

#[test]
fn checks_become_stricter_or_laxer_but_never_authenticity() {
    let policy = TrustPolicy::parse(POLICY).unwrap();
    let adjusted = |check: Check| policy.adjust(check).status;
    assert_eq!(adjusted(Check::warning(CheckId::Recipient, Code::RecipientUnbound, "")), CheckStatus::Fail);
    assert_eq!(adjusted(Check::warning(CheckId::Schema, Code::SchemaDeviation, "")), CheckStatus::Pass);
    assert_eq!(adjusted(Check::fail(CheckId::Proof, Code::SignatureInvalid, "")), CheckStatus::Fail);
}

#[test]
fn the_policys_own_examples_are_run_and_failures_named() {
    let (count, failures) = TrustPolicy::parse(POLICY).unwrap().test();
    assert_eq!((count, failures.len()), (1, 0));
    let wrong = POLICY.replace("expect = \"allow\"", "expect = \"deny\"");
    assert_eq!(TrustPolicy::parse(&wrong).unwrap().test().1.len(), 1);
}

#[test]
fn the_reference_changes_with_every_byte_and_unknown_settings_are_refused() {
    let one = TrustPolicy::parse(POLICY).unwrap().reference();
    let two = TrustPolicy::parse(&format!("{POLICY}\n")).unwrap().reference();
    assert_eq!(one.name, "example employer 3");
    assert_ne!(one.sha256, two.sha256);
    assert!(TrustPolicy::parse("name = \"a\"\nunknwon_issuer = \"allow\"").is_err());
    assert!(TrustPolicy::parse(r#"{"name":"a","rule":[{"id":"r","decision":"allow","registry":"none"}]}"#).is_err());
}
