//! Requests by which an employer's system tells of applications. Comes in: an address and a request as it arrived. Goes out: whether it is
//! the system's, and kept identifiers. A request is never believed further than that: what an application holds, the system is asked.

use super::Applications;
use crate::connector::job::Setup;
use crate::model::connection::{Connection, ConnectionState};
use crate::model::ids::ConnectionId;
use crate::protocol::push::Received;
use crate::protocol::push::event::parse;
use crate::protocol::push::signature::Proof;
use crate::store::StoreError;
use chrono::{DateTime, Utc};

/// A system's request that is about no connection, or that nobody can show to be the system's.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    #[error("the request is not the system's")]
    Refused,
    #[error("{0}")]
    Unreadable(String),
    #[error("{0}")]
    Unusable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A connection that takes requests of its system.
pub struct Hearing {
    connection: Connection,
    setup: Setup,
    proof: Proof,
    secret: String,
}

impl Hearing {
    /// Whether the body is part of the proof.
    pub fn needs_body(&self) -> bool {
        self.proof.needs_body()
    }

    pub fn connection_id(&self) -> &ConnectionId {
        &self.connection.id
    }

    pub fn is_genuine(&self, request: &Received<'_>, now: DateTime<Utc>) -> bool {
        let secret = self.setup.secrets.get(&self.secret);
        secret.is_some_and(|secret| self.proof.holds(request, secret.expose(), now))
    }
}

impl Applications {
    /// How the system may send requests to the connection; `None`: it can't.
    pub fn webhook(&self, connection: &Connection) -> Option<Proof> {
        let connector = self.registry.get(&connection.connector)?;
        let webhook = connector.manifest.intake.as_ref()?.webhook.as_ref()?;
        let is_set = connection.secrets_set.contains(&webhook.secret) && self.reads(connection);
        is_set.then(|| webhook.verify.clone())
    }

    /// The connection behind an address. Everything that is wrong with it looks the same from outside.
    ///
    /// # Errors
    /// There is no such connection, or it takes no requests.
    pub async fn hearing(&self, id: &ConnectionId) -> Result<Hearing, Unheard> {
        let found = self.store().connection_at_address(id).await?;
        let connection = found.filter(|connection| connection.state == ConnectionState::Active).ok_or(Unheard::Refused)?;
        let proof = self.webhook(&connection).ok_or(Unheard::Refused)?;
        let setup = self.setup(&connection).await?.map_err(|_| Unheard::Refused)?;
        let webhook = setup.connector.manifest.intake.as_ref().and_then(|intake| intake.webhook.as_ref());
        let secret = webhook.map(|webhook| webhook.secret.clone()).ok_or(Unheard::Refused)?;
        Ok(Hearing { connection, setup, proof, secret })
    }

    /// Keeps the applications that a genuine request names; they are read soon. Returns how many are new.
    ///
    /// # Errors
    /// The body is none that the manifest describes.
    pub async fn hear(&self, hearing: &Hearing, body: &[u8]) -> Result<usize, Unheard> {
        let body = parse(body, &self.pipeline.examiner.limits).map_err(Unheard::Unreadable)?;
        let named = self.engine.pushed_applications(&hearing.setup, &body);
        let named = named.map_err(|stop| Unheard::Unusable(stop.message))?;
        Ok(self.store().add_applications(&hearing.connection.id, &named, None, self.clock().now()).await?)
    }
}
