//! Runs the gateway until it is told to stop, and stops it in order: no new requests, running work to its end, then the rest.

use super::{App, AppError};
use crate::channel::Channels;
use crate::http::ports::Tasks;
use crate::http::server::{self, Server};
use crate::http::watch;
use crate::model::secret::Secret;
use crate::pipeline::PipelineError;
use std::net::TcpListener;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;

/// Time that other work has to end beyond the time that deliveries have. The next start takes up the rest.
const GRACE: Duration = Duration::from_secs(3);

/// Time between two searches for credentials whose end date has passed, and for those whose issuer is to be asked again.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(30);
const CHECK_INTERVAL: Duration = Duration::from_secs(20);

/// Time between two looks for skills that must be mapped again.
const MAPPING_INTERVAL: Duration = Duration::from_secs(2);

/// Time until a trust policy that another process published counts here, too.
const POLICY_INTERVAL: Duration = Duration::from_secs(5);

/// Time between two looks for connections that are to be asked for applications.
const APPLICATIONS_INTERVAL: Duration = Duration::from_secs(10);

/// Time between two searches for backpacks that are due.
const CHANNELS_INTERVAL: Duration = Duration::from_secs(60);

/// Most connections at the same time, and the files that the process needs for the database, the queue and requests of its own.
const MOST_CONNECTIONS: usize = 20_000;
const OWN_FILES: usize = 256;
/// Connections that the operating system keeps until they are taken up.
const LINE: u32 = 4_096;

/// Facts that the operator should know once the gateway answers.
pub struct Started {
    /// The address that people open.
    pub url: String,
    /// Only at the first start.
    pub first_key: Option<Secret>,
}

/// A gateway that answers requests.
pub struct Listening {
    /// To be awaited; ends when it is stopped by its handle.
    pub server: Server,
    /// Where people open it.
    pub url: String,
    pub channels: Channels,
    /// Only at the first start.
    pub first_key: Option<Secret>,
}

impl App {
    /// API, pages, relay and workers, until a signal to stop; `ready` is called once the gateway answers.
    #[allow(clippy::disallowed_methods, reason = "the composition root starts the tasks")]
    pub async fn serve(self, ready: impl FnOnce(&Started)) -> Result<(), AppError> {
        let address = self.settings.http.listen.clone();
        let listener = bind(&address).map_err(|cause| AppError::Listen { address, cause })?;
        self.listen_for_monitoring()?;
        let Listening { server, url, channels, first_key } = self.listen(listener).await?;
        let stop_server = server.handle();
        let server = tokio::spawn(server);
        let stop = self.start_background().await?;
        self.background.spawn(tend_channels(channels, stop.clone()));
        ready(&Started { url, first_key });
        signal_to_stop().await;
        tracing::info!("a signal to stop was received");
        self.leaving.cancel();
        tokio::time::sleep(Duration::from_secs(self.settings.http.stop_delay_seconds)).await;
        self.ending.cancel();
        stop_server.stop(true).await;
        self.stop_background(stop).await;
        server.await.map_err(|error| AppError::Server(std::io::Error::other(error)))??;
        Ok(())
    }

    /// Answers on the socket: API and pages, without relay and workers.
    pub async fn listen(&self, listener: TcpListener) -> Result<Listening, AppError> {
        let first_key = self.ensure_first_key().await?;
        let url = self.public_url(&listener);
        let state = self.http_state(&url)?;
        let channels = state.channels.clone();
        let server = server::start(state, listener, self.server_threads(), connections())?;
        Ok(Listening { server, url, channels, first_key })
    }

    /// Metrics and probes at an address of their own, if the settings name an address. They answer until the process ends.
    #[allow(clippy::disallowed_methods, reason = "the composition root starts the tasks")]
    fn listen_for_monitoring(&self) -> Result<(), AppError> {
        let address = self.settings.metrics.listen.clone();
        if address.is_empty() {
            return Ok(());
        }
        let listener = bind(&address).map_err(|cause| AppError::Listen { address, cause })?;
        drop(tokio::spawn(watch::start(self.watch(), listener)?));
        Ok(())
    }

    /// Relay and workers only, until a signal to stop.
    pub async fn work(self) -> Result<(), AppError> {
        self.listen_for_monitoring()?;
        let stop = self.start_background().await?;
        tracing::info!("relay and workers were started");
        signal_to_stop().await;
        self.leaving.cancel();
        self.stop_background(stop).await;
        Ok(())
    }

    /// Starts the relay, the workers and the submissions that a stopped process left unfinished.
    async fn start_background(&self) -> Result<CancellationToken, AppError> {
        let stop = CancellationToken::new();
        self.background.spawn(self.relay.clone().run(stop.clone().cancelled_owned()));
        self.background.spawn(self.worker.clone().run(stop.clone()));
        self.background.spawn(self.clone().expire_ended(stop.clone()));
        self.background.spawn(self.clone().ask_issuers(stop.clone()));
        self.background.spawn(self.clone().map_skills_again(stop.clone()));
        self.background.spawn(self.clone().read_applications(stop.clone()));
        self.background.spawn(self.clone().keep_to_retention(stop.clone()));
        self.background.spawn(self.clone().follow_policies(stop.clone()));
        for submission in self.store.unfinished_submissions().await? {
            self.jobs.resume(submission);
        }
        Ok(stop)
    }

    /// Publishes the end of credentials. A loop of its own: no issuer is asked, so no issuer can delay it.
    async fn expire_ended(self, stop: CancellationToken) {
        while !self.pause_after(self.pipeline.expire_ended().await, EXPIRY_INTERVAL, &stop).await {
            if let Err(error) = self.store.forget_erasures(self.clock.now()).await {
                tracing::warn!(cause = %error, "who was erased could not be forgotten yet");
            }
        }
    }

    /// Publishes what has changed at the issuers.
    async fn ask_issuers(self, stop: CancellationToken) {
        while !self.pause_after(self.pipeline.check_due().await, CHECK_INTERVAL, &stop).await {}
    }

    /// True when it is time to stop. After a change the next look follows at once: there may be more than one batch.
    async fn pause_after(&self, changed: Result<usize, PipelineError>, interval: Duration, stop: &CancellationToken) -> bool {
        let pause = match changed {
            Ok(0) => interval,
            Ok(_) => {
                self.jobs.wake();
                Duration::ZERO
            }
            Err(error) => {
                tracing::warn!(cause = %error, "the lifecycle check of credentials failed");
                interval
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// Lets decisions and new taxonomies reach earlier credentials, step by step.
    async fn map_skills_again(self, stop: CancellationToken) {
        while !self.pause_after(self.pipeline.map_again().await, MAPPING_INTERVAL, &stop).await {}
    }

    /// Reads applications of employers' systems where a connection asks for it.
    async fn read_applications(self, stop: CancellationToken) {
        loop {
            let work = async {
                match self.applications.tick().await {
                    Ok(0) => {}
                    Ok(_) => self.jobs.wake(),
                    Err(error) => tracing::warn!(cause = %error, "applications could not be read and are read later"),
                }
                tokio::time::sleep(APPLICATIONS_INTERVAL).await;
            };
            // What is cut off is repeated: the lease ends, and no application counts twice.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = work => {}
            }
        }
    }

    /// Takes over trust policies that other processes published.
    async fn follow_policies(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(POLICY_INTERVAL) => {}
            }
            if let Err(error) = self.pipeline.load_published_policies().await {
                tracing::warn!(cause = %error, "published trust policies could not be read; the known policies go on to count");
            }
        }
    }

    async fn stop_background(&self, stop: CancellationToken) {
        stop.cancel();
        let ended = async {
            self.background.wait().await;
            self.jobs.tracker.wait().await;
        };
        let patience = Duration::from_secs(self.settings.delivery.drain_seconds) + GRACE;
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("some work did not end in time and will be taken up at the next start");
        }
    }

    fn server_threads(&self) -> usize {
        match self.settings.http.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            configured => configured,
        }
    }

    fn public_url(&self, listener: &TcpListener) -> String {
        let configured = self.settings.http.public_url.trim_end_matches('/');
        if !configured.is_empty() {
            return configured.to_owned();
        }
        let address = listener.local_addr().map_or_else(|_| self.settings.http.listen.clone(), |address| address.to_string());
        format!("http://{}", address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "127.0.0.1"))
    }
}

/// A listening socket with a longer line of new connections than the standard library's: strangers that come all at once must not
/// keep others from being heard.
fn bind(address: &str) -> std::io::Result<TcpListener> {
    let mut failed = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for candidate in std::net::ToSocketAddrs::to_socket_addrs(address)? {
        let socket = if candidate.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait for the connections of the process before.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        match socket.bind(candidate).and_then(|()| socket.listen(LINE)) {
            Ok(listener) => return listener.into_std(),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Most connections at the same time: as many as the process may open, without those that it needs itself.
fn connections() -> usize {
    open_files().saturating_sub(OWN_FILES).clamp(OWN_FILES, MOST_CONNECTIONS)
}

/// Raises the number of files that the process may have open to what the system allows: every connection is a file.
#[cfg(unix)]
fn open_files() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    // Where raising is not allowed, the old limit stays.
    let now = if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { before };
    now.map_or(MOST_CONNECTIONS, |files| usize::try_from(files).unwrap_or(MOST_CONNECTIONS))
}

#[cfg(not(unix))]
fn open_files() -> usize {
    MOST_CONNECTIONS
}

/// Pulls due backpacks and deletes expired rows, every minute.
async fn tend_channels(channels: Channels, stop: CancellationToken) {
    loop {
        channels.tick().await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CHANNELS_INTERVAL) => {}
        }
    }
}

/// Ends at SIGINT or SIGTERM.
async fn signal_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
