//! What a verdict looks like: the page of all verdicts, docs/verdicts.md, and the order of the checks in a report.

use serde_json::{Value, json};
use skillgate::document::token;
use skillgate::jsonld::Contexts;
use skillgate::model::code::Code;
use skillgate::model::credential::{Document, ReceivedCredential};
use skillgate::model::report::{CheckId, CheckStatus};
use skillgate::model::submission::CandidateHint;
use skillgate::verify::documents::Documents;
use skillgate::verify::{VerificationRequest, Verifier};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdicts.md");
const OPENING: &str = "\
# Verdicts

Every credential gets a verdict, with the checks behind it. This page lists every code that a check can give.
`SKILLGATE_UPDATE_GOLDEN=1 cargo test --test it verdicts` makes the page from the table in `src/model/code/table.rs`; change the table, not the page.

## Outcomes

| outcome | meaning | what to do |
|---|---|---|
| `accepted` | Every check passed or did not apply. | Rely on the credential. |
| `attention` | A check gave a warning or could not be made. | Have a person look at the checks that the report marks. |
| `rejected` | A check failed. The credential's content is neither shown nor sent on. | Do not rely on the credential. |

The worst check decides. A bad credential *inside* another credential never rejects the outer credential; the outer credential needs attention.

## Statuses of a check

| status | meaning |
|---|---|
| `pass` | The check was made, and the credential passed. |
| `warning` | The check was made, and a person should look at its findings. |
| `could_not_check` | The check could not be made, for example because the issuer's site did not answer. It neither passed nor failed. |
| `fail` | The check was made, and the credential failed. |
| `not_applicable` | The check does not apply to this credential, or an earlier check decided first. |

A trust policy may make a check stricter or more lenient. The report then has the finding `policy_adjusted`, which names the policy. A policy never
makes a forged, revoked or denied credential acceptable.

## Checks and their codes

The codes are stable, so programs may rely on them. The sentences may change, and a report adds the details of the case. Status and next step
are the usual ones.
";

#[test]
fn the_page_of_all_verdicts_says_what_the_table_of_codes_says() {
    let made = page();
    if std::env::var_os("SKILLGATE_UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(std::path::Path::new(PAGE).parent().unwrap()).unwrap();
        std::fs::write(PAGE, &made).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    let differing = made.lines().zip(written.lines()).find(|(made, written)| made != written);
    assert!(made == written, "docs/verdicts.md is not up to date (SKILLGATE_UPDATE_GOLDEN=1 writes it anew): {differing:?}");
}

fn page() -> String {
    let mut page = OPENING.to_owned();
    let is_general = |code: &&Code| code.checks() == CheckId::ALL;
    section(&mut page, "Every check", "Any check can have these codes.", Code::ALL.iter().filter(is_general));
    for id in CheckId::ALL {
        let codes = Code::ALL.iter().filter(|code| !is_general(code) && code.checks().contains(&id));
        section(&mut page, &format!("`{}`", id.as_str()), id.question(), codes);
    }
    page
}

fn section<'a>(page: &mut String, title: &str, about: &str, codes: impl Iterator<Item = &'a Code>) {
    writeln!(page, "\n### {title}\n\n{about}\n\n| code | status | meaning | next step |\n|---|---|---|---|").unwrap();
    for code in codes {
        let next = match (code.next_step(), code.embedded_next_step()) {
            (Some(next), Some(embedded)) if next != embedded => format!("{next} Embedded proofs: {embedded}"),
            (next, _) => next.unwrap_or_default().to_owned(),
        };
        writeln!(page, "| `{code}` | `{}` | {} | {next} |", status(code.status()), code.sentence()).unwrap();
    }
}

fn status(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Fail => "fail",
        CheckStatus::Warning => "warning",
        CheckStatus::NotApplicable => "not_applicable",
        CheckStatus::CouldNotCheck => "could_not_check",
    }
}

#[tokio::test]
async fn a_report_shows_every_check_once_and_in_order_whatever_the_format() {
    let verifier = Verifier::new(Documents::with_provided(HashMap::new(), None), Contexts::built_in());
    let credential = |types: Value, contexts: Value| json!({ "@context": contexts, "type": types, "credentialSubject": {} });
    let base = "https://www.w3.org/ns/credentials/v2";
    let json = [
        json!({}),
        credential(json!(["VerifiableCredential"]), json!(base)),
        credential(json!(["VerifiableCredential"]), json!("https://www.w3.org/2018/credentials/v1")),
        credential(
            json!(["VerifiableCredential", "OpenBadgeCredential"]),
            json!([base, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]),
        ),
        credential(
            json!(["VerifiableCredential", "ClrCredential"]),
            json!([base, "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"]),
        ),
        json!({ "@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": "https://college.example.org/a", "badge": "https://college.example.org/b", "verification": { "type": "hosted" } }),
        json!({ "recipient": "ada@example.org", "badge": { "name": "Welding", "issuer": { "origin": "https://college.example.org" } } }),
        json!({ "type": "LER-RS", "@context": "http://schema.hropenstandards.org/4.5/recruiting/json/LER-RSType.json", "person": {} }),
    ];
    let tokens = [
        Document::CompactJws(token::read("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")),
        Document::SdJwt("eyJhbGciOiJFUzI1NiJ9.e30.c2ln~".to_owned()),
        Document::CoseSign1(vec![0x84]),
        Document::HostedUrl("https://college.example.org/a".to_owned()),
    ];
    let mut formats = HashSet::new();
    for document in json.into_iter().map(|json| Document::Json(json.into())).chain(tokens) {
        let received = ReceivedCredential {
            name: "credential".to_owned(),
            containers: Vec::new(),
            media_type: "application/octet-stream".to_owned(),
            bytes: Vec::new(),
            document,
            presentation: None,
        };
        let at = "2026-06-01T00:00:00Z".parse().unwrap();
        let request = VerificationRequest { at, candidate: CandidateHint::default(), explain: false };
        let report = verifier.verify(&received, &request).await.report;
        assert_eq!(report.checks.iter().map(|check| check.id).collect::<Vec<_>>(), CheckId::ALL, "{:?}", report.format);
        for check in &report.checks {
            assert!(check.code.checks().contains(&check.id), "the table does not say that {:?} can say {}", check.id, check.code);
        }
        formats.insert(format!("{:?}", report.format));
    }
    assert!(formats.len() >= 8, "{formats:?}");
}
