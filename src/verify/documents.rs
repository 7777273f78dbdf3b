//! Documents that a credential refers to: DID documents, status lists, hosted badges, keys, schemas.
//! Comes in: a URL or a DID. Goes out: bytes, or the reason why there are no bytes. The caller's map is asked first, then
//! (unless offline) the guarded HTTP client through a bounded cache that revalidates with ETags.
//! Must not know: the meaning of a document.

use crate::http_client::{HttpClient, HttpError, Method, OutboundRequest, OutboundResponse};
use bytes::Bytes;
use moka::future::Cache;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The time for which a fetched document is used without another request.
const FRESH_FOR: Duration = Duration::from_secs(300);
/// The time for which a fetched document is kept for revalidation.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// Most bytes of documents in the cache.
const CACHE_BYTES: u64 = 64 << 20;
/// Largest document that a map entry may name.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// A document as it was obtained.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub bytes: Bytes,
    pub media_type: Option<String>,
    pub etag: Option<String>,
}

/// The reason why a document is not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("nothing may be fetched (offline), and {0} was not provided")]
    Offline(String),
    /// HTTP 410, or a map entry that says so.
    #[error("{0} is gone")]
    Gone(String),
    #[error("{0} was not found")]
    NotFound(String),
    /// Closed by policy, unknown, silent or broken. Whoever named the address must not learn which, or a credential could be used
    /// to look at the employer's own network; the log has the cause.
    #[error("{0} could not be fetched")]
    Unreachable(String),
}

/// A document that the caller provides instead of the network.
#[derive(Clone, Debug)]
pub enum Provided {
    File(PathBuf),
    Content(Bytes),
    /// Answers as HTTP 410 does.
    Gone,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    provided: Arc<HashMap<String, Provided>>,
    client: Option<HttpClient>,
    fresh: Cache<String, Fetched>,
    stale: Cache<String, Fetched>,
}

impl Default for Documents {
    fn default() -> Self {
        Self::new(HashMap::new(), None)
    }
}

impl Documents {
    /// `map`: URL or DID → file. `client`: absent means offline.
    pub fn new(map: HashMap<String, PathBuf>, client: Option<HttpClient>) -> Self {
        let provided = map.into_iter().map(|(key, path)| (key, Provided::File(path))).collect();
        Self::with_provided(provided, client)
    }

    /// `provided`: URL or DID → answer. `client`: absent means offline.
    pub fn with_provided(provided: HashMap<String, Provided>, client: Option<HttpClient>) -> Self {
        let cache = |keep| {
            let weigh = |key: &String, value: &Fetched| u32::try_from(key.len() + value.bytes.len()).unwrap_or(u32::MAX);
            Cache::builder().max_capacity(CACHE_BYTES / 2).weigher(weigh).time_to_live(keep).build()
        };
        Self { provided: Arc::new(provided), client, fresh: cache(FRESH_FOR), stale: cache(KEPT_FOR) }
    }

    /// Whether the caller provided exactly this key.
    pub fn is_provided(&self, key: &str) -> bool {
        self.provided.contains_key(key)
    }

    /// `key` is an https URL, or a DID. For a DID, only provided documents are asked; each DID method resolves its own URL.
    ///
    /// # Errors
    /// [`DocumentError::Gone`] for HTTP 410; [`DocumentError::NotFound`] for other 4xx answers.
    pub async fn get(&self, key: &str, accept: &str) -> Result<Fetched, DocumentError> {
        let address = key.split('#').next().unwrap_or(key);
        if let Some(provided) = self.provided.get(key).or_else(|| self.provided.get(address)) {
            return read(provided, address).await;
        }
        let Ok(url) = Url::parse(address) else {
            return Err(DocumentError::NotFound(address.to_owned()));
        };
        if !matches!(url.scheme(), "https" | "http") {
            return Err(DocumentError::NotFound(address.to_owned()));
        }
        let Some(client) = &self.client else {
            return Err(DocumentError::Offline(address.to_owned()));
        };
        let cache_key = format!("{accept} {url}");
        let fetching = self.fetch(client, &url, accept, &cache_key);
        self.fresh.try_get_with_by_ref(&cache_key, fetching).await.map_err(|error| (*error).clone())
    }

    async fn fetch(&self, client: &HttpClient, url: &Url, accept: &str, cache_key: &str) -> Result<Fetched, DocumentError> {
        let known = self.stale.get(cache_key).await;
        let mut headers = vec![("accept".to_owned(), accept.to_owned())];
        if let Some(etag) = known.as_ref().and_then(|known| known.etag.clone()) {
            headers.push(("if-none-match".to_owned(), etag));
        }
        let request = OutboundRequest {
            method: Method::GET,
            url: url.clone(),
            headers,
            body: None,
            timeout: None,
            max_body_bytes: None,
            follow_redirects: true,
        };
        let response = client.send(request).await.map_err(|error: HttpError| unreachable(url, &error.to_string()))?;
        if let (304, Some(known)) = (response.status, known) {
            return Ok(known);
        }
        let fetched = judge(url, response)?;
        self.stale.insert(cache_key.to_owned(), fetched.clone()).await;
        Ok(fetched)
    }
}

async fn read(provided: &Provided, key: &str) -> Result<Fetched, DocumentError> {
    let bytes = match provided {
        Provided::Gone => return Err(DocumentError::Gone(key.to_owned())),
        Provided::Content(bytes) => bytes.clone(),
        Provided::File(path) => {
            let unreadable = |cause: &str| {
                tracing::warn!(file = %path.display(), cause, "a file of verify.documents_file could not be read");
                DocumentError::Unreachable(key.to_owned())
            };
            let size = tokio::fs::metadata(path).await.map_err(|error| unreadable(&error.to_string()))?.len();
            if size > MAX_FILE_BYTES {
                return Err(unreadable("the file is too large"));
            }
            tokio::fs::read(path).await.map_err(|error| unreadable(&error.to_string()))?.into()
        }
    };
    Ok(Fetched { bytes, media_type: None, etag: None })
}

fn judge(url: &Url, response: OutboundResponse) -> Result<Fetched, DocumentError> {
    match response.status {
        200..=299 => Ok(Fetched {
            media_type: response.header("content-type").map(str::to_owned),
            etag: response.header("etag").map(str::to_owned),
            bytes: response.body,
        }),
        410 => Err(DocumentError::Gone(url.to_string())),
        404 => Err(DocumentError::NotFound(url.to_string())),
        status => Err(unreachable(url, &format!("the server answered {status}"))),
    }
}

/// The log gets the cause and the host; a path may name a person.
fn unreachable(url: &Url, cause: &str) -> DocumentError {
    tracing::info!(
        host = url.host_str().unwrap_or_default(),
        cause,
        "a document that a credential refers to could not be fetched"
    );
    DocumentError::Unreachable(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provided(key: &str, value: Provided) -> Documents {
        Documents::with_provided(HashMap::from([(key.to_owned(), value)]), None)
    }

    #[tokio::test]
    async fn a_provided_document_answers_its_own_key_only() {
        let documents = provided("https://example.org/list?a=1", Provided::Content(Bytes::from_static(b"{}")));
        assert_eq!(documents.get("https://example.org/list?a=1", "*/*").await.unwrap().bytes, "{}");
        assert_eq!(documents.get("https://example.org/list?a=1#part", "*/*").await.unwrap().bytes, "{}");
        let other = documents.get("https://example.org/list", "*/*").await.unwrap_err();
        assert_eq!(other, DocumentError::Offline("https://example.org/list".to_owned()));
    }

    #[tokio::test]
    async fn an_entry_can_say_that_the_document_is_gone() {
        let documents = provided("https://example.org/badge", Provided::Gone);
        assert!(matches!(documents.get("https://example.org/badge", "*/*").await, Err(DocumentError::Gone(_))));
    }

    #[tokio::test]
    async fn only_web_addresses_are_ever_fetched() {
        for key in ["did:example:1", "file:///etc/passwd", "ftp://example.org/x", "not a url"] {
            assert!(matches!(Documents::default().get(key, "*/*").await, Err(DocumentError::NotFound(_))), "{key}");
        }
    }
}
