//! VCALM (earlier: VC API) for a verifier that coordinates exchanges: pure protocol.
//! Comes in: messages of wallets and partners. Goes out: their meaning, requests to send, results in the standard's form.
//! Must not know: storage, our HTTP server, how a proof is checked.

pub mod message;
pub mod problem;
pub mod request;
pub mod results;
pub mod verify_request;
