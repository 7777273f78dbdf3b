//! Finds the key of a token's signature, and checks whether the key is the issuer's.
//! Comes in: a token and the issuer that it names. Goes out: the checks `proof` and `controller`.
//! Must not know: the token's other content.
//!
//! A key in the header proves only that the token is whole. To prove the signer, the issuer must publish the key, or an authority of
//! the policy must certify it.

use super::Envelope;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::checks::validity::parse_seconds;
use crate::verify::keys::{KeyError, KeyResolver, PublicKey, Purpose, ResolvedKey, did, lapse, x5c};
use crate::verify::securing::proof::signature::{self, SignatureError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;

/// The verdict on a token's signature and its key's owner.
pub struct Signed {
    pub proof: Check,
    pub controller: Check,
    /// The issuer (or holder), when the key is proven to belong to it.
    pub controller_id: Option<String>,
}

/// The way in which a token names its key.
enum Source {
    /// By a verification method or another address.
    Resolved(Box<ResolvedKey>),
    /// The key itself, in the header: it proves only that the token is whole.
    Header(PublicKey),
}

const SUPPORTED: [&str; 12] =
    ["EdDSA", "Ed25519", "ES256", "ES384", "ES512", "ES256K", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const REGISTERED: [&str; 4] = ["Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];

/// Checks the signature of `token`, and the key against `issuer`.
pub async fn check(
    token: &Envelope,
    issuer: Option<&str>,
    purpose: Purpose,
    keys: &KeyResolver,
    at: DateTime<Utc>,
    explain: bool,
) -> Signed {
    let algorithm = token.algorithm();
    if !SUPPORTED.contains(&algorithm) {
        let proof = if REGISTERED.contains(&algorithm) {
            Check::new(
                CheckId::Proof,
                CheckStatus::CouldNotCheck,
                Code::AlgorithmUnsupported,
                format!("the gateway does not support the signature algorithm {algorithm}"),
            )
            .found()
        } else {
            Check::fail(CheckId::Proof, Code::AlgorithmRefused, format!("the algorithm {algorithm:.40} can't prove who signed"))
                .found()
        };
        return unproven(proof);
    }
    let certified = match x5c::read(&token.header, at) {
        Ok(certified) => certified,
        Err(problem) => return unproven(problem),
    };
    // SD-JWT VC: without `iss`, the certificate names the issuer.
    let is_anonymous = issuer.is_none() && purpose == Purpose::AssertionMethod;
    let subject = certified.as_ref().filter(|_| is_anonymous).and_then(x5c::subject);
    let issuer = issuer.or(subject.as_deref());
    let vouched = match (&certified, issuer) {
        (Some(certified), Some(issuer)) => x5c::controller(certified, issuer, keys, at).await,
        _ => None,
    };
    let (source, missing) = match (&certified, vouched) {
        (Some(certified), Some(controller)) => (Source::Header(certified.key.clone()), Some(controller)),
        // Without `iss`, only an authority can confirm the certificate's name.
        (Some(certified), None) if subject.is_some() => (
            Source::Header(certified.key.clone()),
            Some(certified.lapsed.clone().unwrap_or_else(|| unproven_owner(CERTIFIED, issuer))),
        ),
        (certified, _) => match (find(token, issuer, purpose, keys).await, certified) {
            (Ok(found), _) => found,
            // The token brings its key, so its signature can be checked, but the key's owner can't be.
            (Err(problem), Some(certified)) if problem.status == CheckStatus::CouldNotCheck => (
                Source::Header(certified.key.clone()),
                Some(certified.lapsed.clone().unwrap_or_else(|| unproven_owner(CERTIFIED, issuer))),
            ),
            (Err(problem), _) => return without_key(problem, token, issuer),
        },
    };
    let (key, pinned) = match &source {
        Source::Resolved(resolved) => (&resolved.key, resolved.algorithm.as_deref()),
        Source::Header(key) => (key, token.header.get("jwk").and_then(|jwk| jwk.get("alg")).and_then(Value::as_str)),
    };
    if pinned.is_some_and(|pinned| pinned != algorithm && !(is_eddsa(pinned) && is_eddsa(algorithm))) {
        return unproven(
            Check::fail(
                CheckId::Proof,
                Code::AlgorithmMismatch,
                "the key is published for another signature algorithm than the token uses",
            )
            .found(),
        );
    }
    let verdict = signature::jose(algorithm, key, &token.signing_input, &token.signature);
    let mut proof = match verdict {
        Ok(()) => Check::pass(CheckId::Proof, "The signature matches the document."),
        Err(SignatureError::WrongKey) => Check::fail(
            CheckId::Proof,
            Code::AlgorithmMismatch,
            format!("the token names the algorithm {algorithm}, but its key is of the kind {}", key.kind()),
        )
        .found(),
        Err(error) => Check::fail(CheckId::Proof, Code::SignatureInvalid, error.to_string()).found(),
    };
    if certified.is_some_and(|certified| certified.key != *key) {
        let detail = "the token's certificate is for a different key than the key that signed the token";
        proof = Check::fail(CheckId::Proof, Code::CertificateInvalid, detail).found();
    }
    let controller = match &source {
        Source::Resolved(resolved) => judge(resolved, issuer, purpose, signed_at(token), at),
        Source::Header(_) => missing.unwrap_or_else(|| unproven_owner(BROUGHT, issuer)),
    };
    if explain {
        let id = match &source {
            Source::Resolved(resolved) => resolved.id.as_str(),
            Source::Header(_) => "header",
        };
        proof.explain = Some(
            json!({"algorithm": algorithm, "key": id, "key_kind": key.kind(), "signing_input_bytes": token.signing_input.len()}),
        );
    }
    let bound = proof.status == CheckStatus::Pass && matches!(controller.status, CheckStatus::Pass | CheckStatus::Warning);
    Signed { proof, controller, controller_id: issuer.filter(|_| bound).map(str::to_owned) }
}

/// The token's time of signing (RFC 7519 §4.1.6), else the start of its validity.
fn signed_at(token: &Envelope) -> Option<DateTime<Utc>> {
    ["iat", "nbf"].iter().find_map(|claim| token.payload().get(*claim).and_then(parse_seconds))
}

fn is_eddsa(algorithm: &str) -> bool {
    matches!(algorithm, "EdDSA" | "Ed25519")
}

/// The checks when the key is not available. A key id that can't belong to the issuer is still a failure.
fn without_key(proof: Check, token: &Envelope, issuer: Option<&str>) -> Signed {
    let foreign = token.key_id().zip(issuer).filter(|(method, issuer)| did::is_foreign(method, issuer));
    let controller = foreign.map(|(method, issuer)| not_the_issuers(did::without_fragment(method), issuer));
    let unproven = unproven(proof);
    Signed { controller: controller.unwrap_or(unproven.controller), ..unproven }
}

/// The checks when there is no key: the key's owner can't be checked either.
fn unproven(proof: Check) -> Signed {
    let controller = Check::not_applicable(CheckId::Controller, "Not checked, because no key was found.");
    Signed { proof, controller, controller_id: None }
}

/// The key of the token. The second value is the `controller` check when only the header has a key.
async fn find(
    token: &Envelope,
    issuer: Option<&str>,
    purpose: Purpose,
    keys: &KeyResolver,
) -> Result<(Source, Option<Check>), Check> {
    let resolved = |key: ResolvedKey| Ok((Source::Resolved(Box::new(key)), None));
    let header_jwk = token.header.get("jwk");
    if let Some(jwk) = header_jwk {
        let key = PublicKey::from_jwk(jwk).map_err(|error| key_problem(&error))?;
        return match published(&key, issuer, purpose, keys).await {
            Published::Listed(resolved_key) => resolved(*resolved_key),
            Published::NotListed => Ok((
                Source::Header(key),
                Some(
                    Check::fail(
                        CheckId::Controller,
                        Code::KeyNotPublished,
                        "the issuer publishes its keys, and the key in this token is not among them",
                    )
                    .found(),
                ),
            )),
            Published::Unknown(detail) => {
                let check = Check::new(CheckId::Controller, CheckStatus::CouldNotCheck, Code::IssuerUnproven, &detail).found();
                Ok((Source::Header(key), Some(check)))
            }
        };
    }
    let Some(key_id) = token.key_id() else {
        // Without a key id, the issuer's only key is meant, if the issuer has exactly one.
        let Some(issuer) = issuer else {
            return Err(Check::fail(CheckId::Proof, Code::KeyMissing, "the token names neither a key nor an issuer").found());
        };
        return match only_key(issuer, purpose, signed_at(token), keys).await {
            Ok(key) => resolved(key),
            Err(error) => Err(key_problem(&error)),
        };
    };
    let method = match (key_id, issuer) {
        (id, _) if id.starts_with("did:") || id.starts_with("https://") || id.starts_with("http://") => id.to_owned(),
        (id, Some(issuer)) if id.starts_with('#') => format!("{issuer}{id}"),
        (id, Some(issuer)) if issuer.starts_with("did:key:") || issuer.starts_with("did:jwk:") => {
            // Such an issuer has a single key, whatever its name in the token.
            let _ = id;
            issuer.to_owned()
        }
        (id, Some(issuer)) if issuer.starts_with("did:") => format!("{issuer}#{id}"),
        (id, Some(issuer)) => {
            return match in_key_set(issuer, |jwk| jwk.get("kid").is_some_and(|kid| kid == id), keys).await {
                Ok(Some(key)) => resolved(key),
                Ok(None) => {
                    Err(Check::fail(CheckId::Proof, Code::KeyMissing, "the issuer does not publish the key that the token names")
                        .found())
                }
                Err(error) => Err(key_problem(&error)),
            };
        }
        (_, None) => {
            return Err(Check::fail(
                CheckId::Proof,
                Code::KeyMissing,
                "the token names a key, but not the issuer that owns the key",
            )
            .found());
        }
    };
    let key = keys.resolve(&method, purpose, signed_at(token)).await.map_err(|error| key_problem(&error))?;
    let key = keys.adopted(key, issuer, purpose).await;
    let is_bare_jwk = Some(key.controller.as_str()) != issuer && !key.controller.starts_with("did:") && key.allowed;
    if is_bare_jwk {
        // A key set does not name its owner, so the issuer must publish the same key.
        if let Published::Listed(own) = published(&key.key, issuer, purpose, keys).await {
            return resolved(*own);
        }
    }
    resolved(key)
}

/// Whether an issuer publishes a given key.
enum Published {
    Listed(Box<ResolvedKey>),
    NotListed,
    Unknown(String),
}

async fn published(key: &PublicKey, issuer: Option<&str>, purpose: Purpose, keys: &KeyResolver) -> Published {
    let Some(issuer) = issuer else { return Published::Unknown("the token names no issuer".to_owned()) };
    if issuer.starts_with("did:") {
        return match keys.methods(issuer, purpose).await {
            Ok(methods) => match methods.into_iter().find(|method| method.key == *key && method.allowed) {
                Some(method) => Published::Listed(Box::new(method)),
                None => Published::NotListed,
            },
            Err(KeyError::Invalid(_)) => Published::NotListed,
            Err(error) => Published::Unknown(error.to_string()),
        };
    }
    let same = |jwk: &Value| PublicKey::from_jwk(jwk).is_ok_and(|candidate| candidate == *key);
    match in_key_set(issuer, same, keys).await {
        Ok(Some(found)) => Published::Listed(Box::new(found)),
        Ok(None) => Published::NotListed,
        Err(KeyError::Unavailable(detail)) => match keys.methods(issuer, purpose).await {
            Ok(methods) => match methods.into_iter().find(|method| method.key == *key && method.allowed) {
                Some(method) => Published::Listed(Box::new(method)),
                None => Published::Unknown("the issuer's profile lists no such key".to_owned()),
            },
            Err(_) => Published::Unknown(detail),
        },
        Err(error) => Published::Unknown(error.to_string()),
    }
}

/// The key of an issuer that has exactly one.
async fn only_key(
    issuer: &str,
    purpose: Purpose,
    signed: Option<DateTime<Utc>>,
    keys: &KeyResolver,
) -> Result<ResolvedKey, KeyError> {
    if issuer.starts_with("did:") {
        return keys.resolve(issuer, purpose, signed).await;
    }
    let set = key_set(issuer, keys).await?;
    match set.as_slice() {
        [jwk] => from_set(jwk, issuer),
        _ => Err(KeyError::Invalid("the token does not say which of the issuer's keys signed it".to_owned())),
    }
}

/// A key of the issuer's published set that matches `wanted`.
async fn in_key_set(issuer: &str, wanted: impl Fn(&Value) -> bool, keys: &KeyResolver) -> Result<Option<ResolvedKey>, KeyError> {
    let set = key_set(issuer, keys).await?;
    set.iter().find(|jwk| wanted(jwk)).map(|jwk| from_set(jwk, issuer)).transpose()
}

/// The JWK set of an https issuer: `/.well-known/jwks.json` (Open Badges 3.0 §8.2), or the SD-JWT VC issuer metadata.
async fn key_set(issuer: &str, keys: &KeyResolver) -> Result<Vec<Value>, KeyError> {
    let base = Url::parse(issuer).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    let Some(base) = base else {
        return Err(KeyError::Unsupported(format!("keys that {issuer:.100} publishes")));
    };
    let well_known = |path: &str| {
        base.join(path).map(String::from).map_err(|_| KeyError::Invalid("the issuer is not a web address".to_owned()))
    };
    let set = keys.json(&well_known("/.well-known/jwks.json")?).await;
    let set = match set {
        Ok(set) => set,
        Err(first) => {
            let path = base.path().trim_end_matches('/');
            let metadata = match keys.json(&well_known(&format!("/.well-known/jwt-vc-issuer{path}"))?).await {
                Ok(metadata) => metadata,
                Err(_) => return Err(first),
            };
            if metadata.get("issuer").and_then(Value::as_str) != Some(issuer) {
                return Err(KeyError::Invalid("the issuer's metadata belongs to someone else".to_owned()));
            }
            match (metadata.get("jwks"), metadata.get("jwks_uri").and_then(Value::as_str)) {
                (Some(set), _) => set.clone(),
                (None, Some(address)) => keys.json(address).await?,
                (None, None) => return Err(KeyError::Invalid("the issuer's metadata holds no keys".to_owned())),
            }
        }
    };
    let all = set.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    // A host may publish keys of several issuers; a key that names another issuer is not this issuer's.
    Ok(all.into_iter().filter(|jwk| jwk.get("iss").is_none_or(|iss| iss == issuer)).collect())
}

fn from_set(jwk: &Value, issuer: &str) -> Result<ResolvedKey, KeyError> {
    let id = jwk.get("kid").and_then(Value::as_str).unwrap_or(issuer);
    let algorithm = jwk.get("alg").and_then(Value::as_str).map(str::to_owned);
    Ok(ResolvedKey { allowed: true, algorithm, ..ResolvedKey::new(id, issuer, PublicKey::from_jwk(jwk)?) })
}

/// The `controller` check for a key that was resolved.
///
/// `signed`: the time of signing that the token states.
fn judge(key: &ResolvedKey, issuer: Option<&str>, purpose: Purpose, signed: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Check {
    let Some(issuer) = issuer else {
        return match purpose {
            Purpose::Authentication => Check::not_applicable(CheckId::Controller, "The presentation names no holder."),
            Purpose::AssertionMethod => Check::fail(
                CheckId::Controller,
                Code::IssuerMissing,
                "the document does not name its issuer, so the signing key can't be matched to an issuer",
            )
            .found(),
        };
    };
    if key.controller != issuer && did::without_fragment(&key.controller) != issuer {
        return not_the_issuers(&key.controller, issuer);
    }
    if !key.allowed {
        return Check::fail(
            CheckId::Controller,
            Code::KeyNotAllowed,
            "the issuer has not approved the key for issuing credentials",
        )
        .found();
    }
    if let Some(lapsed) = lapse::check(key, signed, at) {
        return lapsed;
    }
    Check::pass(CheckId::Controller, format!("The key belongs to {issuer:.200} and may be used for this."))
}

fn not_the_issuers(owner: &str, issuer: &str) -> Check {
    if did::leads_nowhere(issuer) {
        return unproven_owner(&format!("from {owner:.200}"), Some(issuer));
    }
    let detail = format!("the key belongs to {owner:.200}, not to {issuer:.200}, which the document names as its issuer");
    Check::fail(CheckId::Controller, Code::ControllerMismatch, &detail).found()
}

/// The source of a key without a proven owner.
const BROUGHT: &str = "with the file itself";
const CERTIFIED: &str = "with a certificate from an authority that your policy does not name";

fn unproven_owner(came: &str, issuer: Option<&str>) -> Check {
    let who = issuer.unwrap_or("the issuer");
    let detail = format!("the key came {came}, and nothing proves that it belongs to {who:.200}");
    Check::new(CheckId::Controller, CheckStatus::CouldNotCheck, Code::IssuerUnproven, &detail).found()
}

pub(crate) fn key_problem(error: &KeyError) -> Check {
    let detail = error.to_string();
    match error {
        KeyError::Unavailable(_) => Check::new(CheckId::Proof, CheckStatus::CouldNotCheck, Code::KeyUnavailable, &detail).found(),
        KeyError::Unsupported(_) => Check::new(CheckId::Proof, CheckStatus::CouldNotCheck, Code::KeyUnsupported, &detail).found(),
        KeyError::Invalid(_) => Check::fail(CheckId::Proof, Code::KeyInvalid, &detail).found(),
    }
}
