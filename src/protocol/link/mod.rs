//! From a share link, for example in a CV, to the machine-readable credential behind it.
//! Comes in: pasted text. Goes out: the URL to fetch on a known platform, or a plain sentence with the reason.
//! Must not know: whether the credential is genuine. The pasted host is contacted only if the table or an administrator lists it.

mod asker;
pub mod fetch;
pub mod platforms;

pub use asker::LinkAsker;
pub use platforms::{LinkProblem, Resolved, resolve};
