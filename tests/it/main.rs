//! The one integration binary: everything that touches files, databases, queues or sockets.

mod api;
mod api_limits;
mod architecture;
mod connector;
mod connector_worker;
mod databases;
mod deployment;
mod json_ld;
mod employer;
mod fuzz;
mod openapi;
mod page;
mod samples;
mod store;
mod support;
