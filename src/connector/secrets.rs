//! Turns references to secrets (`env:NAME`, `file:/path`) into their values, at the moment of use.
//! Comes in: a connection's stored secrets. Goes out: values that never print. Must not know: the purpose of the values.

use crate::model::connection::Secrets;
use crate::model::secret::Secret;
use std::path::{Path, PathBuf};

const MAX_FILE_BYTES: u64 = 64 * 1024;
/// The gateway's own settings may not be read as a connection's secret, except these.
const OWN_PREFIX: &str = "SKILLGATE_";
const ALLOWED_PREFIX: &str = "SKILLGATE_SECRET_";

/// Names the secret and the problem, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The secret “{name}” can't be read: {problem}.")]
pub struct SecretError {
    pub name: String,
    pub problem: String,
}

/// Values for every secret; plain values pass through. Files must lie in `folder`; an empty `folder` allows no file. Otherwise a
/// person who may write connections could name any file of the machine as a secret and have it sent to their own server.
pub async fn resolve(secrets: &Secrets, folder: &Path) -> Result<Secrets, SecretError> {
    let mut resolved = Secrets::new();
    for (name, secret) in secrets {
        let value = value(secret, folder).await.map_err(|problem| SecretError { name: name.clone(), problem })?;
        resolved.insert(name.clone(), value);
    }
    Ok(resolved)
}

async fn value(secret: &Secret, folder: &Path) -> Result<Secret, String> {
    if let Some(variable) = secret.expose().strip_prefix("env:") {
        return from_environment(variable);
    }
    if let Some(path) = secret.expose().strip_prefix("file:") {
        let (path, folder) = (PathBuf::from(path), folder.to_owned());
        let read = tokio::task::spawn_blocking(move || from_file(&path, &folder)).await;
        return read.unwrap_or_else(|_| Err("reading was interrupted".into()));
    }
    Ok(secret.clone())
}

fn from_environment(variable: &str) -> Result<Secret, String> {
    if variable.starts_with(OWN_PREFIX) && !variable.starts_with(ALLOWED_PREFIX) {
        return Err(format!("variables that begin with {OWN_PREFIX} belong to the gateway; use {ALLOWED_PREFIX}…"));
    }
    let valid = !variable.is_empty() && variable.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if !valid {
        return Err("the name of the environment variable is wrong".into());
    }
    std::env::var(variable).map(Secret::new).map_err(|_| format!("the environment variable {variable} is not set"))
}

fn from_file(path: &Path, folder: &Path) -> Result<Secret, String> {
    if !path.is_absolute() {
        return Err("the path must be absolute".into());
    }
    let path = path.canonicalize().map_err(|error| format!("the file can't be opened ({})", error.kind()))?;
    let inside = folder.canonicalize().is_ok_and(|folder| path.starts_with(folder));
    if !inside {
        return Err("secrets are read only from the folder that delivery.secrets_dir names".into());
    }
    let metadata = std::fs::metadata(&path).map_err(|error| format!("the file can't be opened ({})", error.kind()))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Err("it is not a file of at most 64 KB".into());
    }
    let content = std::fs::read(path).map_err(|error| format!("the file can't be read ({})", error.kind()))?;
    let text = String::from_utf8(content).map_err(|_| "the file is not text".to_owned())?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn references_are_resolved_and_plain_values_pass_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from-file\n").unwrap();
        let secrets = Secrets::from([
            ("plain".to_owned(), Secret::new("value")),
            ("file".to_owned(), Secret::new(format!("file:{}", path.display()))),
            ("variable".to_owned(), Secret::new("env:PATH")),
        ]);
        let resolved = resolve(&secrets, folder.path()).await.unwrap();
        assert_eq!(resolved["plain"].expose(), "value");
        assert_eq!(resolved["file"].expose(), "from-file");
        assert!(!resolved["variable"].expose().is_empty());
    }

    #[tokio::test]
    async fn the_gateways_own_settings_can_not_be_used_as_a_connections_secret() {
        for reference in
            ["env:SKILLGATE_SECURITY__MASTER_KEY", "env:", "env:NOT_SET_ANYWHERE_1", "file:relative", "file:/", "file:/nowhere"]
        {
            let secrets = Secrets::from([("key".to_owned(), Secret::new(reference))]);
            assert!(resolve(&secrets, Path::new("/")).await.is_err(), "{reference}");
        }
    }

    #[tokio::test]
    async fn files_outside_of_the_secrets_folder_are_not_read() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = outside.path().join("master.key");
        std::fs::write(&path, "not yours").unwrap();
        let roundabout = inside.path().join("..").join(outside.path().file_name().unwrap()).join("master.key");
        for path in [path, roundabout] {
            let secrets = Secrets::from([("key".to_owned(), Secret::new(format!("file:{}", path.display())))]);
            assert!(resolve(&secrets, inside.path()).await.is_err());
            assert!(resolve(&secrets, Path::new("")).await.is_err());
        }
    }
}
