//! What a holder could do to a token or a signed message that leaves its signature good: write it in another way, add to what is
//! not signed. The issuer is trusted, so that what gets through is accepted.

use crate::support::range::{DISCLOSER, ENDED, LATE, Range, UNTIL, unordered};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use serde_json::json;
use skillgate::model::report::Outcome;

/// The bytes around and inside a token, and a second member spelled with escapes.
#[tokio::test]
async fn no_other_spelling_of_a_token_is_accepted_unless_it_says_the_same() {
    let range = Range::new();
    for (until, expected) in [(UNTIL, "ok"), (ENDED, "expired")] {
        let token = Range::token("vc+jwt", &range.token_badge(until, 1));
        let (unedited, code, original) = range.judge_bytes(token.clone().into_bytes()).await;
        assert_eq!(code, expected);
        let original = original.map(unordered);
        let parts: Vec<&str> = token.split('.').collect();
        let longer = range.token_badge("2099-01-01T00:00:00Z", 1);
        let other_payload = URL_SAFE_NO_PAD.encode(longer.to_string());
        let mut edits = vec![
            format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
            format!("{}.{}=.{}", parts[0], parts[1], parts[2]),
            format!("{}.{}.{}=", parts[0], parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}.", parts[0], parts[1], parts[2]),
            format!("{}.{other_payload}.{}", parts[0], parts[2]),
            format!("{}..{}", parts[0], parts[2]),
            format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), parts[1], ""),
            format!("\u{feff}{token}"),
            format!("{token}\n{token}"),
            json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]}).to_string(),
            json!({"payload": parts[1], "protected": parts[0], "signature": parts[2]}).to_string(),
            json!({"payload": other_payload, "protected": parts[0], "signature": parts[2]}).to_string(),
            json!({"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential",
                "id": format!("data:application/vc+jwt,{token}"), "validUntil": UNTIL})
            .to_string(),
        ];
        for part in 0..3 {
            for at in [0, parts[part].len() / 2, parts[part].len() - 1] {
                let mut changed: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
                let letter = if parts[part].as_bytes()[at] == b'A' { "B" } else { "A" };
                changed[part].replace_range(at..=at, letter);
                edits.push(changed.join("."));
                changed[part].replace_range(at..=at, "%");
                edits.push(changed.join("."));
            }
        }
        for edit in edits {
            let (outcome, code, common) = range.judge_bytes(edit.clone().into_bytes()).await;
            let says_the_same = unedited == Outcome::Accepted && common.map(unordered) == original;
            assert!(
                outcome != Outcome::Accepted || says_the_same,
                "{code}: {edit:.80}…{}",
                &edit[edit.len().saturating_sub(20)..]
            );
        }
    }
    let signed = range.sign(&range.badge(ENDED, 1)).to_string();
    for escaped in [r"valid\u0055ntil", r"\u0076alidUntil", r"validUnti\u006C"] {
        for twice in [
            signed.replacen('{', &format!("{{\"{escaped}\":\"{UNTIL}\","), 1),
            format!("{},\"{escaped}\":\"{UNTIL}\"}}", &signed[..signed.len() - 1]),
        ] {
            assert_eq!(range.judge_bytes(twice.into_bytes()).await.0, Outcome::Rejected, "{escaped}");
        }
    }
}

#[tokio::test]
async fn nothing_outside_the_signature_of_a_message_makes_it_good() {
    let range = Range::new();
    let key = Range::token_key();
    let pair = |label: i64, value: Cbor| (Cbor::from(label), value);
    let text = |text: &str| Cbor::Text(text.to_owned());
    let kid = || pair(4, Cbor::Bytes(format!("{DISCLOSER}#key").into_bytes()));
    let protected = || {
        vec![
            pair(1, Cbor::from(key.cose_algorithm())),
            pair(3, text("application/vc")),
            kid(),
            pair(16, text("application/vc+cose")),
        ]
    };
    let claims = Cbor::Map(vec![(Cbor::from(4), Cbor::from(LATE)), (Cbor::from(1), text(DISCLOSER))]);
    let additions = [
        None,
        Some(kid()),
        Some(pair(4, Cbor::Bytes(b"did:web:eve.example.org#key".to_vec()))),
        Some(pair(3, text("application/vp"))),
        Some(pair(16, text("application/vp+cose"))),
        Some(pair(15, claims)),
        Some(pair(33, Cbor::Bytes(vec![0x30, 0]))),
        Some((text("validUntil"), text(UNTIL))),
    ];
    for (until, expected) in [(UNTIL, "ok"), (ENDED, "expired")] {
        let payload = range.token_badge(until, 1);
        for addition in additions.clone() {
            let message = key.cose(protected(), addition.clone().into_iter().collect(), &payload);
            let (outcome, code, _) = range.judge_bytes(message).await;
            assert!(outcome != Outcome::Accepted || expected == "ok", "{addition:?}");
            assert!(addition.is_some() || code == expected, "{code}");
        }
    }
}
