//! A share link: resolved by the table of platforms, fetched from the platform, verified like an upload.

use super::Channels;
use crate::model::ids::TenantId;
use crate::model::submission::{CandidateHint, Channel, Submission};
use crate::pipeline::{Delivered, PipelineError};
use crate::protocol::link::{LinkProblem, fetch, resolve};
use crate::verify::PresentationRequest;

#[derive(Debug, thiserror::Error)]
pub enum LinkFailure {
    #[error("{}", .0.message)]
    Link(LinkProblem),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl Channels {
    pub async fn take_link(
        &self,
        tenant: &TenantId,
        link: &str,
        candidate: CandidateHint,
        idempotency_key: Option<String>,
    ) -> Result<Submission, LinkFailure> {
        let resolved = resolve(link, &self.settings.link_hosts, &self.settings.link_platforms_off).map_err(LinkFailure::Link)?;
        let file = fetch::fetch(&self.http, &resolved).await.map_err(LinkFailure::Link)?;
        let delivered = Delivered {
            tenant_id: tenant.clone(),
            channel: Channel::Link,
            candidate,
            files: vec![file],
            people: Vec::new(),
            expected: PresentationRequest::default(),
            idempotency_key,
        };
        Ok(self.pipeline.accept(delivered).await?)
    }
}
