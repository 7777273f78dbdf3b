//! The one integration binary: everything that touches files, databases, queues or sockets.

mod api;
mod api_limits;
mod api_submissions;
mod architecture;
mod connector;
mod connector_engine;
mod connector_worker;
mod databases;
mod deployment;
mod employer;
mod fuzz;
mod http_client;
mod journey;
mod json_ld;
mod openapi;
mod page;
mod pipeline;
mod queue;
mod receiver;
mod recovery;
mod samples;
mod store;
mod support;
mod tokens;
