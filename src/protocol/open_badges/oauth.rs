//! The authorization endpoint of the host: code flow with PKCE S256 (RFC 6749, RFC 7636).
//! Comes in: the query of an authorization request and the client it names. Goes out: what is asked of the candidate, or an
//! error that either stays on a page (nobody to trust with a redirect) or goes back to the client.

use super::grantable_scopes;
use crate::model::oauth::OAuthClient;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;
use url::Url;

/// Parameters by name. A parameter given twice is an error (RFC 6749 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    values: BTreeMap<String, String>,
    repeated: Option<String>,
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text: a query or a body.
    pub fn parse(encoded: &[u8]) -> Self {
        let mut parameters = Self::default();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            let before = parameters.values.insert(name.to_string(), value.to_string());
            if before.is_some() {
                parameters.repeated = Some(name.to_string());
            }
        }
        parameters
    }

    /// An empty value counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }
}

/// A valid authorization request: the access that the candidate is asked to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    pub client_id: String,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    pub state: String,
    pub code_challenge: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationError {
    /// To be shown on a page of ours: the client or its redirect URI isn't known.
    Page(&'static str),
    /// To be sent to the client.
    Redirect(String),
}

/// Checks an authorization request. `client`: the registration that `client_id` names, when there is one.
pub fn check_authorization(
    parameters: &Parameters,
    client: Option<&OAuthClient>,
) -> Result<AuthorizationRequest, AuthorizationError> {
    let client =
        client.ok_or(AuthorizationError::Page("The platform that sent you here is not registered with this gateway."))?;
    let redirect_uri = parameters.get("redirect_uri").unwrap_or_default();
    if !client.redirect_uris.iter().any(|registered| registered == redirect_uri) {
        return Err(AuthorizationError::Page(
            "The platform that sent you here asked to be answered at an address that it did not register.",
        ));
    }
    let state = parameters.get("state");
    let refuse =
        |error: &str, description: &str| AuthorizationError::Redirect(error_redirect(redirect_uri, error, description, state));
    if let Some(name) = parameters.repeated() {
        return Err(refuse("invalid_request", &format!("{name} was given more than once")));
    }
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(refuse("unsupported_response_type", "only code is supported")),
        None => return Err(refuse("invalid_request", "response_type is missing")),
    }
    let Some(state) = state else {
        return Err(refuse("invalid_request", "state is missing"));
    };
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err(refuse("invalid_request", "code_challenge_method must be S256"));
    }
    let code_challenge = parameters.get("code_challenge").unwrap_or_default();
    if !is_s256_challenge(code_challenge) {
        return Err(refuse("invalid_request", "code_challenge is missing or not the base64url of a SHA-256 hash"));
    }
    let Some(wanted) = parameters.get("scope") else {
        return Err(refuse("invalid_request", "scope is missing"));
    };
    let scopes = grantable_scopes(wanted, Some(&client.scope));
    if scopes.iter().all(|scope| scope == super::OFFLINE_ACCESS) {
        return Err(refuse("invalid_scope", "none of the scopes is offered to this client"));
    }
    Ok(AuthorizationRequest {
        client_id: client.client_id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scopes,
        state: state.to_owned(),
        code_challenge: code_challenge.to_owned(),
    })
}

fn is_s256_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Where the candidate's browser goes after consent. The `scope` is an addition of the Open Badges API.
pub fn code_redirect(request: &AuthorizationRequest, code: &str) -> String {
    let scope = request.scopes.join(" ");
    with_query(&request.redirect_uri, &[("code", code), ("state", &request.state), ("scope", &scope)])
}

/// Where the browser goes when the request can't be granted.
pub fn error_redirect(redirect_uri: &str, error: &str, description: &str, state: Option<&str>) -> String {
    let mut pairs = vec![("error", error), ("error_description", description)];
    pairs.extend(state.map(|state| ("state", state)));
    with_query(redirect_uri, &pairs)
}

fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    match Url::parse(uri) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(pairs);
            url.into()
        }
        // Registered redirect URIs always parse.
        Err(_) => uri.to_owned(),
    }
}

/// Whether the verifier belongs to the challenge (RFC 7636 §4.6, S256 only).
pub fn verifier_matches(verifier: &str, code_challenge: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(allowed) {
        return false;
    }
    s256(verifier).as_bytes().ct_eq(code_challenge.as_bytes()).into()
}

/// The S256 challenge of a verifier.
pub fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::open_badges::Api;
    use chrono::DateTime;
    use serde_json::Value;

    fn client() -> OAuthClient {
        OAuthClient {
            client_id: "c1".to_owned(),
            secret_hash: String::new(),
            metadata: Value::Null,
            redirect_uris: vec!["https://client.example/cb?x=1".to_owned()],
            scope: format!("{} offline_access", Api::OpenBadges3.scope("credential.upsert")),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn query(changes: &[(&str, &str)]) -> Parameters {
        let challenge = s256(&"v".repeat(43));
        let scope = Api::OpenBadges3.scope("credential.upsert");
        let mut pairs: Vec<(&str, &str)> = vec![
            ("response_type", "code"),
            ("client_id", "c1"),
            ("redirect_uri", "https://client.example/cb?x=1"),
            ("scope", &scope),
            ("state", "s t"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            pairs.retain(|(known, _)| known != name);
            pairs.push((name, value));
        }
        Parameters::parse(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().as_bytes())
    }

    fn refused(changes: &[(&str, &str)]) -> String {
        match check_authorization(&query(changes), Some(&client())) {
            Err(AuthorizationError::Redirect(location)) => {
                let url = Url::parse(&location).unwrap();
                assert_eq!(url.host_str(), Some("client.example"));
                url.query_pairs().find(|(name, _)| name == "error").unwrap().1.to_string()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_complete_request_comes_back_with_code_state_and_scope() {
        let request = check_authorization(&query(&[]), Some(&client())).unwrap();
        let location = code_redirect(&request, "abc");
        let scope: String =
            url::form_urlencoded::byte_serialize(Api::OpenBadges3.scope("credential.upsert").as_bytes()).collect();
        assert_eq!(location, format!("https://client.example/cb?x=1&code=abc&state=s+t&scope={scope}"));
    }

    #[test]
    fn an_unknown_client_or_redirect_uri_is_never_redirected() {
        assert!(matches!(check_authorization(&query(&[]), None), Err(AuthorizationError::Page(_))));
        for uri in ["https://client.example/cb", "https://client.example/cb?x=1&y", "https://evil.example/cb?x=1", ""] {
            let result = check_authorization(&query(&[("redirect_uri", uri)]), Some(&client()));
            assert!(matches!(result, Err(AuthorizationError::Page(_))), "{uri}");
        }
    }

    #[test]
    fn each_parameter_is_required_and_plain_pkce_is_refused() {
        assert_eq!(refused(&[("response_type", "token")]), "unsupported_response_type");
        assert_eq!(refused(&[("response_type", "")]), "invalid_request");
        assert_eq!(refused(&[("state", "")]), "invalid_request");
        assert_eq!(refused(&[("code_challenge", "")]), "invalid_request");
        assert_eq!(refused(&[("code_challenge", "short")]), "invalid_request");
        assert_eq!(refused(&[("code_challenge_method", "plain")]), "invalid_request");
        assert_eq!(refused(&[("code_challenge_method", "")]), "invalid_request");
        assert_eq!(refused(&[("scope", "")]), "invalid_request");
        assert_eq!(refused(&[("scope", "openid")]), "invalid_scope");
        assert_eq!(refused(&[("scope", "offline_access")]), "invalid_scope");
        assert_eq!(refused(&[("scope", &Api::OpenBadges3.scope("profile.update"))]), "invalid_scope");
    }

    #[test]
    fn a_verifier_fits_only_its_own_challenge() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        // RFC 7636, appendix B.
        assert!(verifier_matches(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!verifier_matches(&"a".repeat(43), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!verifier_matches("short", &s256("short")));
        assert!(!verifier_matches(&"ü".repeat(30), &s256(&"ü".repeat(30))));
    }
}
