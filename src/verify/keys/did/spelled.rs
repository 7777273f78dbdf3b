//! DIDs that spell out their only key: did:key, did:jwk, and did:pkh where the account's address is a key.
//! Comes in: a DID URL. Goes out: its key.
//! Must not know: documents, the network.

use super::{fragment, method};
use crate::verify::keys::{KeyError, PublicKey, ResolvedKey, algorithm_of};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The namespace of CAIP-2 whose addresses are Ed25519 keys.
const SOLANA: &str = "solana";
/// Longest address of an account (CAIP-10).
const MAX_ACCOUNT: usize = 128;

/// The key of `url`, whose DID is `did`; `None` for methods that do not spell keys out.
pub fn key(url: &str, did: &str) -> Option<Result<ResolvedKey, KeyError>> {
    match method(did)? {
        "key" => Some(did_key(url, did)),
        "jwk" => Some(did_jwk(url, did)),
        "pkh" => Some(did_pkh(url, did)),
        _ => None,
    }
}

fn own(did: &str, fragment: &str, key: PublicKey, algorithm: Option<String>) -> ResolvedKey {
    ResolvedKey { id: format!("{did}#{fragment}"), allowed: true, algorithm, ..ResolvedKey::new(did, did, key) }
}

/// The identifier is the key; a fragment, when there is one, repeats it.
fn did_key(url: &str, did: &str) -> Result<ResolvedKey, KeyError> {
    let multikey = did.strip_prefix("did:key:").unwrap_or_default();
    if fragment(url).is_some_and(|fragment| fragment != multikey) {
        return Err(KeyError::Invalid(format!("{did} has no key with the name that the signature gives")));
    }
    Ok(own(did, multikey, PublicKey::from_multikey(multikey)?, None))
}

/// The identifier is a base64url JWK, whose only method is `#0`.
fn did_jwk(url: &str, did: &str) -> Result<ResolvedKey, KeyError> {
    let broken = || KeyError::Invalid("the did:jwk identifier is broken".to_owned());
    if fragment(url).is_some_and(|fragment| fragment != "0") {
        return Err(KeyError::Invalid("a did:jwk identifier has only the key #0".to_owned()));
    }
    let encoded = did.strip_prefix("did:jwk:").unwrap_or_default();
    let jwk = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| broken())?;
    let jwk: Value = serde_json::from_slice(&jwk).map_err(|_| broken())?;
    Ok(own(did, "0", PublicKey::from_jwk(&jwk)?, algorithm_of(&jwk)))
}

/// `did:pkh:NAMESPACE:CHAIN:ADDRESS` (CAIP-10). Only Solana's addresses are keys. The addresses of other networks are hashes of keys,
/// and the wallets of these networks sign in their own forms.
fn did_pkh(url: &str, did: &str) -> Result<ResolvedKey, KeyError> {
    let account: Vec<&str> = did.strip_prefix("did:pkh:").unwrap_or_default().split(':').collect();
    let [namespace, chain, address] = account.as_slice() else {
        return Err(KeyError::Invalid("the did:pkh identifier is broken".to_owned()));
    };
    if *namespace != SOLANA {
        let kind = format!("did:pkh on the network {namespace:.32} (an account there shows no key)");
        return Err(KeyError::Unsupported(kind));
    }
    if chain.is_empty() || address.len() > MAX_ACCOUNT {
        return Err(KeyError::Invalid("the did:pkh identifier is broken".to_owned()));
    }
    if fragment(url).is_some_and(|fragment| fragment != "controller") {
        return Err(KeyError::Invalid("a did:pkh identifier of this network has only the key #controller".to_owned()));
    }
    let bytes =
        bs58::decode(address).into_vec().map_err(|_| KeyError::Invalid("the account's address is not base58".to_owned()))?;
    let key = PublicKey::from_multikey(&format!("z{}", bs58::encode([&[0xed, 0x01], bytes.as_slice()].concat()).into_string()))?;
    Ok(own(did, "controller", key, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use serde_json::json;

    fn public(seed: u8) -> ed25519_dalek::VerifyingKey {
        SigningKey::from_bytes(&[seed; 32]).verifying_key()
    }

    fn multikey(seed: u8) -> String {
        format!("z{}", bs58::encode([&[0xed, 1], public(seed).as_bytes().as_slice()].concat()).into_string())
    }

    fn resolve(url: &str) -> Result<ResolvedKey, KeyError> {
        key(url, crate::verify::keys::did::without_fragment(url)).unwrap()
    }

    #[test]
    fn did_key_is_resolved_with_and_without_its_fragment() {
        let did = format!("did:key:{}", multikey(1));
        let bare = resolve(&did).unwrap();
        assert_eq!(bare, resolve(&format!("{did}#{}", multikey(1))).unwrap());
        assert_eq!((bare.controller.as_str(), bare.allowed), (did.as_str(), true));
        assert!(resolve(&format!("{did}#{}", multikey(2))).is_err());
    }

    #[test]
    fn did_jwk_is_resolved() {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(public(3).as_bytes()), "alg": "EdDSA"});
        let did = format!("did:jwk:{}", URL_SAFE_NO_PAD.encode(jwk.to_string()));
        let key = resolve(&format!("{did}#0")).unwrap();
        assert_eq!((key.controller, key.algorithm), (did.clone(), Some("EdDSA".to_owned())));
        assert!(resolve(&format!("{did}#1")).is_err());
    }

    #[test]
    fn did_pkh_gives_a_key_only_where_the_address_is_one() {
        let address = bs58::encode(public(4).as_bytes()).into_string();
        let did = format!("did:pkh:solana:4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZ:{address}");
        let key = resolve(&format!("{did}#controller")).unwrap();
        assert_eq!((key.key, key.controller), (PublicKey::from_multikey(&multikey(4)).unwrap(), did.clone()));
        assert!(resolve(&format!("{did}#other")).is_err());
        let ethereum = resolve("did:pkh:eip155:1:0xb9c5714089478a327f09197987f16f9e5d936e8a#blockchainAccountId");
        assert!(matches!(ethereum, Err(KeyError::Unsupported(_))));
        let broken =
            ["did:pkh:solana:x", "did:pkh:solana:x:0OIl", "did:pkh:solana::11", "did:pkh:solana:x:1:2", "did:pkh:solana:x:11"];
        for did in broken.map(str::to_owned).into_iter().chain([format!("did:pkh:solana:x:{}", "1".repeat(7_000))]) {
            assert!(matches!(resolve(&did), Err(KeyError::Invalid(_))), "{did:.40}");
        }
    }
}
