//! The authorization request: its members, and the link or the object that carries it.
//!
//! Three constructions: by value with the `redirect_uri:` prefix and DCQL (needs no key; the conformant default), by reference and signed
//! with `x509_san_dns:` (when a certificate is configured), and by reference unsigned with both query languages (a compatibility
//! form that older libraries need; the specification does not allow it, so it can be switched off).

use super::signing::RequestSigner;
use crate::model::exchange::Exchange;
use crate::protocol::vcalm::request::{DEFAULT_TYPES, Urls};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

pub const REQUEST_OBJECT_TYPE: &str = "application/oauth-authz-req+jwt";

const OB_VOCABULARY: &str = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#";
const CLR_VOCABULARY: &str = "https://purl.imsglobal.org/spec/vc/clr/vocab.html#";
const ANY_CREDENTIAL: &str = "https://www.w3.org/2018/credentials#VerifiableCredential";

/// How the request reaches the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construction {
    ByValue,
    Signed,
    Compatibility,
}

/// What the deployment allows.
#[derive(Clone, Copy)]
pub struct Deployment<'a> {
    pub signer: Option<&'a RequestSigner>,
    pub compatibility: bool,
}

impl Deployment<'_> {
    /// The construction behind the `oid4vp-1.0` key.
    pub fn conformant(&self) -> Construction {
        if self.signer.is_some() { Construction::Signed } else { Construction::ByValue }
    }

    /// What `request_uri` serves; `None` when nothing is by reference.
    pub fn by_reference(&self, compatibility_asked: bool) -> Option<Construction> {
        match (self.signer, self.compatibility) {
            (_, true) if compatibility_asked => Some(Construction::Compatibility),
            (Some(_), _) => Some(Construction::Signed),
            (None, true) => Some(Construction::Compatibility),
            (None, false) => None,
        }
    }

    pub fn client_id(&self, construction: Construction, urls: &Urls) -> String {
        match (construction, self.signer) {
            (Construction::Signed, Some(signer)) => format!("x509_san_dns:{}", signer.host),
            _ => format!("redirect_uri:{}", urls.oid4vp_response),
        }
    }

    /// What a proof may name as its domain or audience: the client ids that were given out; in compatibility also the response URI.
    pub fn accepted_audiences(&self, urls: &Urls) -> Vec<String> {
        let mut accepted = vec![self.client_id(self.conformant(), urls)];
        if self.compatibility {
            accepted.push(self.client_id(Construction::Compatibility, urls));
            accepted.push(urls.oid4vp_response.clone());
        }
        accepted.dedup();
        accepted
    }
}

/// The members of the request.
pub fn authorization_request(
    exchange: &Exchange,
    urls: &Urls,
    client_id: &str,
    construction: Construction,
    wallet_nonce: Option<&str>,
) -> Map<String, Value> {
    let formats = formats(exchange);
    let mut supported = Map::new();
    for format in &formats {
        supported.insert(format.clone(), format_metadata(format));
    }
    if construction == Construction::Compatibility {
        supported.insert("ldp_vp".to_owned(), json!({"proof_type": ["DataIntegrityProof", "Ed25519Signature2020"]}));
    }
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    put("response_type", json!("vp_token"));
    put("response_mode", json!("direct_post"));
    put("client_id", json!(client_id));
    put("response_uri", json!(urls.oid4vp_response));
    put("nonce", json!(exchange.challenge));
    put("state", json!(exchange.id));
    put("dcql_query", dcql_query(exchange, &formats));
    put("client_metadata", json!({"vp_formats_supported": supported}));
    if construction == Construction::Compatibility {
        put("presentation_definition", presentation_definition(exchange));
    }
    if construction == Construction::Signed {
        put("aud", json!("https://self-issued.me/v2"));
    }
    if let Some(nonce) = wallet_nonce {
        put("wallet_nonce", json!(nonce));
    }
    members
}

fn formats(exchange: &Exchange) -> Vec<String> {
    let mut formats = exchange.options.formats.clone();
    if formats.is_empty() {
        formats = vec!["ldp_vc".to_owned(), "jwt_vc_json".to_owned()];
    }
    // A query for SD-JWT credentials must name their types.
    formats.retain(|format| format != "dc+sd-jwt" || !exchange.options.vct_values.is_empty());
    formats
}

fn format_metadata(format: &str) -> Value {
    match format {
        "ldp_vc" => json!({"proof_type_values": ["DataIntegrityProof", "Ed25519Signature2020"],
                           "cryptosuite_values": ["eddsa-rdfc-2022", "ecdsa-rdfc-2019", "eddsa-jcs-2022", "ecdsa-jcs-2019"]}),
        "dc+sd-jwt" => {
            json!({"sd-jwt_alg_values": ["ES256", "ES384", "EdDSA"], "kb-jwt_alg_values": ["ES256", "ES384", "EdDSA"]})
        }
        _ => json!({"alg_values": ["EdDSA", "ES256", "ES384", "RS256"]}),
    }
}

fn credential_types(exchange: &Exchange) -> Vec<String> {
    if exchange.options.types.is_empty() {
        return DEFAULT_TYPES.iter().map(|name| (*name).to_owned()).collect();
    }
    exchange.options.types.clone()
}

/// One query per format, any of which will do.
fn dcql_query(exchange: &Exchange, formats: &[String]) -> Value {
    let types = credential_types(exchange);
    let mut type_values: Vec<Value> = types.iter().map(|name| json!([expanded(name)])).collect();
    if exchange.options.types.is_empty() {
        type_values.push(json!([ANY_CREDENTIAL]));
    }
    let mut credentials = Vec::new();
    let mut options = Vec::new();
    for format in formats {
        let (id, meta) = match format.as_str() {
            "dc+sd-jwt" => ("badge_sd_jwt", json!({"vct_values": exchange.options.vct_values})),
            "jwt_vc_json" => ("badge_jwt", json!({"type_values": type_values})),
            _ => ("badge", json!({"type_values": type_values})),
        };
        credentials.push(json!({"id": id, "format": format, "multiple": true, "meta": meta}));
        options.push(json!([id]));
    }
    let mut query = Map::new();
    query.insert("credentials".to_owned(), json!(credentials));
    if options.len() > 1 {
        query.insert("credential_sets".to_owned(), json!([{"options": options}]));
    }
    Value::Object(query)
}

/// DCQL compares expanded type IRIs.
fn expanded(name: &str) -> String {
    match name {
        _ if name.contains(':') => name.to_owned(),
        "ClrCredential" => format!("{CLR_VOCABULARY}{name}"),
        "VerifiableCredential" => ANY_CREDENTIAL.to_owned(),
        "AchievementCredential" => format!("{OB_VOCABULARY}OpenBadgeCredential"),
        _ => format!("{OB_VOCABULARY}{name}"),
    }
}

fn presentation_definition(exchange: &Exchange) -> Value {
    let descriptors: Vec<Value> = credential_types(exchange)
        .iter()
        .take(1)
        .map(|name| {
            json!({"id": "badge", "purpose": exchange.options.reason, "constraints": {"fields": [{
                "path": ["$.type", "$.vc.type"], "filter": {"type": "array", "contains": {"type": "string", "const": name}}}]}})
        })
        .collect();
    json!({"id": exchange.id, "input_descriptors": descriptors})
}

/// The `openid4vp:` link of a construction.
pub fn link(exchange: &Exchange, urls: &Urls, deployment: &Deployment, construction: Construction) -> String {
    let client_id = deployment.client_id(construction, urls);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    match construction {
        Construction::ByValue => {
            for (name, value) in authorization_request(exchange, urls, &client_id, construction, None) {
                query.append_pair(&name, value.as_str().unwrap_or(&value.to_string()));
            }
        }
        Construction::Signed => {
            query.append_pair("client_id", &client_id).append_pair("request_uri", &urls.oid4vp_request);
            query.append_pair("request_uri_method", "post");
        }
        Construction::Compatibility => {
            query.append_pair("client_id", &client_id);
            query.append_pair("request_uri", &format!("{}?form=compatibility", urls.oid4vp_request));
            query.append_pair("request_uri_method", "post");
        }
    }
    // Wallets decode percent signs, not every one a plus.
    format!("openid4vp://?{}", query.finish().replace('+', "%20"))
}

/// An unsigned request object (`alg: none`): the compatibility form.
pub fn unsigned_object(members: &Map<String, Value>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "none", "typ": "oauth-authz-req+jwt"});
    format!("{}.{}.", encode(&header), encode(&Value::Object(members.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::vcalm::request::tests::exchange;

    const NO_KEY: Deployment = Deployment { signer: None, compatibility: true };

    #[test]
    fn without_a_certificate_the_request_travels_in_the_link() {
        let urls = Urls::new("https://gw.example", "x1");
        let link = link(&exchange(), &urls, &NO_KEY, NO_KEY.conformant());
        let url = url::Url::parse(&link).unwrap();
        let member = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.to_string()).unwrap();
        assert_eq!(member("client_id"), format!("redirect_uri:{}", member("response_uri")));
        assert_eq!((member("response_mode").as_str(), member("nonce").as_str()), ("direct_post", "ch"));
        assert!(!url.query_pairs().any(|(name, _)| name == "redirect_uri" || name == "request_uri"));
        let query: Value = serde_json::from_str(&member("dcql_query")).unwrap();
        assert_eq!(query["credentials"][0]["format"], "ldp_vc");
        assert_eq!(query["credentials"][0]["meta"]["type_values"][0][0], format!("{OB_VOCABULARY}OpenBadgeCredential"));
        assert!(link.len() < 2_000, "{}", link.len());
    }

    #[test]
    fn the_compatibility_form_has_both_query_languages_and_can_be_switched_off() {
        let urls = Urls::new("https://gw.example", "x1");
        let client_id = NO_KEY.client_id(Construction::Compatibility, &urls);
        let members = authorization_request(&exchange(), &urls, &client_id, Construction::Compatibility, Some("wn"));
        assert!(members.contains_key("presentation_definition") && members.contains_key("dcql_query"));
        assert_eq!(members["wallet_nonce"], "wn");
        let object = unsigned_object(&members);
        assert_eq!(object.split('.').count(), 3);
        let strict = Deployment { signer: None, compatibility: false };
        assert_eq!(strict.by_reference(true), None);
        assert_eq!(strict.accepted_audiences(&urls), [format!("redirect_uri:{}", urls.oid4vp_response)]);
        assert!(NO_KEY.accepted_audiences(&urls).contains(&urls.oid4vp_response));
    }

    #[test]
    fn sd_jwt_is_asked_for_only_with_its_types_and_formats_are_alternatives() {
        let mut exchange = exchange();
        exchange.options.formats = vec!["dc+sd-jwt".to_owned(), "ldp_vc".to_owned()];
        let formats_of = |exchange: &Exchange| dcql_query(exchange, &formats(exchange));
        assert_eq!(formats_of(&exchange)["credentials"].as_array().unwrap().len(), 1);
        exchange.options.vct_values = vec!["https://issuer.example/skill".to_owned()];
        let query = formats_of(&exchange);
        assert_eq!(query["credentials"][0]["meta"]["vct_values"][0], "https://issuer.example/skill");
        assert_eq!(query["credential_sets"][0]["options"], json!([["badge_sd_jwt"], ["badge"]]));
    }
}
