//! The one integration binary: everything that touches files, databases, queues or sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::let_underscore_must_use,
    reason = "a test fails by panicking, starts tasks of its own, and is a stranger to the guarded client"
)]

mod accounts;
mod addresses;
mod api;
mod api_limits;
mod api_submissions;
mod applications;
mod architecture;
mod attacks;
mod backpacks;
mod channels_load;
mod command_line;
mod conformance;
mod connector;
mod connector_abilities;
mod connector_engine;
mod connector_list;
mod connector_pitfalls;
mod connector_worker;
mod contexts;
mod cose;
mod delivery_faults;
mod delivery_safety;
mod deployment;
mod docs;
mod documents;
mod erasure;
mod examiner;
mod files;
mod fuzz;
mod holder_binding;
mod http_client;
mod journey;
mod json_ld;
mod lanes;
mod lifecycle;
mod links;
mod mergers;
mod metrics;
mod numbers;
mod oauth;
mod oid4vp;
mod oid4vp_modules;
mod open_badges_2;
mod open_badges_api;
mod openapi;
mod outage;
mod page;
mod people;
mod people_pages;
mod persons;
mod persons_property;
mod pipeline;
mod policy_facts;
mod privacy;
mod push;
mod push_manifests;
mod queue;
#[cfg(feature = "rabbitmq")]
mod queue_tls;
mod receipts;
mod receivers;
mod recovery;
mod recovery_killed;
mod red_team;
mod red_team_disclosure;
mod red_team_issuers;
mod red_team_results;
mod red_team_sd_jwt;
mod red_team_tokens;
mod red_team_wrappers;
mod refusals;
mod relay;
mod samples;
mod search;
mod skills;
mod skills_api;
mod skills_corpus;
mod skills_rule;
mod slow_issuers;
mod status;
mod store;
mod support;
mod taxonomy;
mod tokens;
mod traces;
mod trust;
mod turns;
mod vcalm;
mod verdicts;
mod w3c_credentials;
mod wallet_requests;
