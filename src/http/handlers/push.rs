//! Platforms that push events: the addresses that they send to, and the subscriptions of the employer.

use crate::channel::push::{MAX_SUBSCRIPTIONS, NewSubscription, Push, PushFailure};
use crate::document::visible::misleads;
use crate::http::auth::Caller;
use crate::http::body::{BodyError, read_body};
use crate::http::extract::Id;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::push::PushSubscription;
use crate::model::secret::Secret;
use crate::protocol::push::Received;
use crate::protocol::push::manifest::Status;
use crate::protocol::push::signature::Proof;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Largest request of a platform, in bytes.
const MAX_EVENT_BYTES: usize = 1 << 20;
const MAX_NAME: usize = 100;
const MAX_TOKEN: usize = 4_096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    channel: String,
    #[serde(default)]
    name: String,
    /// For platforms that choose the secret themselves.
    secret: Option<Secret>,
    /// For platforms that must be asked about each event.
    token: Option<Secret>,
}

/// A subscription whose secret is shown this once.
#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    subscription: PushSubscription,
    address: String,
    secret: String,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    subscription: PushSubscription,
    /// Absent where the address is the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

#[derive(Serialize)]
struct ChannelInfo {
    channel: String,
    title: String,
    status: Status,
    docs: Vec<String>,
    setup: String,
    /// Whether a subscription needs `token`.
    needs_token: bool,
}

/// `GET /v1/push-channels`
pub async fn channels(state: web::Data<State>, _: Caller) -> HttpResponse {
    let shown = state.channels.platforms.iter().map(|manifest| ChannelInfo {
        channel: manifest.channel.clone(),
        title: manifest.title.clone(),
        status: manifest.status,
        docs: manifest.docs.clone(),
        setup: manifest.setup.clone(),
        needs_token: manifest.details.is_some(),
    });
    HttpResponse::Ok().json(json!({"items": shown.collect::<Vec<_>>()}))
}

/// `POST /v1/push-subscriptions`
pub async fn create(state: web::Data<State>, caller: Caller, body: web::Json<Subscribe>) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let manifest = state.channels.platforms.get(&body.channel);
    let manifest = manifest.ok_or_else(|| Problem::invalid_field("channel", "is no platform of GET /v1/push-channels"))?;
    if body.name.chars().count() > MAX_NAME || body.name.chars().any(misleads) {
        return Err(Problem::invalid_field("name", format!("must have at most {MAX_NAME} visible characters")));
    }
    if let Some(secret) = &body.secret {
        manifest.verify.check_secret(secret.expose()).map_err(|problem| Problem::invalid_field("secret", problem))?;
    }
    match (&body.token, manifest.details.is_some()) {
        (None, true) => return Err(Problem::invalid_field("token", "is needed: the platform must be asked about each event")),
        (Some(_), false) => return Err(Problem::invalid_field("token", "is not used by this platform")),
        (Some(token), true) if !is_token(token.expose()) => {
            return Err(Problem::invalid_field("token", format!("must be 1 to {MAX_TOKEN} visible ASCII characters")));
        }
        _ => {}
    }
    let new = NewSubscription { name: body.name, secret: body.secret, token: body.token };
    let made = state.channels.subscribe(&caller.tenant_id, &manifest, new).await?;
    let Some((subscription, secret)) = made else {
        let detail = format!("There are {MAX_SUBSCRIPTIONS} subscriptions already; delete one that is no longer used.");
        return Err(Problem::new(Code::Conflict, detail));
    };
    caller.note("push_subscription.create", format!("push_subscription:{}", subscription.id));
    let mut address = address(&state, &subscription);
    if matches!(manifest.verify, Proof::Address) {
        address = format!("{address}/{}", secret.expose());
    }
    let made = Made { subscription, address, secret: secret.expose().to_owned() };
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(made))
}

/// `GET /v1/push-subscriptions`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.store().list_push_subscriptions(&caller.tenant_id).await?;
    let shown = items.into_iter().map(|subscription| {
        let manifest = state.channels.platforms.get(&subscription.channel);
        let is_open = manifest.is_some_and(|manifest| !matches!(manifest.verify, Proof::Address));
        Shown { address: is_open.then(|| address(&state, &subscription)), subscription }
    });
    Ok(HttpResponse::Ok().json(json!({"items": shown.collect::<Vec<_>>()})))
}

/// `DELETE /v1/push-subscriptions/{id}`
pub async fn delete(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    match state.store().delete_push_subscription(&caller.tenant_id, &id.0).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::not_found("push subscription")),
    }
}

/// `POST /v1/push/{channel}/{id}`
pub async fn receive(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (channel, id) = path.into_inner();
    take(&state, &request, (&channel, &id, None), payload).await
}

/// `POST /v1/push/{channel}/{id}/{key}`: the address holds the secret.
pub async fn receive_with_key(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (channel, id, key) = path.into_inner();
    take(&state, &request, (&channel, &id, Some(&key)), payload).await
}

async fn take(
    state: &State,
    request: &HttpRequest,
    (channel, id, key): (&str, &str, Option<&str>),
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let found = state.channels.subscription_of(channel, id).await?;
    let (subscription, secrets, manifest) = found.ok_or_else(refused)?;
    let headers = |name: &str| single(request.headers(), name);
    let holds = |body: &[u8]| {
        let received = Received { headers: &headers, body, address_key: key };
        manifest.verify.holds(&received, secrets.secret.expose(), state.clock().now())
    };
    if !manifest.verify.needs_body() && !holds(&[]) {
        return Err(refused());
    }
    let body = read_body(request, payload, MAX_EVENT_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::new(Code::PayloadTooLarge, format!("An event may have {MAX_EVENT_BYTES} bytes.")),
        BodyError::Broken => Problem::new(Code::InvalidBody, "The connection ended before the body was complete."),
    })?;
    if !holds(&body) {
        return Err(refused());
    }
    let received = Received { headers: &headers, body: &body, address_key: key };
    let push = Push { to: &subscription, token: secrets.token.as_ref(), manifest: &manifest, request: &received };
    let mut pushed = state.channels.take_push(push).await.map_err(problem)?;
    pushed.unfinished.drain(..).for_each(|submission| state.tasks.resume(submission));
    state.tasks.wake();
    match pushed.failed.take() {
        Some(failure) => Err(problem(failure)),
        None => Ok(HttpResponse::Ok().json(pushed)),
    }
}

fn problem(failure: PushFailure) -> Problem {
    match failure {
        PushFailure::Unreadable(cause) => Problem::new(Code::InvalidJson, format!("The event can't be read: {cause}.")),
        PushFailure::Unusable(note) => Problem::new(Code::PushUnusable, note.message).blame("event", note.code),
        PushFailure::TryAgain(note) => Problem::new(Code::Unavailable, note.message).header("retry-after", "60"),
        PushFailure::TooMany => {
            Problem::new(Code::TooManyRequests, "This subscription sends too many events; send them again later.")
                .header("retry-after", "60")
        }
        PushFailure::Store(error) => error.into(),
        PushFailure::Pipeline(error) => error.into(),
    }
}

/// The same for an unknown subscription and for a wrong signature.
pub(super) fn refused() -> Problem {
    Problem::new(Code::PushRefused, "The request is not signed as this address requires.")
}

/// A header that is there once: of two, nobody knows which was signed.
pub(super) fn single(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name);
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| first.to_owned())
}

fn address(state: &State, subscription: &PushSubscription) -> String {
    format!("{}/v1/push/{}/{}", state.public_url(), subscription.channel, subscription.id)
}

fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
