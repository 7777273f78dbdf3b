//! Open Badges 2.0 (and what is left of 1.x): the graph of assertion, badge class and issuer, hosted or signed.
//! Comes in: a received assertion (JSON, compact JWS or the URL of a hosted one). Goes out: a complete verification.
//! Must not know: JSON-LD proofs, how the badge was baked.

use super::{Verification, VerificationRequest, Verifier};
use crate::model::credential::ReceivedCredential;

/// Every check of the report, for documents of the formats `ob1` and `ob2` and for hosted URLs.
pub async fn verify(_received: &ReceivedCredential, _request: &VerificationRequest, _verifier: &Verifier) -> Verification {
    unimplemented!()
}
