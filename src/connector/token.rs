//! The request for an access token, and the token in its answer.
//! Comes in: the manifest's grant, a context with secrets. Goes out: a prepared request; a token with its life.

use super::auth::clean;
use super::auth_spec::{Auth, CredentialPlace, TokenGrant, TokenRequest};
use super::classify::Answer;
use super::request::{Prepared, wrong};
use super::template::Templates;
use super::values::TemplateError;
use crate::model::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use minijinja::value::Value;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use url::Url;
use zeroize::Zeroizing;

/// A token's life in seconds when the answer does not say it.
const USUAL_LIFE: u64 = 3_600;

/// `None` when the connection needs no token: its system has no token address, or the address renders empty because another
/// credential is used.
pub fn token_request(templates: &Templates, auth: &Auth, context: &Value) -> Result<Option<Prepared>, TemplateError> {
    let Auth::Oauth2(grant) = auth else { return Ok(None) };
    let url = templates.text(&grant.token_url, context)?;
    if url.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(&url).map_err(|_| wrong(&grant.token_url, "the address is not a complete URL"))?;
    let mut members = vec![("grant_type".to_owned(), Zeroizing::new("client_credentials".to_owned()))];
    for (name, template) in &grant.params {
        let value = Zeroizing::new(templates.text(template, context)?);
        match members.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => members.push((name.clone(), value)),
        }
    }
    members.retain(|(_, value)| !value.is_empty());
    let mut request = Prepared { method: "POST", url, headers: Vec::new(), body: None, is_elsewhere: false };
    request.set_header("accept", "application/json");
    if grant.send_credentials != CredentialPlace::None {
        let id = clean(templates, &grant.client_id, context)?;
        let secret = Zeroizing::new(clean(templates, &grant.client_secret, context)?);
        if grant.send_credentials == CredentialPlace::Basic {
            request.set_header("authorization", credentials(grant, &id, &secret));
        } else {
            members.push(("client_id".to_owned(), Zeroizing::new(id)));
            members.push(("client_secret".to_owned(), secret));
        }
    }
    let content_type = match grant.request {
        TokenRequest::Form => "application/x-www-form-urlencoded",
        TokenRequest::Json => "application/json",
    };
    request.set_header("content-type", content_type);
    request.body = Some(body(grant.request, &members));
    Ok(Some(request))
}

/// RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
fn credentials(grant: &TokenGrant, id: &str, secret: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    format!("{} {}", grant.credentials_scheme, STANDARD.encode(pair.as_bytes()))
}

fn body(form: TokenRequest, members: &[(String, Zeroizing<String>)]) -> Bytes {
    match form {
        TokenRequest::Form => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in members {
                form.append_pair(name, value);
            }
            Bytes::from(form.finish())
        }
        TokenRequest::Json => {
            let members: Map<String, Json> =
                members.iter().map(|(name, value)| (name.clone(), Json::String(value.as_str().to_owned()))).collect();
            Bytes::from(Json::Object(members).to_string())
        }
    }
}

/// The token and its life in seconds.
pub fn read_token(templates: &Templates, grant: &TokenGrant, answer: &Answer) -> Option<(Secret, u64)> {
    let context = Value::from(answer.variables().into_iter().collect::<BTreeMap<_, _>>());
    let token = templates.lenient(&grant.token, &context).ok()?;
    let token = token.as_str().filter(|token| !token.is_empty() && !token.contains(char::is_control))?;
    let life = templates.lenient(&grant.expires_in, &context).ok().and_then(|life| life.to_string().parse().ok());
    Some((Secret::new(token), life.unwrap_or(USUAL_LIFE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::auth::secrets_value;
    use crate::model::connection::Secrets;
    use serde_json::json;

    fn request(auth: Json) -> Option<Prepared> {
        let secrets = Secrets::from([("id".to_owned(), Secret::new("a b")), ("key".to_owned(), Secret::new("x:y"))]);
        let context = Value::from_pairs([secrets_value(&secrets)]);
        let auth: Auth = serde_json::from_value(auth).unwrap();
        token_request(&Templates, &auth, &context).unwrap()
    }

    fn client(place: &str) -> Json {
        json!({"type": "oauth2", "token_url": "https://auth.example.org/token", "client_id": "{{ secrets.id }}",
            "client_secret": "{{ secrets.key }}", "send_credentials": place, "params": {"scope": "a"}})
    }

    #[test]
    fn a_token_request_carries_the_credentials_where_the_manifest_says() {
        let basic = request(client("basic")).unwrap();
        assert!(basic.headers.contains(&("authorization".to_owned(), format!("Basic {}", STANDARD.encode("a+b:x%3Ay")))));
        assert_eq!(basic.body.unwrap(), "grant_type=client_credentials&scope=a");
        let body = request(client("body")).unwrap();
        assert_eq!(body.body.unwrap(), "grant_type=client_credentials&scope=a&client_id=a+b&client_secret=x%3Ay");
        let none = json!({"type": "oauth2", "token_url": ""});
        assert!(request(none).is_none());
    }

    #[test]
    fn another_grant_goes_as_json_with_another_word_before_the_credentials() {
        let realm =
            request(json!({"type": "oauth2", "token_url": "https://auth.example.org/token", "client_id": "{{ secrets.id }}",
            "client_secret": "{{ secrets.key }}", "send_credentials": "body", "request": "json",
            "params": {"grant_type": "http://auth0.com/oauth/grant-type/password-realm", "realm": "acme", "empty": ""}}))
            .unwrap();
        assert!(realm.headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
        let sent: Json = serde_json::from_slice(&realm.body.unwrap()).unwrap();
        assert_eq!(sent["grant_type"], "http://auth0.com/oauth/grant-type/password-realm");
        assert_eq!((&sent["realm"], &sent["client_secret"], sent.get("empty")), (&json!("acme"), &json!("x:y"), None));
        let mut other = client("basic");
        other["credentials_scheme"] = json!("ID");
        let header = request(other).unwrap().headers.into_iter().find(|(name, _)| name == "authorization").unwrap().1;
        assert!(header.starts_with("ID "), "{header}");
    }

    #[test]
    fn a_token_is_read_where_the_answer_has_it() {
        let grant = |more: Json| -> TokenGrant {
            let mut grant = json!({"token_url": "https://auth.example.org/token"});
            grant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value(grant).unwrap()
        };
        let read = |grant: &TokenGrant, json: Json| {
            let answer = Answer { status: 200, json, ..Answer::default() };
            read_token(&Templates, grant, &answer).map(|(token, life)| (token.expose().to_owned(), life))
        };
        let usual = grant(json!({}));
        assert_eq!(read(&usual, json!({"access_token": "t", "expires_in": 60})), Some(("t".into(), 60)));
        assert_eq!(read(&usual, json!({"access_token": "t", "expires_in": "60"})), Some(("t".into(), 60)));
        assert_eq!(read(&usual, json!({"access_token": "t"})), Some(("t".into(), USUAL_LIFE)));
        let nested = grant(json!({"token": "json.data.token", "expires_in": "1200"}));
        assert_eq!(read(&nested, json!({"data": {"token": "deep"}})), Some(("deep".into(), 1_200)));
        for wrong in [json!({}), json!({"data": {"token": ""}}), json!({"data": {"token": 7}}), json!("text")] {
            assert_eq!(read(&nested, wrong), None);
        }
    }
}
