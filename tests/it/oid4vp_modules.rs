//! What the OpenID Foundation's conformance suite tries on a verifier of OpenID4VP 1.0, module by module (the names are the suite's), in
//! the plain form and in that of the profile HAIP 1.0: signed requests known by the certificate's hash, encrypted answers.
//! Comes in: a gateway, and a wallet that does one thing wrong. Goes out: nothing.

use crate::support::jwe::encrypt;
use crate::support::wallet::Actor;
use crate::support::{Answer, NOW, TestApp, spawn_app_with_channels};
use crate::vcalm::open;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use skillgate::channel::ChannelSettings;
use skillgate::protocol::oid4vp::signing::CertificateName;

const VCT: &str = "https://issuer.example/skill";
const YEAR: i64 = 365 * 86_400;

fn plain() -> ChannelSettings {
    ChannelSettings { oid4vp_compatibility: false, ..ChannelSettings::default() }
}

fn high_assurance() -> ChannelSettings {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/request-signing");
    ChannelSettings {
        certificate_file: folder.join("chain.pem"),
        certificate_key_file: folder.join("key.pem"),
        certificate_name: CertificateName::X509Hash,
        encrypted_answers: true,
        ..plain()
    }
}

/// The request as the wallet gets it: from the link, or by POST with a nonce of its own.
async fn request_of(app: &TestApp, exchange: &Value) -> Value {
    let link = url::Url::parse(exchange["protocols"]["oid4vp-1.0"].as_str().unwrap()).unwrap();
    let read = |value: &str| serde_json::from_str::<Value>(value).ok().filter(Value::is_object).unwrap_or_else(|| json!(value));
    let link = Value::Object(link.query_pairs().map(|(name, value)| (name.to_string(), read(&value))).collect());
    let Some(url) = link["request_uri"].as_str() else { return link };
    assert_eq!(link["request_uri_method"], "post");
    let object = Answer::of(app.client.post(url).form(&[("wallet_nonce", "wn")])).await.text;
    let request: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(object.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(request["wallet_nonce"], "wn", "VP1FinalVerifierRequestUriMethodPost");
    request
}

async fn send(app: &TestApp, request: &Value, token: &Value) -> Answer {
    let address = request["response_uri"].as_str().unwrap();
    let form = match request["response_mode"].as_str() {
        Some("direct_post.jwt") => {
            let key = &request["client_metadata"]["jwks"]["keys"][0];
            vec![("response", encrypt(key, &json!({"vp_token": token, "state": request["state"]})))]
        }
        _ => vec![("vp_token", token.to_string()), ("state", request["state"].as_str().unwrap().to_owned())],
    };
    Answer::of(app.client.post(address).form(&form)).await
}

async fn state(app: &TestApp, exchange: &Value) -> Value {
    Answer::of(app.client.get(exchange["id"].as_str().unwrap()).bearer_auth(&app.key)).await.json()
}

fn now() -> i64 {
    NOW.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp()
}

/// Another last letter of the part before `end`.
fn broken(text: &str, end: usize) -> String {
    let at = end - 10;
    let mut broken = text.to_owned();
    broken.replace_range(at..=at, if text.as_bytes()[at] == b'A' { "B" } else { "A" });
    broken
}

#[tokio::test]
async fn every_negative_module_is_refused_and_the_happy_flow_is_taken() {
    for settings in [plain(), high_assurance()] {
        let app = spawn_app_with_channels(settings).await;
        let (issuer, holder) = (Actor::new(), Actor::new());
        let credential = issuer.sd_jwt(&holder, VCT);
        for module in [
            "VP1FinalVerifierInvalidKbJwtSignature",
            "VP1FinalVerifierInvalidSdHash",
            "VP1FinalVerifierInvalidKbJwtNonce",
            "VP1FinalVerifierInvalidKbJwtAud",
            "VP1FinalVerifierKbJwtIatInPast",
            "VP1FinalVerifierKbJwtIatInFuture",
            "VP1FinalVerifierInvalidSessionTranscript",
        ] {
            let exchange = open(&app, json!({"openId": {"formats": ["dc+sd-jwt"], "vct_values": [VCT]}})).await;
            let request = request_of(&app, &exchange).await;
            let (nonce, audience) = (request["nonce"].as_str().unwrap(), request["client_id"].as_str().unwrap());
            let presented = match module {
                "VP1FinalVerifierInvalidKbJwtSignature" => {
                    let whole = holder.bind(&credential, nonce, audience);
                    broken(&whole, whole.len())
                }
                "VP1FinalVerifierInvalidSdHash" => {
                    let other = holder.bind(&issuer.sd_jwt(&holder, "https://issuer.example/other"), nonce, audience);
                    format!("{credential}{}", other.rsplit('~').next().unwrap())
                }
                "VP1FinalVerifierInvalidKbJwtNonce" => holder.bind(&credential, "another", audience),
                "VP1FinalVerifierInvalidKbJwtAud" => holder.bind(&credential, nonce, "x509_san_dns:other.example"),
                "VP1FinalVerifierKbJwtIatInPast" => holder.bind_at(&credential, nonce, audience, now() - YEAR),
                "VP1FinalVerifierKbJwtIatInFuture" => holder.bind_at(&credential, nonce, audience, now() + YEAR),
                // A mobile document: none is taken, whatever it is signed for.
                _ => URL_SAFE_NO_PAD.encode(b"\xa3gversionc1.0idocuments\x81\xa1gdocTypeuorg.iso.18013.5.1.mDLfstatus\x00"),
            };
            let answer = send(&app, &request, &json!({"badge_sd_jwt": [presented]})).await;
            assert_eq!(answer.status, 400, "{module}: {answer:?}");
            let told = answer.json();
            assert!(["invalid_presentation", "invalid_request"].contains(&told["error"].as_str().unwrap()), "{module}: {told}");
            assert_ne!(state(&app, &exchange).await["state"], "complete", "{module}");
        }
        assert!(app.get_json("/v1/submissions").await["items"].as_array().unwrap().is_empty(), "nothing was kept");

        // The holder signed; what the credential itself is worth is the other verdict.
        let forged = broken(&credential, credential.find('~').unwrap());
        // VP1FinalVerifierMinimalCnfJwk: the holder's key in the credential has its required members only.
        assert_eq!(holder.jwk().as_object().unwrap().len(), 3);
        for (module, credential, verified) in
            [("VP1FinalVerifierInvalidCredentialSignature", &forged, false), ("VP1FinalVerifierHappyFlow", &credential, true)]
        {
            let exchange = open(&app, json!({"openId": {"formats": ["dc+sd-jwt"], "vct_values": [VCT]}})).await;
            let request = request_of(&app, &exchange).await;
            let bound = holder.bind(credential, request["nonce"].as_str().unwrap(), request["client_id"].as_str().unwrap());
            let answer = send(&app, &request, &json!({"badge_sd_jwt": [bound]})).await;
            assert_eq!(answer.status, 200, "{module}: {answer:?}");
            let result = state(&app, &exchange).await["variables"]["results"]["default"].clone();
            assert_eq!(
                (result["verdicts"][0]["verified"].as_bool(), result["holderProven"].as_bool()),
                (Some(verified), Some(true))
            );
        }
    }
}

#[tokio::test]
async fn a_verifier_attestation_names_the_gateway_and_its_key_signs() {
    use p256::ecdsa::signature::Verifier;
    use p256::pkcs8::{EncodePrivateKey, LineEnding};
    let folder = tempfile::tempdir().unwrap();
    let (attester, key) = (Actor::new(), p256::SecretKey::random(&mut rand::rngs::OsRng));
    let jwk: Value = serde_json::from_str(&key.public_key().to_jwk_string()).unwrap();
    let claims = json!({"iss": "https://attester.example", "sub": "employer.example", "exp": 1_900_000_000, "cnf": {"jwk": jwk}});
    let attestation = attester.jwt(json!({"typ": "verifier-attestation+jwt"}), &claims);
    let (attestation_file, key_file) = (folder.path().join("attestation.jwt"), folder.path().join("key.pem"));
    std::fs::write(&attestation_file, format!("{attestation}\n")).unwrap();
    std::fs::write(&key_file, key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let settings = ChannelSettings { attestation_file, attestation_key_file: key_file, ..plain() };
    let app = spawn_app_with_channels(settings).await;

    let exchange = open(&app, json!({"openId": {"formats": ["dc+sd-jwt"], "vct_values": [VCT]}})).await;
    let link = url::Url::parse(exchange["protocols"]["oid4vp-1.0"].as_str().unwrap()).unwrap();
    let url = link.query_pairs().find(|(name, _)| name == "request_uri").unwrap().1.to_string();
    let object = Answer::of(app.client.get(&url)).await.text;
    let (input, signature) = object.rsplit_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "typ": "oauth-authz-req+jwt", "jwt": attestation}), "OpenID4VP 1.0 §12");
    let signature = p256::ecdsa::Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    p256::ecdsa::VerifyingKey::from(key.public_key()).verify(input.as_bytes(), &signature).unwrap();

    let request = request_of(&app, &exchange).await;
    assert_eq!(request["client_id"], "verifier_attestation:employer.example", "OpenID4VP 1.0 §5.9.3");
    let (issuer, holder) = (Actor::new(), Actor::new());
    let credential = issuer.sd_jwt(&holder, VCT);
    let nonce = request["nonce"].as_str().unwrap();
    let elsewhere = holder.bind(&credential, nonce, "employer.example");
    assert_eq!(send(&app, &request, &json!({"badge_sd_jwt": [elsewhere]})).await.status, 400, "another audience");
    let request = request_of(&app, &state(&app, &exchange).await).await;
    let bound = holder.bind(&credential, request["nonce"].as_str().unwrap(), "verifier_attestation:employer.example");
    assert_eq!(send(&app, &request, &json!({"badge_sd_jwt": [bound]})).await.status, 200);
}

#[tokio::test]
async fn credential_sets_are_offered_from_a_template_and_held_against_the_answer() {
    let app = spawn_app_with_channels(plain()).await;
    let template = json!({"openId": {
        "credentials": [
            {"id": "badge", "format": "ldp_vc", "types": ["OpenBadgeCredential"]},
            {"id": "skill", "format": "dc+sd-jwt", "vct_values": [VCT], "claims": [{"path": ["given_name"]}]},
            {"id": "other", "format": "dc+sd-jwt", "vct_values": ["https://issuer.example/other"]}
        ],
        "credential_sets": [{"options": [["badge", "skill"], ["other"]]}, {"options": [["other"]], "required": false}]
    }});
    let kept = Answer::of(app.request("PUT", "/v1/request-templates/welder").json(&template)).await;
    assert_eq!(kept.status, 201, "{kept:?}");
    let (issuer, holder) = (Actor::new(), Actor::new());
    let sd_jwt = |request: &Value, vct: &str| {
        holder.bind(&issuer.sd_jwt(&holder, vct), request["nonce"].as_str().unwrap(), request["client_id"].as_str().unwrap())
    };
    let badge = |request: &Value| {
        let badge = issuer.badge(&holder.did, &format!("urn:uuid:{}", uuid::Uuid::now_v7()), "2026-01-01T00:00:00Z");
        holder.present(&[badge], request["nonce"].as_str().unwrap(), request["client_id"].as_str().unwrap())
    };
    let exchange = open(&app, json!({"variables": {"template": "welder"}})).await;
    let request = request_of(&app, &exchange).await;
    assert_eq!(
        request["dcql_query"]["credential_sets"],
        json!([{"options": [["badge", "skill"], ["other"]], "required": true},
        {"options": [["other"]], "required": false}])
    );
    type Make<'a> = Box<dyn Fn(&Value) -> Value + 'a>;
    let refused: Vec<(&str, Make)> = vec![
        ("leaves out", Box::new(|request| json!({"badge": [badge(request)]}))),
        ("leaves out", Box::new(|request| json!({"skill": [sd_jwt(request, VCT)]}))),
        (
            "not asked for",
            Box::new(|request| json!({"badge": [badge(request)], "skill": [sd_jwt(request, "https://issuer.example/other")]})),
        ),
        ("not asked", Box::new(|request| json!({"nobody": [sd_jwt(request, VCT)]}))),
        ("several", Box::new(|request| json!({"badge": [badge(request), badge(request)], "skill": [sd_jwt(request, VCT)]}))),
        ("not in the format", Box::new(|request| json!({"badge": [sd_jwt(request, VCT)]}))),
        ("names the query", Box::new(|request| badge(request))),
    ];
    for (told, make) in refused {
        let exchange = open(&app, json!({"variables": {"template": "welder"}})).await;
        let request = request_of(&app, &exchange).await;
        let answer = send(&app, &request, &make(&request)).await;
        let description = answer.json()["error_description"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == 400 && description.contains(told), "{told}: {answer:?}");
    }
    let both: Make = Box::new(|request| json!({"badge": [badge(request)], "skill": [sd_jwt(request, VCT)]}));
    let other: Make = Box::new(|request| json!({"other": [sd_jwt(request, "https://issuer.example/other")]}));
    let all: Make = Box::new(
        |request| json!({"badge": [badge(request)], "skill": [sd_jwt(request, VCT)], "other": [sd_jwt(request, "https://issuer.example/other")]}),
    );
    for (make, count) in [(both, 2), (other, 1), (all, 3)] {
        let exchange = open(&app, json!({"variables": {"template": "welder"}})).await;
        let request = request_of(&app, &exchange).await;
        let answer = send(&app, &request, &make(&request)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let result = state(&app, &exchange).await["variables"]["results"]["default"].clone();
        assert_eq!(result["verdicts"].as_array().unwrap().len(), count, "{result:#}");
    }
    for (body, field) in [
        (json!({"openId": {"formats": ["ldp_vc"], "credentials": template["openId"]["credentials"]}}), "credentials"),
        (json!({"openId": {"credential_sets": [{"options": [["badge"]]}]}}), "credential_sets"),
        (json!({"openId": {"credentials": [{"id": "x", "format": "mso_mdoc"}]}}), "credentials"),
    ] {
        let answer = Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&body)).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["field"].as_str()), (422, Some(field)), "{answer:?}");
    }
}
