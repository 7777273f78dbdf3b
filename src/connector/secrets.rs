//! Turns references to secrets (`env:NAME`, `file:/path`) into their values, at the moment of use.
//! Comes in: a connection's stored secrets and its tenant. Goes out: values that never print. A tenant reaches the variables and
//! files that are named after it, and no others: a person who may write connections could otherwise have any variable or file of the
//! machine, or another tenant's secret, sent to their own server. Must not know: the purpose of the values.

use crate::model::connection::Secrets;
use crate::model::ids::TenantId;
use crate::model::secret::Secret;
use crate::model::tenant::is_tenant_name;
use std::path::{Path, PathBuf};

const MAX_FILE_BYTES: u64 = 64 * 1024;
const PREFIX: &str = "SKILLGATE_SECRET_";

/// Names the secret and the problem, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The secret “{name}” can't be read: {problem}.")]
pub struct SecretError {
    pub name: String,
    pub problem: String,
}

/// Values for every secret; plain values pass through. Files must lie in the tenant's folder inside `folder`; an empty `folder` allows
/// no file.
pub async fn resolve(secrets: &Secrets, tenant: &TenantId, folder: &Path) -> Result<Secrets, SecretError> {
    let mut resolved = Secrets::new();
    for (name, secret) in secrets {
        let value = value(secret, tenant, folder).await.map_err(|problem| SecretError { name: name.clone(), problem })?;
        resolved.insert(name.clone(), value);
    }
    Ok(resolved)
}

async fn value(secret: &Secret, tenant: &TenantId, folder: &Path) -> Result<Secret, String> {
    let is_reference = ["env:", "file:"].iter().any(|kind| secret.expose().starts_with(kind));
    if is_reference && !is_tenant_name(tenant.as_str()) {
        return Err("the employer's name can't be the name of a folder or a variable".into());
    }
    if let Some(variable) = secret.expose().strip_prefix("env:") {
        return from_environment(variable, tenant);
    }
    if let Some(path) = secret.expose().strip_prefix("file:") {
        if folder.as_os_str().is_empty() {
            return Err("secrets in files are switched off; delivery.secrets_dir names no folder".into());
        }
        let (path, folder) = (PathBuf::from(path), folder.join(tenant.as_str()));
        let read = tokio::task::spawn_blocking(move || from_file(&path, &folder)).await;
        return read.unwrap_or_else(|_| Err("reading was interrupted".into()));
    }
    Ok(secret.clone())
}

/// The prefix of the names of a tenant's variables: SKILLGATE_SECRET_, the tenant in capital letters with two underscores for a
/// hyphen, and one underscore. What follows begins with a letter or a digit, so that no name belongs to two tenants.
fn prefix_of(tenant: &TenantId) -> String {
    format!("{PREFIX}{}_", tenant.as_str().to_ascii_uppercase().replace('-', "__"))
}

fn from_environment(variable: &str, tenant: &TenantId) -> Result<Secret, String> {
    let prefix = prefix_of(tenant);
    let own = variable.strip_prefix(&prefix).unwrap_or_default();
    let is_own = own.starts_with(|first: char| first.is_ascii_alphanumeric())
        && own.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_own {
        return Err(format!("only environment variables whose name begins with {prefix} may be used"));
    }
    std::env::var(variable).map(Secret::new).map_err(|_| format!("the environment variable {variable} is not set"))
}

fn from_file(path: &Path, folder: &Path) -> Result<Secret, String> {
    if !path.is_absolute() {
        return Err("the path must be absolute".into());
    }
    let opened = path.canonicalize();
    // Whether a file outside exists is nobody's business.
    let is_inside = |path: &PathBuf| folder.canonicalize().is_ok_and(|folder| path.starts_with(folder));
    let Some(path) = opened.ok().filter(is_inside) else {
        return Err(format!("there is no such file in the folder {}, from which alone secrets are read", folder.display()));
    };
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

    fn tenant() -> TenantId {
        TenantId::from("default")
    }

    fn one(reference: &str) -> Secrets {
        Secrets::from([("key".to_owned(), Secret::new(reference))])
    }

    #[tokio::test]
    async fn a_tenants_files_are_read_and_plain_values_pass_through() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("default");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("key"), "from-file\n").unwrap();
        let secrets = Secrets::from([
            ("plain".to_owned(), Secret::new("value")),
            ("file".to_owned(), Secret::new(format!("file:{}", own.join("key").display()))),
        ]);
        let resolved = resolve(&secrets, &tenant(), folder.path()).await.unwrap();
        assert_eq!(resolved["plain"].expose(), "value");
        assert_eq!(resolved["file"].expose(), "from-file");
    }

    #[tokio::test]
    async fn no_variable_of_the_process_and_no_other_tenants_variable_is_a_secret() {
        for reference in [
            "env:PATH",
            "env:HOME",
            "env:SKILLGATE_SECURITY__MASTER_KEY",
            "env:SKILLGATE_SECRET_HOOK",
            "env:SKILLGATE_SECRET_OTHER_HOOK",
            "env:SKILLGATE_SECRET_DEFAULT__2_HOOK",
            "env:SKILLGATE_SECRET_DEFAULT_",
            "env:SKILLGATE_SECRET_DEFAULT_A=B",
            "env:",
        ] {
            let error = resolve(&one(reference), &tenant(), Path::new("/")).await.unwrap_err();
            assert!(error.to_string().contains("begins with SKILLGATE_SECRET_DEFAULT_ may"), "{reference}: {error}");
        }
        let unset = resolve(&one("env:SKILLGATE_SECRET_DEFAULT_NOT_SET"), &tenant(), Path::new("/")).await.unwrap_err();
        assert!(unset.to_string().contains("is not set"), "{unset}");
    }

    #[test]
    fn a_variable_belongs_to_one_tenant_only() {
        let names = ["a", "a-b", "a--b", "a-", "-a", "ab"].map(TenantId::from);
        for mine in &names {
            let variable = format!("{}KEY", prefix_of(mine));
            for other in names.iter().filter(|other| *other != mine) {
                assert!(
                    from_environment(&variable, other).unwrap_err().contains("only environment variables"),
                    "{variable} {other}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_file_outside_the_tenants_folder_is_refused_whether_it_exists_or_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["default", "other"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("key"), "secret").unwrap();
        }
        std::fs::write(folder.path().join("shared"), "secret").unwrap();
        let mut messages = Vec::new();
        for path in ["other/key", "other/missing", "default/../other/key", "shared", "default/missing"] {
            let reference = format!("file:{}", folder.path().join(path).display());
            messages.push(resolve(&one(&reference), &tenant(), folder.path()).await.unwrap_err().problem);
        }
        messages.dedup();
        assert_eq!(messages.len(), 1, "{messages:?}");
        for reference in ["file:relative", "file:/", "file:/nowhere"] {
            assert!(resolve(&one(reference), &tenant(), Path::new("/")).await.is_err(), "{reference}");
        }
        assert!(resolve(&one("file:/etc/hostname"), &tenant(), Path::new("")).await.is_err());
        assert!(resolve(&one("file:/etc/hostname"), &TenantId::from(".."), Path::new("/etc/x")).await.is_err());
    }
}
