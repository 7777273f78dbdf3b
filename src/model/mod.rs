//! The pure types of the product, in the field's own words.
//! Comes in: nothing from other modules. Goes out: types that all other modules share.
//! Must not know: verification, storage, queues, deliveries, pages.

pub mod account;
pub mod application;
pub mod backpack;
pub mod breaker;
pub mod candidate;
pub mod clock;
pub mod code;
pub mod connection;
pub mod credential;
pub mod decision;
pub mod delivery;
pub mod erasure;
pub mod event;
pub mod exchange;
pub mod health;
pub mod ids;
pub mod ledger;
pub mod moment;
pub mod oauth;
pub mod person;
pub mod push;
pub mod record;
pub mod report;
pub mod retention;
pub mod search;
pub mod secret;
pub mod skill;
pub mod submission;
pub mod summary;
pub mod tenant;
pub mod trust;
