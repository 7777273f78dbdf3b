//! Finding a backpack host: which addresses to try, and tolerant reading of what they answer.
//! Comes in: the text that a person typed, then documents. Goes out: a [`HostDescription`]. Must not know: how they are fetched.

use crate::model::backpack::{BackpackApi, HostDescription};
use serde_json::Value;
use url::Url;

/// Addresses to try, in order: as given, below it, and where the specifications put it.
pub fn addresses(typed: &str) -> Result<Vec<Url>, String> {
    let text = typed.trim();
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let given = Url::parse(&with_scheme).map_err(|_| "This is not a usable address of a host.".to_owned())?;
    if !matches!(given.scheme(), "https" | "http") || given.host_str().is_none() || !given.username().is_empty() {
        return Err("The address of a host must be an https URL.".to_owned());
    }
    let mut below = given.clone();
    below.set_path(&format!("{}/discovery", given.path().trim_end_matches('/')));
    let at = |path: &str| {
        let mut url = given.clone();
        url.set_path(path);
        url.set_query(None);
        url.set_fragment(None);
        url
    };
    let mut addresses = Vec::new();
    let well_known = [at("/ims/ob/v3p0/discovery"), at("/ims/clr/v2p0/discovery"), at("/.well-known/badgeconnect.json")];
    for url in [given.clone(), below].into_iter().chain(well_known) {
        if !addresses.contains(&url) {
            addresses.push(url);
        }
    }
    Ok(addresses)
}

/// Reads a discovery document found at `url`: OB 3.0, CLR 2.0 or OB 2.1. `None` when it is no such document.
/// The error names what is missing in one that is.
pub fn read(document: &Value, url: &Url) -> Option<Result<HostDescription, String>> {
    if let Some(scheme) = document.pointer("/components/securitySchemes").and_then(Value::as_object).and_then(oauth_scheme) {
        return Some(open_badges_3(document, scheme, url));
    }
    let connect = document.get("badgeConnectAPI").map(|api| match api {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    });
    connect.and_then(|items: Vec<&Value>| items.into_iter().find(|item| item.is_object())).map(|api| badge_connect(api, url))
}

/// The scheme called `OAuth2ACG`, else any of the type `oauth2`.
fn oauth_scheme(schemes: &serde_json::Map<String, Value>) -> Option<&Value> {
    schemes.get("OAuth2ACG").or_else(|| schemes.values().find(|scheme| scheme.get("type").is_some_and(|kind| kind == "oauth2")))
}

fn open_badges_3(document: &Value, scheme: &Value, url: &Url) -> Result<HostDescription, String> {
    let flow = scheme.pointer("/flows/authorizationCode").ok_or("the authorization code flow is missing")?;
    let registration_url = endpoint(scheme, &["x-imssf-registrationUrl"], url)?;
    let token_url = endpoint(flow, &["tokenUrl"], url)?;
    let scopes: Vec<String> =
        flow.get("scopes").and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default();
    let is_clr = url.path().contains("/clr/") || scopes.iter().any(|scope| scope.contains("/spec/clr/"));
    Ok(HostDescription {
        api: if is_clr { BackpackApi::Clr2 } else { BackpackApi::OpenBadges3 },
        name: text(document.pointer("/info/title")).or_else(|| text(scheme.get("x-imssf-name"))),
        api_base: api_base(document, url),
        registration_url,
        authorization_url: endpoint(flow, &["authorizationUrl"], url)?,
        refresh_url: endpoint(flow, &["refreshUrl"], url).unwrap_or_else(|_| token_url.clone()),
        token_url,
        // There is no field for it; some hosts publish one all the same.
        revocation_url: endpoint(scheme, &["x-imssf-revocationUrl", "x-imssf-revokeUrl"], url).ok(),
        scopes,
    })
}

/// The server that the document names, when it is on the same host; else the document's own address without `/discovery`.
fn api_base(document: &Value, url: &Url) -> String {
    let named = text(document.pointer("/servers/0/url")).and_then(|text| url.join(&text).ok());
    let same_host =
        named.filter(|named| named.host_str() == url.host_str() && named.scheme() == url.scheme() && named.path().len() > 1);
    let base = same_host.unwrap_or_else(|| {
        let mut own = url.clone();
        let path = own.path().trim_end_matches('/').trim_end_matches("/discovery").to_owned();
        own.set_path(&path);
        own.set_query(None);
        own
    });
    base.as_str().trim_end_matches('/').to_owned()
}

fn badge_connect(api: &Value, url: &Url) -> Result<HostDescription, String> {
    let token_url = endpoint(api, &["tokenUrl"], url)?;
    let scopes = api.get("scopesOffered").and_then(Value::as_array);
    Ok(HostDescription {
        api: BackpackApi::BadgeConnect,
        name: text(api.get("name")),
        api_base: endpoint(api, &["apiBase"], url)?.trim_end_matches('/').to_owned(),
        registration_url: endpoint(api, &["registrationUrl"], url)?,
        authorization_url: endpoint(api, &["authorizationUrl"], url)?,
        refresh_url: token_url.clone(),
        token_url,
        revocation_url: endpoint(api, &["tokenRevocationUrl"], url).ok(),
        scopes: scopes.map(|items| items.iter().filter_map(|item| text(Some(item))).collect()).unwrap_or_default(),
    })
}

/// An absolute URL; one without a scheme (`host.example/token`, seen in the wild) gets that of the document.
fn endpoint(object: &Value, names: &[&str], document_url: &Url) -> Result<String, String> {
    let found = names.iter().find_map(|name| text(object.get(*name)));
    let text = found.ok_or_else(|| format!("{} is missing", names[0]))?;
    let absolute = if text.contains("://") {
        Url::parse(&text).ok()
    } else if text.starts_with('/') {
        document_url.join(&text).ok()
    } else {
        Url::parse(&format!("{}://{text}", document_url.scheme())).ok()
    };
    let url = absolute.filter(|url| url.host_str().is_some()).ok_or_else(|| format!("{} is not a usable URL", names[0]))?;
    // A document from an https address must not lead to plain http.
    if url.scheme() != "https" && url.scheme() != document_url.scheme() {
        return Err(format!("{} is not an https URL", names[0]));
    }
    Ok(url.into())
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The hosts that take part, for the person who connects: all of them normally are one.
pub fn hosts(description: &HostDescription) -> Vec<String> {
    let urls = [
        &description.api_base,
        &description.authorization_url,
        &description.token_url,
        &description.refresh_url,
        &description.registration_url,
    ];
    let mut hosts: Vec<String> = Vec::new();
    for host in urls.into_iter().filter_map(|url| Url::parse(url).ok()).filter_map(|url| url.host_str().map(str::to_owned)) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn what_people_type_becomes_a_short_list_of_addresses() {
        let list: Vec<String> = addresses("backpack.example/").unwrap().iter().map(Url::to_string).collect();
        assert_eq!(list[0], "https://backpack.example/");
        assert!(list.contains(&"https://backpack.example/discovery".to_owned()));
        assert!(list.contains(&"https://backpack.example/ims/ob/v3p0/discovery".to_owned()));
        assert_eq!(list.last().unwrap(), "https://backpack.example/.well-known/badgeconnect.json");
        for typed in ["ftp://x.example", "https://u:p@x.example", "", "https://"] {
            assert!(addresses(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_sloppy_document_is_read_and_an_incomplete_one_says_what_is_missing() {
        let mut document = json!({"info": {"title": "Backpack"}, "components": {"securitySchemes": {"OAuth2ACG": {
            "type": "oauth2", "x-imssf-registrationUrl": "backpack.example/register",
            "flows": {"authorizationCode": {"authorizationUrl": "https://backpack.example/auth", "tokenUrl": "/token", "scopes": {}}}}}}});
        let found = url("https://backpack.example/ims/ob/v3p0/discovery/");
        let host = read(&document, &found).unwrap().unwrap();
        assert_eq!(host.api, BackpackApi::OpenBadges3);
        assert_eq!(host.api_base, "https://backpack.example/ims/ob/v3p0");
        assert_eq!(host.registration_url, "https://backpack.example/register");
        assert_eq!(
            (host.token_url.as_str(), host.refresh_url.as_str()),
            ("https://backpack.example/token", "https://backpack.example/token")
        );
        assert_eq!(hosts(&host), ["backpack.example"]);
        document["components"]["securitySchemes"]["OAuth2ACG"]["flows"]["authorizationCode"]["tokenUrl"] =
            json!("http://backpack.example/token");
        assert!(read(&document, &found).unwrap().unwrap_err().contains("tokenUrl"));
        assert!(read(&json!({"openapi": "3.0.1"}), &found).is_none());
    }

    #[test]
    fn a_badge_connect_document_is_read() {
        let document = json!({"badgeConnectAPI": [{"name": "Old", "apiBase": "https://old.example/bcv1/", "registrationUrl": "https://old.example/r",
            "authorizationUrl": "https://old.example/a", "tokenUrl": "https://old.example/t", "tokenRevocationUrl": "https://old.example/x",
            "scopesOffered": ["https://purl.imsglobal.org/spec/ob/v2p1/scope/assertion.readonly"]}]});
        let host = read(&document, &url("https://old.example/.well-known/badgeconnect.json")).unwrap().unwrap();
        assert_eq!((host.api, host.api_base.as_str()), (BackpackApi::BadgeConnect, "https://old.example/bcv1"));
        assert_eq!(host.revocation_url.as_deref(), Some("https://old.example/x"));
        assert_eq!(host.scopes.len(), 1);
    }
}
