//! OAuth 2 for the Open Badges API: registration, consent, tokens. Errors are OAuth's own JSON, never imsx.

use crate::channel::secrets;
use crate::channel::tokens::TokenFailure;
use crate::document::json;
use crate::http::answers;
use crate::http::auth::address_of;
use crate::http::body::{BodyError, read_body};
use crate::http::extract::authorization;
use crate::http::state::State;
use crate::model::account::Deed;
use crate::model::ids::{ApiKeyId, TenantId};
use crate::model::oauth::{Invitation, OAuthClient};
use crate::model::tenant::hash_api_key;
use crate::protocol::open_badges::discovery::server_metadata;
use crate::protocol::open_badges::oauth::{
    AuthorizationError, AuthorizationRequest, Parameters, check_authorization, code_redirect, error_redirect,
};
use crate::protocol::open_badges::oauth_token::{
    ClientAuthentication, OAuthError, TokenRequest, client_authentication, read_token_request,
};
use crate::protocol::open_badges::{offered_scopes, registration};
use crate::store::StoreError;
use crate::web::channel as pages;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, LOCATION, PRAGMA, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

const MAX_BODY: usize = 64 << 10;
const MAX_REGISTRATION: usize = 16 << 10;
const CONSENT_COOKIE: &str = "skillgate-consent";
/// Holds the capability of a candidate link, so that the candidate need not type it on the consent page.
pub const INVITATION_COOKIE: &str = "skillgate-invitation";

fn answer(status: u16, body: &Value) -> HttpResponse {
    let mut response = answers::json(status, body);
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

fn refuse(error: &OAuthError) -> HttpResponse {
    let mut response = answer(error.status, &error.body());
    if error.status == 401 {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="skillgate""#));
    }
    response
}

fn failed(error: StoreError) -> HttpResponse {
    tracing::error!(cause = %error, "an OAuth request failed inside the gateway");
    match error {
        StoreError::Unavailable(_) | StoreError::Full(_) => {
            answer(503, &json!({"error": "temporarily_unavailable", "error_description": "try again later"}))
        }
        _ => answer(500, &json!({"error": "server_error", "error_description": "tell the operator of the gateway"})),
    }
}

fn unreadable(error: BodyError) -> HttpResponse {
    match error {
        BodyError::TooLarge => answer(413, &json!({"error": "invalid_request", "error_description": "the body is too large"})),
        BodyError::Broken => answer(400, &json!({"error": "invalid_request", "error_description": "the body did not arrive"})),
    }
}

/// `GET /.well-known/oauth-authorization-server`
pub async fn metadata(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(server_metadata(state.public_url()))
}

/// `POST /oauth/register`
pub async fn register(state: web::Data<State>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    if !state.channels.settings.registration {
        return answer(403, &json!({"error": "access_denied", "error_description": "registration is closed; ask the employer"}));
    }
    let bytes = match read_body(&request, payload, MAX_REGISTRATION).await {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(error),
    };
    let invalid =
        |description: String| answer(400, &json!({"error": "invalid_client_metadata", "error_description": description}));
    let wanted = match json::parse(&bytes, state.limits()) {
        Ok(wanted) => wanted,
        Err(error) => return invalid(format!("the body is not usable JSON: {error}")),
    };
    match registration::check(&wanted) {
        Err(error) => answer(400, &json!({"error": error.error, "error_description": error.description})),
        Ok(registration) => {
            // Only the part that would be stored counts.
            let from = state.peers.network_of(request.peer_addr(), request.headers());
            if !state.channels.registrations.admit(from, state.clock().now()) {
                return too_many("too many registrations; try again in a minute", "60");
            }
            match state.channels.register(registration).await {
                Ok(Some(body)) => answer(201, &body),
                Ok(None) => too_many("too many platforms registered today; try again in an hour", "3600"),
                Err(error) => failed(error),
            }
        }
    }
}

fn too_many(description: &str, retry_after: &'static str) -> HttpResponse {
    let mut response = answer(429, &json!({"error": "temporarily_unavailable", "error_description": description}));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
    response
}

/// `GET /oauth/authorize`: the consent page.
pub async fn authorize(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let parameters = Parameters::parse(request.query_string().as_bytes());
    let (client, asked) = match checked(&state, &parameters).await {
        Ok(checked) => checked,
        Err(response) => return response,
    };
    let typed = cookie(&request, INVITATION_COOKIE).unwrap_or_default();
    let invitation = match state.channels.invitation(&typed).await {
        Ok(invitation) => invitation,
        Err(error) => return page_failed(error),
    };
    let token = secrets::random();
    let mut response = consent_page(&state, &client, &asked, &parameters, invitation.as_ref(), &token, None);
    set_cookie(&mut response, &state, CONSENT_COOKIE, &token, "/oauth/authorize", 1800);
    response
}

/// `POST /oauth/authorize`: the candidate's decision. The request is checked again from the form's own fields.
pub async fn decide(state: web::Data<State>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let bytes = match read_body(&request, payload, MAX_BODY).await {
        Ok(bytes) => bytes,
        Err(_) => return pages::message(400, "The form could not be read", "Go back and try again."),
    };
    let form = Parameters::parse(&bytes);
    let (client, asked) = match checked(&state, &form).await {
        Ok(checked) => checked,
        Err(response) => return response,
    };
    // Only a browser that was shown the page has both halves.
    let shown = cookie(&request, CONSENT_COOKIE).unwrap_or_default();
    let sent = form.get("consent").unwrap_or_default();
    if shown.is_empty() || !secrets::same(&shown, sent) {
        return pages::message(400, "This page is too old", "Go back to the platform and connect again.");
    }
    if form.get("refuse").is_some() {
        return redirect(&error_redirect(&asked.redirect_uri, "access_denied", "the candidate said no", Some(&asked.state)));
    }
    let typed = form.get("invitation").map(str::to_owned).or_else(|| cookie(&request, INVITATION_COOKIE)).unwrap_or_default();
    let invitation = match state.channels.invitation(&typed).await {
        Ok(Some(invitation)) => invitation,
        Ok(None) => {
            let problem = "This code is unknown, or its time is over. Use the link or code that the employer sent you.";
            return consent_page(&state, &client, &asked, &form, None, sent, Some(problem));
        }
        Err(error) => return page_failed(error),
    };
    match state.channels.consent(&asked, &invitation).await {
        Ok(Some(code)) => {
            let deed = Deed {
                actor: format!("candidate:{}", invitation.candidate_ref),
                action: "consent.give".to_owned(),
                object: format!("invitation:{}", invitation.id),
                address: address_of(&state, &request).to_string(),
            };
            match state.store().audit(&invitation.tenant_id, vec![deed], state.clock().now()).await {
                Ok(()) => redirect(&code_redirect(&asked, &code)),
                Err(error) => page_failed(error),
            }
        }
        Ok(None) => {
            let problem = "This link was used as often as it may be. Ask the employer for a new one.";
            consent_page(&state, &client, &asked, &form, None, sent, Some(problem))
        }
        Err(error) => page_failed(error),
    }
}

async fn checked(state: &State, parameters: &Parameters) -> Result<(OAuthClient, AuthorizationRequest), HttpResponse> {
    let client = match parameters.get("client_id") {
        Some(id) => state.store().oauth_client(id).await.map_err(page_failed)?,
        None => None,
    };
    match (check_authorization(parameters, client.as_ref()), client) {
        (Ok(asked), Some(client)) => Ok((client, asked)),
        (Err(AuthorizationError::Redirect(location)), _) => Err(redirect(&location)),
        (Err(AuthorizationError::Page(text)), _) => Err(pages::message(400, "This connection can't be made", text)),
        (Ok(_), None) => Err(pages::message(400, "This connection can't be made", "The platform is not known.")),
    }
}

fn consent_page(
    state: &State,
    client: &OAuthClient,
    asked: &AuthorizationRequest,
    parameters: &Parameters,
    invitation: Option<&Invitation>,
    consent: &str,
    problem: Option<&str>,
) -> HttpResponse {
    let host = |text: &str| url::Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let words: Vec<&str> =
        offered_scopes().into_iter().filter(|(scope, _)| asked.scopes.contains(scope)).map(|(_, words)| words).collect();
    let kept = ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
    let fields: Vec<Value> =
        kept.iter().filter_map(|name| parameters.get(name).map(|value| json!({"name": name, "value": value}))).collect();
    let context = json!({
        "organisation": state.channels.settings.organisation,
        "client_host": host(client.metadata.get("client_uri").and_then(Value::as_str).unwrap_or_default()),
        "client_name": client.metadata.get("client_name"),
        "scopes": words,
        "fields": fields,
        "consent": consent,
        "invited": invitation.is_some(),
        "purpose": invitation.and_then(|invitation| invitation.purpose.clone()),
        "privacy_url": state.channels.privacy_url(),
        "problem": problem,
    });
    let status = if problem.is_some() { 422 } else { 200 };
    // The browser follows the redirect that answers the form, so its target must be allowed as well.
    let origin = url::Url::parse(&asked.redirect_uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    pages::page(status, "consent.html", &context, &format!("'self' {origin}"))
}

/// `POST /oauth/token`
pub async fn token(state: web::Data<State>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let bytes = match read_body(&request, payload, MAX_BODY).await {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(error),
    };
    let form = Parameters::parse(&bytes);
    let asked = match read_token_request(&form) {
        Ok(asked) => asked,
        Err(error) => return refuse(&error),
    };
    let authentication = match client_authentication(authorization(&request), &form) {
        Ok(authentication) => authentication,
        Err(error) => return refuse(&error),
    };
    let issued = async {
        match asked {
            TokenRequest::ClientCredentials { scope } => system_token(&state, authentication, scope.as_deref()).await,
            asked => state.channels.token(&state.channels.authenticate(&authentication).await?, asked).await,
        }
    };
    match issued.await {
        Ok(body) => answer(200, &body),
        Err(TokenFailure::OAuth(error)) => refuse(&error),
        Err(TokenFailure::Store(error)) => failed(error),
    }
}

/// An employer's system, known by its API key (as bearer token or as the client's secret) or by its signature, gets a short-lived token.
async fn system_token(state: &State, authentication: ClientAuthentication, scope: Option<&str>) -> Result<Value, TokenFailure> {
    let invalid = |text: &str| TokenFailure::OAuth(OAuthError::new("invalid_client", text));
    let (tenant, key_id) = match authentication {
        ClientAuthentication::Absent => return Err(invalid("the request holds no API key and no client_assertion")),
        ClientAuthentication::Assertion { client_id, jwt } => {
            let key = state.channels.system_by_assertion(client_id.as_deref(), &jwt).await?;
            (key.tenant_id, key.id)
        }
        ClientAuthentication::Bearer(key) => system(state, &key).await?.ok_or_else(|| invalid(UNKNOWN_KEY))?,
        ClientAuthentication::Secret(credentials) => match system(state, &credentials.secret).await? {
            Some(system) => system,
            None if state.channels.authenticate(&ClientAuthentication::Secret(credentials)).await.is_ok() => {
                let text = "a registered platform acts for a candidate: use authorization_code";
                return Err(OAuthError::new("unauthorized_client", text).into());
            }
            None => return Err(invalid(UNKNOWN_KEY)),
        },
    };
    state.channels.system_token(&tenant, key_id.as_str(), scope).await?.map_err(TokenFailure::from)
}

const UNKNOWN_KEY: &str = "the API key is unknown or revoked";

async fn system(state: &State, key: &str) -> Result<Option<(TenantId, ApiKeyId)>, TokenFailure> {
    let found = state.store().find_api_key(&hash_api_key(key), state.clock().now()).await?;
    Ok(found.map(|key| (key.tenant_id, key.id)))
}

/// `POST /oauth/revoke` (RFC 7009): 200 also for a token that nobody knows.
pub async fn revoke(state: web::Data<State>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let bytes = match read_body(&request, payload, MAX_BODY).await {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(error),
    };
    let form = Parameters::parse(&bytes);
    let authenticated = async {
        let authentication = client_authentication(authorization(&request), &form)?;
        state.channels.authenticate(&authentication).await
    };
    let client = match authenticated.await {
        Ok(client) => client,
        Err(TokenFailure::OAuth(error)) => return refuse(&error),
        Err(TokenFailure::Store(error)) => return failed(error),
    };
    let Some(token) = form.get("token").filter(|_| form.repeated().is_none()) else {
        return refuse(&OAuthError::new("invalid_request", "token is missing or given twice"));
    };
    match state.store().revoke_token(&secrets::hash(token), &client.client_id, state.clock().now()).await {
        Ok(()) => answer(200, &json!({})),
        Err(error) => failed(error),
    }
}

fn redirect(location: &str) -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store")).finish()
}

fn page_failed(error: impl std::fmt::Display) -> HttpResponse {
    tracing::error!(cause = %error, "a page could not be made");
    pages::message(503, "Something is not working right now", "Try again in a moment.")
}

/// A cookie by name.
pub fn cookie(request: &HttpRequest, name: &str) -> Option<String> {
    let headers = request.headers().get_all(actix_web::http::header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = headers.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Out of reach of scripts; sent along when a platform's link leads here, never with a form of another site.
pub fn set_cookie(response: &mut HttpResponse, state: &State, name: &str, value: &str, path: &str, seconds: u32) {
    let secure = if state.public_url().starts_with("https://") { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
