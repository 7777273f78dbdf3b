//! Turns a manifest's call into one outbound request, before `auth` has put credentials on it.
//! Comes in: templates and their context. Goes out: method, address, headers, body. Pure.

use super::classify::Answer;
use super::manifest::{Call, ConnectionSpec, Limits};
use super::template::Templates;
use super::values::TemplateError;
use crate::http_client::OutboundRequest;
use bytes::Bytes;
use minijinja::value::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::time::Duration;
use url::Url;

const MAX_REQUEST_BYTES: usize = 4 << 20;

/// A request whose parts are still open for `auth`.
#[derive(Clone)]
pub struct Prepared {
    pub method: &'static str,
    pub url: Url,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
    /// The request goes to another host than the system's: it may carry no credentials.
    pub is_elsewhere: bool,
}

impl Prepared {
    /// Lower-case hex SHA-256 over method, address and body: the ledger's mark of a write.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.method);
        hasher.update(b"\n");
        hasher.update(self.url.as_str());
        hasher.update(b"\n");
        hasher.update(self.body.as_deref().unwrap_or_default());
        hex::encode(hasher.finalize())
    }

    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        let name = name.to_ascii_lowercase();
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
    }

    pub fn outbound(&self, limits: &Limits) -> Result<OutboundRequest, TemplateError> {
        Ok(OutboundRequest {
            method: self.method.parse().map_err(|_| wrong(self.method, "the method is wrong"))?,
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            timeout: Some(Duration::from_secs(limits.timeout_seconds)),
            max_body_bytes: Some(limits.max_body_bytes),
            // A redirect would carry the credentials and the person's data to another place.
            follow_redirects: false,
        })
    }
}

pub fn prepare(templates: &Templates, spec: &ConnectionSpec, call: &Call, context: &Value) -> Result<Prepared, TemplateError> {
    let (method, target) = call.target().ok_or_else(|| wrong("call", "it needs exactly one method"))?;
    let (url, is_elsewhere) = address(templates, &spec.base_url, target, call, context)?;
    let mut prepared = Prepared { method, url, headers: Vec::new(), body: None, is_elsewhere };
    prepared.set_header("user-agent", concat!("skillgate/", env!("CARGO_PKG_VERSION")));
    let (body, content_type) = body(templates, call, context)?;
    prepared.body = body;
    if let Some(content_type) = content_type {
        prepared.set_header("content-type", content_type);
    }
    for (name, template) in spec.headers.iter().filter(|_| !is_elsewhere).chain(&call.headers) {
        let value = templates.text(template, context)?;
        if value.contains(char::is_control) {
            return Err(wrong(template, "a header may not hold control characters"));
        }
        prepared.set_header(name, value);
    }
    Ok(prepared)
}

/// The address, and whether it is of another host than the system's.
fn address(templates: &Templates, base: &str, target: &str, call: &Call, context: &Value) -> Result<(Url, bool), TemplateError> {
    let base = templates.text(base, context)?;
    // In a path, values are percent-encoded, so that an identifier can't become another path.
    let absolute = match target.starts_with('/') {
        true => format!("{}{}", base.trim_end_matches('/'), templates.path(target, context)?),
        false => templates.text(target, context)?,
    };
    let mut url = Url::parse(&absolute).map_err(|_| wrong(target, "the address is not a complete URL"))?;
    let web = matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none();
    if !web {
        return Err(wrong(target, "the address must be an http or https URL without a user name"));
    }
    let home = Url::parse(&base).ok();
    let is_elsewhere = home.as_ref().is_some_and(|home| home.origin() != url.origin());
    let is_allowed = |pattern: &String| templates.text(pattern, context).is_ok_and(|pattern| is_host(&url, &pattern));
    if is_elsewhere && !call.elsewhere.iter().any(is_allowed) {
        return Err(wrong(target, "the address leaves the system's host"));
    }
    for (name, template) in &call.query {
        let value = templates.json(&serde_json::Value::String(template.clone()), context)?;
        match value {
            value if super::template::is_omitted(&value) => {}
            serde_json::Value::String(text) => drop(url.query_pairs_mut().append_pair(name, &text)),
            other => drop(url.query_pairs_mut().append_pair(name, &other.to_string())),
        }
    }
    Ok((url, is_elsewhere))
}

/// The request to which an answer sends the caller, if the call names the host. It has no credentials.
pub fn redirected(templates: &Templates, call: &Call, context: &Value, answer: &Answer) -> Option<Prepared> {
    let url = answer.headers.get("location").filter(|_| matches!(answer.status, 301 | 302 | 303 | 307 | 308))?;
    let url = Url::parse(url).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
    let is_allowed = |pattern: &String| templates.text(pattern, context).is_ok_and(|pattern| is_host(&url, &pattern));
    call.elsewhere.iter().any(is_allowed).then_some(())?;
    Some(Prepared { method: "GET", url, headers: Vec::new(), body: None, is_elsewhere: true })
}

/// Whether the address is of this host: an exact name, `*.` and the end of names, or an origin for a host that is not asked by https.
fn is_host(url: &Url, pattern: &str) -> bool {
    if pattern.contains("://") {
        return Url::parse(pattern).is_ok_and(|origin| origin.origin() == url.origin());
    }
    let host = url.host_str().unwrap_or_default();
    let fits = match pattern.strip_prefix("*.") {
        Some(end) => host.strip_suffix(end).is_some_and(|before| before.ends_with('.') && before.len() > 1),
        None => host == pattern,
    };
    fits && url.scheme() == "https" && url.port().is_none()
}

type Body = (Option<Bytes>, Option<Cow<'static, str>>);

fn body(templates: &Templates, call: &Call, context: &Value) -> Result<Body, TemplateError> {
    let (bytes, content_type) = if let Some(json) = &call.json {
        (templates.json(json, context)?.to_string().into_bytes(), "application/json".into())
    } else if let Some(text) = &call.text {
        (templates.text(text, context)?.into_bytes(), "text/plain; charset=utf-8".into())
    } else if !call.multipart.is_empty() {
        let (bytes, media_type) = super::multipart::body(templates, &call.multipart, context)?;
        (bytes, Cow::from(media_type))
    } else if !call.form.is_empty() {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, template) in &call.form {
            form.append_pair(name, &templates.text(template, context)?);
        }
        (form.finish().into_bytes(), "application/x-www-form-urlencoded".into())
    } else {
        return Ok((None, None));
    };
    if bytes.len() > MAX_REQUEST_BYTES {
        return Err(wrong("body", "the body is larger than 4 MB"));
    }
    Ok((Some(Bytes::from(bytes)), Some(content_type)))
}

pub fn wrong(expression: &str, cause: &str) -> TemplateError {
    TemplateError::Failed { expression: expression.to_owned(), cause: cause.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::values::from_json;
    use serde_json::json;

    fn prepared(spec: serde_json::Value, call: serde_json::Value, context: serde_json::Value) -> Result<Prepared, TemplateError> {
        let spec: ConnectionSpec = serde_json::from_value(spec).unwrap();
        let call: Call = serde_json::from_value(call).unwrap();
        prepare(&Templates, &spec, &call, &from_json(&context))
    }

    #[test]
    fn an_identifier_can_not_become_another_path_or_host() {
        let spec = json!({"base_url": "https://api.example.org/v1"});
        let id = json!({"id": "../admin?x=1#y"});
        let request = prepared(spec.clone(), json!({"get": "/people/{{ id }}"}), id).unwrap();
        assert_eq!(request.url.as_str(), "https://api.example.org/v1/people/..%2Fadmin%3Fx%3D1%23y");
        for target in ["{{ url }}", "{{ url }}/x"] {
            assert!(prepared(spec.clone(), json!({"get": target}), json!({"url": "https://evil.example.com"})).is_err());
        }
        for url in ["file:///etc/passwd", "ftp://example.org", "https://user:pw@example.org", "no url"] {
            assert!(prepared(json!({}), json!({"get": "{{ url }}"}), json!({"url": url})).is_err(), "{url}");
        }
    }

    #[test]
    fn another_host_is_reached_only_if_the_call_names_it_and_gets_none_of_the_connections_headers() {
        let spec = json!({"base_url": "https://api.example.org", "headers": {"x-tenant": "acme"}});
        let call = json!({"get": "{{ url }}", "elsewhere": ["files.example.net", "*.store.example.net"]});
        let to = |url: &str| prepared(spec.clone(), call.clone(), json!({"url": url}));
        for url in ["https://files.example.net/a?sig=1", "https://eu.store.example.net/a"] {
            let request = to(url).unwrap();
            assert!(request.is_elsewhere && request.headers.iter().all(|(name, _)| name != "x-tenant"), "{url}");
        }
        let home = to("https://api.example.org/a").unwrap();
        assert!(!home.is_elsewhere && home.headers.iter().any(|(name, _)| name == "x-tenant"));
        for url in [
            "http://files.example.net/a",
            "https://files.example.net:8443/a",
            "https://store.example.net/a",
            "https://.store.example.net/a",
            "https://evilstore.example.net/a",
            "https://files.example.net.example.com/a",
            "https://other.example.net/",
        ] {
            assert!(to(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_header_can_not_carry_a_second_one() {
        let call = json!({"get": "https://example.org", "headers": {"x-name": "{{ name }}"}});
        assert!(prepared(json!({}), call, json!({"name": "a\r\nx-admin: 1"})).is_err());
    }

    #[test]
    fn query_values_are_encoded_and_omitted_ones_left_out() {
        let call =
            json!({"get": "https://example.org", "query": {"email": "{{ e }}", "n": "{{ n }}", "z": "{{ z | default(omit) }}"}});
        let request = prepared(json!({}), call, json!({"e": "a+b@example.org", "n": 2})).unwrap();
        assert_eq!(request.url.as_str(), "https://example.org/?email=a%2Bb%40example.org&n=2");
    }

    #[test]
    fn the_digest_tells_bodies_and_addresses_apart() {
        let digest = |id: &str| {
            prepared(json!({}), json!({"post": "https://example.org", "json": {"id": id}}), json!({})).unwrap().digest()
        };
        assert_eq!(digest("a"), digest("a"));
        assert_ne!(digest("a"), digest("b"));
    }
}
