//! The gateway's messages to wallets: the presentation request, the protocols map, deep links.
//! Comes in: an exchange and how the gateway is reached. Goes out: JSON and URLs. Kept narrow on purpose: real wallets
//! compare the example literally, take one DIDAuthentication, and want challenge and domain.

use crate::model::exchange::Exchange;
use serde_json::{Map, Value, json};

/// The name of the only workflow.
pub const WORKFLOW: &str = "credentials";
/// The only step, under which results are filed.
pub const STEP: &str = "default";
/// Failed attempts that an exchange survives.
pub const MAX_ATTEMPTS: i32 = 5;
pub const MAX_TTL_SECONDS: i64 = 172_800;

pub const DEFAULT_TYPES: [&str; 3] = ["OpenBadgeCredential", "AchievementCredential", "ClrCredential"];

/// URLs of one exchange. `public_url` has no trailing slash.
#[derive(Clone, Debug)]
pub struct Urls {
    pub exchange: String,
    pub interaction: String,
    pub oid4vp_request: String,
    pub oid4vp_response: String,
}

impl Urls {
    pub fn new(public_url: &str, id: &str) -> Self {
        let exchange = format!("{public_url}/workflows/{WORKFLOW}/exchanges/{id}");
        Self {
            interaction: format!("{public_url}/interactions/{id}?iuv=1"),
            oid4vp_request: format!("{exchange}/openid4vp/request"),
            oid4vp_response: format!("{exchange}/openid4vp/response"),
            exchange,
        }
    }
}

/// The Verifiable Presentation Request. Queries without a group are alternatives.
pub fn presentation_request(exchange: &Exchange, domain: &str) -> Value {
    let defaults = || DEFAULT_TYPES.iter().map(|name| (*name).to_owned()).collect();
    let named = exchange.options.all_types();
    let types: Vec<String> = if named.is_empty() { defaults() } else { named };
    let mut query: Vec<Value> = types
        .iter()
        .map(|name| {
            json!({"type": "QueryByExample", "credentialQuery": {
                "reason": exchange.options.reason, "example": {"type": [name]}}})
        })
        .collect();
    query
        .push(json!({"type": "DIDAuthentication", "acceptedMethods": [{"method": "key"}, {"method": "web"}, {"method": "jwk"}]}));
    json!({"query": query, "challenge": exchange.challenge, "domain": domain})
}

/// The key names of the protocols map, in one place because the drafts still rename them.
pub struct ProtocolLinks {
    pub vcapi: String,
    /// OpenID4VP 1.0.
    pub oid4vp: String,
    /// The unversioned twin that older wallets look for; absent when switched off.
    pub oid4vp_legacy: Option<String>,
}

pub fn protocols(links: &ProtocolLinks) -> Value {
    let mut map = Map::new();
    map.insert("vcapi".to_owned(), json!(links.vcapi));
    map.insert("oid4vp-1.0".to_owned(), json!(links.oid4vp));
    if let Some(legacy) = &links.oid4vp_legacy {
        map.insert("OID4VP".to_owned(), json!(legacy));
    }
    Value::Object(map)
}

/// (name for people, key, link) for wallets that are opened by a link of their own.
pub fn deep_links(public_url: &str, urls: &Urls, oid4vp: &str) -> Vec<(&'static str, &'static str, String)> {
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    // The Learner Credential Wallet decodes twice: nothing in the JSON may hold a percent sign. Ours never does.
    let lcw = json!({"credentialRequestOrigin": public_url, "protocols": {"vcapi": urls.exchange}}).to_string();
    let exchange = encode(&urls.exchange);
    vec![
        ("Any VCALM wallet", "interaction", format!("interaction:{}", urls.interaction)),
        ("Learner Credential Wallet", "lcw", format!("https://lcw.app/request?request={}", encode(&lcw))),
        ("ASU Pocket", "asu_pocket", format!("asuprequest://request?vc_request_url={exchange}")),
        ("My Skills Pocket", "my_skills_pocket", format!("msprequest://request?vc_request_url={exchange}")),
        ("LearnCard", "learncard", format!("https://learncard.app/request?vc_request_url={exchange}")),
        ("OpenID4VP wallet", "openid4vp", oid4vp.to_owned()),
    ]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::exchange::{ExchangeOptions, ExchangeState};
    use crate::model::ids::{ExchangeId, TenantId};
    use crate::model::submission::CandidateHint;
    use chrono::DateTime;

    pub(crate) fn exchange() -> Exchange {
        Exchange {
            id: ExchangeId::from("x1"),
            tenant_id: TenantId::from("default"),
            candidate: CandidateHint::default(),
            response_key: None,
            state: ExchangeState::Pending,
            sequence: 0,
            challenge: "ch".to_owned(),
            attempts: 0,
            options: ExchangeOptions { reason: "Example Ltd asks".to_owned(), ..ExchangeOptions::default() },
            last_error: None,
            results: None,
            submission_id: None,
            candidate_ref: None,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_request_keeps_to_what_real_wallets_understand() {
        let request = presentation_request(&exchange(), "https://gw.example");
        let query = request["query"].as_array().unwrap();
        assert_eq!(query.iter().filter(|q| q["type"] == "DIDAuthentication").count(), 1);
        for by_example in query.iter().filter(|q| q["type"] == "QueryByExample") {
            assert!(by_example["credentialQuery"].is_object(), "exactly one object");
            assert!(by_example["credentialQuery"]["example"]["type"].is_array());
            assert!(by_example["credentialQuery"]["example"].get("@context").is_none());
            assert!(by_example.get("group").is_none());
        }
        assert_eq!(query[0]["credentialQuery"]["example"]["type"], json!(["OpenBadgeCredential"]));
        assert_eq!(query.last().unwrap()["acceptedMethods"][0], json!({"method": "key"}));
        assert_eq!((request["challenge"].as_str(), request["domain"].as_str()), (Some("ch"), Some("https://gw.example")));
    }

    #[test]
    fn the_wallet_link_survives_being_decoded_twice() {
        let urls = Urls::new("https://gw.example", "AbC-_9");
        let links = deep_links("https://gw.example", &urls, "openid4vp://?x");
        let (_, _, lcw) = &links[1];
        let once = url::Url::parse(lcw).unwrap().query_pairs().next().unwrap().1.to_string();
        assert!(!once.contains('%'));
        let inner: Value = serde_json::from_str(&once).unwrap();
        assert_eq!(inner["protocols"]["vcapi"], urls.exchange);
        assert!(urls.interaction.ends_with("?iuv=1") && urls.interaction.len() < 400);
    }
}
