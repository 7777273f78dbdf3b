//! The protocols that credentials arrive by, as pure rules: what a request must say, what is answered.
//! Comes in: parsed requests and remembered facts. Goes out: decisions and bodies of answers.
//! Must not know: the store, the HTTP server, whether a credential is genuine.

pub mod asked;
pub mod claims;
pub mod link;
pub mod oid4vp;
pub mod open_badges;
pub mod push;
pub mod sets;
pub mod vcalm;
