//! What the holder of an SD-JWT could do that leaves its signature good: choose disclosures, invent some, leave the key binding
//! off, pass the token on as one of another kind. The issuer is trusted, so that what gets through is accepted.

use crate::support::range::{DISCLOSER, ENDED, LATE, OTHER_LIST, OVER, REVOKED, Range, TOKEN_LIST, UNTIL};
use crate::support::tokens::TestKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skillgate::model::report::Outcome;

fn digest(disclosure: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(disclosure))
}

fn encoded(disclosure: &Value) -> String {
    URL_SAFE_NO_PAD.encode(disclosure.to_string())
}

/// An SD-JWT of which parts are hidden.
#[derive(Clone)]
struct Hidden {
    payload: Value,
    disclosures: Vec<String>,
}

impl Hidden {
    /// Hides what stands at these places, deeper ones first; `None` when one is not there.
    fn new(payload: &Value, places: &[&str]) -> Option<Self> {
        let mut hidden = Self { payload: payload.clone(), disclosures: Vec::new() };
        let mut places = places.to_vec();
        places.sort_by_key(|place| std::cmp::Reverse(place.matches('/').count()));
        places.iter().all(|place| hidden.hide(place).is_some()).then_some(hidden)
    }

    fn hide(&mut self, place: &str) -> Option<()> {
        let (parent, name) = place.rsplit_once('/')?;
        let salt = format!("salt {place}");
        let disclosure = match self.payload.pointer_mut(parent)? {
            Value::Object(members) => {
                let disclosure = encoded(&json!([salt, name, members.remove(name)?]));
                let digests = members.entry("_sd").or_insert_with(|| json!([]));
                digests.as_array_mut()?.push(json!(digest(&disclosure)));
                disclosure
            }
            Value::Array(items) => {
                let item = items.get_mut(name.parse::<usize>().ok()?)?;
                let disclosure = encoded(&json!([salt, item]));
                *item = json!({"...": digest(&disclosure)});
                disclosure
            }
            _ => return None,
        };
        self.disclosures.push(disclosure);
        Some(())
    }

    /// The token with the disclosures whose bits are set.
    fn shown(&self, typ: &str, choice: usize) -> String {
        let chosen = self.disclosures.iter().enumerate().filter(|(index, _)| choice & (1 << index) != 0);
        let tail: String = chosen.map(|(_, disclosure)| format!("{disclosure}~")).collect();
        format!("{}~{tail}", Range::token(typ, &self.payload))
    }

    fn choices(&self) -> std::ops::Range<usize> {
        0..1 << self.disclosures.len()
    }
}

/// Every set of up to two of these.
fn sets<'a>(places: &[&'a str]) -> Vec<Vec<&'a str>> {
    let pairs =
        places.iter().enumerate().flat_map(|(index, one)| places[index + 1..].iter().map(move |other| vec![*one, *other]));
    places.iter().map(|one| vec![*one]).chain(pairs).collect()
}

fn held(common: Option<&Value>) -> usize {
    let skills = common.and_then(|common| common["skills"].as_array()).into_iter().flatten();
    skills.filter(|skill| !matches!(skill["attainment"].as_str(), Some("not_attained" | "in_progress"))).count()
}

const PLACES: [&str; 25] = [
    "/@context",
    "/type",
    "/type/1",
    "/issuer",
    "/issuer/id",
    "/iss",
    "/sub",
    "/jti",
    "/nbf",
    "/exp",
    "/validFrom",
    "/validUntil",
    "/credentialStatus",
    "/credentialStatus/type",
    "/credentialStatus/statusListIndex",
    "/credentialStatus/statusPurpose",
    "/credentialSubject",
    "/credentialSubject/id",
    "/credentialSubject/result",
    "/credentialSubject/result/0",
    "/credentialSubject/result/0/status",
    "/credentialSubject/achievement",
    "/credentialSubject/achievement/achievementType",
    "/credentialSubject/achievement/resultDescription",
    "/credentialSubject/achievement/resultDescription/0/requiredValue",
];

#[tokio::test]
async fn no_choice_of_disclosures_makes_a_bad_badge_good() {
    let range = Range::new();
    let mut failed = range.token_badge(UNTIL, 1);
    failed["credentialSubject"]["result"][0]["value"] = json!("10");
    let mut said_failed = failed.clone();
    said_failed["credentialSubject"]["result"][0]["status"] = json!("Failed");
    let mut revoked_too = range.token_badge(UNTIL, 1);
    let mut second = revoked_too["credentialStatus"].clone();
    (second["id"], second["statusListIndex"]) = (json!(format!("{OTHER_LIST}#{REVOKED}")), json!(REVOKED.to_string()));
    revoked_too["credentialStatus"] = json!([revoked_too["credentialStatus"], second]);
    let bad = [
        ("expired", range.token_badge(ENDED, 1)),
        ("revoked", range.token_badge(UNTIL, REVOKED)),
        ("revoked by the second entry", revoked_too),
        ("failed by its value", failed),
        ("failed by its status", said_failed),
    ];
    for (name, mut payload) in bad {
        let (mut count, mut accepted) = (0, 0);
        // An issuer who hides the context may name a type of SD-JWT VC beside it.
        payload["vct"] = json!("https://college.example.org/types/badge");
        let mut places = PLACES.to_vec();
        places.extend(["/credentialStatus/0", "/credentialStatus/1"]);
        for places in sets(&places) {
            let Some(hidden) = Hidden::new(&payload, &places) else { continue };
            for choice in hidden.choices() {
                let (outcome, code, common) = range.judge_bytes(hidden.shown("vc+sd-jwt", choice).into_bytes()).await;
                let is_failed = name.starts_with("failed");
                let is_wrong = outcome == Outcome::Accepted && (!is_failed || held(common.as_ref()) > 0);
                assert!(!is_wrong, "{name}: hidden {places:?}, disclosed {choice:b}: {code} {common:?}");
                count += 1;
                accepted += usize::from(outcome == Outcome::Accepted);
            }
        }
        println!("{name}: {count} choices, {accepted} accepted as failed");
        assert!(count > 500);
    }
}

#[tokio::test]
async fn a_good_badge_whose_holder_keeps_a_tag_to_themselves_is_accepted() {
    let range = Range::new();
    let payload = range.token_badge(UNTIL, 1);
    for places in [
        &["/credentialSubject/achievement/tag/0"][..],
        &["/credentialSubject/achievement/tag/0", "/credentialSubject/achievement/tag/1"],
        &["/credentialSubject/achievement/alignment/0"],
        &["/issuer/name", "/issuer/url"],
    ] {
        let hidden = Hidden::new(&payload, places).unwrap();
        for choice in hidden.choices() {
            let (outcome, code, _) = range.judge_bytes(hidden.shown("vc+sd-jwt", choice).into_bytes()).await;
            assert_eq!((outcome, code.as_str()), (Outcome::Accepted, "ok"), "{places:?} {choice:b}");
        }
    }
    // A person's name hidden beside the results can't be told from a hidden result, unless those are shown.
    let mut without_result = range.token_badge(UNTIL, 1);
    without_result["credentialSubject"]["givenName"] = json!("Ada");
    let hidden = Hidden::new(&without_result, &["/credentialSubject/givenName"]).unwrap();
    assert_eq!(range.judge_bytes(hidden.shown("vc+sd-jwt", 0).into_bytes()).await.0, Outcome::Accepted);
    without_result["credentialSubject"].as_object_mut().unwrap().remove("result");
    let hidden = Hidden::new(&without_result, &["/credentialSubject/givenName"]).unwrap();
    let (outcome, code, common) = range.judge_bytes(hidden.shown("vc+sd-jwt", 0).into_bytes()).await;
    assert_eq!((outcome, code.as_str()), (Outcome::Attention, "result_withholdable"));
    assert_eq!(common.unwrap()["attainment"], "unknown");
    assert_eq!(range.judge_bytes(hidden.shown("vc+sd-jwt", 1).into_bytes()).await.0, Outcome::Accepted, "nothing is hidden");
}

/// A credential after SD-JWT VC, bound to a key.
fn sd_jwt_vc(exp: u64, index: usize) -> Value {
    json!({"iss": DISCLOSER, "iat": 1_735_689_600, "nbf": 1_735_689_600, "exp": exp, "vct": "https://college.example.org/types/skill",
        "cnf": {"jwk": holder().jwk()}, "status": {"status_list": {"idx": index, "uri": TOKEN_LIST}}, "given_name": "Ada",
        "skills": ["Welding", "Brazing"]})
}

fn holder() -> TestKey {
    TestKey::ed25519(9)
}

/// The credential with a key binding of `key`, over `covered` or over all of it.
fn bound(presented: &str, key: &TestKey, covered: Option<&str>) -> String {
    let hash = digest(covered.unwrap_or(presented));
    let claims = json!({"iat": 1_780_315_200, "nonce": "n", "aud": "https://gw.example.org", "sd_hash": hash});
    format!("{presented}{}", key.token(json!({"typ": "kb+jwt"}), &claims))
}

#[tokio::test]
async fn what_decides_in_an_sd_jwt_credential_is_never_hidden() {
    let range = Range::new();
    let good = sd_jwt_vc(LATE, 1);
    let whole = Hidden::new(&good, &["/given_name", "/skills/1"]).unwrap();
    for choice in whole.choices() {
        let (outcome, code, _) = range.judge_bytes(whole.shown("dc+sd-jwt", choice).into_bytes()).await;
        assert_eq!((outcome, code.as_str()), (Outcome::Accepted, "ok"), "{choice:b}");
    }
    for (payload, expected) in [(sd_jwt_vc(OVER, 1), "expired"), (sd_jwt_vc(LATE, REVOKED), "revoked")] {
        let hidden = Hidden::new(&payload, &["/given_name", "/skills/1"]).unwrap();
        for choice in hidden.choices() {
            assert_eq!(range.judge_bytes(hidden.shown("dc+sd-jwt", choice).into_bytes()).await.1, expected);
        }
        // An issuer that hides one of these breaks the rules. Which one is hidden shows only when it is disclosed, or when a part
        // of it is hidden.
        for place in
            ["/iss", "/nbf", "/exp", "/vct", "/cnf", "/cnf/jwk", "/status", "/status/status_list", "/status/status_list/idx"]
        {
            let hidden = Hidden::new(&payload, &[place]).unwrap();
            let is_inside = place.matches('/').count() > 1;
            let disclosed = range.judge_bytes(hidden.shown("dc+sd-jwt", 1).into_bytes()).await;
            assert_eq!(disclosed.0, Outcome::Rejected, "{place} disclosed");
            // Without its type a token is not even taken for a credential.
            let code = if is_inside {
                expected
            } else if place == "/vct" {
                "nothing"
            } else {
                "undisclosed"
            };
            assert_eq!(disclosed.1, code, "{place} disclosed");
            let decides = matches!((expected, place), ("expired", "/exp") | ("revoked", "/status"));
            if !decides {
                assert_eq!(range.judge_bytes(hidden.shown("dc+sd-jwt", 0).into_bytes()).await.0, Outcome::Rejected, "{place}");
            }
        }
    }
    for place in ["/cnf/jwk", "/status/status_list", "/status/status_list/idx"] {
        let hidden = Hidden::new(&good, &[place]).unwrap();
        let withheld = range.judge_bytes(hidden.shown("dc+sd-jwt", 0).into_bytes()).await;
        assert_eq!((withheld.0, withheld.1.as_str()), (Outcome::Rejected, "undisclosed"), "{place}");
    }
    let mut with_algorithm = good.clone();
    with_algorithm["_sd_alg"] = json!("sha-512");
    let hidden = Hidden::new(&with_algorithm, &["/_sd_alg"]).unwrap();
    assert_eq!(range.judge_bytes(hidden.shown("dc+sd-jwt", 1).into_bytes()).await.1, "undisclosed");
}

#[tokio::test]
async fn a_key_binding_is_of_the_named_key_and_of_this_selection() {
    let range = Range::new();
    let hidden = Hidden::new(&sd_jwt_vc(LATE, 1), &["/given_name", "/skills/1"]).unwrap();
    let [one, all] = [1, 3].map(|choice| hidden.shown("dc+sd-jwt", choice));
    let judged = async |token: String| range.judge_bytes(token.into_bytes()).await.1;
    assert_eq!(judged(bound(&all, &holder(), None)).await, "ok");
    // A file is no presentation: whether it is about the candidate is for the recipient check.
    assert_eq!(judged(all.clone()).await, "ok");
    assert_eq!(judged(bound(&all, &TestKey::ed25519(8), None)).await, "key_binding_invalid", "another key");
    assert_eq!(judged(bound(&all, &holder(), Some(&one))).await, "key_binding_invalid", "another selection");
    let foreign = bound(&one, &holder(), None);
    let binding = foreign.rsplit_once('~').unwrap().1;
    assert_eq!(judged(format!("{all}{binding}")).await, "key_binding_invalid", "the binding of another selection");
    assert_eq!(judged(format!("{all}{binding}~")).await, "disclosure_invalid", "a binding in place of a disclosure");
    let unbound = {
        let mut payload = sd_jwt_vc(LATE, 1);
        payload.as_object_mut().unwrap().remove("cnf");
        Hidden::new(&payload, &["/given_name"]).unwrap().shown("dc+sd-jwt", 1)
    };
    assert_eq!(judged(bound(&unbound, &holder(), None)).await, "key_binding_invalid", "no key is named");
}

#[tokio::test]
async fn tricks_with_disclosures_are_refused_or_change_nothing() {
    let range = Range::new();
    let payload = sd_jwt_vc(OVER, 1);
    let name = encoded(&json!(["s", "given_name", "Ada"]));
    let late = encoded(&json!(["s", "exp", LATE]));
    let until = encoded(&json!(["s", "validUntil", UNTIL]));
    let reserved = encoded(&json!(["s", "_sd", [digest(&late)]]));
    let dots = encoded(&json!(["s", "...", digest(&late)]));
    let object = encoded(&json!(["s", "status", {"_sd": [digest(&late)]}]));
    let twice = URL_SAFE_NO_PAD.encode(r#"["s","extra",{"a":1,"\u0061":2}]"#);
    let four = encoded(&json!(["s", "exp", LATE, 1]));
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut edited = payload.clone();
        edit(&mut edited);
        Range::token("dc+sd-jwt", &edited)
    };
    let hiding = |disclosure: &str| with(&|payload| payload["_sd"] = json!([digest(disclosure)]));
    let cases = [
        ("unknown disclosure", format!("{}~{late}~", with(&|_| ()))),
        ("overrides a member", format!("{}~{late}~", hiding(&late))),
        ("a second end date", format!("{}~{until}~", hiding(&until))),
        (
            "a disclosure twice",
            format!(
                "{}~{name}~{name}~",
                with(&|payload| drop(payload.as_object_mut().unwrap().insert("_sd".into(), json!([digest(&name)]))))
            ),
        ),
        ("brings digests", format!("{}~{reserved}~{late}~", hiding(&reserved))),
        ("named like an element", format!("{}~{dots}~", hiding(&dots))),
        ("four parts", format!("{}~{four}~", hiding(&four))),
        ("a key twice, once escaped", format!("{}~{twice}~", hiding(&twice))),
        ("overrides an object", format!("{}~{object}~{late}~", hiding(&object))),
        ("digests in a list", format!("{}~{late}~", with(&|payload| payload["skills"] = json!([{"_sd": [digest(&late)]}])))),
        ("digests in the status", format!("{}~{late}~", with(&|payload| payload["status"]["_sd"] = json!([digest(&late)])))),
        ("dots in an object", format!("{}~{late}~", with(&|payload| payload["extra"] = json!({"...": digest(&late)})))),
        (
            "dots beside others",
            format!("{}~{late}~", with(&|payload| payload["skills"] = json!([{"...": digest(&late), "a": 1}]))),
        ),
        (
            "a digest in two places",
            format!(
                "{}~{late}~",
                with(&|payload| (payload["_sd"], payload["cnf"]["_sd"]) = (json!([digest(&late)]), json!([digest(&late)])))
            ),
        ),
        ("digests that are no list", format!("{}~{late}~", with(&|payload| payload["_sd"] = json!(digest(&late))))),
        ("an algorithm inside", format!("{}~{late}~", with(&|payload| payload["cnf"]["_sd_alg"] = json!("sha-256")))),
    ];
    for (what, token) in cases {
        let (outcome, code, _) = range.judge_bytes(token.into_bytes()).await;
        assert_eq!(outcome, Outcome::Rejected, "{what}: {code}");
    }
}

/// As what the token is passed on decides which rules hold, so the holder must not choose.
#[tokio::test]
async fn a_token_is_of_the_kind_that_it_was_signed_as() {
    let range = Range::new();
    let expired = range.token_badge(ENDED, 1);
    let hidden = Hidden::new(&expired, &["/validUntil", "/exp"]).unwrap();
    for typ in ["vc+sd-jwt", "dc+sd-jwt", "vc+jwt", "JWT", "jwt", "vc+ld+json+sd-jwt", "application/vc+jwt"] {
        let token = hidden.shown(typ, 0);
        for form in [token.clone(), token.trim_end_matches('~').to_owned(), format!("{token}~"), format!(" {token}\n")] {
            let (outcome, code, _) = range.judge_bytes(form.into_bytes()).await;
            assert_ne!(outcome, Outcome::Accepted, "{typ}: {code}");
        }
    }
    let untyped = Range::token_key().token(json!({"kid": format!("{DISCLOSER}#key")}), &hidden.payload);
    assert_ne!(range.judge_bytes(untyped.clone().into_bytes()).await.0, Outcome::Accepted);
    assert_ne!(range.judge_bytes(format!("{untyped}~").into_bytes()).await.0, Outcome::Accepted);
    // A token that hides nothing does not become another one by a tilde.
    let good = Range::token("vc+jwt", &range.token_badge(UNTIL, 1));
    assert_eq!(range.judge_bytes(good.clone().into_bytes()).await.1, "ok");
    assert_eq!(range.judge_bytes(format!("{good}~").into_bytes()).await.0, Outcome::Rejected);
}
