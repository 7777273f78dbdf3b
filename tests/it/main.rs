//! The one integration binary: everything that touches files, databases, queues or sockets.

mod api;
mod api_limits;
mod architecture;
mod connector;
mod databases;
mod connector_worker;
mod deployment;
mod json_ld;
mod employer;
mod openapi;
mod page;
mod store;
mod support;
