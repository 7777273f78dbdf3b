//! Delivers events into employer systems, each described by a manifest in connectors/NAME.
//! Comes in: an event, a connection with its secrets, what is known of the person. Goes out: one `DeliveryResult` and a record of the calls.
//! Must not know: how a credential was verified, which database or queue is in use.

pub mod auth;
pub mod auth_spec;
pub mod caller;
mod carried;
pub mod case;
pub mod check;
pub mod classify;
pub mod engine;
pub mod file;
pub mod filters;
pub mod intake;
pub mod intake_spec;
mod intake_test;
pub mod job;
mod jwt;
pub mod ledger;
pub mod limits;
pub mod manifest;
mod markup;
mod multipart;
mod order;
pub mod outside;
pub mod redact;
pub mod registry;
pub mod request;
pub mod run;
pub mod script;
pub mod secrets;
pub mod selftest;
pub mod settings;
pub mod step;
pub mod stop;
pub mod template;
mod token;
pub mod values;
pub mod variables;

pub use engine::Engine;
pub use registry::{Connector, Registry, RegistryError};
