//! A Bitstring Status List (W3C Bitstring Status List 1.0).
//! Comes in: the revoked indexes. Goes out: an unsigned status list credential.

use super::badge::{Institution, text};
use base64::Engine as _;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;

/// Entries of the shortest list that the specification allows, so that single badges can't be recognised.
pub const ENTRIES: usize = 131_072;

/// The list for revocation at `url`. Indexes beyond the list are ignored.
pub fn unsigned(institution: &Institution, url: &str, revoked: &[usize], valid_from: DateTime<Utc>) -> std::io::Result<Value> {
    let mut bits = vec![0_u8; ENTRIES / 8];
    for index in revoked {
        if let Some(byte) = bits.get_mut(index / 8) {
            // The first entry is the leftmost bit.
            *byte |= 0x80 >> (index % 8);
        }
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&bits)?;
    let encoded = format!("u{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(encoder.finish()?));
    Ok(json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": institution.did(),
        "validFrom": text(valid_from),
        "credentialSubject": {
            "id": format!("{url}#list"), "type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": encoded
        }
    }))
}
