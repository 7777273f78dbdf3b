//! What a skill means. Comes in: skills as the credential names them, the loaded taxonomies, decisions of people. Goes out: skills with
//! concepts, or with suggestions for a person. Must not know: the database, events.
//!
//! What may be published without a person's look: what the issuer declared, what a published crosswalk or a person's earlier
//! decision says, a name that is exactly one concept's, and what the combiner finds more probable than the threshold of its
//! calibration. Everything else keeps its label and waits for a person.

pub mod candidates;
pub mod coefficients;
pub mod combiner;
mod concepts;
mod declared;
pub mod evaluate;
pub mod mapper;
pub mod numbers;
pub mod pairs;
pub mod training;

pub use mapper::{Mapper, decide};
