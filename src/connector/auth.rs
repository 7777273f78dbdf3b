//! Puts credentials or a signature on a request. The only place where templates see secrets.
//! Comes in: the manifest's auth, resolved secrets, a prepared request. Goes out: the same request, authenticated.

use super::auth_spec::{Auth, SignatureEncoding};
use super::request::{Prepared, wrong};
use super::template::Templates;
use super::values::TemplateError;
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
use zeroize::Zeroizing;

/// Standard Webhooks: a symmetric secret is 24 to 64 bytes.
const WEBHOOK_SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The values under `secrets` in templates. A context that holds them must not be used for a request without credentials or for a record.
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
        Auth::Body { marker, value } => {
            let value = Zeroizing::new(templates.text(value, context)?);
            let body = std::str::from_utf8(request.body.as_deref().unwrap_or_default()).unwrap_or_default();
            // Once and no more: a value of the event could hold the marker, too.
            match body.matches(marker.as_str()).count() {
                0 if request.body.is_none() => {}
                1 => request.body = Some(Bytes::from(body.replacen(marker.as_str(), &value, 1))),
                _ => return Err(wrong(marker, "the body must hold the marker of the credentials exactly once")),
            }
        }
        Auth::Oauth2(grant) => {
            if let Some(token) = token {
                request.set_header("authorization", format!("{} {}", grant.scheme, token.expose()));
            }
        }
    }
    Ok(())
}

/// Credentials beside those of `auth`, for systems that require two. Credentials that render empty are left out.
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

pub(super) fn clean(templates: &Templates, template: &str, context: &Value) -> Result<String, TemplateError> {
    let value = templates.text(template, context)?;
    if value.is_empty() || value.contains(char::is_control) {
        return Err(wrong(template, "the credential is empty or holds control characters"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

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
            let mut request = Prepared { method: "GET", url, headers: Vec::new(), body: None, is_elsewhere: false };
            add_headers(&Templates, &headers(template), &context, &mut request).map(|()| request.headers)
        };
        assert_eq!(add("{{ secrets.account }}").unwrap(), [("x-account-token".to_owned(), "acc-1".to_owned())]);
        assert!(add("{{ secrets.absent | default('') }}").unwrap().is_empty());
        assert!(add("{{ secrets.broken }}").is_err());
        assert!(add("{{ secrets.absent }}").is_err());
    }

    #[test]
    fn credentials_inside_a_body_take_the_place_of_their_marker_and_of_nothing_else() {
        let secrets = Secrets::from([("password".to_owned(), Secret::new("p<w"))]);
        let context = Value::from_pairs([secrets_value(&secrets)]);
        let auth = Auth::Body { marker: "<!--who-->".into(), value: "<Password>{{ secrets.password | xml }}</Password>".into() };
        let applied = |body: Option<&'static str>| {
            let url = Url::parse("https://api.example.org").unwrap();
            let body = body.map(|body| Bytes::from_static(body.as_bytes()));
            let mut request = Prepared { method: "POST", url, headers: Vec::new(), body, is_elsewhere: false };
            let now = "2026-11-23T10:00:00Z".parse().unwrap();
            apply(&Templates, &auth, (&context, None), &mut request, None, now).map(|()| request.body)
        };
        let sent = applied(Some("<Header><!--who--></Header>")).unwrap().unwrap();
        assert_eq!(sent, "<Header><Password>p&lt;w</Password></Header>");
        assert!(applied(Some("<Header><!--who--></Header><Name><!--who--></Name>")).is_err());
        assert!(applied(Some("<Header/>")).is_err());
        assert_eq!(applied(None).unwrap(), None);
    }
}
