//! A delivery to the pipeline. Comes in: files and statements about the person. Goes out: the same, and a hash that tells a repeated
//! request from another one. Must not know: what is in the files.

use crate::model::ids::TenantId;
use crate::model::submission::{CandidateHint, Channel, FilePerson, UploadedFile};
use crate::store::StoreError;
use crate::verify::PresentationRequest;
use sha2::{Digest, Sha256};

/// Files to take in.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub tenant_id: TenantId,
    pub channel: Channel,
    pub candidate: CandidateHint,
    pub files: Vec<UploadedFile>,
    /// The persons of single files, where the request names them; they come before `candidate`.
    pub people: Vec<FilePerson>,
    /// What a presentation among the files must be bound to; empty when nobody asked a wallet for it (uploads, links).
    pub expected: PresentationRequest,
    pub idempotency_key: Option<String>,
}

impl Delivered {
    /// Lower-case hex SHA-256 over all parts of the request.
    ///
    /// # Errors
    /// The request can't be written as JSON; a made-up hash would make unlike requests alike.
    pub(super) fn hash(&self) -> Result<String, StoreError> {
        let files = self.files.iter().map(|file| (&file.name, &file.media_type, sha256_hex(&file.bytes)));
        let files: Vec<_> = files.collect();
        let request = (self.channel, &self.candidate, &self.people, &self.expected.challenge, &self.expected.domain, files);
        let text = serde_json::to_vec(&request).map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok(sha256_hex(&text))
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
