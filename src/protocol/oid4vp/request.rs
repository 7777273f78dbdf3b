//! The authorization request: its members, and the link or the object that carries it.
//!
//! Three constructions: by value with the `redirect_uri:` prefix and DCQL (needs no key; the conformant default), by reference and signed
//! with `x509_san_dns:` (when a certificate is configured), and by reference unsigned with both query languages (a compatibility
//! form that older libraries need; the specification does not allow it, so it can be switched off).

use super::encrypted::{ENCRYPTIONS, ResponseKey};
use super::query::{self, Length};
use super::signing::RequestSigner;
use crate::model::exchange::Exchange;
use crate::protocol::vcalm::request::{DEFAULT_TYPES, Urls};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

pub const REQUEST_OBJECT_TYPE: &str = "application/oauth-authz-req+jwt";

/// The longest link that carries a request by value: a QR code of it is still read from a screen.
const MAX_LINK: usize = 1_000;

/// How the request reaches the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construction {
    ByValue,
    Signed,
    Compatibility,
}

/// The deployment's permissions.
#[derive(Clone, Copy)]
pub struct Deployment<'a> {
    pub signer: Option<&'a RequestSigner>,
    pub compatibility: bool,
    /// Whether the employer takes answers that their holder did not sign.
    pub unbound: bool,
}

impl Deployment<'_> {
    /// The construction behind the `oid4vp-1.0` key.
    pub fn conformant(&self) -> Construction {
        if self.signer.is_some() { Construction::Signed } else { Construction::ByValue }
    }

    /// The document at `request_uri`; `None` when the link carries the whole request.
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
            (Construction::Signed, Some(signer)) => signer.client_id(),
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
    deployment: &Deployment,
    construction: Construction,
    wallet_nonce: Option<&str>,
) -> Map<String, Value> {
    let mut members = members(exchange, urls, deployment, construction, Length::Full);
    if let Some(nonce) = wallet_nonce {
        members.insert("wallet_nonce".to_owned(), json!(nonce));
    }
    members
}

fn members(
    exchange: &Exchange,
    urls: &Urls,
    deployment: &Deployment,
    construction: Construction,
    length: Length,
) -> Map<String, Value> {
    let mut supported = Map::new();
    for wanted in query::named(exchange, length) {
        let metadata = if length == Length::Full { format_metadata(wanted.format) } else { json!({}) };
        supported.insert(wanted.format.to_owned(), metadata);
    }
    if construction == Construction::Compatibility {
        supported.insert("ldp_vp".to_owned(), json!({"proof_type": ["DataIntegrityProof", "Ed25519Signature2020"]}));
    }
    let key = response_key(exchange);
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    put("response_type", json!("vp_token"));
    put("response_mode", json!(if key.is_some() { "direct_post.jwt" } else { "direct_post" }));
    put("client_id", json!(deployment.client_id(construction, urls)));
    put("response_uri", json!(urls.oid4vp_response));
    put("nonce", json!(exchange.challenge));
    put("state", json!(exchange.id));
    put("dcql_query", query::dcql(exchange, deployment.unbound, length));
    let mut metadata = json!({"vp_formats_supported": supported});
    if let Some(key) = key {
        metadata["jwks"] = json!({"keys": [key.public_jwk()]});
        // Unsaid, it is the first of them (OpenID4VP 1.0 §5.1).
        if length == Length::Full {
            metadata["encrypted_response_enc_values_supported"] = json!(ENCRYPTIONS);
        }
    }
    put("client_metadata", metadata);
    // The older query language can't say which credentials must come together.
    if construction == Construction::Compatibility && exchange.options.credentials.is_empty() {
        put("presentation_definition", presentation_definition(exchange));
    }
    if construction == Construction::Signed {
        put("aud", json!("https://self-issued.me/v2"));
    }
    members
}

/// The key that the answer is encrypted to, where it is.
pub fn response_key(exchange: &Exchange) -> Option<ResponseKey> {
    ResponseKey::from_secret(exchange.response_key.as_ref()?)
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

/// One description for each type, any of which will do.
fn presentation_definition(exchange: &Exchange) -> Value {
    let types = credential_types(exchange);
    let is_choice = types.len() > 1;
    let descriptors = types.iter().enumerate().map(|(place, name)| {
        let id = if place == 0 { "badge".to_owned() } else { format!("badge_{}", place + 1) };
        let mut descriptor = json!({"id": id, "purpose": exchange.options.reason, "constraints": {"fields": [{
            "path": ["$.type", "$.vc.type"], "filter": {"type": "array", "contains": {"type": "string", "const": name}}}]}});
        if is_choice {
            descriptor["group"] = json!(["any"]);
        }
        descriptor
    });
    let mut definition = json!({"id": exchange.id, "input_descriptors": descriptors.collect::<Vec<_>>()});
    if is_choice {
        definition["submission_requirements"] = json!([{"rule": "pick", "min": 1, "from": "any"}]);
    }
    definition
}

/// The `openid4vp:` link of a construction. A request that is too long for a link goes by reference where that is allowed.
pub fn link(exchange: &Exchange, urls: &Urls, deployment: &Deployment, construction: Construction) -> String {
    let client_id = deployment.client_id(construction, urls);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    match construction {
        Construction::ByValue => {
            let of_length = |length| by_value(&members(exchange, urls, deployment, construction, length));
            let links = [Length::Full, Length::Short, Length::Shortest].map(of_length);
            return match links.iter().find(|link| link.len() <= MAX_LINK) {
                Some(link) => link.clone(),
                None if deployment.compatibility => link(exchange, urls, deployment, Construction::Compatibility),
                // A request by reference must be signed, and there is no certificate to sign it with.
                None => links[2].clone(),
            };
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

/// What may stand in a query as it is (RFC 3986 §3.4), the characters aside that divide it.
const IN_QUERY: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/')
    .remove(b',');

fn by_value(members: &Map<String, Value>) -> String {
    let pair = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}={}", percent_encoding::utf8_percent_encode(&text, IN_QUERY))
    };
    format!("openid4vp://?{}", members.iter().map(pair).collect::<Vec<_>>().join("&"))
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

    const NO_KEY: Deployment = Deployment { signer: None, compatibility: true, unbound: false };

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
        assert_eq!(
            query["credentials"][0]["meta"]["type_values"],
            json!([["https://www.w3.org/2018/credentials#VerifiableCredential"]])
        );
    }

    #[test]
    fn links_stay_short_enough_for_a_qr_code() {
        let urls = Urls::new("https://credentials.employer.example.org", "Zm9yIGV4YW1wbGUgMTI4IGJpdHMZm9y");
        let mut exchange = exchange();
        let strict = Deployment { compatibility: false, ..NO_KEY };
        for deployment in [&NO_KEY, &strict] {
            for (types, reason) in [(vec![], "any type"), (vec!["OpenBadgeCredential".to_owned()], "a type")] {
                exchange.options.types = types;
                let link = link(&exchange, &urls, deployment, Construction::ByValue);
                assert!(link.contains("dcql_query=") && !link.contains("request_uri="), "{reason}: {link}");
                assert!(link.len() <= MAX_LINK, "{reason}: {}", link.len());
            }
        }
        exchange.options.types = (0..8).map(|number| format!("https://vocabulary.example.org/types#Kind{number}")).collect();
        let long = link(&exchange, &urls, &NO_KEY, Construction::ByValue);
        assert!(long.len() <= MAX_LINK && long.contains("request_uri="), "{long}");
        assert!(!link(&exchange, &urls, &strict, Construction::ByValue).contains("request_uri="), "unsigned references are off");
    }

    #[test]
    fn the_compatibility_query_names_every_type_as_a_choice() {
        let mut exchange = exchange();
        let definition = presentation_definition(&exchange);
        let names = |definition: &Value| {
            let descriptors = definition["input_descriptors"].as_array().unwrap().iter();
            let name =
                |item: &Value| item["constraints"]["fields"][0]["filter"]["contains"]["const"].as_str().unwrap().to_owned();
            descriptors.map(name).collect::<Vec<_>>()
        };
        assert_eq!(names(&definition), DEFAULT_TYPES);
        assert_eq!(definition["submission_requirements"][0]["from"], definition["input_descriptors"][2]["group"][0]);
        exchange.options.types = vec!["ClrCredential".to_owned()];
        let definition = presentation_definition(&exchange);
        assert_eq!((names(&definition), definition.get("submission_requirements")), (vec!["ClrCredential".to_owned()], None));
    }

    #[test]
    fn the_compatibility_form_has_both_query_languages_and_can_be_switched_off() {
        let urls = Urls::new("https://gw.example", "x1");
        let members = authorization_request(&exchange(), &urls, &NO_KEY, Construction::Compatibility, Some("wn"));
        assert!(members.contains_key("presentation_definition") && members.contains_key("dcql_query"));
        assert_eq!(members["wallet_nonce"], "wn");
        let object = unsigned_object(&members);
        assert_eq!(object.split('.').count(), 3);
        let strict = Deployment { signer: None, compatibility: false, unbound: false };
        assert_eq!(strict.by_reference(true), None);
        assert_eq!(strict.accepted_audiences(&urls), [format!("redirect_uri:{}", urls.oid4vp_response)]);
        assert!(NO_KEY.accepted_audiences(&urls).contains(&urls.oid4vp_response));
    }
}
