//! The token and revocation endpoints of the host (RFC 6749 §4.1.3 and §6, RFC 7009): reading a request.
//! Comes in: the form and the Authorization header. Goes out: the grant that is asked for, or an OAuth error.

use super::oauth::Parameters;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// An OAuth error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    pub status: u16,
    pub error: &'static str,
    pub description: String,
}

impl OAuthError {
    pub fn new(error: &'static str, description: impl Into<String>) -> Self {
        let status = if error == "invalid_client" { 401 } else { 400 };
        Self { status, error, description: description.into() }
    }

    pub fn body(&self) -> Value {
        json!({"error": self.error, "error_description": self.description})
    }
}

/// How the caller proves its identity. A request uses exactly one method (RFC 6749 §2.3).
#[derive(Clone, PartialEq, Eq)]
pub enum ClientAuthentication {
    Absent,
    /// `client_secret_basic` or `client_secret_post`.
    Secret(ClientCredentials),
    /// An API key as bearer token.
    Bearer(String),
    /// `private_key_jwt` (RFC 7523).
    Assertion {
        client_id: Option<String>,
        jwt: String,
    },
}

/// The ways in which a caller may authenticate, as the metadata names them.
pub const AUTHENTICATION_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Reads how the caller authenticates, from the Authorization header and the form.
pub fn client_authentication(header: Option<&str>, form: &Parameters) -> Result<ClientAuthentication, OAuthError> {
    let invalid = |text: &str| Err(OAuthError::new("invalid_request", text));
    let (id, secret) = (form.get("client_id"), form.get("client_secret"));
    let assertion = (form.get("client_assertion_type"), form.get("client_assertion"));
    let in_header = match (basic_credentials(header), bearer_token(header)) {
        (Some(credentials), _) => Some(ClientAuthentication::Secret(credentials)),
        (None, Some(token)) => Some(ClientAuthentication::Bearer(token.to_owned())),
        (None, None) if header.is_some() => return invalid("the Authorization header is neither HTTP Basic nor a bearer token"),
        (None, None) => None,
    };
    let ways = [in_header.is_some(), secret.is_some(), assertion != (None, None)];
    if ways.into_iter().filter(|used| *used).count() > 1 {
        return invalid("use one way to authenticate: HTTP Basic, client_secret in the form, or client_assertion");
    }
    match (in_header, secret, assertion) {
        (Some(ClientAuthentication::Secret(basic)), ..) if id.is_some_and(|id| id != basic.client_id) => {
            invalid("client_id is not the client that the Authorization header names")
        }
        (Some(found), ..) => Ok(found),
        (None, Some(secret), _) => match id {
            Some(id) => {
                Ok(ClientAuthentication::Secret(ClientCredentials { client_id: id.to_owned(), secret: secret.to_owned() }))
            }
            None => invalid("client_id is missing"),
        },
        (None, None, (None, None)) => Ok(ClientAuthentication::Absent),
        (None, None, (Some(JWT_BEARER), Some(jwt))) => {
            Ok(ClientAuthentication::Assertion { client_id: id.map(str::to_owned), jwt: jwt.to_owned() })
        }
        (None, None, (_, Some(_))) => {
            invalid("client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        }
        (None, None, (Some(_), None)) => invalid("client_assertion is missing"),
    }
}

/// A client's id and secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    pub client_id: String,
    pub secret: String,
}

/// Reads `Authorization: Basic`; both halves are form-urlencoded first (RFC 6749 §2.3.1).
fn basic_credentials(header: Option<&str>) -> Option<ClientCredentials> {
    let (scheme, encoded) = header?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some(ClientCredentials { client_id: form_decoded(id), secret: form_decoded(secret) })
}

/// Reads `Authorization: Bearer`.
pub fn bearer_token(header: Option<&str>) -> Option<&str> {
    let (scheme, token) = header?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

fn form_decoded(text: &str) -> String {
    let with_spaces = text.replace('+', " ");
    percent_encoding::percent_decode_str(&with_spaces).decode_utf8_lossy().into_owned()
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRequest {
    Code {
        code: String,
        redirect_uri: String,
        verifier: String,
    },
    Refresh {
        token: String,
        scope: Option<String>,
    },
    /// An employer's own system asks for a short-lived token.
    ClientCredentials {
        scope: Option<String>,
    },
}

pub fn read_token_request(form: &Parameters) -> Result<TokenRequest, OAuthError> {
    if let Some(name) = form.repeated() {
        return Err(OAuthError::new("invalid_request", format!("{name} was given more than once")));
    }
    let required = |name: &str| {
        form.get(name).map(str::to_owned).ok_or_else(|| OAuthError::new("invalid_request", format!("{name} is missing")))
    };
    match form.get("grant_type") {
        Some("authorization_code") => Ok(TokenRequest::Code {
            code: required("code")?,
            redirect_uri: required("redirect_uri")?,
            verifier: required("code_verifier")?,
        }),
        Some("refresh_token") => {
            Ok(TokenRequest::Refresh { token: required("refresh_token")?, scope: form.get("scope").map(str::to_owned) })
        }
        Some("client_credentials") => Ok(TokenRequest::ClientCredentials { scope: form.get("scope").map(str::to_owned) }),
        Some(_) => Err(OAuthError::new("unsupported_grant_type", "use authorization_code, refresh_token or client_credentials")),
        None => Err(OAuthError::new("invalid_request", "grant_type is missing")),
    }
}

/// The scope of a refreshed token: the granted scope, or a narrower scope on request.
pub fn refreshed_scope(granted: &str, wanted: Option<&str>) -> Result<String, OAuthError> {
    let Some(wanted) = wanted else { return Ok(granted.to_owned()) };
    match wanted.split_ascii_whitespace().find(|scope| !super::has_scope(granted, scope)) {
        Some(scope) => Err(OAuthError::new("invalid_scope", format!("{scope} was not granted"))),
        None => Ok(wanted.split_ascii_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Parameters {
        Parameters::parse(text.as_bytes())
    }

    #[test]
    fn basic_credentials_are_form_decoded_after_the_split() {
        let header = format!("basic {}", STANDARD.encode("a%3Ab:s+e%2Bc"));
        let credentials = basic_credentials(Some(&header)).unwrap();
        assert_eq!((credentials.client_id.as_str(), credentials.secret.as_str()), ("a:b", "s e+c"));
        for header in ["Basic ???", "Bearer x", "Basic", "", &format!("Basic {}", STANDARD.encode("no-colon"))] {
            assert!(basic_credentials(Some(header)).is_none(), "{header}");
        }
    }

    #[test]
    fn a_client_authenticates_in_one_way() {
        let basic = format!("Basic {}", STANDARD.encode("c:s"));
        let read = |header: Option<&str>, text: &str| client_authentication(header, &form(text));
        let secret = ClientAuthentication::Secret(ClientCredentials { client_id: "c".to_owned(), secret: "s".to_owned() });
        assert!(read(Some(&basic), "client_id=c") == Ok(secret.clone()));
        assert!(read(None, "client_id=c&client_secret=s") == Ok(secret));
        assert!(read(None, "client_id=c") == Ok(ClientAuthentication::Absent));
        assert!(read(Some("Bearer k"), "") == Ok(ClientAuthentication::Bearer("k".to_owned())));
        let signed = format!("client_assertion_type={JWT_BEARER}&client_assertion=a.b.c");
        assert!(read(None, &signed) == Ok(ClientAuthentication::Assertion { client_id: None, jwt: "a.b.c".to_owned() }));
        for (header, text) in [
            (Some(basic.as_str()), "client_id=c&client_secret=s"),
            (Some(basic.as_str()), "client_id=other"),
            (Some(basic.as_str()), signed.as_str()),
            (Some("Digest x"), ""),
            (None, "client_secret=s"),
            (None, "client_assertion_type=x&client_assertion=a.b.c"),
            (None, "client_assertion=a.b.c"),
        ] {
            assert!(read(header, text).is_err_and(|error| error.error == "invalid_request"), "{header:?} {text}");
        }
    }

    #[test]
    fn the_scope_parameter_is_never_required() {
        let request = read_token_request(&form("grant_type=authorization_code&code=c&redirect_uri=r&code_verifier=v")).unwrap();
        assert!(matches!(request, TokenRequest::Code { .. }));
        assert!(read_token_request(&form("grant_type=refresh_token&refresh_token=t")).is_ok());
    }

    #[test]
    fn missing_repeated_and_unknown_parameters_have_their_own_errors() {
        assert_eq!(read_token_request(&form("code=c")).unwrap_err().error, "invalid_request");
        assert_eq!(
            read_token_request(&form("grant_type=authorization_code&code=c&redirect_uri=r")).unwrap_err().error,
            "invalid_request"
        );
        assert_eq!(
            read_token_request(&form("grant_type=refresh_token&refresh_token=a&refresh_token=b")).unwrap_err().error,
            "invalid_request"
        );
        assert_eq!(read_token_request(&form("grant_type=password")).unwrap_err().error, "unsupported_grant_type");
        assert_eq!(OAuthError::new("invalid_client", "").status, 401);
    }

    #[test]
    fn a_refresh_may_narrow_the_scope_but_not_widen_it() {
        assert_eq!(refreshed_scope("a b", None).unwrap(), "a b");
        assert_eq!(refreshed_scope("a b", Some("b")).unwrap(), "b");
        assert_eq!(refreshed_scope("a b", Some("c")).unwrap_err().error, "invalid_scope");
    }
}
