//! Runs the gateway until it is told to stop.

use super::{App, AppError};
use crate::model::secret::Secret;
use std::net::TcpListener;

/// What the operator should know once the gateway answers.
pub struct Started {
    /// Where people open it.
    pub url: String,
    /// Only at the first start.
    pub first_key: Option<Secret>,
}

impl App {
    /// API, pages, relay and workers, until a signal to stop; `ready` is called once the gateway answers.
    pub async fn serve(self, ready: impl FnOnce(&Started)) -> Result<(), AppError> {
        let address = self.settings.http.listen.clone();
        let listener = TcpListener::bind(&address).map_err(|cause| AppError::Listen { address, cause })?;
        let first_key = self.ensure_first_key().await?;
        ready(&Started { url: self.public_url(&listener), first_key });
        self.work().await
    }

    /// Relay and workers only, until a signal to stop.
    pub async fn work(self) -> Result<(), AppError> {
        Ok(())
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
