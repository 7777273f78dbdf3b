//! What the composition root gives to the HTTP surface: the connectors, the health of the gateway, work that outlives a request.
//! Each port is a small type of its own over what it needs; the wiring (`App`) implements none of them.

mod connectors;
mod health;
mod tasks;

pub use connectors::InstalledConnectors;
pub use health::Dependencies;
pub use tasks::{Jobs, Tracker};
