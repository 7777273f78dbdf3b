//! Stateless verification for partners: `/credentials/verify`, `/presentations/verify`, `/challenges`.

use crate::channel::exchange::unavailable;
use crate::channel::secrets;
use crate::http::auth::Caller;
use crate::http::channel::{self, BodyError};
use crate::http::state::State;
use crate::intake::{self, Content};
use crate::model::credential::{Document, ReceivedCredential};
use crate::model::report::VerificationReport;
use crate::model::submission::{CandidateHint, UploadedFile};
use crate::protocol::vcalm::problem::Problem;
use crate::protocol::vcalm::results::{PresentationVerdict, credential_answer, presentation_answer};
use crate::protocol::vcalm::verify_request::{VerifyRequest, read_challenge_request, read_credential, read_presentation};
use crate::verify::{PresentationRequest, VerificationRequest};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::Duration;
use serde_json::{Value, json};

const CHALLENGE_MINUTES: i64 = 15;
/// Tells challenges that came from here from those of callers.
const CHALLENGE_PREFIX: &str = "sg_";

/// `POST /credentials/verify`
pub async fn credential(state: web::Data<State>, caller: Caller, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let verified = async {
        let body = body(&state, &request, payload).await?;
        verify_credential(&state, &caller, &read_credential(&body, &state.limits)?).await
    };
    respond(verified.await)
}

/// `POST /presentations/verify`
pub async fn presentation(state: web::Data<State>, caller: Caller, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let verified = async {
        let body = body(&state, &request, payload).await?;
        verify_presentation(&state, &caller, &read_presentation(&body, &state.limits)?).await
    };
    respond(verified.await)
}

/// `POST /challenges`: good for one call of `/presentations/verify`.
pub async fn challenge(state: web::Data<State>, caller: Caller, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let made = async {
        let body = body(&state, &request, payload).await?;
        read_challenge_request(&body, &state.limits)?;
        let challenge = format!("{CHALLENGE_PREFIX}{}", secrets::random_id());
        let expires_at = state.clock.now() + Duration::minutes(CHALLENGE_MINUTES);
        let stored = state.store.create_challenge(&caller.tenant_id, &secrets::hash(&challenge), expires_at).await;
        stored.map_err(unavailable)?;
        Ok(json!({"challenge": challenge}))
    };
    respond(made.await)
}

fn respond(result: Result<Value, Problem>) -> HttpResponse {
    match result {
        Ok(body) => channel::json(200, &body),
        Err(problem) => channel::problem(&problem),
    }
}

async fn body(state: &State, request: &HttpRequest, payload: web::Payload) -> Result<Bytes, Problem> {
    channel::body(state, request, payload, state.limits.max_file_bytes).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::too_large(),
        BodyError::Broken => Problem::parsing("The body did not arrive as a whole."),
    })
}

fn opened(state: &State, asked: &VerifyRequest) -> Option<Content> {
    let file = UploadedFile { name: None, media_type: None, bytes: Bytes::copy_from_slice(&asked.bytes) };
    intake::open(&file, &state.limits).into_iter().next().map(|opened| opened.content)
}

fn request(state: &State) -> VerificationRequest {
    VerificationRequest { at: state.clock.now(), candidate: CandidateHint::default(), explain: false }
}

/// The credential as JSON for the results: what stands in it, or the text of a token.
fn input_of(credential: &ReceivedCredential) -> Value {
    match &credential.document {
        Document::Json(value) => (**value).clone(),
        Document::CompactJws(token) => json!(token.text),
        Document::SdJwt(text) | Document::HostedUrl(text) => json!(text),
        Document::CoseSign1(bytes) => json!(STANDARD.encode(bytes)),
    }
}

async fn verify_credential(state: &State, caller: &Caller, asked: &VerifyRequest) -> Result<Value, Problem> {
    let credential = match opened(state, asked) {
        Some(Content::Credentials(list)) if list.len() == 1 => list.into_iter().next(),
        Some(Content::Nothing(problem)) => return Err(Problem::malformed(problem.message)),
        _ => None,
    };
    let credential = credential.ok_or_else(|| Problem::malformed("verifiableCredential is not one credential."))?;
    let verification = state.pipeline.verifiers.of(&caller.tenant_id).verify(&credential, &request(state)).await;
    Ok(credential_answer(&verification.report, &asked.json, asked.wanted))
}

async fn verify_presentation(state: &State, caller: &Caller, asked: &VerifyRequest) -> Result<Value, Problem> {
    let presentation = match opened(state, asked) {
        Some(Content::Presentation(presentation)) => presentation,
        Some(Content::Nothing(problem)) => return Err(Problem::malformed(problem.message)),
        _ => return Err(Problem::malformed("This is not a presentation.")),
    };
    let request = request(state);
    let verifier = state.pipeline.verifiers.of(&caller.tenant_id);
    let expected = PresentationRequest { challenge: asked.challenge.clone(), domain: asked.domain.clone() };
    let (report, facts) = verifier.verify_presentation(&presentation, &expected, &request).await;
    let signed = (!asked.proofless).then_some(&report);
    let mismatch = |code: &str| {
        report.checks.iter().any(|check| check.code == code || check.findings.iter().any(|finding| finding.code == code))
    };
    // A challenge that came from here is good once. Others are the caller's own business.
    let mut challenge_holds = !mismatch("challenge_mismatch");
    if let Some(challenge) = asked.challenge.as_deref().filter(|challenge| challenge.starts_with(CHALLENGE_PREFIX)) {
        let consumed = state.store.consume_challenge(&caller.tenant_id, &secrets::hash(challenge), state.clock.now()).await;
        challenge_holds &= consumed.map_err(unavailable)?;
    }
    let mut reports: Vec<(Value, VerificationReport)> = Vec::new();
    for credential in &presentation.credentials {
        let mut credential = credential.clone();
        credential.presentation = Some(facts.clone());
        let verification = verifier.verify(&credential, &request).await;
        reports.push((input_of(&credential), verification.report));
    }
    let verdict = PresentationVerdict {
        presentation: &asked.json,
        report: signed,
        holder: facts.proven_holder.as_deref(),
        challenge: asked.challenge.as_deref().map(|challenge| (challenge, challenge_holds)),
        domain: asked.domain.as_deref().map(|domain| (domain, !mismatch("domain_mismatch"))),
        credentials: reports.iter().map(|(input, report)| (input.clone(), report)).collect(),
    };
    Ok(presentation_answer(&verdict, asked.wanted))
}
