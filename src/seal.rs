//! Encryption at rest of secrets and personal data: AES-256-GCM under the installation's master key.
//! Must not know: the meaning of the sealed data.

use aes_gcm::aead::{Aead, KeyInit, OsRng, Payload, rand_core::RngCore};
use aes_gcm::{Aes256Gcm, Nonce};

const NONCE_BYTES: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the sealed value can't be opened with this master key")]
    WrongKeyOrDamaged,
    #[error("the value could not be sealed")]
    Failed,
}

/// Seals and opens byte strings. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Aes256Gcm);

impl Sealer {
    pub fn new(master_key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(master_key.into()))
    }

    /// `context` names the sealed value (for example `connection:<id>`); opening needs the same context.
    /// Result: nonce (12 bytes) followed by ciphertext and tag.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0u8; NONCE_BYTES];
        OsRng.fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let ciphertext = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Failed)?;
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::WrongKeyOrDamaged)?;
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        self.0.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealError::WrongKeyOrDamaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_again_only_under_the_same_key_and_context() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("connection:1", b"token").unwrap();
        assert_eq!(sealer.open("connection:1", &sealed).unwrap(), b"token");
        assert_eq!(sealer.open("connection:2", &sealed), Err(SealError::WrongKeyOrDamaged));
        assert_eq!(Sealer::new(&[8; 32]).open("connection:1", &sealed), Err(SealError::WrongKeyOrDamaged));
        assert_eq!(sealer.open("connection:1", b"short"), Err(SealError::WrongKeyOrDamaged));
    }
}
