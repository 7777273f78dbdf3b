//! The gateway's description as host: the ServiceDescriptionDocument and RFC 8414 metadata.

use super::oauth_token::AUTHENTICATION_METHODS;
use super::registration::CLIENT_METHODS;
use super::{Api, offered_scopes};
use serde_json::{Map, Value, json};

/// A deployment's facts for the description.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// Without a trailing slash.
    pub public_url: &'a str,
    pub title: &'a str,
    pub terms_url: &'a str,
    pub privacy_url: &'a str,
}

/// `GET {base}/discovery`: OpenAPI 3.0 with the members that the specification adds.
pub fn service_description(api: Api, about: &About) -> Value {
    let public_url = about.public_url;
    let scopes: Map<String, Value> = offered_scopes()
        .into_iter()
        .filter(|(scope, _)| scope.starts_with(api.scope_prefix()) || scope == super::OFFLINE_ACCESS)
        .map(|(scope, text)| (scope, json!(text)))
        .collect();
    let operation = |id: &str, scope: &str, codes: &[&str]| {
        let responses: Map<String, Value> =
            codes.iter().map(|code| ((*code).to_owned(), json!({"description": "see the specification"}))).collect();
        json!({"operationId": id, "security": [{"OAuth2ACG": [api.scope(scope)]}], "responses": responses})
    };
    json!({
        "openapi": "3.0.1",
        "info": {
            "title": about.title,
            "version": match api { Api::OpenBadges3 => "3.0", Api::Clr2 => "2.0" },
            "termsOfService": about.terms_url,
            "x-imssf-privacyPolicyUrl": about.privacy_url,
        },
        "servers": [{"url": format!("{public_url}{}", api.base_path())}],
        "paths": {
            "/credentials": {
                "get": operation("getCredentials", "credential.readonly", &["200", "400", "401", "403", "default"]),
                "post": operation("upsertCredential", "credential.upsert", &["200", "201", "304", "400", "401", "403", "default"]),
            },
            "/profile": {
                "get": operation("getProfile", "profile.readonly", &["200", "401", "403", "404", "default"]),
                "put": operation("putProfile", "profile.update", &["200", "400", "401", "403", "default"]),
            },
        },
        "components": {"securitySchemes": {"OAuth2ACG": {
            "type": "oauth2",
            "description": "OAuth 2.0 authorization code with PKCE (S256)",
            "x-imssf-registrationUrl": format!("{public_url}/oauth/register"),
            "x-imssf-revocationUrl": format!("{public_url}/oauth/revoke"),
            "flows": {"authorizationCode": {
                "authorizationUrl": format!("{public_url}/oauth/authorize"),
                "tokenUrl": format!("{public_url}/oauth/token"),
                "refreshUrl": format!("{public_url}/oauth/token"),
                "scopes": scopes,
            }},
        }}},
    })
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414).
pub fn server_metadata(public_url: &str) -> Value {
    let scopes: Vec<String> = offered_scopes().into_iter().map(|(scope, _)| scope).collect();
    json!({
        "issuer": public_url,
        "authorization_endpoint": format!("{public_url}/oauth/authorize"),
        "token_endpoint": format!("{public_url}/oauth/token"),
        "registration_endpoint": format!("{public_url}/oauth/register"),
        "revocation_endpoint": format!("{public_url}/oauth/revoke"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256", "ES384", "ES512", "RS256", "PS256"],
        "revocation_endpoint_auth_methods_supported": CLIENT_METHODS,
        "code_challenge_methods_supported": ["S256"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_has_what_a_consumer_needs_and_only_the_api_s_own_scopes() {
        let about = About {
            public_url: "https://gw.example",
            title: "Gateway",
            terms_url: "https://gw.example/terms",
            privacy_url: "https://gw.example/privacy",
        };
        let document = service_description(Api::Clr2, &about);
        assert_eq!(document["openapi"], "3.0.1");
        let scheme = &document["components"]["securitySchemes"]["OAuth2ACG"];
        assert_eq!(scheme["x-imssf-registrationUrl"], "https://gw.example/oauth/register");
        let flow = &scheme["flows"]["authorizationCode"];
        for url in ["authorizationUrl", "tokenUrl", "refreshUrl"] {
            assert!(flow[url].as_str().unwrap().starts_with("https://gw.example/oauth/"));
        }
        let scopes = flow["scopes"].as_object().unwrap();
        assert_eq!(scopes.len(), 5);
        assert!(scopes.keys().all(|scope| scope.contains("/clr/v2p0/") || scope == "offline_access"));
    }
}
