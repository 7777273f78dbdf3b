//! The request for the browser's Digital Credentials API (OpenID4VP 1.0, appendix A): the browser finds the wallet and carries request
//! and answer. Comes in: an exchange. Goes out: what a page hands to `navigator.credentials.get`.
//! Must not know: pages, HTTP.

use super::request::{Construction, Deployment, authorization_request};
use crate::model::exchange::Exchange;
use crate::protocol::vcalm::request::Urls;
use serde_json::{Map, Value, json};

const UNSIGNED: &str = "openid4vp-v1-unsigned";
const SIGNED: &str = "openid4vp-v1-signed";

/// The requests, the signed one first where there is a certificate: browsers take the first that a wallet understands.
/// `origin`: of the page that asks, which the browser tells the wallet.
pub fn requests(exchange: &Exchange, urls: &Urls, deployment: &Deployment, origin: &str) -> Vec<Value> {
    let members = |construction| for_browser(authorization_request(exchange, urls, deployment, construction, None));
    let mut requests = Vec::new();
    if let Some(signer) = deployment.signer {
        let mut signed = members(Construction::Signed);
        signed.insert("expected_origins".to_owned(), json!([origin]));
        requests.push(json!({"protocol": SIGNED, "data": {"request": signer.sign(&signed)}}));
    }
    let mut unsigned = members(Construction::ByValue);
    // Whoever asks is known by the origin alone.
    unsigned.remove("client_id");
    requests.push(json!({"protocol": UNSIGNED, "data": unsigned}));
    requests
}

/// The answer goes back through the browser: to no address, and to no other request than the page's own.
fn for_browser(mut members: Map<String, Value>) -> Map<String, Value> {
    members.remove("response_uri");
    members.remove("state");
    let is_encrypted = members.get("response_mode").is_some_and(|mode| mode == "direct_post.jwt");
    members.insert("response_mode".to_owned(), json!(if is_encrypted { "dc_api.jwt" } else { "dc_api" }));
    members
}

/// Whom the holder's signature must name in an answer to a request of this protocol; `None` for another protocol.
pub fn audience(protocol: &str, deployment: &Deployment, urls: &Urls, origin: &str) -> Option<String> {
    match protocol {
        UNSIGNED => Some(format!("origin:{origin}")),
        SIGNED if deployment.signer.is_some() => Some(deployment.client_id(Construction::Signed, urls)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::vcalm::request::tests::exchange;

    #[test]
    fn an_unsigned_request_names_nobody_and_nothing_to_send_the_answer_to() {
        let urls = Urls::new("https://gw.example", "x1");
        let deployment = Deployment { signer: None, compatibility: true, unbound: false };
        let requests = requests(&exchange(), &urls, &deployment, "https://gw.example");
        assert_eq!(requests.len(), 1);
        let (protocol, data) = (&requests[0]["protocol"], &requests[0]["data"]);
        assert_eq!((protocol, &data["response_mode"], &data["nonce"]), (&json!(UNSIGNED), &json!("dc_api"), &json!("ch")));
        for name in ["client_id", "response_uri", "state", "request_uri", "presentation_definition"] {
            assert!(data.get(name).is_none(), "{name}");
        }
        assert_eq!(audience(UNSIGNED, &deployment, &urls, "https://gw.example").as_deref(), Some("origin:https://gw.example"));
        assert_eq!(audience(SIGNED, &deployment, &urls, "https://gw.example"), None, "there is no certificate");
        assert_eq!(audience("org-iso-mdoc", &deployment, &urls, "https://gw.example"), None);
    }
}
