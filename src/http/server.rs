//! Runs the application on a listening socket, with the time-outs and bounds that strangers meet first.
//! Comes in: the state and a bound socket. Goes out: a running server, to be awaited and stopped by the composition root.

use super::peers::Peers;
use super::routes::application;
use super::state::State;
use actix_web::HttpServer;
pub use actix_web::dev::{Extensions, Server};
use std::any::Any;
use std::net::TcpListener;
use std::time::Duration;
use tokio::net::TcpStream;

/// Time for a request's head to arrive; a slower sender is cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const SHUTDOWN_SECONDS: u64 = 20;

/// Starts to answer. Signals are the caller's: stop with [`Server::handle`]. `workers`: server threads, at least one.
/// `connections`: at the same time, over all threads.
/// Heads are bounded by actix itself (96 fields, 128 KiB); bodies by `arrival` and by each handler.
pub fn start(state: State, listener: TcpListener, workers: usize, connections: usize) -> std::io::Result<Server> {
    let peers = state.peers.clone();
    let workers = workers.max(1);
    let server = HttpServer::new(move || application(state.clone()))
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .max_connections(connections.div_ceil(workers))
        .on_connect(move |connection, extensions| admit(&peers, connection, extensions))
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Counts a connection of its network until it ends; ends it at once when the network has enough of them.
fn admit(peers: &Peers, connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let Ok(address) = stream.peer_addr() else { return };
    match peers.admit(address.ip()) {
        Some(place) => drop(extensions.insert(place)),
        None => close(stream),
    }
}

/// The server owns the socket; a second handle on it can end the connection.
#[cfg(unix)]
fn close(stream: &TcpStream) {
    use std::os::fd::AsFd;
    if let Ok(handle) = stream.as_fd().try_clone_to_owned() {
        // A connection that has ended already needs no end.
        std::net::TcpStream::from(handle).shutdown(std::net::Shutdown::Both).ok();
    }
}

#[cfg(not(unix))]
fn close(_: &TcpStream) {}
