//! Writes CSV files into a folder so that a reader never sees half a file.
//! Comes in: rows for one file. Goes out: the file, complete and on disk, or a plain reason why not.
//! Must not know: events, connections, the meaning of the rows.

use crate::model::ids::TenantId;
use crate::model::tenant::is_tenant_name;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A file that grows beyond this is not appended to any more.
const MAX_FILE_BYTES: u64 = 64 << 20;
const MAX_NAME_CHARS: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileJob {
    pub folder: PathBuf,
    /// A plain file name.
    pub name: String,
    /// Add rows to the file; else the file is written whole.
    pub append: bool,
    /// Index of the column that tells rows apart.
    pub key: usize,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileEnd {
    Written,
    /// All of it was there already.
    Unchanged,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The folder or the name is wrong: the connection's settings must change.
    #[error("{0}")]
    Config(String),
    /// Full disk, missing rights, a vanished mount: try again.
    #[error("{0}")]
    Failed(String),
}

/// Writes one file at a time, so that two appends can't lose each other's rows.
#[derive(Clone, Default)]
pub struct FileWriter {
    /// Holds a folder per tenant, in which the tenant's files must lie. `None`: files may lie anywhere.
    root: Option<PathBuf>,
    turn: Arc<Mutex<()>>,
}

impl FileWriter {
    pub fn inside(root: Option<PathBuf>) -> Self {
        Self { root, turn: Arc::default() }
    }

    pub async fn write(&self, owner: &TenantId, job: FileJob) -> Result<FileEnd, FileError> {
        let _turn = self.turn.lock().await;
        let own = self.root.as_deref().map(|root| own_folder(root, owner)).transpose()?;
        let written = tokio::task::spawn_blocking(move || write(own.as_deref(), &job)).await;
        written.unwrap_or_else(|_| Err(FileError::Failed("Writing the file was interrupted.".into())))
    }
}

/// The tenant's folder below the root: no tenant writes into another tenant's.
fn own_folder(root: &Path, owner: &TenantId) -> Result<PathBuf, FileError> {
    match is_tenant_name(owner.as_str()) {
        true => Ok(root.join(owner.as_str())),
        false => Err(FileError::Config("The employer's name can't be the name of a folder.".into())),
    }
}

fn write(root: Option<&Path>, job: &FileJob) -> Result<FileEnd, FileError> {
    let folder = confined(root, &job.folder)?;
    check_name(&job.name)?;
    let target = folder.join(&job.name);
    let existing = read_existing(&target)?;
    let content = render(job, existing.as_deref())?;
    if existing.as_deref() == Some(&content) {
        return Ok(FileEnd::Unchanged);
    }
    replace(&folder, &target, &content).map_err(|error| FileError::Failed(format!("The file could not be written: {error}.")))?;
    Ok(FileEnd::Written)
}

/// The folder with every link resolved. A link out of the root is outside of it.
fn confined(root: Option<&Path>, folder: &Path) -> Result<PathBuf, FileError> {
    if !folder.is_absolute() {
        return Err(FileError::Config("The folder must be an absolute path.".into()));
    }
    let Some(root) = root else { return opened(folder) };
    let own = std::fs::create_dir_all(root).and_then(|()| root.canonicalize());
    let own = own.map_err(|error| FileError::Failed(format!("The employer's folder for files can't be opened: {error}.")))?;
    // Whether a folder outside exists is nobody's business.
    let outside = || FileError::Config(format!("The folder must be {}, or an existing folder inside it.", own.display()));
    let resolved = folder.canonicalize().map_err(|_| outside())?;
    if !resolved.starts_with(&own) {
        return Err(outside());
    }
    opened(&resolved)
}

fn opened(folder: &Path) -> Result<PathBuf, FileError> {
    let resolved = folder.canonicalize().map_err(|error| FileError::Config(format!("The folder can't be opened: {error}.")))?;
    if !resolved.is_dir() {
        return Err(FileError::Config("The folder is not a folder.".into()));
    }
    Ok(resolved)
}

fn check_name(name: &str) -> Result<(), FileError> {
    let plain = !name.is_empty()
        && name.chars().count() <= MAX_NAME_CHARS
        && !name.starts_with('.')
        && !name.chars().any(|character| matches!(character, '/' | '\\' | ':') || character.is_control());
    if plain { Ok(()) } else { Err(FileError::Config("The file name must be plain: no folder, no leading dot.".into())) }
}

fn read_existing(target: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let failed = |error: std::io::Error| FileError::Failed(format!("The file that is there can't be read: {error}."));
    let metadata = match target.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        return Err(FileError::Config("Something that is not a plain file has the file's name.".into()));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(FileError::Config("The file has grown beyond 64 MB: move it away.".into()));
    }
    std::fs::read(target).map(Some).map_err(failed)
}

/// What the file must hold: header and rows, or for an append what is there and the rows whose key it lacks.
pub fn render(job: &FileJob, existing: Option<&[u8]>) -> Result<Vec<u8>, FileError> {
    let kept = existing.filter(|existing| job.append && !existing.is_empty());
    let known = kept.map(|kept| keys(kept, job)).transpose()?;
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(kept.map_or_else(Vec::new, <[u8]>::to_vec));
    let failed = |error: csv::Error| FileError::Failed(format!("The rows could not be written: {error}."));
    if known.is_none() {
        writer.write_record(&job.columns).map_err(failed)?;
    }
    for row in &job.rows {
        let guarded: Vec<String> = row.iter().map(|cell| guard(cell)).collect();
        let is_known = known.as_ref().is_some_and(|known| guarded.get(job.key).is_some_and(|key| known.contains(key)));
        if !is_known {
            writer.write_record(&guarded).map_err(failed)?;
        }
    }
    writer.into_inner().map_err(|error| FileError::Failed(format!("The rows could not be written: {error}.")))
}

fn keys(existing: &[u8], job: &FileJob) -> Result<std::collections::HashSet<String>, FileError> {
    let unreadable = || FileError::Config("The file that is there is not one of ours: its columns differ. Move it away.".into());
    let mut reader = csv::ReaderBuilder::new().from_reader(existing);
    if !reader.headers().map_err(|_| unreadable())?.iter().eq(job.columns.iter().map(String::as_str)) {
        return Err(unreadable());
    }
    reader
        .records()
        .map(|record| record.map(|record| record.get(job.key).unwrap_or_default().to_owned()).map_err(|_| unreadable()))
        .collect()
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it.
fn guard(cell: &str) -> String {
    let first = cell.trim_start_matches([' ', '\u{a0}', '\u{feff}']).chars().next();
    let risky = matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '|' | '%'));
    let cleaned: String = cell.chars().filter(|character| *character != '\0').collect();
    if risky { format!("'{cleaned}") } else { cleaned }
}

fn replace(folder: &Path, target: &Path, content: &[u8]) -> std::io::Result<()> {
    let part = folder.join(format!(".{}.part", uuid::Uuid::new_v4()));
    let written = (|| {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&part, target)?;
        std::fs::File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // A file that can't be removed stays as a hidden file, which readers skip.
        std::fs::remove_file(&part).ok();
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(folder: &Path, append: bool, rows: &[[&str; 2]]) -> FileJob {
        FileJob {
            folder: folder.to_owned(),
            name: "skills.csv".into(),
            append,
            key: 0,
            columns: vec!["key".into(), "skill".into()],
            rows: rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect(),
        }
    }

    #[test]
    fn rows_are_appended_once_and_nothing_half_written_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let first = job(folder.path(), true, &[["e1", "Rust, \"safe\""]]);
        assert_eq!(write(None, &first).unwrap(), FileEnd::Written);
        assert_eq!(write(None, &first).unwrap(), FileEnd::Unchanged);
        assert_eq!(write(None, &job(folder.path(), true, &[["e1", "again"], ["e2", "SQL"]])).unwrap(), FileEnd::Written);
        let content = std::fs::read_to_string(folder.path().join("skills.csv")).unwrap();
        assert_eq!(content, "key,skill\r\ne1,\"Rust, \"\"safe\"\"\"\r\ne2,SQL\r\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn cells_that_look_like_formulas_are_guarded() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"] {
            assert!(guard(cell).starts_with('\''), "{cell:?}");
        }
        assert_eq!(guard("C++ and -1"), "C++ and -1");
        assert_eq!(guard("a\0b"), "ab");
    }

    #[test]
    fn a_file_outside_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        let outside = folder.path().join("outside");
        std::fs::create_dir_all(&root).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        for name in ["../x.csv", "a/b.csv", ".hidden", "", "a\\b", "c:x", "a\nb"] {
            let mut bad = job(&root, false, &[["e1", "x"]]);
            bad.name = name.into();
            assert!(matches!(write(None, &bad), Err(FileError::Config(_))), "{name:?}");
        }
        assert!(matches!(write(Some(&root), &job(&outside, false, &[])), Err(FileError::Config(_))));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
            assert!(matches!(write(Some(&root), &job(&root.join("link"), false, &[])), Err(FileError::Config(_))));
        }
        assert!(matches!(write(None, &job(Path::new("relative"), false, &[])), Err(FileError::Config(_))));
    }

    #[tokio::test]
    async fn a_tenant_writes_below_its_own_folder_and_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let writer = FileWriter::inside(Some(root.clone()));
        std::fs::create_dir_all(root.join("default-2")).unwrap();
        let own = writer.write(&TenantId::from("default"), job(&root.join("default"), false, &[["e1", "x"]])).await;
        assert_eq!(own.unwrap(), FileEnd::Written);
        for other in [root.join("default-2"), root.clone(), root.join("default/../default-2"), root.join("missing")] {
            let refused = writer.write(&TenantId::from("default"), job(&other, false, &[["e1", "x"]])).await.unwrap_err();
            assert!(matches!(refused, FileError::Config(_)), "{}", other.display());
        }
        for name in ["..", ".", "", "a/b"] {
            assert!(writer.write(&TenantId::from(name), job(&root, false, &[])).await.is_err(), "{name}");
        }
        assert_eq!(std::fs::read_dir(root.join("default-2")).unwrap().count(), 0);
    }

    #[test]
    fn a_foreign_file_of_the_same_name_is_never_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("skills.csv"), "other,columns\r\n1,2\r\n").unwrap();
        assert!(matches!(write(None, &job(folder.path(), true, &[["e1", "x"]])), Err(FileError::Config(_))));
    }
}
