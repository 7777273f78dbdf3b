//! The trust policy of an employer: read it, try another, publish it while the gateway runs, go back to an earlier one.

use crate::http::auth::Caller;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::ids::TenantId;
use crate::model::trust::{PolicyVersion, SeenIssuer, Trial};
use crate::verify::checks::issuer_trust::{self, PolicyError, TrustPolicy, Verdict};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const MOST_VERSIONS: u32 = 100;
const MAX_ISSUER_CHARS: usize = 2_000;
const MAX_NAME_CHARS: usize = 200;

#[derive(Serialize)]
pub struct CurrentPolicy {
    pub name: String,
    pub sha256: String,
    /// `published`: by a person, here; `file`: the policy file of the settings, or the built-in policy.
    pub source: &'static str,
    pub text: String,
}

impl CurrentPolicy {
    pub fn of(state: &State, tenant: &TenantId) -> Self {
        let verifiers = &state.pipeline().examiner.verifiers;
        let published = verifiers.published(tenant);
        let source = if published.is_some() { "published" } else { "file" };
        let policy = published.unwrap_or_else(|| verifiers.file_policy(tenant));
        let reference = policy.reference();
        Self { name: reference.name, sha256: reference.sha256, source, text: policy.text().to_owned() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    text: String,
    /// The SHA-256 of the policy that the text was made from: nobody undoes what another person has published meanwhile.
    replaces: String,
}

#[derive(Serialize)]
struct Published {
    version: PolicyVersion,
    trial: Tried,
}

/// What a policy would change, and whether its own examples hold.
#[derive(Serialize)]
struct Tried {
    changed: usize,
    #[serde(flatten)]
    trial: Trial,
    examples: usize,
    failed_examples: Vec<String>,
}

impl Tried {
    fn of(policy: &TrustPolicy, trial: Trial) -> Self {
        let (examples, failed_examples) = policy.test();
        Self { changed: trial.changed(), trial, examples, failed_examples }
    }
}

#[derive(Serialize)]
struct Versions {
    items: Vec<PolicyVersion>,
}

#[derive(Serialize)]
struct Issuers {
    items: Vec<SeenIssuer>,
}

/// `GET /v1/trust/policy`
pub async fn get(state: web::Data<State>, caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(CurrentPolicy::of(&state, &caller.tenant_id))
}

/// `POST /v1/trust/policy/trial`: what the policy would change in the verdicts on past credentials. Nothing is written.
pub async fn trial(state: web::Data<State>, caller: Caller, body: web::Json<PolicyText>) -> Result<HttpResponse, Problem> {
    let policy = TrustPolicy::parse(&body.text).map_err(unusable)?;
    let trial = state.pipeline().try_policy(&caller.tenant_id, &policy).await?;
    Ok(HttpResponse::Ok().json(Tried::of(&policy, trial)))
}

/// `PUT /v1/trust/policy`: counts from now on, without a restart. Credentials whose verdict changes are checked again at once.
pub async fn publish(state: web::Data<State>, caller: Caller, body: web::Json<NewPolicy>) -> Result<HttpResponse, Problem> {
    let policy = TrustPolicy::parse(&body.text).map_err(unusable)?;
    let (examples, failures) = policy.test();
    if let Some(first) = failures.first() {
        let detail = format!("{} of the policy's {examples} examples do not hold: {first}", failures.len());
        return Err(Problem::new(Code::InvalidField, detail).blame("text", "has an example that does not hold"));
    }
    if CurrentPolicy::of(&state, &caller.tenant_id).sha256 != body.replaces {
        return Err(Problem::new(Code::Conflict, "Another policy was published meanwhile. Read it, and make the change again."));
    }
    published(&state, &caller, Some(policy)).await
}

/// `DELETE /v1/trust/policy`: the policy file counts again.
pub async fn use_file(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    published(&state, &caller, None).await
}

async fn published(state: &State, caller: &Caller, policy: Option<TrustPolicy>) -> Result<HttpResponse, Problem> {
    let (tenant, actor) = (&caller.tenant_id, caller.actor.to_string());
    let (version, trial) = state.pipeline().publish_policy(tenant, policy, &actor).await?;
    caller.note("trust_policy.publish", format!("trust_policy:{}", version.id));
    let trial = Tried::of(&state.pipeline().policy(tenant), trial);
    Ok(HttpResponse::Ok().json(Published { version, trial }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    /// The text that gets the rule; absent: the policy that counts now.
    text: Option<String>,
    issuer_id: String,
    decision: Verdict,
    /// The name to show for the issuer.
    name: Option<String>,
}

/// `POST /v1/trust/policy/rule`: the text of the policy with a rule about an issuer. Nothing is published.
pub async fn with_rule(state: web::Data<State>, caller: Caller, body: web::Json<NewRule>) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    if body.decision == Verdict::Attention {
        return Err(Problem::invalid_field("decision", "must be allow or deny"));
    }
    let length = body.issuer_id.chars().count();
    if !(1..=MAX_ISSUER_CHARS).contains(&length) || body.issuer_id.chars().any(char::is_control) {
        return Err(Problem::invalid_field("issuer_id", "must be 1 to 2,000 characters of text"));
    }
    let name = body.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    if name.is_some_and(|name| name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control)) {
        return Err(Problem::invalid_field("name", "must be at most 200 characters of text"));
    }
    let text = body.text.unwrap_or_else(|| CurrentPolicy::of(&state, &caller.tenant_id).text);
    TrustPolicy::parse(&text).map_err(unusable)?;
    let id = format!("added {}", state.clock().now().format("%Y-%m-%d"));
    let text = issuer_trust::with_rule(&text, &id, body.decision, &body.issuer_id, name);
    TrustPolicy::parse(&text).map_err(unusable)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "text": text })))
}

/// `GET /v1/trust/policy/versions`: newest first.
pub async fn versions(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.store().policy_versions(&caller.tenant_id, MOST_VERSIONS).await?;
    Ok(HttpResponse::Ok().json(Versions { items }))
}

/// `GET /v1/trust/issuers`: issuers of recent credentials of which no rule speaks.
pub async fn issuers(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.pipeline().issuers_waiting(&caller.tenant_id).await?;
    Ok(HttpResponse::Ok().json(Issuers { items }))
}

fn unusable(error: PolicyError) -> Problem {
    Problem::new(Code::InvalidField, format!("The policy can't be used: {error}.")).blame("text", "is no trust policy")
}
