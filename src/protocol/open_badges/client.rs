//! The gateway as client of a backpack host: discovery, registration, tokens, pulls, revocation.
//! Comes in: the host's description. Goes out: the host's answer, or which step failed and what to do.
//! Must not know: where tokens are kept, how credentials are verified.

use super::client_discovery::{addresses, read};
use super::client_pull::{PulledPage, read_page};
use crate::document::Limits;
use crate::http_client::{HttpClient, HttpError, Method, OutboundRequest, OutboundResponse};
use crate::model::backpack::{BackpackApi, BackpackTokens, HostDescription, HostRegistration, StepFailure};
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use url::Url;

const MAX_ANSWER_BYTES: usize = 1 << 20;
const MAX_PAGE_BYTES: usize = 32 << 20;
const ASK_HOST: &str = "Ask the operator of the host, or have the candidate send the files.";

/// How the gateway introduces itself to hosts.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// https, without a trailing slash.
    pub public_url: String,
    pub name: String,
}

/// Talks to hosts, through the guarded client only.
#[derive(Clone)]
pub struct BackpackClient {
    pub http: HttpClient,
    pub limits: Limits,
}

/// The result of a pull request.
pub enum Pull {
    Page {
        page: PulledPage,
        link: Option<String>,
        total: Option<String>,
    },
    /// The access token is no longer taken.
    Unauthorized,
}

impl BackpackClient {
    /// Finds the host's description, trying the usual places.
    pub async fn discover(&self, typed: &str) -> Result<HostDescription, StepFailure> {
        const STEP: &str = "discovery";
        let addresses = addresses(typed).map_err(|message| failure(STEP, message, "Check the address.", false))?;
        let mut last = failure(
            STEP,
            "No host that speaks the Open Badges API was found there.",
            "Check the address of the backpack.",
            false,
        );
        for url in addresses {
            let response = match self.http.get(&url, "application/json").await {
                Ok(response) => response,
                Err(error) => {
                    last = unreachable(STEP, &error);
                    if matches!(error, HttpError::Refused(_)) {
                        return Err(last);
                    }
                    continue;
                }
            };
            // Ignore the answer of a host other than the typed host.
            let same_host = response.final_url.host_str() == url.host_str();
            if response.status != 200 || !same_host || response.body.len() > MAX_ANSWER_BYTES {
                continue;
            }
            let Ok(document) = serde_json::from_slice::<Value>(&response.body) else { continue };
            match read(&document, &response.final_url) {
                Some(Ok(description)) => return Ok(description),
                Some(Err(missing)) => {
                    let message = format!("The host's description is not complete: {missing}.");
                    last = failure(STEP, message, ASK_HOST, false);
                }
                None => {}
            }
        }
        Err(last)
    }

    /// Registers the gateway (RFC 7591).
    pub async fn register(
        &self,
        host: &HostDescription,
        us: &Introduction,
        redirect_uri: &str,
    ) -> Result<HostRegistration, StepFailure> {
        const STEP: &str = "registration";
        let scope = wanted_scope(host);
        let body = json!({
            "client_name": us.name, "client_uri": us.public_url, "logo_uri": format!("{}/assets/logo.svg", us.public_url),
            "tos_uri": format!("{}/about/terms", us.public_url), "policy_uri": format!("{}/about/privacy", us.public_url),
            "software_id": "org.skillgate.gateway", "software_version": env!("CARGO_PKG_VERSION"), "redirect_uris": [redirect_uri],
            "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "scope": scope,
        });
        let response = self.post(STEP, &host.registration_url, "application/json", body.to_string(), None).await?;
        let answer = json_answer(STEP, &response)?;
        if !matches!(response.status, 200 | 201) {
            return Err(refused(STEP, &response, &answer));
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(client_id), Some(client_secret)) = (text("client_id"), text("client_secret")) else {
            return Err(failure(STEP, "The host registered the gateway without giving it an id and a secret.", ASK_HOST, false));
        };
        let returned = answer.get("redirect_uris").and_then(|uris| uris.get(0)).and_then(Value::as_str);
        let expires =
            answer.get("client_secret_expires_at").and_then(|number| number.to_string().parse::<i64>().ok()).filter(|at| *at > 0);
        Ok(HostRegistration {
            client_id,
            client_secret: Secret::new(client_secret),
            redirect_uri: returned.unwrap_or(redirect_uri).to_owned(),
            scope: text("scope").filter(|text| !text.is_empty()).unwrap_or(scope),
            secret_expires_at: expires.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        })
    }

    /// Exchanges the code for tokens.
    pub async fn redeem(
        &self,
        host: &HostDescription,
        us: &HostRegistration,
        code: &str,
        redirect_uri: &str,
        verifier: &Secret,
        now: DateTime<Utc>,
    ) -> Result<BackpackTokens, StepFailure> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.expose()),
            ("scope", &us.scope),
        ];
        self.tokens("token", &host.token_url, us, &form, None, now).await
    }

    /// New tokens for old; the old refresh token stays when the host returns no new refresh token.
    pub async fn refresh(
        &self,
        host: &HostDescription,
        us: &HostRegistration,
        tokens: &BackpackTokens,
        now: DateTime<Utc>,
    ) -> Result<BackpackTokens, StepFailure> {
        let Some(refresh_token) = &tokens.refresh_token else {
            return Err(failure(
                "refresh",
                "The host gave no means to stay connected.",
                "Ask the candidate to connect again.",
                false,
            ));
        };
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose()), ("scope", &tokens.scope)];
        self.tokens("refresh", &host.refresh_url, us, &form, Some(refresh_token.clone()), now).await
    }

    async fn tokens(
        &self,
        step: &str,
        url: &str,
        us: &HostRegistration,
        form: &[(&str, &str)],
        old_refresh: Option<Secret>,
        now: DateTime<Utc>,
    ) -> Result<BackpackTokens, StepFailure> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let response = self.post(step, url, "application/x-www-form-urlencoded", body, Some(&basic(us))).await?;
        let answer = json_answer(step, &response)?;
        if response.status != 200 {
            return Err(refused(step, &response, &answer));
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(access_token) = text("access_token") else {
            return Err(failure(step, "The host answered without a token.", ASK_HOST, false));
        };
        let seconds = answer.get("expires_in").and_then(|number| number.to_string().trim_matches('"').parse::<i64>().ok());
        Ok(BackpackTokens {
            access_token: Secret::new(access_token),
            refresh_token: text("refresh_token").map(Secret::new).or(old_refresh),
            expires_at: seconds.map(|seconds| now + Duration::seconds(seconds.clamp(0, 31_536_000))),
            scope: text("scope").unwrap_or(&us.scope).to_owned(),
        })
    }

    /// One page of credentials.
    pub async fn pull(&self, api: BackpackApi, url: &Url, token: &Secret) -> Result<Pull, StepFailure> {
        const STEP: &str = "pull";
        let headers = vec![
            ("accept".to_owned(), "application/json, application/ld+json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {}", token.expose())),
        ];
        let request = OutboundRequest {
            method: Method::GET,
            url: url.clone(),
            headers,
            body: None,
            timeout: None,
            max_body_bytes: Some(MAX_PAGE_BYTES),
            follow_redirects: false,
        };
        let response = self.http.send(request).await.map_err(|error| unreachable(STEP, &error))?;
        match response.status {
            200 => {
                // A page that is broken today says nothing about the candidate's consent: it is asked for again.
                let page = read_page(api, &response.body, &self.limits)
                    .map_err(|message| failure(STEP, format!("The host's answer can't be used: {message}."), ASK_HOST, true))?;
                let header = |name: &str| response.header(name).map(str::to_owned);
                Ok(Pull::Page { page, link: header("link"), total: header("x-total-count") })
            }
            401 => Ok(Pull::Unauthorized),
            403 => Err(failure(
                STEP,
                "The host does not let the gateway read credentials.",
                "Ask the candidate to connect again and to allow reading.",
                false,
            )),
            status => {
                let retry = status >= 500 || matches!(status, 408 | 425 | 429);
                Err(failure(STEP, format!("The host answered with an error ({status})."), ASK_HOST, retry))
            }
        }
    }

    /// Fetches a hosted assertion from its own address.
    pub async fn fetch_hosted(&self, url: &Url) -> Option<Bytes> {
        let response = self.http.get(url, "application/json, application/ld+json").await.ok()?;
        matches!(response.status, 200 | 410).then_some(response.body)
    }

    /// Revokes a token (RFC 7009). A host without such an endpoint needs no call.
    pub async fn revoke(
        &self,
        host: &HostDescription,
        us: &HostRegistration,
        token: &Secret,
        hint: &str,
    ) -> Result<(), StepFailure> {
        let Some(url) = &host.revocation_url else { return Ok(()) };
        let pairs = [("token", token.expose()), ("token_type_hint", hint)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let response = self.post("revoke", url, "application/x-www-form-urlencoded", body, Some(&basic(us))).await?;
        match response.status {
            200..=299 => Ok(()),
            status => Err(failure(
                "revoke",
                format!("The host answered with an error ({status})."),
                "The gateway deleted its tokens anyway.",
                false,
            )),
        }
    }

    async fn post(
        &self,
        step: &str,
        url: &str,
        media_type: &str,
        body: String,
        authorization: Option<&str>,
    ) -> Result<OutboundResponse, StepFailure> {
        let url = Url::parse(url).map_err(|_| failure(step, "The host's description holds an unusable URL.", ASK_HOST, false))?;
        let mut headers =
            vec![("content-type".to_owned(), media_type.to_owned()), ("accept".to_owned(), "application/json".to_owned())];
        headers.extend(authorization.map(|value| ("authorization".to_owned(), value.to_owned())));
        let request = OutboundRequest {
            method: Method::POST,
            url,
            headers,
            body: Some(Bytes::from(body)),
            timeout: None,
            max_body_bytes: Some(MAX_ANSWER_BYTES),
            follow_redirects: false,
        };
        self.http.send(request).await.map_err(|error| unreachable(step, &error))
    }
}

/// Where the candidate consents. Only reading is asked for.
pub fn authorization_url(
    host: &HostDescription,
    us: &HostRegistration,
    state: &str,
    code_challenge: &str,
) -> Result<String, StepFailure> {
    let mut url = Url::parse(&host.authorization_url)
        .map_err(|_| failure("authorization", "The host's description holds an unusable URL.", ASK_HOST, false))?;
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &us.client_id),
        ("redirect_uri", &us.redirect_uri),
        ("scope", &wanted_scope(host)),
        ("state", state),
        ("code_challenge", code_challenge),
        ("code_challenge_method", "S256"),
    ]);
    Ok(url.into())
}

/// The first page of a pull.
pub fn first_page(host: &HostDescription, since: Option<DateTime<Utc>>) -> Result<Url, StepFailure> {
    let resource = if host.api == BackpackApi::BadgeConnect { "assertions" } else { "credentials" };
    let mut url = Url::parse(&format!("{}/{resource}", host.api_base))
        .map_err(|_| failure("pull", "The host's description holds an unusable URL.", ASK_HOST, false))?;
    url.query_pairs_mut().append_pair("limit", &super::client_pull::PAGE_SIZE.to_string());
    if let Some(since) = since {
        url.query_pairs_mut().append_pair("since", &since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    }
    Ok(url)
}

/// Reading, and staying connected when the host offers it (or does not say).
pub fn wanted_scope(host: &HostDescription) -> String {
    let read = match host.api {
        BackpackApi::OpenBadges3 => "https://purl.imsglobal.org/spec/ob/v3p0/scope/credential.readonly",
        BackpackApi::Clr2 => "https://purl.imsglobal.org/spec/clr/v2p0/scope/credential.readonly",
        BackpackApi::BadgeConnect => "https://purl.imsglobal.org/spec/ob/v2p1/scope/assertion.readonly",
    };
    format!("{read} {}", super::OFFLINE_ACCESS)
}

fn basic(us: &HostRegistration) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(&us.client_id), encode(us.client_secret.expose()));
    format!("Basic {}", STANDARD.encode(pair))
}

pub fn failure(step: &str, message: impl Into<String>, next_step: impl Into<String>, retry: bool) -> StepFailure {
    StepFailure { step: step.to_owned(), message: message.into(), next_step: next_step.into(), retry }
}

fn unreachable(step: &str, error: &HttpError) -> StepFailure {
    tracing::info!(step, cause = %error, "a backpack's host could not be asked");
    match error {
        HttpError::TooLarge(_) => failure(step, "The host answered with more than is allowed.", ASK_HOST, false),
        // A closed address reads like a dead address: a backpack is no way to look at the employer's own network.
        _ => failure(step, "The host could not be reached.", "Check the address, or try again later.", true),
    }
}

fn json_answer(step: &str, response: &OutboundResponse) -> Result<Value, StepFailure> {
    serde_json::from_slice(&response.body).or_else(|_| match response.status {
        200..=299 => Err(failure(step, "The host's answer is not JSON.", ASK_HOST, false)),
        _ => Ok(Value::Null),
    })
}

/// An error of the host, in its own code: `invalid_grant` and the like.
fn refused(step: &str, response: &OutboundResponse, answer: &Value) -> StepFailure {
    let code: String = answer
        .get("error")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(60)
        .collect();
    let reason = if code.is_empty() { format!("error {}", response.status) } else { code };
    let retry = response.status >= 500 || response.status == 429;
    let next_step = if step == "registration" { ASK_HOST } else { "Ask the candidate to connect again." };
    failure(step, format!("The host refused: {reason}."), next_step, retry)
}
