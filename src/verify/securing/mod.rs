//! How a document is secured: Data Integrity proofs, JOSE and COSE, SD-JWT.
//! Comes in: a document. Goes out: `format`, `context`, `proof`, `controller`, `integrity` and `validity`, and the covered content.
//! Must not know: status, trust, people.

pub mod compact_jws;
pub mod jose;
pub mod opening;
pub mod proof;
pub mod sd_jwt;
