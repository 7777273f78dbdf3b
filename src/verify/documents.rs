//! Documents that a credential refers to: DID documents, status lists, hosted badges, keys, schemas.
//! A map given by the caller is asked first, then (unless offline) the guarded HTTP client.

use crate::http_client::HttpClient;
use bytes::Bytes;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A document as it was obtained.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub bytes: Bytes,
    pub media_type: Option<String>,
    pub etag: Option<String>,
}

/// Why a document is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("nothing may be fetched (offline), and {0} was not provided")]
    Offline(String),
    /// HTTP 410, or a map entry that says so.
    #[error("{0} is gone")]
    Gone(String),
    #[error("{0} was not found")]
    NotFound(String),
    #[error("{0} may not be contacted")]
    Refused(String),
    #[error("{url} could not be fetched: {cause}")]
    Unreachable { url: String, cause: String },
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Documents {
    pub(crate) map: Arc<HashMap<String, PathBuf>>,
    pub(crate) client: Option<HttpClient>,
}

impl Documents {
    /// `map`: URL or DID → file. `client`: absent means offline.
    pub fn new(map: HashMap<String, PathBuf>, client: Option<HttpClient>) -> Self {
        Self { map: Arc::new(map), client }
    }

    /// `key` is an https URL, or a DID.
    pub async fn get(&self, _key: &str, _accept: &str) -> Result<Fetched, DocumentError> {
        unimplemented!()
    }
}
