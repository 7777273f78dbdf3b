//! Passwords: Argon2id with the parameters that OWASP recommends (19 MiB, 2 passes, 1 lane), on the blocking pool, a few at a time.
//! Comes in: a password, and a stored hash. Goes out: a hash in PHC form, or whether they fit. Must not know: whose they are.

use super::AccountError;
use crate::model::secret::Secret;
use crate::store::StoreError;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Hashes that are made at the same time: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// Longest wait for a turn.
const PATIENCE: Duration = Duration::from_secs(10);
const MIN_CHARACTERS: usize = 12;
const MAX_BYTES: usize = 1_024;
const MEMORY_KIB: u32 = 19 << 10;
const PASSES: u32 = 2;

/// What a password is compared with where there is none, so that the answer takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody has this password").unwrap_or_default());

#[derive(Clone)]
pub struct Hasher(Arc<Semaphore>);

impl Default for Hasher {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Hasher {
    pub async fn hash(&self, password: Secret) -> Result<String, AccountError> {
        self.run(move || hash(password.expose())).await?.map_err(|error| AccountError::Store(StoreError::Internal(error)))
    }

    /// Whether the password fits. `stored`: none when there is no such account; that takes as long.
    pub async fn fits(&self, password: Secret, stored: Option<String>) -> Result<bool, AccountError> {
        if password.expose().len() > MAX_BYTES {
            return Ok(false);
        }
        self.run(move || {
            let is_somebody = stored.is_some();
            let stored = stored.as_deref().unwrap_or(NOBODY.as_str());
            let fits = PasswordHash::new(stored)
                .and_then(|stored| argon2()?.verify_password(password.expose().as_bytes(), &stored))
                .is_ok();
            fits && is_somebody
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AccountError> {
        let turn = tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(AccountError::TooMany) };
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.map_err(|error| AccountError::Store(StoreError::Internal(error.to_string())))
    }
}

fn argon2() -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, String> {
    let salt = SaltString::generate(&mut OsRng);
    let hashed = argon2().and_then(|argon2| Ok(argon2.hash_password(password.as_bytes(), &salt)?.to_string()));
    hashed.map_err(|error| error.to_string())
}

/// Whether a person may choose this password.
///
/// # Errors
/// A sentence on what is wrong with it.
pub fn check(password: &str, email: &str) -> Result<(), AccountError> {
    let problem = if password.chars().count() < MIN_CHARACTERS {
        "A password needs at least 12 characters."
    } else if password.len() > MAX_BYTES {
        "A password has at most 1,024 bytes."
    } else if password.to_lowercase().contains(&email.to_lowercase()) {
        "A password must not hold the e-mail address."
    } else if password.chars().collect::<std::collections::HashSet<_>>().len() < 5 {
        "A password needs at least 5 different characters."
    } else {
        return Ok(());
    };
    Err(AccountError::BadPassword(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_somebody_fits() {
        let hasher = Hasher::default();
        let stored = hasher.hash(Secret::new("correct horse battery")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(hasher.fits(Secret::new("correct horse battery"), Some(stored.clone())).await.unwrap());
        assert!(!hasher.fits(Secret::new("correct horse batterz"), Some(stored)).await.unwrap());
        assert!(!hasher.fits(Secret::new("nobody has this password"), None).await.unwrap());
    }

    #[test]
    fn short_and_dull_passwords_are_refused() {
        assert!(check("correct horse battery", "ada@example.org").is_ok());
        for bad in ["short", "aaaaaaaaaaaaaaaa", "xx ada@example.org yy", &"ab3 dé".repeat(400)] {
            assert!(check(bad, "ada@example.org").is_err(), "{bad}");
        }
    }
}
