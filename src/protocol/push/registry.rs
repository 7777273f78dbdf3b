//! The platforms that this gateway knows to push: the embedded manifests, and those of an extra folder.
//! Comes in: folders with a manifest.yaml. Goes out: checked manifests by name; a wrong manifest never gets this far.

use super::manifest::Manifest;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/channels.rs"));

const MANIFEST: &str = "manifest.yaml";
const MAX_FILE_BYTES: u64 = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The manifest is wrong: its author must change it.
    #[error("channel {channel}: {problem}")]
    Invalid { channel: String, problem: String },
    #[error("the folder of channels can't be read: {0}")]
    Unreadable(String),
}

/// All manifests, by name. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Registry(Arc<BTreeMap<String, Arc<Manifest>>>);

impl Registry {
    /// The embedded manifests, and those of `extra` (which may replace an embedded one) unless it is empty.
    pub fn load(extra: &Path) -> Result<Self, RegistryError> {
        let mut texts = BTreeMap::new();
        for (path, content) in EMBEDDED {
            if let Some((folder, MANIFEST)) = path.split_once('/') {
                texts.insert(folder.to_owned(), content.to_vec());
            }
        }
        if !extra.as_os_str().is_empty() {
            texts
                .extend(read_folders(extra).map_err(|error| RegistryError::Unreadable(format!("{}: {error}", extra.display())))?);
        }
        let mut manifests = BTreeMap::new();
        for (folder, text) in texts {
            let text = String::from_utf8(text).map_err(|_| "the manifest is not UTF-8".to_owned());
            let manifest = text.and_then(|text| Manifest::parse(&folder, &text));
            let manifest = manifest.map_err(|problem| RegistryError::Invalid { channel: folder.clone(), problem })?;
            manifests.insert(folder, Arc::new(manifest));
        }
        Ok(Self(Arc::new(manifests)))
    }

    pub fn get(&self, name: &str) -> Option<Arc<Manifest>> {
        self.0.get(name).cloned()
    }

    /// In order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        self.0.values()
    }
}

fn read_folders(root: &Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(root)? {
        let folder = entry?.path();
        let file = folder.join(MANIFEST);
        if !file.is_file() {
            continue;
        }
        if std::fs::metadata(&file)?.len() > MAX_FILE_BYTES {
            return Err(std::io::Error::other(format!("{} is larger than a manifest may be", file.display())));
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        texts.insert(name, std::fs::read(&file)?);
    }
    Ok(texts)
}
