//! One file per resource. A handler reads typed input, asks the store or the pipeline, and answers; it decides nothing else.

pub mod api_keys;
pub mod candidates;
pub mod connections;
pub mod connectors;
pub mod credentials;
pub mod deliveries;
pub mod events;
pub mod receipts;
pub mod session;
pub mod submissions;
pub mod system;
