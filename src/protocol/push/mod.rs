//! Events that badge platforms send on their own (webhooks), described as data: one manifest per platform.
//! Comes in: a request's headers and body, and the platform's manifest. Goes out: whether the request is the platform's, and the badges
//! that its events name. Must not know: whose subscription it is, how a badge is fetched, whether a badge is genuine.

pub mod event;
pub mod manifest;
pub mod place;
pub mod registry;
pub mod signature;

pub use event::{BadgeSource, PushError, PushEvent};
pub use manifest::Manifest;
pub use registry::Registry;
pub use signature::Received;
