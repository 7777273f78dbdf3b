//! What a foreign document is read with: strict JSON, signed tokens and messages, their bounds.
//! Comes in: bytes or text. Goes out: values, and what kind of document they seem to be. Nothing is believed yet.
//! Must not know: files, protocols, keys, verdicts.

pub mod classify;
pub mod cose;
pub mod json;
pub mod limits;
pub mod members;
pub mod token;

pub use limits::Limits;
