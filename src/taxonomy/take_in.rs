//! The way of a download into the library: read, put together with what is there, compiled, kept, made the version that counts.
//! Comes in: a file's name and bytes, and what its sender says about it. Goes out: the taxonomy as it counts now, and the rows that were left
//! out. Must not know: where the file came from, and who is told.

use super::bundle::{Bundle, RowProblem};
use super::catalogue::About;
use super::import::{self, ImportError, Wanted};
use super::library::Library;
use super::{build, unbuild};
use std::io;

/// A file with what its sender says about it.
pub struct Download<'a> {
    pub file_name: &'a str,
    pub bytes: &'a [u8],
    pub wanted: Wanted,
    /// The loaded taxonomy that the file's labels, relations or crosswalk rows are added to.
    pub into: Option<&'a str>,
    /// Refuses a file with a row that can't be read.
    pub is_strict: bool,
}

/// The taxonomy that counts from now on.
pub struct Taken {
    pub about: About,
    /// Memory that it takes, in bytes.
    pub bytes: usize,
    /// The first rows that were left out.
    pub problems: Vec<RowProblem>,
    pub problem_count: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum TakeInError {
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The rows that can't be read; nothing was imported.
    #[error("{count} rows can't be read")]
    Strict { count: usize, problems: Vec<RowProblem> },
    #[error("the file does not say what it is: give a name, for example our-skills")]
    NoName,
    #[error("the file does not say its version: give one, for example 1.2.0, since every concept carries it")]
    NoVersion,
    #[error("no version of {0} counts, so nothing can be added to it")]
    NothingToAddTo(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// `compiling` is called once the file is read, with the first rows that were left out and the number of all.
///
/// # Errors
/// The file can't be read, or lacks what its sender did not say either; nothing changed then.
pub fn take_in(
    library: &Library,
    download: Download<'_>,
    compiling: impl FnOnce(&[RowProblem], usize),
) -> Result<Taken, TakeInError> {
    let Download { file_name, bytes, wanted, into, is_strict } = download;
    let read = import::read(file_name, bytes, &wanted)?;
    let (problems, count) = (read.problems.clone(), read.problem_count);
    if is_strict && count > 0 {
        return Err(TakeInError::Strict { count, problems });
    }
    compiling(&problems, count);
    let mut bundle = match into {
        Some(name) => added(library, name, read, &wanted)?,
        None => read,
    };
    if bundle.name.is_empty() {
        return Err(TakeInError::NoName);
    }
    if bundle.version.is_empty() {
        return Err(TakeInError::NoVersion);
    }
    bundle.tidy();
    let catalogue = build::build(&bundle);
    library.keep(&catalogue)?;
    library.activate(&bundle.name, &bundle.version)?;
    Ok(Taken { bytes: catalogue.bytes(), about: catalogue.about, problems, problem_count: count })
}

fn added(library: &Library, name: &str, read: Bundle, wanted: &Wanted) -> Result<Bundle, TakeInError> {
    let version = library.active().remove(name).ok_or_else(|| TakeInError::NothingToAddTo(name.to_owned()))?;
    let mut known = unbuild::bundle(&library.load(name, &version)?);
    let is_new_release = !wanted.version.is_empty() && wanted.version != known.version;
    known.merge(read, !is_new_release);
    if is_new_release {
        wanted.version.clone_into(&mut known.version);
    }
    Ok(known)
}
