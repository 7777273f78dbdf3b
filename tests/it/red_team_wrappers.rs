//! What people put around a credential before they send it: wrapping it in any way gives the same verdict, never a better one, and
//! two credentials in one wrapper give two verdicts.

use crate::support::examine::examine_with;
use crate::support::range::{ENDED, REVOKED, Range, UNTIL};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use skillgate::examine::Examined;
use skillgate::model::report::Outcome;
use std::io::{Cursor, Write};

fn at() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// Outcome and deciding code of every credential, in order, and of every problem that counts.
async fn verdicts(range: &Range, bytes: &[u8]) -> Vec<(Outcome, String)> {
    let of_file = |file: Examined| {
        let problem = file.problem.as_ref().and_then(|problem| Some((problem.outcome()?, problem.code.to_string())));
        let credentials = file.credentials.into_iter().map(|credential| {
            let code = credential.report.deciding_check().map_or("ok", |check| check.code.as_str());
            (credential.report.outcome, code.to_owned())
        });
        problem.into_iter().chain(credentials).collect::<Vec<_>>()
    };
    examine_with(&range.verifier, bytes, at()).await.into_iter().flat_map(of_file).collect()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Lines of 76 characters, as mail programs make them.
fn lines(text: &str, before: &str, after: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let lines: Vec<String> =
        chars.chunks(76 - before.len()).map(|line| format!("{before}{}", line.iter().collect::<String>())).collect();
    lines.join(after)
}

/// Around JSON and tokens alike; `text` is the credential as it is sent.
fn around(text: &str) -> Vec<Vec<u8>> {
    let value = serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!(text));
    let wrapped = [
        json!({"credential": value}),
        json!({"data": {"attributes": [{"verifiable_credential": value}]}, "meta": {"total": 1}}),
        json!({"anything at all": {"x": [[value]]}}),
        json!([null, {"records": [value, value]}]),
        json!({"type": "UniversalWallet2020", "contents": [value, {"type": "Ed25519VerificationKey2020", "privateKeyBase58": "3".repeat(88)}]}),
        json!({"as text": text}),
        json!({"encoded": STANDARD.encode(text)}),
    ];
    let mut all: Vec<Vec<u8>> = Vec::new();
    for wrapper in wrapped {
        all.push(wrapper.to_string().into_bytes());
        all.push(format!("\u{FEFF}{}\r\n", serde_json::to_string_pretty(&wrapper).unwrap().replace('\n', "\r\n")).into_bytes());
    }
    let mail = format!("Dear Ms Meyer,\r\n\r\nhere is my badge:\r\n\r\n{text}\r\n\r\nBest regards\r\nAda\r\n");
    all.push(mail.clone().into_bytes());
    all.push(mail.lines().map(|line| format!("> {line}\n")).collect::<String>().into_bytes());
    all.push(lines(&mail.replace('=', "=3D").replace("\r\n", "\n"), "", "=\n").into_bytes());
    all.push(text.encode_utf16().flat_map(u16::to_le_bytes).fold(vec![0xFF, 0xFE], |mut all, byte| {
        all.push(byte);
        all
    }));
    all.push(zip(&[
        ("badge.json", text.as_bytes()),
        ("READ ME.txt", b"My badges"),
        ("badges.csv", b"a;b"),
        ("photo.tiff", b"II*\0"),
    ]));
    all
}

/// Around tokens alone.
fn around_token(token: &str) -> Vec<Vec<u8>> {
    let texts = [
        format!("Bearer {token}"),
        format!("\"{token}\""),
        format!("'{token}'\n"),
        lines(token, "", "\n"),
        lines(token, "", "\r\n"),
        lines(token, "> ", "\n"),
        lines(token, "", "=\n"),
        format!("Hello,\n{}\nAda\n", lines(token, "", "\n")),
        format!("Please verify: {token}. Thank you."),
        token.replace('.', ".\n\n"),
        token.chars().flat_map(|c| if c == '.' { vec!['\u{200B}', c] } else { vec![c] }).collect(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

#[tokio::test]
async fn wrapping_a_badge_gives_the_same_verdict() {
    let range = Range::new();
    for (until, index) in [(UNTIL, 1), (ENDED, 1), (UNTIL, REVOKED)] {
        let badge = range.sign(&range.badge(until, index)).to_string();
        let token = Range::token("vc+jwt", &range.token_badge(until, index));
        for (credential, wrappers) in [(&badge, around(&badge)), (&token, [around(&token), around_token(&token)].concat())] {
            let expected = verdicts(&range, credential.as_bytes()).await;
            assert_eq!(expected.len(), 1);
            for wrapper in wrappers {
                assert_eq!(verdicts(&range, &wrapper).await, expected, "{}", String::from_utf8_lossy(&wrapper));
            }
        }
    }
}

#[tokio::test]
async fn two_badges_in_a_wrapper_give_two_verdicts() {
    let range = Range::new();
    let good = range.sign(&range.badge(UNTIL, 1));
    let over = range.sign(&range.badge(ENDED, 1));
    let token = Range::token("vc+jwt", &range.token_badge(UNTIL, REVOKED));
    let mut forged = range.sign(&range.badge(UNTIL, 1));
    forged["name"] = json!("Everything");
    let mut unsigned = range.badge(UNTIL, 1);
    unsigned["credentialSubject"]["id"] = json!("did:example:eve");
    let expected = [
        (Outcome::Accepted, "ok"),
        (Outcome::Rejected, "expired"),
        (Outcome::Rejected, "revoked"),
        (Outcome::Rejected, "signature_invalid"),
    ];
    let mut expected: Vec<_> = expected.map(|(outcome, code)| (outcome, code.to_owned())).into();
    let mail = format!("One:\n{good}\nTwo: {over}\nThree: {token}\nand {forged}");
    let archive = zip(&[
        ("1", good.to_string().as_bytes()),
        ("2", over.to_string().as_bytes()),
        ("3", token.as_bytes()),
        ("4", forged.to_string().as_bytes()),
    ]);
    for wrapper in [mail.into_bytes(), archive, json!([good, over, {"t": token}, forged]).to_string().into_bytes()] {
        assert_eq!(verdicts(&range, &wrapper).await, expected, "{}", String::from_utf8_lossy(&wrapper));
    }
    let with_unsigned = json!([good, over, {"t": token}, forged, {"u": unsigned}]).to_string();
    expected.push(verdicts(&range, unsigned.to_string().as_bytes()).await.remove(0));
    assert_eq!(verdicts(&range, with_unsigned.as_bytes()).await, expected);
}

#[tokio::test]
async fn what_a_wallet_shows_beside_a_token_is_not_believed() {
    let range = Range::new();
    let token = Range::token("vc+jwt", &range.token_badge(UNTIL, 1));
    let mut shown = range.token_badge(UNTIL, 1);
    shown["credentialSubject"]["achievement"]["name"] = json!("Everything");
    let of_token = range.judge_bytes(token.clone().into_bytes()).await;
    assert_eq!(of_token.0, Outcome::Accepted);
    for wrapper in [json!({"parsed": shown, "raw": token}), {
        let mut shown = shown.clone();
        shown["proof"] = json!({"type": "JwtProof2020", "jwt": token});
        shown
    }] {
        assert_eq!(range.judge(&wrapper).await, of_token);
    }
}

#[tokio::test]
async fn a_private_key_beside_a_credential_is_warned_about_and_kept_nowhere() {
    let range = Range::new();
    let secret = "5".repeat(43);
    let badge = range.sign(&range.badge(UNTIL, 1));
    let wallet = json!({"contents": [badge, {"kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43), "d": secret}]}).to_string();
    for bytes in [wallet.clone().into_bytes(), zip(&[("wallet.json", wallet.as_bytes())])] {
        let found = examine_with(&range.verifier, &bytes, at()).await;
        let [file] = &found[..] else { panic!("one file") };
        assert_eq!(file.file.warnings.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>(), ["private_key_found"]);
        assert_eq!(file.credentials[0].report.outcome, Outcome::Accepted);
        assert!(!format!("{found:?}").contains(&secret));
    }
    assert!(examine_with(&range.verifier, badge.to_string().as_bytes(), at()).await[0].file.warnings.is_empty());
}
