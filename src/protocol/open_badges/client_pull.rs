//! Reading what a host answers to a pull, and deciding on the next page. Pure.

use crate::document::{Limits, json};
use crate::model::backpack::BackpackApi;
use crate::model::submission::UploadedFile;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use url::Url;

/// Credentials asked for in one request.
pub const PAGE_SIZE: u64 = 50;
/// Pages of one pull; a host with more pages is asked again at the next pull.
pub const MAX_PAGES: usize = 200;

/// One page, as files to take in.
#[derive(Debug, Default)]
pub struct PulledPage {
    pub files: Vec<UploadedFile>,
}

/// Reads a page: singular and plural names, one object instead of a list, absent members.
pub fn read_page(api: BackpackApi, body: &[u8], limits: &Limits) -> Result<PulledPage, String> {
    json::parse(body, limits).map_err(|error| format!("the answer is not usable JSON: {error}"))?;
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let members: HashMap<String, &RawValue> = serde_json::from_slice(text).map_err(|_| "the answer is not a JSON object")?;
    let (objects, texts): (&[&str], &[&str]) = match api {
        BackpackApi::BadgeConnect => (&["assertions", "assertion"], &["signedAssertions", "signedAssertion"]),
        _ => (&["credential", "credentials"], &["compactJwsString", "compactJwsStrings"]),
    };
    let mut page = PulledPage::default();
    for raw in objects.iter().filter_map(|name| members.get(*name)) {
        for item in items(raw)? {
            page.files.push(file(item.get().as_bytes().to_vec(), false));
        }
    }
    for raw in texts.iter().filter_map(|name| members.get(*name)) {
        for item in items(raw)? {
            let jws: String = serde_json::from_str(item.get()).map_err(|_| "a signed credential is not a text")?;
            page.files.push(file(jws.trim().as_bytes().to_vec(), true));
        }
    }
    Ok(page)
}

fn items(raw: &RawValue) -> Result<Vec<&RawValue>, String> {
    match raw.get().bytes().next() {
        Some(b'[') => serde_json::from_str(raw.get()).map_err(|_| "a list in the answer can't be read".to_owned()),
        Some(b'n') => Ok(Vec::new()),
        _ => Ok(vec![raw]),
    }
}

fn file(bytes: Vec<u8>, jws: bool) -> UploadedFile {
    let (name, media_type) = if jws { ("backpack.jwt", "text/plain") } else { ("backpack.json", "application/json") };
    UploadedFile { name: Some(name.to_owned()), media_type: Some(media_type.to_owned()), bytes: Bytes::from(bytes) }
}

/// A hosted reference: `{"id": "https://…"}` or a bare URL, to be fetched from its own host.
pub fn hosted_reference(file: &UploadedFile) -> Option<Url> {
    let value: Value = serde_json::from_slice(&file.bytes).ok()?;
    let text = match &value {
        Value::String(text) => text.as_str(),
        Value::Object(members) if members.get("badge").is_none() && members.get("credentialSubject").is_none() => {
            members.get("id")?.as_str()?
        }
        _ => return None,
    };
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))
}

/// Where to read on: `Link rel=next` on the same origin below the API's base, else the next offset when the total says that more follows.
pub fn next_page(
    current: &Url,
    api_base: &str,
    link: Option<&str>,
    total: Option<&str>,
    offset: u64,
    received: u64,
) -> Option<(Url, u64)> {
    let next_offset = offset + received;
    if let Some(target) = link.and_then(next_link) {
        let mut url = current.join(&target).ok()?;
        // Behind a proxy a host may write plain http of itself.
        if current.scheme() == "https" && url.scheme() == "http" && url.set_scheme("https").is_err() {
            return None;
        }
        let base = Url::parse(api_base).ok()?;
        let below = url.path().starts_with(base.path());
        let fresh = url != *current && received > 0;
        return (url.origin() == base.origin() && below && fresh).then_some((url, next_offset));
    }
    let total: u64 = total?.trim().parse().ok()?;
    if received == 0 || next_offset >= total {
        return None;
    }
    let mut url = current.clone();
    let kept: Vec<(String, String)> = current
        .query_pairs()
        .filter(|(name, _)| name != "offset")
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair("offset", &next_offset.to_string());
    Some((url, next_offset))
}

/// The target of `rel="next"` in a Link header (RFC 8288).
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>')?;
        let target = &rest[start + 1..end];
        let after = &rest[end + 1..];
        let parameters = &after[..after.find('<').unwrap_or(after.len())];
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.to_owned());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(api: BackpackApi, body: &str) -> Vec<(String, String)> {
        let page = read_page(api, body.as_bytes(), &Limits::default()).unwrap();
        page.files.iter().map(|file| (file.name.clone().unwrap(), String::from_utf8(file.bytes.to_vec()).unwrap())).collect()
    }

    #[test]
    fn singular_plural_single_and_absent_members_are_all_read_byte_for_byte() {
        let ob3 = BackpackApi::OpenBadges3;
        assert_eq!(names(ob3, r#"{"credential":[{"a": 1.0}],"compactJwsStrings":["x.y.z"]}"#).len(), 2);
        assert_eq!(names(ob3, r#"{"credentials":{"a": 1.0}}"#)[0].1, r#"{"a": 1.0}"#);
        assert_eq!(names(ob3, r#"{"compactJwsString":"x.y.z"}"#)[0], ("backpack.jwt".to_owned(), "x.y.z".to_owned()));
        assert!(names(ob3, "{}").is_empty() && names(ob3, r#"{"credential":null}"#).is_empty());
        let old = names(
            BackpackApi::BadgeConnect,
            r#"{"status":{},"assertions":[{"id":"https://b.example/1"}],"signedAssertions":["a.b.c"]}"#,
        );
        assert_eq!(old.len(), 2);
        assert!(read_page(ob3, b"<html>", &Limits::default()).is_err());
    }

    #[test]
    fn a_bare_reference_is_told_from_an_assertion() {
        let reference = |text: &str| hosted_reference(&file(text.as_bytes().to_vec(), false)).map(|url| url.to_string());
        assert_eq!(reference(r#"{"id":"https://b.example/1","type":"Assertion"}"#).unwrap(), "https://b.example/1");
        assert_eq!(reference("\"https://b.example/2\"").unwrap(), "https://b.example/2");
        assert!(reference(r#"{"id":"https://b.example/1","badge":{}}"#).is_none());
        assert!(reference(r#"{"id":"urn:uuid:1"}"#).is_none());
    }

    #[test]
    fn the_next_page_stays_on_the_host_and_below_its_base() {
        let base = "https://h.example/ims/ob/v3p0";
        let current = Url::parse("https://h.example/ims/ob/v3p0/credentials?limit=2").unwrap();
        let next = |link: Option<&str>, total: Option<&str>, received| {
            next_page(&current, base, link, total, 0, received).map(|(url, _)| url.to_string())
        };
        let header =
            r#"</ims/ob/v3p0/credentials?offset=9>; rel="last", <http://h.example/ims/ob/v3p0/credentials?offset=2>; rel=next"#;
        assert_eq!(next(Some(header), None, 2).unwrap(), "https://h.example/ims/ob/v3p0/credentials?offset=2");
        assert_eq!(next(Some(r#"<https://evil.example/ims/ob/v3p0/c>; rel="next""#), None, 2), None);
        assert_eq!(next(Some(r#"</other/path>; rel="next""#), None, 2), None);
        assert_eq!(next(Some(r#"</ims/ob/v3p0/credentials?limit=2>; rel="next""#), None, 2), None, "a page that leads to itself");
        assert_eq!(next(None, Some("5"), 2).unwrap(), "https://h.example/ims/ob/v3p0/credentials?limit=2&offset=2");
        assert_eq!(next(None, Some("2"), 2), None);
        assert_eq!(next(None, None, 2), None);
        assert_eq!(next(None, Some("5"), 0), None, "a host that promises more and sends nothing");
    }
}
