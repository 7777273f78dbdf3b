//! The two ways in which a connector touches the world: HTTP and files in a folder.
//! Behind a trait, so that a manifest's tests and a dry run can replace the network and the file system.

use super::file::{FileEnd, FileError, FileJob, FileWriter};
use crate::http_client::{HttpClient, HttpError, OutboundRequest, OutboundResponse};
use crate::model::ids::TenantId;
use async_trait::async_trait;

#[async_trait]
pub trait Outside: Send + Sync {
    async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, HttpError>;
    /// `owner`: the tenant, in whose own folder the file must lie.
    async fn write_file(&self, owner: &TenantId, job: FileJob) -> Result<FileEnd, FileError>;
}

/// The real world, behind the guarded client.
pub struct World {
    client: HttpClient,
    files: FileWriter,
}

impl World {
    pub fn new(client: HttpClient, files: FileWriter) -> Self {
        Self { client, files }
    }
}

#[async_trait]
impl Outside for World {
    async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        self.client.send(request).await
    }

    async fn write_file(&self, owner: &TenantId, job: FileJob) -> Result<FileEnd, FileError> {
        self.files.write(owner, job).await
    }
}
