//! The checks on what a credential says, one module each.
//! Comes in: a document and the facts that the check compares it with. Goes out: one [`crate::model::report::Check`].
//! Must not know: how the document is secured (see `securing`).

pub mod credential_schema;
pub mod format;
pub mod issuer_trust;
pub mod nested;
pub mod recipient;
pub mod refresh;
pub mod related;
pub mod schema;
pub mod status;
pub mod type_metadata;
pub mod unsaid;
pub mod validity;
