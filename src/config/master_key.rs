//! The installation's master key: from the settings, or from a file that the first start makes.

use super::SecuritySettings;
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("the master key must be 32 bytes in base64")]
    Malformed,
    #[error("the master key file {path} can't be used: {cause}")]
    File { path: PathBuf, cause: std::io::Error },
}

/// The master key. Makes a missing key file that only its owner can read.
pub fn master_key(settings: &SecuritySettings) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
    if let Some(existing) = existing_master_key(settings)? {
        return Ok(existing);
    }
    let path = &settings.master_key_file;
    create(path).map_err(|cause| MasterKeyError::File { path: path.clone(), cause })
}

/// The master key in a file; a missing file is made.
pub fn master_key_of_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
    master_key(&SecuritySettings { master_key: Secret::new(""), master_key_file: path.to_owned() })
}

/// The master key; `None` when its file is missing. Makes nothing.
pub fn existing_master_key(settings: &SecuritySettings) -> Result<Option<Zeroizing<[u8; 32]>>, MasterKeyError> {
    let configured = settings.master_key.expose();
    if !configured.is_empty() {
        return decode(configured).map(Some);
    }
    let path = &settings.master_key_file;
    match std::fs::read_to_string(path) {
        Ok(text) => decode(&text).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(MasterKeyError::File { path: path.clone(), cause }),
    }
}

fn decode(text: &str) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| MasterKeyError::Malformed)?);
    let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| MasterKeyError::Malformed)?;
    Ok(Zeroizing::new(key))
}

fn create(path: &Path) -> std::io::Result<Zeroizing<[u8; 32]>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut key = Zeroizing::new([0u8; 32]);
    rand::rngs::OsRng.fill_bytes(key.as_mut_slice());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(Zeroizing::new(STANDARD.encode(*key)).as_bytes())?;
    file.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_made_at_the_first_start_is_found_again_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let settings =
            SecuritySettings { master_key: Secret::new(""), master_key_file: folder.path().join("data").join("master.key") };
        assert!(existing_master_key(&settings).unwrap().is_none());
        assert!(!settings.master_key_file.exists());
        let first = master_key(&settings).unwrap();
        assert_eq!(existing_master_key(&settings).unwrap().as_deref(), Some(&*first));
        assert_eq!(first, master_key(&settings).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&settings.master_key_file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused() {
        let settings = SecuritySettings { master_key: Secret::new("c2hvcnQ="), master_key_file: PathBuf::new() };
        assert!(matches!(master_key(&settings), Err(MasterKeyError::Malformed)));
    }
}
