//! Request templates: the credentials that an employer asks wallets for, kept under a name, so that a vacancy's requests are all alike.

use crate::document::visible::misleads;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::exchange::{ClaimQuery, CredentialQuery, CredentialSet, ExchangeOptions};
use crate::protocol::oid4vp::query::FORMATS;
use crate::protocol::{claims, sets};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const MAX_ITEMS: usize = 10;
const MAX_TEXT: usize = 300;
const MAX_TEMPLATES: i64 = 500;

/// The requested credentials. Every member may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    #[serde(rename = "redirectUrl", skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    #[serde(rename = "openId")]
    pub open_id: OpenId,
}

/// The part of the request that only OpenID4VP wallets see.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenId {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vct_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimQuery>,
    /// In the place of `types`, `formats`, `vct_values`, `multiple` and `claims`: the single credentials that are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialQuery>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credential_sets: Vec<CredentialSet>,
}

impl Asked {
    /// The same, with the template's members where this request says nothing.
    pub fn or(self, template: Self) -> Self {
        let list = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
        let (own, other) = (self.open_id, template.open_id);
        // A request that names its own credentials has its own sets.
        let (credentials, credential_sets) = match own.credentials.is_empty() {
            true => (other.credentials, other.credential_sets),
            false => (own.credentials, own.credential_sets),
        };
        Self {
            reason: self.reason.or(template.reason),
            types: list(self.types, template.types),
            redirect_url: self.redirect_url.or(template.redirect_url),
            open_id: OpenId {
                formats: list(own.formats, other.formats),
                vct_values: list(own.vct_values, other.vct_values),
                multiple: own.multiple.or(other.multiple),
                encrypted: own.encrypted.or(other.encrypted),
                claims: if own.claims.is_empty() { other.claims } else { own.claims },
                credentials,
                credential_sets,
            },
        }
    }

    /// As the exchange keeps it. `organisation`: who asks, for the reason that is given when there is no other.
    pub fn options(self, organisation: &str) -> Result<ExchangeOptions, Problem> {
        let open_id = self.open_id;
        for (name, list) in [("types", &self.types), ("formats", &open_id.formats), ("vct_values", &open_id.vct_values)] {
            if list.len() > MAX_ITEMS || list.iter().any(|text| text.is_empty() || text.chars().count() > MAX_TEXT) {
                return Err(Problem::invalid_field(name, format!("must hold at most {MAX_ITEMS} short texts")));
            }
        }
        let known = FORMATS.map(|wanted| wanted.format);
        if !open_id.formats.iter().all(|format| known.contains(&format.as_str())) {
            return Err(Problem::invalid_field("formats", format!("may hold {}", known.join(", "))));
        }
        if open_id.formats.iter().any(|format| format == "dc+sd-jwt") && open_id.vct_values.is_empty() {
            return Err(Problem::invalid_field(
                "vct_values",
                "must name the types of the dc+sd-jwt credentials that are asked for",
            ));
        }
        claims::check(&open_id.claims).map_err(|problem| Problem::invalid_field("claims", problem))?;
        let reason = self.reason.unwrap_or_else(|| format!("{organisation} asks for your badges and certificates"));
        if reason.chars().count() > MAX_TEXT || reason.chars().any(misleads) {
            let message = format!("must have at most {MAX_TEXT} characters, all of them visible");
            return Err(Problem::invalid_field("reason", message));
        }
        // The parser would leave spaces and line ends out: then the text that is sent on is not the text that was checked.
        let is_plain = |text: &str| text.len() <= 2_000 && text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_https = |text: &String| is_plain(text) && url::Url::parse(text).is_ok_and(|url| url.scheme() == "https");
        if self.redirect_url.as_ref().is_some_and(|text| !is_https(text)) {
            return Err(Problem::invalid_field("redirectUrl", "must be an https URL"));
        }
        let is_general = !self.types.is_empty()
            || !open_id.formats.is_empty()
            || !open_id.vct_values.is_empty()
            || !open_id.claims.is_empty()
            || open_id.multiple.is_some();
        if is_general && !open_id.credentials.is_empty() {
            let message = "take the place of types, formats, vct_values, claims and multiple; leave those out";
            return Err(Problem::invalid_field("credentials", message));
        }
        let options = ExchangeOptions {
            keep_days: None,
            reason,
            types: self.types,
            redirect_url: self.redirect_url,
            formats: open_id.formats,
            vct_values: open_id.vct_values,
            multiple: open_id.multiple.unwrap_or(true),
            claims: open_id.claims,
            credentials: open_id.credentials,
            credential_sets: open_id.credential_sets,
        };
        sets::check(&options, &known).map_err(|(field, problem)| Problem::invalid_field(field, problem))?;
        Ok(options)
    }
}

/// The template of this name. A name that is not there is the caller's mistake.
pub async fn named(state: &State, caller: &Caller, name: &str) -> Result<Asked, Problem> {
    let found = state.store().request_template(&caller.tenant_id, name).await?;
    let content = found.ok_or_else(|| Problem::invalid_field("template", "is not the name of a request template"))?;
    serde_json::from_value(content).map_err(Problem::internal)
}

/// `PUT /v1/request-templates/{name}`
pub async fn put(
    state: web::Data<State>,
    caller: Caller,
    name: Id<String>,
    body: web::Json<Asked>,
) -> Result<HttpResponse, Problem> {
    let asked = body.into_inner();
    asked.clone().options(&state.channels.settings.organisation)?;
    let content = serde_json::to_value(&asked).map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?;
    let is_new = state.store().put_request_template(&caller.tenant_id, &name.0, &content, state.clock().now()).await?;
    let mut answer = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(shown(&name.0, &content)))
}

/// `GET /v1/request-templates/{name}`
pub async fn get(state: web::Data<State>, caller: Caller, name: Id<String>) -> Result<HttpResponse, Problem> {
    let found = state.store().request_template(&caller.tenant_id, &name.0).await?;
    let content = found.ok_or_else(|| Problem::not_found("request template"))?;
    Ok(HttpResponse::Ok().json(shown(&name.0, &content)))
}

/// `GET /v1/request-templates`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let found = state.store().list_request_templates(&caller.tenant_id, MAX_TEMPLATES).await?;
    let items: Vec<Value> = found.iter().map(|(name, content)| shown(name, content)).collect();
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

/// `DELETE /v1/request-templates/{name}`
pub async fn delete(state: web::Data<State>, caller: Caller, name: Id<String>) -> Result<HttpResponse, Problem> {
    match state.store().delete_request_template(&caller.tenant_id, &name.0).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::not_found("request template")),
    }
}

fn shown(name: &str, content: &Value) -> Value {
    json!({"name": name, "request": content})
}
