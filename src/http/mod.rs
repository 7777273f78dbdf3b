//! The HTTP surface: one table of routes, one table of problems, one way to be known.
//! Comes in: requests of employers' systems, of the pages and of other platforms. Goes out: JSON, pages, problem details.
//! Must not know: how anything is verified, queued or delivered; the composition root chooses the parts behind [`ports`].

pub mod admission;
pub mod answers;
pub mod arrival;
pub mod asyncapi;
pub mod auth;
pub mod body;
pub mod budget;
pub mod cors;
pub mod docs;
pub mod envelope;
pub mod extract;
pub mod handlers;
pub mod metrics;
pub mod openapi;
pub mod pages;
pub mod paging;
pub mod peers;
pub mod person;
pub mod plain_name;
pub mod ports;
pub mod problem;
pub mod routes;
pub mod schemas;
pub mod seats;
pub mod server;
pub mod session;
pub mod state;
pub mod upload;
pub mod watch;

pub use routes::configure;
pub use state::State;
