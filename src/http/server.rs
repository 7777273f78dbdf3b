//! Runs the application on a listening socket, with the time-outs and bounds that strangers meet first.
//! Comes in: the state and a bound socket. Goes out: a running server, to be awaited and stopped by the composition root.

use super::routes::application;
use super::state::State;
use actix_web::HttpServer;
pub use actix_web::dev::Server;
use std::net::TcpListener;
use std::time::Duration;

/// Time for a request's head to arrive; what sends slower is cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Connections at the same time, per server thread.
const MAX_CONNECTIONS: usize = 10_000;
const SHUTDOWN_SECONDS: u64 = 20;

/// Starts to answer. Signals are the caller's: stop with [`Server::handle`]. `workers`: server threads, at least one.
/// Heads are bounded by actix itself (96 fields, 128 KiB); bodies by each handler.
pub fn start(state: State, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    let server = HttpServer::new(move || application(state.clone()))
        .workers(workers.max(1))
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .max_connections(MAX_CONNECTIONS)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
