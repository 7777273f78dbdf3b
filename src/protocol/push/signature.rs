//! Is a request the platform's? The ways that platforms have to show it, as a manifest names them.
//! Comes in: a request as it arrived, and the subscription's secret. Goes out: yes or no. Nothing of the body is read before.

use super::place::Place;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// During a rotation a request carries one signature per secret; more than this is no rotation.
const MAX_SIGNATURES: usize = 10;
const WHSEC: &str = "whsec_";
/// Standard Webhooks: a symmetric secret has 24 to 64 bytes.
const WHSEC_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const SECRET_CHARS: std::ops::RangeInclusive<usize> = 16..=256;

/// A request as it arrived.
pub struct Received<'a> {
    /// Of a header (name in lower case), when it is there once and is text.
    pub headers: &'a dyn Fn(&str) -> Option<String>,
    pub body: &'a [u8],
    /// The last part of the address, where the address holds a secret.
    pub address_key: Option<&'a str>,
}

impl Received<'_> {
    pub fn header(&self, name: &str) -> Option<String> {
        (self.headers)(name)
    }
}

/// How a platform shows that a request is its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Proof {
    /// HMAC-SHA256 over parts of the request.
    Hmac {
        /// Holds the signature, or several.
        header: String,
        #[serde(default)]
        encoding: Encoding,
        /// Stands before each signature.
        #[serde(default)]
        prefix: String,
        /// Between several signatures.
        separator: Option<char>,
        signed: Place,
        #[serde(default)]
        key: KeyForm,
        timestamp: Option<Timestamp>,
    },
    /// The secret is the value of a header.
    Header { name: String },
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// `Authorization: Basic`, with the secret as the password.
    Basic { username: String },
    /// The secret is the last part of the address: for platforms that sign nothing.
    Address,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[default]
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// The secret's characters are the key.
    #[default]
    Text,
    /// `whsec_` and the Base64 of the key (Standard Webhooks).
    Whsec,
}

/// A moment that the signature covers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timestamp {
    /// Holds seconds since 1970.
    pub header: String,
    /// How far it may be from now, before and after.
    pub tolerance_seconds: u32,
}

impl Proof {
    /// What is wrong with the manifest's description.
    pub fn check(&self) -> Result<(), String> {
        let Self::Hmac { signed, timestamp, .. } = self else { return Ok(()) };
        if !signed.holds_body() {
            return Err("verify.signed must hold {body}: else the body could be changed".to_owned());
        }
        let unsigned = timestamp.as_ref().filter(|timestamp| !signed.names_header(&timestamp.header.to_ascii_lowercase()));
        match unsigned {
            Some(timestamp) => {
                Err(format!("verify.signed must hold {{header:{}}}: else the time could be changed", timestamp.header))
            }
            None => Ok(()),
        }
    }

    /// Whether the body is part of the proof. Otherwise a request that is not the platform's is refused before its body is read.
    pub fn needs_body(&self) -> bool {
        matches!(self, Self::Hmac { .. })
    }

    /// A new secret of the form that this proof needs. `random`: 32 random bytes.
    pub fn secret_from(&self, random: &[u8; 32]) -> String {
        match self {
            Self::Hmac { key: KeyForm::Whsec, .. } => format!("{WHSEC}{}", STANDARD.encode(random)),
            _ => hex::encode(random),
        }
    }

    /// What is wrong with a secret that the platform chose.
    pub fn check_secret(&self, secret: &str) -> Result<(), String> {
        if let Self::Hmac { key: KeyForm::Whsec, .. } = self {
            return key_bytes(secret).map(drop).ok_or_else(|| "must be whsec_ and the Base64 of 24 to 64 bytes".to_owned());
        }
        let is_address = matches!(self, Self::Address);
        let allowed =
            |byte: u8| if is_address { byte.is_ascii_alphanumeric() || b"-_".contains(&byte) } else { byte.is_ascii_graphic() };
        if SECRET_CHARS.contains(&secret.len()) && secret.bytes().all(allowed) {
            return Ok(());
        }
        let kind = if is_address { "letters, digits, - and _" } else { "visible ASCII characters" };
        Err(format!("must have {} to {} {kind}", SECRET_CHARS.start(), SECRET_CHARS.end()))
    }

    /// Whether the request shows that its sender knows the secret.
    pub fn holds(&self, request: &Received<'_>, secret: &str, now: DateTime<Utc>) -> bool {
        let given = match self {
            Self::Hmac { .. } => return self.signature_holds(request, secret, now).unwrap_or(false),
            Self::Header { name } => request.header(&name.to_ascii_lowercase()).map(Zeroizing::new),
            Self::Bearer => credentials(request, "bearer"),
            Self::Basic { username } => credentials(request, "basic").and_then(|encoded| password(&encoded, username)),
            Self::Address => request.address_key.map(|key| Zeroizing::new(key.to_owned())),
        };
        // An empty secret would let anybody in.
        !secret.is_empty() && given.is_some_and(|given| same(given.as_bytes(), secret.as_bytes()))
    }

    fn signature_holds(&self, request: &Received<'_>, secret: &str, now: DateTime<Utc>) -> Option<bool> {
        let Self::Hmac { header, encoding, prefix, separator, signed, key, timestamp } = self else { return None };
        if let Some(timestamp) = timestamp {
            let sent: i64 = request.header(&timestamp.header.to_ascii_lowercase())?.parse().ok()?;
            if now.timestamp().abs_diff(sent) > u64::from(timestamp.tolerance_seconds) {
                return None;
            }
        }
        let key = match key {
            KeyForm::Text => Some(Zeroizing::new(secret.as_bytes().to_vec())).filter(|key| !key.is_empty()),
            KeyForm::Whsec => key_bytes(secret),
        }?;
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).ok()?;
        mac.update(&signed.bytes(request)?);
        let expected = mac.finalize().into_bytes();
        let value = request.header(&header.to_ascii_lowercase())?;
        let signatures: Vec<&str> = match separator {
            Some(separator) => value.split(*separator).take(MAX_SIGNATURES).collect(),
            None => vec![value.as_str()],
        };
        let matches = |signature: &str| {
            let encoded = signature.trim().strip_prefix(prefix.as_str())?;
            let given = match encoding {
                Encoding::Hex => hex::decode(encoded).ok()?,
                Encoding::Base64 => STANDARD.decode(encoded).ok()?,
            };
            Some(same(&given, &expected))
        };
        Some(signatures.into_iter().any(|signature| matches(signature).unwrap_or(false)))
    }
}

fn key_bytes(secret: &str) -> Option<Zeroizing<Vec<u8>>> {
    let key = STANDARD.decode(secret.strip_prefix(WHSEC)?).ok().map(Zeroizing::new);
    key.filter(|key| WHSEC_BYTES.contains(&key.len()))
}

/// What follows the scheme in the Authorization header.
fn credentials(request: &Received<'_>, scheme: &str) -> Option<Zeroizing<String>> {
    let value = Zeroizing::new(request.header("authorization")?);
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| Zeroizing::new(rest.trim().to_owned()))
}

fn password(encoded: &str, username: &str) -> Option<Zeroizing<String>> {
    let pair = Zeroizing::new(String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?);
    let (user, password) = pair.split_once(':')?;
    same(user.as_bytes(), username.as_bytes()).then(|| Zeroizing::new(password.to_owned()))
}

/// Compares without telling by its timing where two texts differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_614_265_330;
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn proof(yaml: &str) -> Proof {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn standard() -> Proof {
        proof(
            "{type: hmac, header: webhook-signature, encoding: base64, prefix: 'v1,', separator: ' ', key: whsec, \
             signed: '{header:webhook-id}.{header:webhook-timestamp}.{body}', timestamp: {header: webhook-timestamp, tolerance_seconds: 300}}",
        )
    }

    fn holds(proof: &Proof, headers: &[(&str, &str)], body: &[u8], secret: &str, late: i64) -> bool {
        let find = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let request = Received { headers: &find, body, address_key: None };
        proof.holds(&request, secret, DateTime::from_timestamp(NOW + late, 0).unwrap())
    }

    fn headers(signature: &str) -> [(&str, &str); 3] {
        [("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature)]
    }

    #[test]
    fn the_published_example_of_standard_webhooks_holds_and_nothing_else_does() {
        let proof = standard();
        proof.check().unwrap();
        assert!(holds(&proof, &headers(SIGNATURE), BODY, SECRET, 0));
        let rotated = format!("v1,AAAA {SIGNATURE}");
        assert!(holds(&proof, &headers(&rotated), BODY, SECRET, 299), "one of several signatures, a little late");
        let crowd = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(MAX_SIGNATURES));
        for (signature, body, secret, late) in [
            (SIGNATURE, BODY, SECRET, 301),
            (SIGNATURE, BODY, SECRET, -301),
            (SIGNATURE, b"{}".as_slice(), SECRET, 0),
            (SIGNATURE, BODY, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", 0),
            (SIGNATURE, BODY, "", 0),
            (SIGNATURE, BODY, "whsec_", 0),
            (&SIGNATURE[3..], BODY, SECRET, 0),
            ("v1,", BODY, SECRET, 0),
            ("", BODY, SECRET, 0),
            (crowd.as_str(), BODY, SECRET, 0),
        ] {
            assert!(!holds(&proof, &headers(signature), body, secret, late), "{signature} {late}");
        }
        assert!(!holds(&proof, &headers(SIGNATURE)[1..], BODY, SECRET, 0), "a signed header is missing");
    }

    #[test]
    fn a_secret_in_a_header_must_be_the_whole_secret() {
        let secret = "0123456789abcdef";
        for (proof, name, right) in [
            (proof("{type: header, name: X-Push-Key}"), "x-push-key", secret),
            (proof("{type: bearer}"), "authorization", "Bearer 0123456789abcdef"),
            (proof("{type: basic, username: push}"), "authorization", "Basic cHVzaDowMTIzNDU2Nzg5YWJjZGVm"),
        ] {
            assert!(holds(&proof, &[(name, right)], b"", secret, 0), "{right}");
            for wrong in ["", "Bearer", "Bearer ", "Basic", "Basic OjAxMjM0NTY3ODlhYmNkZWY=", &right[..right.len() - 1], "push"] {
                assert!(!holds(&proof, &[(name, wrong)], b"", secret, 0), "{wrong}");
            }
            assert!(!holds(&proof, &[], b"", secret, 0) && !holds(&proof, &[(name, right)], b"", "", 0));
        }
    }

    #[test]
    fn a_signature_that_leaves_out_the_body_or_the_time_is_no_proof() {
        let unsigned_time = "{type: hmac, header: s, signed: '{body}', timestamp: {header: t, tolerance_seconds: 5}}";
        assert!(proof(unsigned_time).check().unwrap_err().contains("{header:t}"));
        assert!(proof("{type: hmac, header: s, signed: '{header:t}'}").check().unwrap_err().contains("{body}"));
    }

    #[test]
    fn a_made_secret_is_one_that_the_proof_takes() {
        for proof in [standard(), proof("{type: address}"), proof("{type: bearer}")] {
            proof.check_secret(&proof.secret_from(&[0xab; 32])).unwrap();
            assert!(proof.check_secret("short").is_err());
        }
        assert!(proof("{type: address}").check_secret("a/b?c=0123456789abcdef").is_err());
    }
}
