//! Skillgate, the employer's front door for digital credentials.
//!
//! The way of one credential; data flows one way, top to bottom:
//!
//! ```text
//! http, web     upload · link · Open Badges API · VCALM · OpenID4VP
//!    │ bytes, exactly as received
//! protocol      what each protocol demands and answers           channel: what it remembers between two messages
//! pipeline      accept → examine → one transaction                 ← read this first
//! examine       intake → verify → normalize, on the blocking pool: the only caller of these three
//! ├ intake      sniff the format, unbake, unpack, split          (document: JSON, tokens, limits)
//! ├ verify      ordered checks → VerificationReport              (jsonld: canonical form; http_client: the only way out)
//! └ normalize   any format → NormalizedCredential with SkillAssertions
//! skills        what a skill's name means: a concept, or suggestions       (taxonomy: imported catalogues)
//! store         submissions, credentials, reports, skills, events (outbox)
//! delivery      relay: outbox → queue (in-process or RabbitMQ); worker: queue → connector
//! connector     one delivery per event × connection: find person → observe → write → ledger
//! ```
//!
//! `model` holds the words that all of them share; `app` is the only place that chooses implementations.

pub mod account;
pub mod app;
pub mod channel;
pub mod cli;
pub mod commands;
pub mod config;
pub mod connector;
pub mod delivery;
pub mod document;
pub mod examine;
pub mod http;
pub mod http_client;
pub mod intake;
pub mod jsonld;
pub mod model;
pub mod normalize;
pub mod pipeline;
pub mod protocol;
pub mod queue;
pub mod receipt;
pub mod sample;
pub mod seal;
pub mod skills;
pub mod store;
pub mod taxonomy;
pub mod trace;
pub mod verify;
pub mod web;
