//! Which key a token was signed with, and whether that key is the issuer's.
//! Comes in: a token and the issuer that it names. Goes out: the checks `proof` and `controller`.
//! Must not know: what the token says beside that.
//!
//! A key in the header proves that the token is whole, never who made it: the issuer must publish that key itself, or an authority
//! that the policy names must certify it.

use super::Envelope;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::checks::validity::parse_seconds;
use crate::verify::keys::{KeyError, KeyResolver, PublicKey, Purpose, ResolvedKey, did, lapse, x5c};
use crate::verify::securing::proof::signature::{self, SignatureError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;

/// Verdict on a token's signature and on whose key made it.
pub struct Signed {
    pub proof: Check,
    pub controller: Check,
    /// The issuer (or holder), when the key is proven to be theirs.
    pub controller_id: Option<String>,
}

/// How a token points at its key.
enum Source {
    /// A verification method or other address.
    Resolved(Box<ResolvedKey>),
    /// From the header: proves wholeness only.
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
                format!("the signature algorithm {algorithm} is not supported"),
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
    // SD-JWT VC: a token without `iss` is from whom its certificate names.
    let is_anonymous = issuer.is_none() && purpose == Purpose::AssertionMethod;
    let subject = certified.as_ref().filter(|_| is_anonymous).and_then(x5c::subject);
    let issuer = issuer.or(subject.as_deref());
    let vouched = match (&certified, issuer) {
        (Some(certified), Some(issuer)) => x5c::controller(certified, issuer, keys, at).await,
        _ => None,
    };
    let (source, missing) = match (&certified, vouched) {
        (Some(certified), Some(controller)) => (Source::Header(certified.key.clone()), Some(controller)),
        // What only the certificate says, nothing else can confirm.
        (Some(certified), None) if subject.is_some() => (
            Source::Header(certified.key.clone()),
            Some(certified.lapsed.clone().unwrap_or_else(|| unproven_owner(CERTIFIED, issuer))),
        ),
        (certified, _) => match (find(token, issuer, purpose, keys).await, certified) {
            (Ok(found), _) => found,
            // The token brings its key, so that it is whole can be told; whose the key is can't.
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
            format!("the token says {algorithm}, but the key is of the kind {}", key.kind()),
        )
        .found(),
        Err(error) => Check::fail(CheckId::Proof, Code::SignatureInvalid, error.to_string()).found(),
    };
    if certified.is_some_and(|certified| certified.key != *key) {
        let detail = "the certificate that came with the token is for another key than the one that signed it";
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

/// When the token says that it was signed (RFC 7519 §4.1.6), else from when on it counts.
fn signed_at(token: &Envelope) -> Option<DateTime<Utc>> {
    ["iat", "nbf"].iter().find_map(|claim| token.payload().get(*claim).and_then(parse_seconds))
}

fn is_eddsa(algorithm: &str) -> bool {
    matches!(algorithm, "EdDSA" | "Ed25519")
}

/// The key is not available. A key id that can't belong to the issuer is a failure all the same.
fn without_key(proof: Check, token: &Envelope, issuer: Option<&str>) -> Signed {
    let foreign = token.key_id().zip(issuer).filter(|(method, issuer)| did::is_foreign(method, issuer));
    let controller = foreign.map(|(method, issuer)| not_the_issuers(did::without_fragment(method), issuer));
    let unproven = unproven(proof);
    Signed { controller: controller.unwrap_or(unproven.controller), ..unproven }
}

/// When there is no key, nothing can be said about its owner either.
fn unproven(proof: Check) -> Signed {
    let controller = Check::not_applicable(CheckId::Controller, "Not checked, because no key was found to check.");
    Signed { proof, controller, controller_id: None }
}

/// The key of the token. The second value is what to say of the controller when only the header has a key.
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
                        "the issuer publishes its keys, and the one in this token is not among them",
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
        // Without any hint the issuer's only key is meant, if there is exactly one.
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
            // Such an issuer has one key, whatever the token calls it.
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
            return Err(
                Check::fail(CheckId::Proof, Code::KeyMissing, "the token names a key, but no issuer who could own it").found()
            );
        }
    };
    let key = keys.resolve(&method, purpose, signed_at(token)).await.map_err(|error| key_problem(&error))?;
    let key = keys.adopted(key, issuer, purpose).await;
    let is_bare_jwk = Some(key.controller.as_str()) != issuer && !key.controller.starts_with("did:") && key.allowed;
    if is_bare_jwk {
        // A key set says nothing of its owner: the issuer has to publish the very same key.
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
        _ => Err(KeyError::Invalid("the token does not say which of the issuer's keys it was signed with".to_owned())),
    }
}

/// A key of the issuer's published set that fits `wanted`.
async fn in_key_set(issuer: &str, wanted: impl Fn(&Value) -> bool, keys: &KeyResolver) -> Result<Option<ResolvedKey>, KeyError> {
    let set = key_set(issuer, keys).await?;
    set.iter().find(|jwk| wanted(jwk)).map(|jwk| from_set(jwk, issuer)).transpose()
}

/// The JWK set of an https issuer: `/.well-known/jwks.json` (Open Badges 3.0 §8.2), or the SD-JWT VC issuer metadata.
async fn key_set(issuer: &str, keys: &KeyResolver) -> Result<Vec<Value>, KeyError> {
    let base = Url::parse(issuer).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    let Some(base) = base else {
        return Err(KeyError::Unsupported(format!("that {issuer:.100} would publish")));
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
    // A host may publish for several issuers; a key that names another one is not this issuer's.
    Ok(all.into_iter().filter(|jwk| jwk.get("iss").is_none_or(|iss| iss == issuer)).collect())
}

fn from_set(jwk: &Value, issuer: &str) -> Result<ResolvedKey, KeyError> {
    let id = jwk.get("kid").and_then(Value::as_str).unwrap_or(issuer);
    let algorithm = jwk.get("alg").and_then(Value::as_str).map(str::to_owned);
    Ok(ResolvedKey { allowed: true, algorithm, ..ResolvedKey::new(id, issuer, PublicKey::from_jwk(jwk)?) })
}

/// The `controller` check for a key that was resolved.
///
/// `signed`: when the token says that it was signed.
fn judge(key: &ResolvedKey, issuer: Option<&str>, purpose: Purpose, signed: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Check {
    let Some(issuer) = issuer else {
        return match purpose {
            Purpose::Authentication => Check::not_applicable(CheckId::Controller, "The presentation names no holder."),
            Purpose::AssertionMethod => {
                Check::fail(CheckId::Controller, Code::IssuerMissing, "the document names no issuer that a key could belong to")
                    .found()
            }
        };
    };
    if key.controller != issuer && did::without_fragment(&key.controller) != issuer {
        return not_the_issuers(&key.controller, issuer);
    }
    if !key.allowed {
        return Check::fail(CheckId::Controller, Code::KeyNotAllowed, "the issuer does not list the key for issuing credentials")
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
    let detail = format!("the key belongs to {owner:.200}, not to {issuer:.200} who is named as issuer");
    Check::fail(CheckId::Controller, Code::ControllerMismatch, &detail).found()
}

/// How a key came that nobody vouches for.
const BROUGHT: &str = "with the file itself";
const CERTIFIED: &str = "with a certificate that no known authority vouches for";

fn unproven_owner(came: &str, issuer: Option<&str>) -> Check {
    let who = issuer.unwrap_or("the issuer");
    let detail = format!("the key came {came}, and nothing shows that it is {who:.200}'s");
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
