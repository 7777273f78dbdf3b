//! Dynamic client registration (RFC 7591 in the profile of the Open Badges API): the host's side.
//! Comes in: a registration request. Goes out: the metadata to keep and echo, or an OAuth error.
//! Must not know: how clients are stored. None of the URLs is ever fetched.

use crate::document::visible::misleads;
use serde_json::{Map, Value, json};
use url::Url;

const REQUIRED_TEXTS: [&str; 3] = ["client_name", "software_id", "software_version"];
const REQUIRED_URLS: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];
/// How a registered client may authenticate.
pub const CLIENT_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];
const MAX_TEXT: usize = 2_000;
const MAX_ITEMS: usize = 10;

#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// The registration as it is echoed, without id and secret.
    pub metadata: Map<String, Value>,
    pub redirect_uris: Vec<String>,
    /// Space-separated: the requested scopes, reduced to the offered scopes.
    pub scope: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationError {
    /// `invalid_redirect_uri` or `invalid_client_metadata`
    pub error: &'static str,
    pub description: String,
}

impl RegistrationError {
    fn metadata(description: impl Into<String>) -> Self {
        Self { error: "invalid_client_metadata", description: description.into() }
    }

    fn redirect(description: impl Into<String>) -> Self {
        Self { error: "invalid_redirect_uri", description: description.into() }
    }
}

/// Checks a registration request. All its URLs must be https and share one host name.
pub fn check(request: &Value) -> Result<Registration, RegistrationError> {
    let Some(members) = request.as_object() else {
        return Err(RegistrationError::metadata("The body must be a JSON object."));
    };
    let mut metadata = Map::new();
    for name in REQUIRED_TEXTS {
        metadata.insert(name.to_owned(), json!(required_text(members, name)?));
    }
    let mut host: Option<String> = None;
    for name in REQUIRED_URLS {
        let text = required_text(members, name)?;
        let url = https_url(&text).ok_or_else(|| RegistrationError::metadata(format!("{name} must be an https URL.")))?;
        same_host(&mut host, &url)
            .map_err(|()| RegistrationError::metadata(format!("{name} is on another host than the others.")))?;
        metadata.insert(name.to_owned(), json!(text));
    }
    let redirect_uris = text_list(members, "redirect_uris")?.unwrap_or_default();
    if redirect_uris.is_empty() {
        return Err(RegistrationError::redirect("redirect_uris is missing."));
    }
    for text in &redirect_uris {
        let url = https_url(text).filter(|url| url.fragment().is_none());
        let url =
            url.ok_or_else(|| RegistrationError::redirect("Every redirect URI must be an https URL without a fragment."))?;
        same_host(&mut host, &url)
            .map_err(|()| RegistrationError::redirect("A redirect URI is on another host than client_uri."))?;
    }
    metadata.insert("redirect_uris".to_owned(), json!(redirect_uris));

    let scope = super::grantable_scopes(&required_text(members, "scope")?, None).join(" ");
    if scope.is_empty() {
        return Err(RegistrationError::metadata("scope holds no scope that this gateway offers."));
    }
    metadata.insert("scope".to_owned(), json!(scope));

    let auth_method = members.get("token_endpoint_auth_method").and_then(Value::as_str).unwrap_or("client_secret_basic");
    if !CLIENT_METHODS.contains(&auth_method) {
        return Err(RegistrationError::metadata(format!("token_endpoint_auth_method must be {}.", CLIENT_METHODS.join(" or "))));
    }
    metadata.insert("token_endpoint_auth_method".to_owned(), json!(auth_method));
    let grants = subset(members, "grant_types", &["authorization_code", "refresh_token"])?;
    metadata.insert("grant_types".to_owned(), json!(grants));
    let responses = subset(members, "response_types", &["code"])?;
    metadata.insert("response_types".to_owned(), json!(responses));
    if let Some(contacts) = text_list(members, "contacts")? {
        metadata.insert("contacts".to_owned(), json!(contacts));
    }
    Ok(Registration { metadata, redirect_uris, scope })
}

/// The list in the request, all of whose items must be allowed; all that is allowed when it is absent.
fn subset(members: &Map<String, Value>, name: &str, allowed: &[&str]) -> Result<Vec<String>, RegistrationError> {
    let items = text_list(members, name)?.unwrap_or_else(|| allowed.iter().map(|item| (*item).to_owned()).collect());
    match items.iter().find(|item| !allowed.contains(&item.as_str())) {
        Some(item) => Err(RegistrationError::metadata(format!("{name} must not hold {item:?}."))),
        None => Ok(items),
    }
}

fn required_text(members: &Map<String, Value>, name: &str) -> Result<String, RegistrationError> {
    match members.get(name).and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.chars().any(misleads) => Ok(text.to_owned()),
        Some(_) => Err(RegistrationError::metadata(format!("{name} is empty, too long or holds invisible characters."))),
        None => Err(RegistrationError::metadata(format!("{name} is missing or not a text."))),
    }
}

/// A list of texts; a single text counts as a list of one.
fn text_list(members: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, RegistrationError> {
    let items = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
    };
    if items.len() > MAX_ITEMS {
        return Err(RegistrationError::metadata(format!("{name} holds more than {MAX_ITEMS} items.")));
    }
    let text =
        |item: &Value| item.as_str().filter(|text| text.len() <= MAX_TEXT && !text.chars().any(misleads)).map(str::to_owned);
    let texts: Option<Vec<String>> = items.iter().map(text).collect();
    texts
        .map(Some)
        .ok_or_else(|| RegistrationError::metadata(format!("{name} must be a list of texts without invisible characters.")))
}

fn https_url(text: &str) -> Option<Url> {
    // The parser would leave spaces and line ends out: then the stored text is not the text that was checked.
    let url = Url::parse(text).ok().filter(|_| text.chars().all(|c| c.is_ascii_graphic()))?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.host_str().is_some();
    plain.then_some(url)
}

fn same_host(host: &mut Option<String>, url: &Url) -> Result<(), ()> {
    let this = url.host_str().unwrap_or_default();
    match host {
        Some(first) if first != this => Err(()),
        Some(_) => Ok(()),
        None => {
            *host = Some(this.to_owned());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::open_badges::Api;

    fn request() -> Value {
        json!({"client_name": "Wallet", "client_uri": "https://client.example", "logo_uri": "https://client.example/l.png",
               "tos_uri": "https://client.example/t", "policy_uri": "https://client.example/p", "software_id": "s", "software_version": "1",
               "redirect_uris": ["https://client.example/cb"],
               "scope": format!("{} offline_access unknown", Api::OpenBadges3.scope("credential.upsert"))})
    }

    #[test]
    fn a_complete_request_is_echoed_with_the_offered_scopes_and_the_defaults() {
        let registration = check(&request()).unwrap();
        assert_eq!(registration.scope, format!("{} offline_access", Api::OpenBadges3.scope("credential.upsert")));
        assert_eq!(registration.metadata["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(registration.metadata["token_endpoint_auth_method"], "client_secret_basic");
    }

    #[test]
    fn a_redirect_uri_that_is_foreign_plain_http_or_has_a_fragment_is_refused() {
        for uri in [
            "https://other.example/cb",
            "http://client.example/cb",
            "https://client.example/cb#x",
            "https://u:p@client.example/cb",
            "cb",
        ] {
            let mut changed = request();
            changed["redirect_uris"] = json!(["https://client.example/cb", uri]);
            assert_eq!(check(&changed).unwrap_err().error, "invalid_redirect_uri", "{uri}");
        }
    }

    #[test]
    fn each_required_member_is_required_and_other_methods_are_refused() {
        for name in REQUIRED_TEXTS.iter().chain(&REQUIRED_URLS).chain(&["redirect_uris", "scope"]) {
            let mut changed = request();
            changed.as_object_mut().unwrap().remove(*name);
            assert!(check(&changed).is_err(), "{name}");
        }
        for (name, value) in [
            ("token_endpoint_auth_method", json!("none")),
            ("grant_types", json!(["implicit"])),
            ("response_types", json!(["token"])),
            ("logo_uri", json!("https://elsewhere.example/l.png")),
            ("scope", json!("openid")),
            ("client_name", json!("x".repeat(5_000))),
            ("contacts", json!(vec!["a"; 50])),
        ] {
            let mut changed = request();
            changed[name] = value;
            assert_eq!(check(&changed).unwrap_err().error, "invalid_client_metadata", "{name}");
        }
        assert!(check(&json!([])).is_err());
    }
}
