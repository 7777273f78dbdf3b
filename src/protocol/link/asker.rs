//! Asks known platforms about links, within what the administrator allows.
//! Comes in: a link. Goes out: the file behind the link, to be handled like an upload, or a plain sentence with the reason.
//! Must not know: the link's source, the caller.

use super::platforms::{LinkProblem, Resolved, resolve};
use crate::http_client::HttpClient;
use crate::model::submission::UploadedFile;
use std::sync::Arc;

/// Cheap to clone.
#[derive(Clone)]
pub struct LinkAsker {
    /// `None`: nothing may be fetched.
    http: Option<HttpClient>,
    listed: Arc<[String]>,
    off: Arc<[String]>,
}

impl LinkAsker {
    /// `http`: `None` when nothing may be fetched; `listed`: further hosts that an administrator allows; `off`: names of platforms
    /// that are switched off.
    pub fn new(http: Option<HttpClient>, listed: &[String], off: &[String]) -> Self {
        Self { http, listed: listed.into(), off: off.into() }
    }

    /// The address to fetch for a link; nothing is fetched yet.
    pub fn resolve(&self, link: &str) -> Result<Resolved, LinkProblem> {
        resolve(link, &self.listed, &self.off)
    }

    /// `None`: nothing may be fetched.
    pub async fn ask(&self, resolved: &Resolved) -> Option<Result<UploadedFile, LinkProblem>> {
        let http = self.http.as_ref()?;
        Some(super::fetch::fetch(http, resolved).await)
    }
}
