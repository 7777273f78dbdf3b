//! Readers for foreign documents: strict JSON, signed tokens and messages, their bounds.
//! Comes in: bytes or text. Goes out: values, and the likely kind of document. Nothing is verified.
//! Must not know: files, protocols, keys, verdicts.

pub mod classify;
pub mod cose;
pub mod json;
pub mod limits;
pub mod members;
pub mod private_key;
pub mod spans;
pub mod token;
pub mod visible;

pub use limits::Limits;
