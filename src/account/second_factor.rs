//! Second factors: codes of an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds), and recovery codes.
//! Comes in: a secret and a code. Goes out: the period that the code belongs to. Must not know: which codes were used.

use crate::model::ids::UserId;
use crate::model::secret::Secret;
use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::{Rng, RngCore};
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, TOTP};

const DIGITS: usize = 6;
const STEP_SECONDS: u64 = 30;
const RECOVERY_CODES: usize = 10;
/// No letters and digits that look alike.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A second factor that is offered.
pub struct Offer {
    /// In base32, as people type it.
    pub secret: Secret,
    /// What the QR code holds.
    pub uri: Secret,
}

impl Offer {
    pub fn new(email: &str) -> Self {
        let mut random = [0u8; 20];
        rand::rngs::OsRng.fill_bytes(&mut random);
        let secret = match totp_rs::Secret::Raw(random.to_vec()).to_encoded() {
            totp_rs::Secret::Encoded(text) => text,
            totp_rs::Secret::Raw(_) => String::new(),
        };
        Self { uri: Secret::new(qr_text(&secret, email)), secret: Secret::new(secret) }
    }
}

/// The address that an authenticator app reads from a QR code.
pub fn qr_text(secret: &str, email: &str) -> String {
    format!("otpauth://totp/Skillgate:{}?secret={secret}&issuer=Skillgate", utf8_percent_encode(email, NON_ALPHANUMERIC))
}

/// The period of the code: this, the one before or the one after, as clocks differ.
pub fn step_of(secret: &Secret, code: &str, now: DateTime<Utc>) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = totp_rs::Secret::Encoded(secret.expose().to_owned()).to_bytes().ok()?;
    let totp = TOTP::new(Algorithm::SHA1, DIGITS, 1, STEP_SECONDS, bytes).ok()?;
    let current = u64::try_from(now.timestamp()).ok()? / STEP_SECONDS;
    let near = [current, current.saturating_sub(1), current + 1];
    let found = near.into_iter().filter(|step| {
        let right = totp.generate(step * STEP_SECONDS);
        subtle::ConstantTimeEq::ct_eq(right.as_bytes(), code.as_bytes()).into()
    });
    // All are compared, so that the time tells nothing.
    found.fold(None, |_, step| i64::try_from(step).ok())
}

/// Codes for the loss of the authenticator app, 50 bits each.
pub fn recovery_codes() -> Vec<String> {
    let mut random = rand::rngs::OsRng;
    let mut letter = || char::from(LETTERS[random.gen_range(0..LETTERS.len())]);
    (0..RECOVERY_CODES)
        .map(|_| {
            let text: String = (0..10).map(|_| letter()).collect();
            format!("{}-{}", &text[..5], &text[5..])
        })
        .collect()
}

pub fn recovery_hash(user: &UserId, code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    hex::encode(Sha256::digest(format!("recovery {user} {plain}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238_and_good_for_a_period_before_and_after() {
        // RFC 6238, appendix B: the secret "12345678901234567890"; the last six digits.
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!(step_of(&secret, "287082", at(59)), Some(1));
        assert_eq!(step_of(&secret, "081 804", at(1_111_111_109)), Some(1_111_111_109 / 30));
        assert_eq!(step_of(&secret, "081804", at(1_111_111_109 + 30)), Some(1_111_111_109 / 30));
        assert_eq!(step_of(&secret, "081804", at(1_111_111_109 + 90)), None);
        for bad in ["", "0", "28708", "2870820", "abcdef"] {
            assert_eq!(step_of(&secret, bad, at(59)), None, "{bad}");
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_read_in_any_writing() {
        let codes = recovery_codes();
        assert_eq!(codes.iter().collect::<std::collections::HashSet<_>>().len(), RECOVERY_CODES);
        let user = UserId::from("u");
        assert_eq!(recovery_hash(&user, "abcde-fghjk"), recovery_hash(&user, " ABCDE fghjk "));
    }
}
