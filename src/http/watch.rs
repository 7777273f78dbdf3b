//! What the operator's monitoring may ask, and the address of its own at which it may ask.
//! Comes in: the parts that are watched, a bound socket. Goes out: a running server, to be awaited and stopped by the composition root.
//! Must not know: tenants. Nothing here names one.

use super::handlers::watch;
use super::metrics::Metrics;
use super::ports::Health;
use super::problem::{Code, Problem};
use crate::model::clock::Clock;
use crate::model::secret::Secret;
use crate::store::Store;
use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::TcpListener;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const CONNECTIONS: usize = 64;

/// Cheap to clone.
#[derive(Clone)]
pub struct Watch {
    pub store: Store,
    pub clock: Clock,
    pub metrics: Metrics,
    pub health: Arc<dyn Health>,
    /// What a reader of the metrics must send; empty: nothing.
    pub key: Secret,
    /// The metrics have an address of their own, and the gateway's address does not show them.
    pub is_apart: bool,
    /// Cancelled: the process is about to stop and wants no more requests.
    pub leaving: CancellationToken,
}

/// Answers at an address of its own, with one thread. Signals are the caller's.
pub fn start(watch: Watch, listener: TcpListener) -> std::io::Result<Server> {
    let watch = Watch { is_apart: false, ..watch };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(watch.clone()))
            .route("/healthz", web::get().to(watch::healthz))
            .route("/readyz", web::get().to(watch::readyz))
            .route("/metrics", web::get().to(watch::metrics))
            .default_service(web::to(elsewhere))
    });
    Ok(server.workers(1).max_connections(CONNECTIONS).disable_signals().listen(listener)?.run())
}

async fn elsewhere() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, "This address answers /healthz, /readyz and /metrics."))
}
