//! `skillgate connector new`: a folder with a connector that passes its own test, to begin from.
//! Comes in: a name and a folder. Goes out: manifest, fixture, README. Overwrites nothing.

use crate::connector::Registry;
use anyhow::{Context, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const MANIFEST: &str = include_str!("new_manifest.yaml");
/// The connector whose fixture every new one begins with.
const MODEL: &str = "webhook";
const FIXTURES: [&str; 2] = ["fixtures/credential_verified.json", "fixtures/candidate_erased.json"];

#[derive(Debug, Args)]
pub struct NewArgs {
    /// The connector's name: small letters, digits and hyphens
    name: String,
    /// Folder of connectors in which the new folder is made; delivery.connectors_dir serves it
    #[arg(long, value_name = "FOLDER", default_value = "connectors")]
    into: PathBuf,
}

pub fn new(NewArgs { name, into }: &NewArgs) -> anyhow::Result<ExitCode> {
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_name {
        bail!("the name must be small letters, digits and hyphens, and begin with a letter");
    }
    let folder = into.join(name);
    if folder.exists() {
        bail!("{} is there already", folder.display());
    }
    let model = super::find(&Registry::load(Path::new(""))?, MODEL)?;
    write(&folder.join("manifest.yaml"), MANIFEST.replace("NAME", name).as_bytes())?;
    write(
        &folder.join("README.md"),
        format!("# {name}\n\nWhat is written, the permissions that the account needs, the limits.\n").as_bytes(),
    )?;
    for fixture in FIXTURES {
        let content = model.files.get(fixture).with_context(|| format!("the connector {MODEL} has no {fixture}"))?;
        write(&folder.join(fixture), content)?;
    }
    println!("{} is a connector that passes its own tests:", folder.display());
    println!("skillgate connector test {name} --set delivery.connectors_dir={}", into.display());
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    }
    std::fs::write(path, content).with_context(|| format!("{} can't be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::selftest;

    #[tokio::test]
    async fn a_new_connector_passes_its_own_tests_and_overwrites_nothing() {
        let root = tempfile::tempdir().unwrap();
        let new_one = NewArgs { name: "acme-hr".to_owned(), into: root.path().to_owned() };
        new(&new_one).unwrap();
        let registry = Registry::load(root.path()).unwrap();
        let results = selftest::run(&registry.get("acme-hr").unwrap()).await;
        assert!(results.len() >= 4);
        for result in results {
            assert!(result.problems.is_empty(), "{}: {:?}", result.name, result.problems);
        }
        assert!(new(&new_one).unwrap_err().to_string().contains("there already"));
        for name in ["", "Acme", "../acme", "a/b", "9x"] {
            assert!(new(&NewArgs { name: name.to_owned(), into: root.path().to_owned() }).is_err(), "{name}");
        }
    }
}
