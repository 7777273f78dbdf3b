//! The ports that the composition root gives to the HTTP surface: the connectors, the gateway's health, work that continues after a
//! request. Each port is a separate small type; the wiring (`App`) implements no port.

mod connectors;
mod health;
mod tasks;

pub use connectors::InstalledConnectors;
pub use health::Dependencies;
pub use tasks::{Jobs, Tracker};
