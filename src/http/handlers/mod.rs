//! One file per resource. A handler reads typed input, asks the store or the pipeline, and answers; it decides nothing else.

pub mod api_keys;
pub mod backfill;
pub mod backpacks;
pub mod candidates;
pub mod connections;
pub mod connectors;
pub mod credentials;
pub mod deliveries;
pub mod digital_credentials;
pub mod events;
pub mod exchange_events;
pub mod exchanges;
pub mod invitations;
pub mod link;
pub mod oauth;
pub mod oid4vp;
pub mod open_badges;
pub mod receipts;
pub mod request_templates;
pub mod session;
pub mod skills;
pub mod snapshot;
pub mod submissions;
pub mod system;
pub mod vcalm;
pub mod vcalm_verify;
