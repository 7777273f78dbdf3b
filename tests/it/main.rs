//! The one integration binary: everything that touches files, databases, queues or sockets.

mod api;
mod api_limits;
mod architecture;
mod connector;
mod deployment;
mod openapi;
mod page;
mod support;
