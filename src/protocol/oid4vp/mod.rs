//! OpenID for Verifiable Presentations 1.0: the same exchange in another envelope. Pure protocol.
//! Comes in: an exchange, a wallet's answer. Goes out: request objects and links; the presentations in an answer.
//! Must not know: storage, our HTTP server, how a proof is checked.

pub mod attestation;
pub mod browser;
pub mod encrypted;
mod mdoc;
pub mod query;
pub mod request;
pub mod response;
pub mod signing;
