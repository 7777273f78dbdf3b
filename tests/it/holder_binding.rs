//! Leaving a holder's signature out, or weakening it, never makes a verdict better, whichever protocol the answer comes by.

use crate::support::wallet::Actor;
use crate::support::{Answer, TestApp, spawn_app_as};
use crate::vcalm::open;
use serde_json::{Value, json};

const VCT: &str = "https://issuer.example/skill";
const NOW: i64 = 1_772_366_400;
const V2: &str = "https://www.w3.org/ns/credentials/v2";

/// What becomes of an answer, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    RefusedOrRejected,
    Attention,
    Accepted,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Signed {
    ByHolder,
    /// By somebody else's key, in the holder's name.
    Forged,
    /// By somebody else, in their own name.
    ByStranger,
    /// A presentation without its signature.
    Unsigned,
    /// The credential alone.
    Bare,
}

/// How an answer is made. The first of each list is right; every other value is weaker.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Way {
    signed: Signed,
    right_challenge: bool,
    right_audience: bool,
    /// Seconds from now.
    made: i64,
}

const SOUND: Way = Way { signed: Signed::ByHolder, right_challenge: true, right_audience: true, made: 0 };

fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for signed in [Signed::ByHolder, Signed::Forged, Signed::ByStranger, Signed::Unsigned, Signed::Bare] {
        for (right_challenge, right_audience) in [(true, true), (false, true), (true, false)] {
            for made in [0, -3_600, 3_600] {
                ways.push(Way { signed, right_challenge, right_audience, made });
            }
        }
    }
    ways
}

/// The forms in which answers come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Carrier {
    Vcalm,
    VcalmJwt,
    Oid4vp,
    Oid4vpJwt,
    SdJwt,
}

const CARRIERS: [Carrier; 5] = [Carrier::Vcalm, Carrier::VcalmJwt, Carrier::Oid4vp, Carrier::Oid4vpJwt, Carrier::SdJwt];

struct People {
    issuer: Actor,
    holder: Actor,
    stranger: Actor,
}

/// The request as the wallet sees it.
struct Asked {
    challenge: String,
    audience: String,
}

impl People {
    fn new() -> Self {
        Self { issuer: Actor::new(), holder: Actor::new(), stranger: Actor::new() }
    }

    fn badge(&self) -> Value {
        self.issuer.badge(&self.holder.did, &format!("urn:uuid:{}", uuid::Uuid::now_v7()), "2026-01-01T00:00:00Z")
    }

    fn named(&self, way: Way) -> &str {
        if way.signed == Signed::ByStranger { &self.stranger.did } else { &self.holder.did }
    }

    fn signer(&self, way: Way) -> &Actor {
        if way.signed == Signed::ByHolder { &self.holder } else { &self.stranger }
    }

    fn presentation(&self, way: Way, asked: &Asked) -> Value {
        let presentation = json!({"@context": [V2], "type": ["VerifiablePresentation"], "holder": self.named(way),
            "verifiableCredential": [self.badge()]});
        if way.signed == Signed::Unsigned {
            return presentation;
        }
        let created = chrono::DateTime::from_timestamp(NOW + way.made, 0).unwrap().to_rfc3339();
        let (challenge, domain) = bound_to(way, asked);
        self.signer(way).sign(
            presentation,
            "authentication",
            json!({"challenge": challenge, "domain": domain, "created": created}),
        )
    }

    fn jwt_presentation(&self, way: Way, asked: &Asked) -> String {
        let (nonce, audience) = bound_to(way, asked);
        let claims = json!({"@context": [V2], "type": ["VerifiablePresentation"], "holder": self.named(way), "iss": self.named(way),
            "verifiableCredential": [self.badge()], "nonce": nonce, "aud": audience, "iat": NOW + way.made});
        let signed = self.signer(way).jwt(json!({"typ": "vp+jwt"}), &claims);
        if way.signed != Signed::Unsigned {
            return signed;
        }
        use base64::Engine;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"vp+jwt"}"#);
        format!("{header}.{}.", signed.split('.').nth(1).unwrap())
    }

    fn sd_jwt(&self, way: Way, asked: &Asked) -> String {
        let credential = self.issuer.sd_jwt(&self.holder, VCT);
        if matches!(way.signed, Signed::Unsigned | Signed::Bare) {
            return credential;
        }
        let (nonce, audience) = bound_to(way, asked);
        self.signer(way).bind_at(&credential, &nonce, &audience, NOW + way.made)
    }
}

fn bound_to(way: Way, asked: &Asked) -> (String, String) {
    let challenge = if way.right_challenge { asked.challenge.clone() } else { "another".to_owned() };
    let audience = if way.right_audience { asked.audience.clone() } else { "https://evil.example".to_owned() };
    (challenge, audience)
}

/// A gateway whose policy trusts every issuer, so that only the holder's part decides.
async fn under(policy: &str) -> TestApp {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/policies").join(policy);
    spawn_app_as(|settings| settings.verify.policy_file = file).await
}

async fn state(app: &TestApp, exchange: &Value) -> Value {
    Answer::of(app.client.get(exchange["id"].as_str().unwrap()).bearer_auth(&app.key)).await.json()
}

/// Answers a new request and reads what became of it.
async fn verdict(app: &TestApp, people: &People, carrier: Carrier, way: Way) -> Verdict {
    let options =
        if carrier == Carrier::SdJwt { json!({"openId": {"formats": ["dc+sd-jwt"], "vct_values": [VCT]}}) } else { json!({}) };
    let exchange = open(app, options).await;
    let answer = match carrier {
        Carrier::Vcalm | Carrier::VcalmJwt => {
            let url = exchange["id"].as_str().unwrap();
            let request = Answer::of(app.client.post(url).body("{}")).await.json();
            let request = &request["verifiablePresentationRequest"];
            let text = |name: &str| request[name].as_str().unwrap().to_owned();
            let asked = Asked { challenge: text("challenge"), audience: text("domain") };
            let presentation = match (way.signed, carrier) {
                (Signed::Bare, _) => people.badge(),
                (_, Carrier::VcalmJwt) => {
                    let token = people.jwt_presentation(way, &asked);
                    json!({"@context": V2, "type": "EnvelopedVerifiablePresentation", "id": format!("data:application/vp+jwt,{token}")})
                }
                _ => people.presentation(way, &asked),
            };
            Answer::of(app.client.post(url).json(&json!({"verifiablePresentation": presentation}))).await
        }
        _ => {
            let link = url::Url::parse(exchange["protocols"]["oid4vp-1.0"].as_str().unwrap()).unwrap();
            let member = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.to_string();
            let asked = Asked { challenge: member("nonce"), audience: member("client_id") };
            let token = match (way.signed, carrier) {
                (_, Carrier::SdJwt) => json!({"badge_sd_jwt": [people.sd_jwt(way, &asked)]}),
                (Signed::Bare, _) => json!({"badge": [people.badge()]}),
                (_, Carrier::Oid4vpJwt) => json!({"badge_jwt": [people.jwt_presentation(way, &asked)]}),
                _ => json!({"badge": [people.presentation(way, &asked)]}),
            };
            let form = [("vp_token", token.to_string()), ("state", member("state"))];
            Answer::of(app.client.post(member("response_uri")).form(&form)).await
        }
    };
    let seen = state(app, &exchange).await;
    if answer.status != 200 {
        assert_eq!(answer.status, 400, "{carrier:?} {way:?}: {answer:?}");
        assert_eq!(seen["state"], "active", "{carrier:?} {way:?}: the wallet may try again");
        return Verdict::RefusedOrRejected;
    }
    assert_eq!(seen["state"], "complete", "{carrier:?} {way:?}");
    let verdicts = seen["variables"]["results"]["default"]["verdicts"].as_array().unwrap();
    match verdicts[0]["outcome"].as_str().unwrap() {
        "accepted" => Verdict::Accepted,
        "attention" => Verdict::Attention,
        _ => Verdict::RefusedOrRejected,
    }
}

#[tokio::test]
async fn no_way_of_weakening_an_answer_makes_its_verdict_better() {
    let (app, people) = (under("trusting.toml").await, People::new());
    for carrier in CARRIERS {
        assert_eq!(verdict(&app, &people, carrier, SOUND).await, Verdict::Accepted, "{carrier:?}");
        for way in ways().into_iter().filter(|way| *way != SOUND) {
            assert_eq!(verdict(&app, &people, carrier, way).await, Verdict::RefusedOrRejected, "{carrier:?} {way:?}");
        }
    }
}

#[tokio::test]
async fn where_the_policy_takes_unsigned_answers_a_person_still_has_to_look() {
    let (app, people) = (under("lenient.toml").await, People::new());
    for carrier in CARRIERS {
        assert_eq!(verdict(&app, &people, carrier, SOUND).await, Verdict::Accepted, "{carrier:?}");
        for way in ways().into_iter().filter(|way| *way != SOUND) {
            let found = verdict(&app, &people, carrier, way).await;
            // A JWT without a signature is refused as a form, whoever asks; VCALM knows no credentials outside a presentation.
            let is_taken = matches!(
                (way.signed, carrier),
                (Signed::Unsigned, Carrier::Vcalm | Carrier::Oid4vp | Carrier::SdJwt)
                    | (Signed::Bare, Carrier::Oid4vp | Carrier::Oid4vpJwt | Carrier::SdJwt)
            );
            let expected = if is_taken { Verdict::Attention } else { Verdict::RefusedOrRejected };
            assert_eq!(found, expected, "{carrier:?} {way:?}");
        }
    }
    let submissions = app.get_json("/v1/submissions").await.to_string();
    assert!(submissions.contains("\"attention\""), "{submissions}");
}

#[tokio::test]
async fn an_unsigned_answer_says_what_to_do_and_the_request_goes_on_with_a_new_challenge() {
    let (app, people) = (under("trusting.toml").await, People::new());
    let exchange = open(&app, json!({})).await;
    let url = exchange["id"].as_str().unwrap();
    let ask = || async {
        let asked = Answer::of(app.client.post(url).body("{}")).await.json();
        asked["verifiablePresentationRequest"]["challenge"].as_str().unwrap().to_owned()
    };
    let first = ask().await;
    let asked = Asked { challenge: first.clone(), audience: app.address.clone() };
    let unsigned = people.presentation(Way { signed: Signed::Unsigned, ..SOUND }, &asked);
    let refused = Answer::of(app.client.post(url).json(&json!({"verifiablePresentation": unsigned}))).await;
    let problem = refused.json();
    assert!(problem["type"].as_str().unwrap().ends_with("/holder-not-proven"), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("wallet that signs"), "{problem}");
    let second = ask().await;
    assert_ne!(first, second);
    let asked = Asked { challenge: second, audience: app.address.clone() };
    let signed = people.presentation(SOUND, &asked);
    assert_eq!(Answer::of(app.client.post(url).json(&json!({"verifiablePresentation": signed}))).await.text, "{}");
    assert_eq!(
        app.get_json("/v1/submissions").await["items"].as_array().unwrap().len(),
        1,
        "nothing of the refused answer was kept"
    );
}

#[tokio::test]
async fn a_presentation_need_not_name_its_holder_whoever_signed_it_is_the_holder() {
    let (app, people) = (under("trusting.toml").await, People::new());
    for (signer, expected) in [(&people.holder, "accepted"), (&people.stranger, "rejected")] {
        let exchange = open(&app, json!({})).await;
        let url = exchange["id"].as_str().unwrap();
        let asked = Answer::of(app.client.post(url).body("{}")).await.json();
        let asked = &asked["verifiablePresentationRequest"];
        let presentation =
            json!({"@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": [people.badge()]});
        let extra = json!({"challenge": asked["challenge"], "domain": asked["domain"]});
        let signed = signer.sign(presentation, "authentication", extra);
        assert_eq!(Answer::of(app.client.post(url).json(&json!({"verifiablePresentation": signed}))).await.text, "{}");
        let results = state(&app, &exchange).await["variables"]["results"]["default"].clone();
        assert_eq!((results["holder"].as_str(), results["holderProven"].as_bool()), (Some(signer.did.as_str()), Some(true)));
        assert_eq!(results["verdicts"][0]["outcome"], expected, "{results}");
    }
}

#[tokio::test]
async fn what_was_not_asked_for_is_refused() {
    let (app, people) = (under("trusting.toml").await, People::new());
    // VCALM: a type that the request does not name.
    let exchange = open(&app, json!({"variables": {"types": ["ClrCredential"]}})).await;
    let url = exchange["id"].as_str().unwrap();
    let asked = Answer::of(app.client.post(url).body("{}")).await.json();
    let asked = &asked["verifiablePresentationRequest"];
    let asked = Asked {
        challenge: asked["challenge"].as_str().unwrap().to_owned(),
        audience: asked["domain"].as_str().unwrap().to_owned(),
    };
    let answer = json!({"verifiablePresentation": people.presentation(SOUND, &asked)});
    let refused = Answer::of(app.client.post(url).json(&answer)).await;
    assert!(refused.json()["type"].as_str().unwrap().ends_with("/not-asked-for"), "{refused:?}");

    // OpenID4VP: query, format, type, number, state.
    let vcts = json!({"openId": {"formats": ["dc+sd-jwt"], "vct_values": ["https://issuer.example/other"]}});
    let badge = json!({"openId": {"formats": ["ldp_vc"]}, "variables": {"types": ["OpenBadgeCredential"]}});
    let other = json!({"openId": {"formats": ["ldp_vc"]}, "variables": {"types": ["ClrCredential"]}});
    let single = json!({"openId": {"formats": ["ldp_vc"], "multiple": false}});
    for (case, options, taken) in [
        ("as asked", &badge, true),
        ("unknown query", &badge, false),
        ("not by query", &badge, true),
        ("other format", &badge, false),
        ("other type", &other, false),
        ("other vct", &vcts, false),
        ("two", &badge, true),
        ("two for one", &single, false),
        ("no state", &badge, false),
    ] {
        let exchange = open(&app, options.clone()).await;
        let link = url::Url::parse(exchange["protocols"]["oid4vp-1.0"].as_str().unwrap()).unwrap();
        let member = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.to_string();
        let asked = Asked { challenge: member("nonce"), audience: member("client_id") };
        let vp = || people.presentation(SOUND, &asked);
        let token = match case {
            "unknown query" => json!({"anything": [vp()]}),
            "not by query" => vp(),
            "other format" => json!({"badge": [people.jwt_presentation(SOUND, &asked)]}),
            "other vct" => json!({"badge_sd_jwt": [people.sd_jwt(SOUND, &asked)]}),
            "two" | "two for one" => json!({"badge": [vp(), vp()]}),
            _ => json!({"badge": [vp()]}),
        };
        let mut form = vec![("vp_token", token.to_string())];
        if case != "no state" {
            form.push(("state", member("state")));
        }
        let answer = Answer::of(app.client.post(member("response_uri")).form(&form)).await;
        assert_eq!(answer.status, if taken { 200 } else { 400 }, "{case}: {answer:?}");
    }
}
