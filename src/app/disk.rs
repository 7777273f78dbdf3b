//! The room on the disks that the gateway writes to. Comes in: settings. Goes out: folders, bytes.

use crate::config::Settings;
use std::path::{Path, PathBuf};

/// Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub size: u64,
    /// What a process without privileges may still write.
    pub free: u64,
}

/// The folders that the gateway writes to, by name: that of the database, when it is a file, and that of files of connectors.
pub fn folders(settings: &Settings) -> Vec<(&'static str, PathBuf)> {
    let database = settings.database.url.expose().strip_prefix("sqlite://").and_then(|file| Path::new(file).parent());
    let database =
        database.map(|folder| ("database", if folder.as_os_str().is_empty() { ".".into() } else { folder.to_owned() }));
    database.into_iter().chain([("files", settings.delivery.files_dir.clone())]).collect()
}

/// `None`: the folder is not there, or the system does not say.
#[cfg(unix)]
pub fn space(folder: &Path) -> Option<Space> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(Space { size: found.f_blocks.saturating_mul(found.f_frsize), free: found.f_bavail.saturating_mul(found.f_frsize) })
}

#[cfg(not(unix))]
pub fn space(_: &Path) -> Option<Space> {
    None
}
