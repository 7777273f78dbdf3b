//! A link that a candidate put into a CV → the machine-readable credential behind it.
//! Comes in: pasted text. Goes out: the URL to fetch on a known platform, or a plain sentence on why not.
//! Must not know: whether what is fetched is genuine. The pasted host itself is fetched only when the table or an administrator lists it.

mod asker;
pub mod fetch;
pub mod platforms;

pub use asker::LinkAsker;
pub use platforms::{LinkProblem, Resolved, resolve};
