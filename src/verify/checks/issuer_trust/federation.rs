//! OpenID Federation 1.0: whether a trust anchor, directly or through intermediates, vouches for an entity.
//! Comes in: the anchor, an entity's identifier. Goes out: the entity as its superiors attest it. Every statement's signature, subject
//! and window are checked.
//! Must not know: credentials, policies.

use crate::document::members::each;
use crate::verify::BoxFuture;
use crate::verify::documents::{DocumentError, Documents};
use crate::verify::securing::compact_jws::CompactJws;
use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

const ACCEPT: &str = "application/entity-statement+jwt";
/// Intermediates between an entity and the anchor.
const MAX_DEPTH: usize = 4;
/// Superiors of one entity that are tried.
const MAX_HINTS: usize = 3;

/// The reason why a registry gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RegistryError {
    #[error("the registry could not be reached")]
    Unreachable,
    #[error("the registry's answer can't be used: {0}")]
    Broken(String),
}

/// An entity that the anchor vouches for.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub name: Option<String>,
    /// The keys that its superior attests.
    jwks: Value,
    /// The address of statements about its subordinates; absent for an entity without subordinates.
    fetch_endpoint: Option<String>,
}

struct Federation<'a> {
    anchor: &'a str,
    anchor_entity: Entity,
    documents: &'a Documents,
    at: DateTime<Utc>,
}

/// `jwks`: the anchor's keys as the policy pins them. Without `jwks`, the keys come from the anchor's own host.
pub(super) async fn look_up(
    anchor: &str,
    jwks: Option<&Value>,
    entity: &str,
    documents: &Documents,
    at: DateTime<Utc>,
) -> Result<Option<Entity>, RegistryError> {
    let anchor = anchor.trim_end_matches('/');
    let (configuration, token) = configuration(anchor, documents, at).await?.ok_or(RegistryError::Unreachable)?;
    let keys = jwks.cloned().unwrap_or_else(|| configuration["jwks"].clone());
    token.verify_with_set(&keys).map_err(|_| RegistryError::Broken("the trust anchor's own statement is not genuine".into()))?;
    let federation = Federation { anchor, anchor_entity: entity_of(&configuration, keys), documents, at };
    // Only the anchor itself can know entities without a web address (did:key).
    if let Some(statement) = federation.statement(anchor, &federation.anchor_entity, entity).await? {
        return Ok(Some(entity_of(&statement, statement["jwks"].clone())));
    }
    federation.climb(entity, 0).await
}

/// An entity's statement about itself, signature not yet checked against attested keys.
async fn configuration(
    entity: &str,
    documents: &Documents,
    at: DateTime<Utc>,
) -> Result<Option<(Value, CompactJws)>, RegistryError> {
    let Some(address) = web_address(entity) else { return Ok(None) };
    let Some(token) = fetch(&format!("{address}/.well-known/openid-federation"), documents).await? else { return Ok(None) };
    let statement = claims(&token, entity, entity, at)?;
    Ok(Some((statement, token)))
}

/// `did:web:host:path` → `https://host/path`; an https address stays as it is.
fn web_address(entity: &str) -> Option<String> {
    if let Some(rest) = entity.strip_prefix("did:web:") {
        let path = rest.split('#').next()?.replace(':', "/").replace("%3A", ":").replace("%3a", ":");
        return Some(format!("https://{path}"));
    }
    let url =
        Url::parse(entity).ok().filter(|url| url.scheme() == "https" && url.username().is_empty() && url.query().is_none())?;
    Some(url.as_str().trim_end_matches('/').to_owned())
}

/// `Ok(None)`: the address leads to no document.
async fn fetch(address: &str, documents: &Documents) -> Result<Option<CompactJws>, RegistryError> {
    match documents.get(address, ACCEPT).await {
        Ok(fetched) => {
            let text = String::from_utf8_lossy(&fetched.bytes);
            CompactJws::parse(text.trim().trim_matches('"')).map(Some).map_err(|error| RegistryError::Broken(error.to_string()))
        }
        Err(DocumentError::NotFound(_) | DocumentError::Gone(_)) => Ok(None),
        Err(_) => Err(RegistryError::Unreachable),
    }
}

/// The claims of a statement: right issuer, right subject, in its window.
fn claims(token: &CompactJws, issuer: &str, subject: &str, at: DateTime<Utc>) -> Result<Value, RegistryError> {
    let broken = |detail: &str| RegistryError::Broken(detail.to_owned());
    let claims = token.json().map_err(|error| broken(&error.to_string()))?;
    let same = |name: &str, expected: &str| {
        claims[name].as_str().is_some_and(|actual| actual.trim_end_matches('/') == expected.trim_end_matches('/'))
    };
    if !same("iss", issuer) || !same("sub", subject) {
        return Err(broken("a statement is about someone else"));
    }
    let now = at.timestamp();
    if claims["exp"].as_i64().is_none_or(|expires| expires <= now)
        || claims["iat"].as_i64().is_some_and(|issued| issued > now + 300)
    {
        return Err(broken("a statement is not in force"));
    }
    if claims.get("crit").is_some() {
        return Err(broken("a statement requires an extension that the gateway does not know"));
    }
    Ok(claims)
}

fn entity_of(statement: &Value, jwks: Value) -> Entity {
    let kinds = statement["metadata"].as_object().into_iter().flatten();
    let name =
        kinds.map(|(_, kind)| kind).find_map(|kind| each(&kind["organization_name"]).find_map(Value::as_str)).map(str::to_owned);
    let fetch_endpoint = statement["metadata"]["federation_entity"]["federation_fetch_endpoint"].as_str().map(str::to_owned);
    Entity { name, jwks, fetch_endpoint }
}

impl Federation<'_> {
    /// What `superior` states about `subject`.
    async fn statement(&self, superior: &str, entity: &Entity, subject: &str) -> Result<Option<Value>, RegistryError> {
        let Some(endpoint) = &entity.fetch_endpoint else { return Ok(None) };
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        let address = format!("{endpoint}{separator}sub={}", utf8_percent_encode(subject, NON_ALPHANUMERIC));
        let Some(token) = fetch(&address, self.documents).await? else { return Ok(None) };
        token.verify_with_set(&entity.jwks).map_err(|_| RegistryError::Broken("a statement is not genuine".into()))?;
        claims(&token, superior, subject, self.at).map(Some)
    }

    /// Climbs from the entity to the anchor. A superior's statement counts only when the superior's own superior attests it.
    fn climb<'a>(&'a self, entity: &'a str, depth: usize) -> BoxFuture<'a, Result<Option<Entity>, RegistryError>> {
        Box::pin(async move {
            if depth >= MAX_DEPTH {
                return Ok(None);
            }
            let Some((own, token)) = configuration(entity, self.documents, self.at).await? else { return Ok(None) };
            for hint in each(&own["authority_hints"]).filter_map(Value::as_str).take(MAX_HINTS) {
                let hint = hint.trim_end_matches('/');
                let superior = match hint == self.anchor {
                    true => Some(self.anchor_entity.clone()),
                    false => self.climb(hint, depth + 1).await?,
                };
                let Some(superior) = superior else { continue };
                let Some(statement) = self.statement(hint, &superior, entity).await? else { continue };
                // An entity's statement about itself counts only when the keys that its superior attests verify it.
                if token.verify_with_set(&statement["jwks"]).is_ok() {
                    let mut vouched = entity_of(&own, statement["jwks"].clone());
                    vouched.name = entity_of(&statement, Value::Null).name.or(vouched.name);
                    return Ok(Some(vouched));
                }
            }
            Ok(None)
        })
    }
}
