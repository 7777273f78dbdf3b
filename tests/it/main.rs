//! The one integration binary: everything that touches files, databases, queues or sockets.

mod architecture;
mod connector;
mod deployment;
