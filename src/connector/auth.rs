//! Puts credentials or a signature on a request. The only place where templates see secrets.
//! Comes in: the manifest's auth, resolved secrets, a prepared request. Goes out: the same request, authenticated.

use super::manifest::{Auth, CredentialPlace, SignatureEncoding};
use super::request::{Prepared, wrong};
use super::template::Templates;
use super::values::{TemplateError, from_json, to_json};
use crate::model::connection::Secrets;
use crate::model::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use minijinja::value::Value;
use sha2::Sha256;
use std::collections::BTreeMap;
use url::Url;
use zeroize::Zeroizing;

/// Standard Webhooks: a symmetric secret is 24 to 64 bytes.
const WEBHOOK_SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What templates see under `secrets`. A context that holds it must not be used for anything that is sent unauthenticated or kept.
pub fn secrets_value(secrets: &Secrets) -> (String, Value) {
    let secrets = secrets.iter().map(|(name, secret)| (name.clone(), Value::from(secret.expose())));
    ("secrets".to_owned(), Value::from_pairs(secrets))
}

/// `token` is the access token of an OAuth 2 connection, fetched by the caller. `previous`: the same context with the secrets as they
/// were before their last change.
pub fn apply(
    templates: &Templates,
    auth: &Auth,
    (context, previous): (&Value, Option<&Value>),
    request: &mut Prepared,
    token: Option<&Secret>,
    now: DateTime<Utc>,
) -> Result<(), TemplateError> {
    match auth {
        Auth::None => {}
        Auth::Basic { username, password } => {
            let pair = Zeroizing::new(format!("{}:{}", templates.text(username, context)?, templates.text(password, context)?));
            request.set_header("authorization", format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        }
        Auth::Bearer { token } => {
            let token = clean(templates, token, context)?;
            request.set_header("authorization", format!("Bearer {token}"));
        }
        Auth::Header { name, value } => request.set_header(name, clean(templates, value, context)?),
        Auth::Query { name, value } => {
            let value = templates.text(value, context)?;
            request.url.query_pairs_mut().append_pair(name, &value);
        }
        Auth::Hmac { header, secret, prefix, encoding } => {
            let secret = Zeroizing::new(templates.text(secret, context)?);
            let signature = sign(secret.as_bytes(), request.body.as_deref().unwrap_or_default())?;
            let signature = match encoding {
                SignatureEncoding::Hex => hex::encode(signature),
                SignatureEncoding::Base64 => STANDARD.encode(signature),
            };
            request.set_header(header, format!("{prefix}{signature}"));
        }
        Auth::StandardWebhooks { id, secrets } => {
            let id = templates.text(id, context)?;
            let mut keys: Vec<Zeroizing<String>> = Vec::new();
            for context in [Some(context), previous].into_iter().flatten() {
                for secret in secrets {
                    let key = Zeroizing::new(templates.text(secret, context)?);
                    if !key.is_empty() && !keys.contains(&key) {
                        keys.push(key);
                    }
                }
            }
            let timestamp = now.timestamp();
            let signatures = webhook_signatures(&id, timestamp, request.body.as_deref().unwrap_or_default(), &keys)?;
            request.set_header("webhook-id", id);
            request.set_header("webhook-timestamp", timestamp.to_string());
            request.set_header("webhook-signature", signatures);
        }
        Auth::Oauth2ClientCredentials { .. } => {
            if let Some(token) = token {
                request.set_header("authorization", format!("Bearer {}", token.expose()));
            }
        }
    }
    Ok(())
}

/// Credentials that go beside the ones of `auth`, for systems that want two. Those that render empty are left out.
pub fn add_headers(
    templates: &Templates,
    headers: &BTreeMap<String, String>,
    context: &Value,
    request: &mut Prepared,
) -> Result<(), TemplateError> {
    for (name, value) in headers {
        if !templates.text(value, context)?.is_empty() {
            request.set_header(name, clean(templates, value, context)?);
        }
    }
    Ok(())
}

/// Standard Webhooks: `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`, one per secret, separated by spaces.
fn webhook_signatures(id: &str, timestamp: i64, body: &[u8], secrets: &[Zeroizing<String>]) -> Result<String, TemplateError> {
    if secrets.is_empty() {
        return Err(wrong("auth", "there is no signing secret"));
    }
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let mut signatures = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let key = secret.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok()).map(Zeroizing::new);
        let key = key.filter(|key| WEBHOOK_SECRET_BYTES.contains(&key.len()));
        let key = key.ok_or_else(|| wrong("auth", "a signing secret must be whsec_ and the Base64 of 24 to 64 bytes"))?;
        signatures.push(format!("v1,{}", STANDARD.encode(sign(&key, &signed)?)));
    }
    Ok(signatures.join(" "))
}

fn sign(key: &[u8], message: &[u8]) -> Result<Vec<u8>, TemplateError> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map_err(|_| wrong("auth", "the signing secret can't be used"))?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().to_vec())
}

fn clean(templates: &Templates, template: &str, context: &Value) -> Result<String, TemplateError> {
    let value = templates.text(template, context)?;
    if value.is_empty() || value.contains(char::is_control) {
        return Err(wrong(template, "the credential is empty or holds control characters"));
    }
    Ok(value)
}

/// The request for an access token (RFC 6749 §4.4), or `None` when the connection needs none:
/// its system has no token address, or the address renders empty because another credential is used.
pub fn token_request(templates: &Templates, auth: &Auth, context: &Value) -> Result<Option<Prepared>, TemplateError> {
    let Auth::Oauth2ClientCredentials { token_url, client_id, client_secret, send_credentials, params } = auth else {
        return Ok(None);
    };
    let url = templates.text(token_url, context)?;
    if url.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(&url).map_err(|_| wrong(token_url, "the address is not a complete URL"))?;
    let id = clean(templates, client_id, context)?;
    let secret = Zeroizing::new(clean(templates, client_secret, context)?);
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    for (name, template) in params {
        let value = templates.text(template, context)?;
        if !value.is_empty() {
            form.append_pair(name, &value);
        }
    }
    if *send_credentials == CredentialPlace::Body {
        form.append_pair("client_id", &id).append_pair("client_secret", &secret);
    }
    let mut request = Prepared { method: "POST", url, headers: Vec::new(), body: Some(Bytes::from(form.finish())) };
    request.set_header("content-type", "application/x-www-form-urlencoded");
    request.set_header("accept", "application/json");
    if *send_credentials == CredentialPlace::Basic {
        // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!("{}:{}", encoded(&id), encoded(&secret)));
        request.set_header("authorization", format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    }
    Ok(Some(request))
}

/// The token and its life in seconds (an hour when the answer does not say).
pub fn read_token(json: &serde_json::Value) -> Option<(Secret, u64)> {
    let token = json.get("access_token")?.as_str().filter(|token| !token.is_empty() && !token.contains(char::is_control))?;
    let life = json.get("expires_in").map(from_json).and_then(|life| to_json(&life, "").ok());
    let life = life.and_then(|life| life.as_u64().or_else(|| life.as_str().and_then(|text| text.parse().ok())));
    Some((Secret::new(token), life.unwrap_or(3_600)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn webhook_signatures_follow_the_published_example_and_there_is_one_per_secret() {
        let secret = Zeroizing::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let body = br#"{"test": 2432232314}"#;
        let one = webhook_signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body, std::slice::from_ref(&secret)).unwrap();
        assert_eq!(one, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = webhook_signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body, &[secret.clone(), secret]).unwrap();
        assert_eq!(two, format!("{one} {one}"));
    }

    #[test]
    fn a_weak_or_foreign_webhook_secret_is_refused() {
        for secret in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!"] {
            assert!(webhook_signatures("id", 1, b"", &[Zeroizing::new(secret.to_owned())]).is_err(), "{secret}");
        }
        assert!(webhook_signatures("id", 1, b"", &[]).is_err());
    }

    #[test]
    fn a_second_credential_goes_into_its_own_header() {
        let secrets = Secrets::from([("account".to_owned(), Secret::new("acc-1")), ("broken".to_owned(), Secret::new("a\nb"))]);
        let context = Value::from_pairs([secrets_value(&secrets)]);
        let headers = |template: &str| BTreeMap::from([("X-Account-Token".to_owned(), template.to_owned())]);
        let add = |template: &str| {
            let url = Url::parse("https://api.example.org").unwrap();
            let mut request = Prepared { method: "GET", url, headers: Vec::new(), body: None };
            add_headers(&Templates, &headers(template), &context, &mut request).map(|()| request.headers)
        };
        assert_eq!(add("{{ secrets.account }}").unwrap(), [("x-account-token".to_owned(), "acc-1".to_owned())]);
        assert!(add("{{ secrets.absent | default('') }}").unwrap().is_empty());
        assert!(add("{{ secrets.broken }}").is_err());
        assert!(add("{{ secrets.absent }}").is_err());
    }

    #[test]
    fn a_token_request_carries_the_credentials_where_the_manifest_says() {
        let templates = Templates;
        let secrets = Secrets::from([("id".to_owned(), Secret::new("a b")), ("key".to_owned(), Secret::new("x:y"))]);
        let context = Value::from_pairs([secrets_value(&secrets)]);
        let auth = |place: &str| {
            serde_json::from_value::<Auth>(json!({"type": "oauth2_client_credentials", "token_url": "https://auth.example.org/token",
                "client_id": "{{ secrets.id }}", "client_secret": "{{ secrets.key }}", "send_credentials": place, "params": {"scope": "a"}}))
            .unwrap()
        };
        let basic = token_request(&templates, &auth("basic"), &context).unwrap().unwrap();
        assert!(basic.headers.contains(&("authorization".to_owned(), format!("Basic {}", STANDARD.encode("a+b:x%3Ay")))));
        assert_eq!(basic.body.unwrap(), "grant_type=client_credentials&scope=a");
        let body = token_request(&templates, &auth("body"), &context).unwrap().unwrap();
        assert_eq!(body.body.unwrap(), "grant_type=client_credentials&scope=a&client_id=a+b&client_secret=x%3Ay");
        let none = json!({"type": "oauth2_client_credentials", "token_url": "", "client_id": "", "client_secret": ""});
        assert!(token_request(&templates, &serde_json::from_value(none).unwrap(), &context).unwrap().is_none());
    }
}
