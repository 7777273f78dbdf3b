//! ZIP archives of badges.
//! Comes in: the bytes of an archive. Goes out: its entries, each opened as a separate file. Bounds on entries, sizes, ratio and
//! nesting hold before and during unpacking. A bad entry does not affect the others. Nothing is written to a disk.

use super::budget::Opening;
use super::companions::Companions;
use super::found::OpenedFile;
use super::problem;
use crate::document::Limits;
use crate::model::code::Code;
use crate::model::credential::Container;
use crate::model::submission::FileProblem;
use sha2::{Digest, Sha256};
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::read::ZipFile;

const END_OF_DIRECTORY: &[u8] = b"PK\x05\x06";
const END_OF_DIRECTORY_LENGTH: usize = 22;
const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
const ZIP64_END: &[u8] = b"PK\x06\x06";
/// Longest display name of an entry, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Below this size, the ratio is not checked: short texts compress well.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// The number of entries that the archive's directory declares; 0 for an unreadable directory.
pub fn count(bytes: &[u8]) -> usize {
    let Some(end) = end_of_directory(bytes) else { return 0 };
    let short = little_endian(bytes, end + 10, 2).unwrap_or(0);
    if short != 0xFFFF {
        return usize::try_from(short).unwrap_or(usize::MAX);
    }
    zip64_count(bytes, end).map_or(0xFFFF, |count| usize::try_from(count).unwrap_or(usize::MAX))
}

fn end_of_directory(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END_OF_DIRECTORY_LENGTH)?;
    let first = last.saturating_sub(0xFFFF);
    (first..=last).rev().find(|&at| bytes.get(at..).is_some_and(|rest| rest.starts_with(END_OF_DIRECTORY)))
}

fn zip64_count(bytes: &[u8], end: usize) -> Option<u64> {
    let locator = end.checked_sub(20)?;
    if !bytes.get(locator..)?.starts_with(ZIP64_LOCATOR) {
        return None;
    }
    let record = usize::try_from(little_endian(bytes, locator + 8, 8)?).ok()?;
    if !bytes.get(record..)?.starts_with(ZIP64_END) {
        return None;
    }
    little_endian(bytes, record.checked_add(32)?, 8)
}

fn little_endian(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(field.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

/// Opens every entry and hands over one item per file, problems included. `around`: the containers around the archive.
pub(super) fn open(name: &str, bytes: &[u8], around: &[Container], opening: Opening<'_>, sink: &mut dyn FnMut(OpenedFile)) {
    let mut companions = Companions::default();
    let result = Unpack { opening, sink: &mut |item| companions.take(item, sink) }.archive(name, bytes, around);
    let nothing = companions.finish(sink);
    if let Some(problem) = result.err().or(nothing) {
        let sha256 = hex::encode(Sha256::digest(bytes));
        sink(OpenedFile::nothing(name, sha256, "ZIP archive", problem));
    }
}

struct Unpack<'a> {
    opening: Opening<'a>,
    sink: &'a mut dyn FnMut(OpenedFile),
}

impl Unpack<'_> {
    /// An `Err` is a problem of the whole archive.
    fn archive(&mut self, name: &str, bytes: &[u8], around: &[Container]) -> Result<(), FileProblem> {
        let Opening { limits, budget, .. } = self.opening;
        let declared = count(bytes);
        if declared > budget.entries() {
            let message = format!("The archive holds {declared} files, but at most {} are allowed.", limits.max_archive_entries);
            return Err(FileProblem::new(Code::TooManyEntries, message));
        }
        let broken = |_| FileProblem::new(Code::BrokenArchive, "The archive is damaged and can't be opened.");
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        if let Some(what) = document_kind(&zip) {
            return Err(problem::unsupported(what));
        }
        if zip.len() > budget.entries() {
            return Err(FileProblem::new(Code::TooManyEntries, "The archive holds more files than its directory lists."));
        }
        if zip.has_overlapping_files().unwrap_or(false) {
            return Err(FileProblem::new(
                Code::OverlappingEntries,
                "Files in the archive overlap, as they do only in archives that are made to cause harm.",
            ));
        }
        budget.take_entries(zip.len());
        let mut containers = around.to_vec();
        containers.push(Container::Zip);
        let mut handled = 0_usize;
        for index in 0..zip.len() {
            handled += usize::from(self.entry(&mut zip, index, name, &containers));
        }
        if zip.has_duplicate_names() {
            self.problem(
                name,
                FileProblem::new(Code::DuplicateNames, "Two files in the archive have the same name; only one of them was read."),
            );
        }
        if handled == 0 {
            return Err(FileProblem::new(Code::EmptyArchive, "The archive holds no files."));
        }
        Ok(())
    }

    /// False for folders and for files that operating systems add.
    fn entry(&mut self, zip: &mut ZipArchive<Cursor<&[u8]>>, index: usize, archive: &str, containers: &[Container]) -> bool {
        let Opening { limits, budget, part } = self.opening;
        let declared = match zip.by_index_raw(index) {
            Ok(entry) if entry.is_dir() || is_junk(&entry) => return false,
            Ok(entry) => Declared::of(&entry, archive, index),
            Err(_) => {
                self.problem(&format!("{archive}/entry {}", index + 1), damaged());
                return true;
            }
        };
        if let Some(problem) = declared.problem(limits) {
            self.problem(&declared.name, problem);
            return true;
        }
        let cap = limits.max_file_bytes.min(budget.bytes());
        let mut bytes = Vec::new();
        let read = zip
            .by_index(index)
            .map_err(|_| ())
            .and_then(|entry| entry.take(cap as u64 + 1).read_to_end(&mut bytes).map_err(|_| ()));
        budget.pay_bytes(bytes.len());
        let problem = if bytes.len() > cap && cap < limits.max_file_bytes {
            Some(FileProblem::new(
                Code::ArchiveTooLarge,
                format!("The archive unpacks to more than {} MB, which is more than is allowed.", limits.max_archive_bytes >> 20),
            ))
        } else if bytes.len() > cap {
            Some(problem::too_large(limits.max_file_bytes))
        } else if read.is_err() {
            Some(damaged())
        } else {
            None
        };
        match problem {
            Some(problem) => self.problem(&declared.name, problem),
            None => part(&declared.name, &bytes, containers, self.opening, self.sink),
        }
        true
    }

    fn problem(&mut self, name: &str, problem: FileProblem) {
        (self.sink)(OpenedFile::nothing(name, String::new(), "entry of an archive", problem));
    }
}

fn damaged() -> FileProblem {
    FileProblem::new(Code::BrokenEntry, "This file in the archive is damaged.")
}

/// The directory's facts about an entry, read before unpacking.
struct Declared {
    name: String,
    size: u64,
    compressed: u64,
    encrypted: bool,
    symlink: bool,
}

impl Declared {
    fn of<R: Read>(entry: &ZipFile<'_, R>, archive: &str, index: usize) -> Self {
        let inner = display_name(&entry_name(entry));
        let inner = if inner.is_empty() { format!("entry {}", index + 1) } else { inner };
        Self {
            name: format!("{archive}/{inner}"),
            size: entry.size(),
            compressed: entry.compressed_size(),
            encrypted: entry.encrypted(),
            symlink: entry.is_symlink(),
        }
    }

    fn problem(&self, limits: &Limits) -> Option<FileProblem> {
        if self.encrypted {
            return Some(FileProblem::new(Code::EncryptedEntry, "This file in the archive is protected by a password."));
        }
        if self.symlink {
            return Some(FileProblem::new(Code::LinkEntry, "This file in the archive is only a link to another file."));
        }
        if self.size > limits.max_file_bytes as u64 {
            return Some(problem::too_large(limits.max_file_bytes));
        }
        let allowed = self.compressed.max(1).saturating_mul(limits.max_inflate_ratio as u64);
        (self.size > RATIO_FREE_BYTES && self.size > allowed).then(|| {
            FileProblem::new(
                Code::SuspiciousCompression,
                "This file in the archive grows suspiciously large when it is unpacked.",
            )
        })
    }
}

fn entry_name<R: Read>(entry: &ZipFile<'_, R>) -> String {
    entry.name().map_or_else(|_| String::from_utf8_lossy(entry.name_raw()).into_owned(), |name| name.into_owned())
}

/// Folders and files that operating systems add.
fn is_junk<R: Read>(entry: &ZipFile<'_, R>) -> bool {
    let name = entry_name(entry);
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.starts_with("__MACOSX/") || file.starts_with("._") || matches!(file, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

/// Office documents and e-books are ZIP archives too.
fn document_kind<R: Read + std::io::Seek>(zip: &ZipArchive<R>) -> Option<&'static str> {
    let mut kind = None;
    for name in zip.file_names_raw() {
        kind = match name {
            b"[Content_Types].xml" => Some("an Office document"),
            b"META-INF/MANIFEST.MF" => Some("a Java program"),
            b"mimetype" => Some("an OpenDocument file or an e-book"),
            _ => continue,
        };
    }
    kind
}

/// A name that is safe to show: bounded length, without path tricks, control characters or direction characters.
pub fn display_name(name: &str) -> String {
    let parts = name.split(['/', '\\']).map(str::trim).filter(|part| !matches!(*part, "" | "." | ".."));
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    let joined = parts.collect::<Vec<_>>().join("/");
    joined.chars().filter(|c| !is_hidden(*c)).take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{self, Content};
    use crate::model::submission::UploadedFile;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    const BADGE: &[u8] =
        br#"{"@context":"https://www.w3.org/ns/credentials/v2","type":["VerifiableCredential"],"credentialSubject":{}}"#;

    fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            let options = SimpleFileOptions::default();
            if writer.start_file(*name, options).is_ok() {
                assert!(writer.write_all(bytes).is_ok());
            }
        }
        writer.finish().map(Cursor::into_inner).unwrap_or_default()
    }

    fn opened(bytes: Vec<u8>, limits: &Limits) -> Vec<(String, Result<usize, Code>)> {
        let file = UploadedFile { name: Some("C:\\tmp\\badges.zip".to_owned()), media_type: None, bytes: bytes.into() };
        let describe = |one: OpenedFile| {
            let content = match one.content {
                Content::Credentials(credentials) => Ok(credentials.len()),
                Content::Presentation(presentation) => Ok(presentation.credentials.len()),
                Content::Nothing(problem) => Err(problem.code),
            };
            (one.name, content)
        };
        intake::open(&file, limits).into_iter().map(describe).collect()
    }

    #[test]
    fn one_bad_entry_does_not_spoil_the_rest() {
        let bytes = zip_of(&[
            ("ada/one.json", BADGE),
            ("../../etc/two.json", BADGE),
            ("broken.json", b"{"),
            ("__MACOSX/._one.json", b"junk"),
            (".DS_Store", b"junk"),
        ]);
        let prefix = "C:/tmp/badges.zip";
        let expected = vec![
            (format!("{prefix}/ada/one.json"), Ok(1)),
            (format!("{prefix}/etc/two.json"), Ok(1)),
            (format!("{prefix}/broken.json"), Err(Code::InvalidJson)),
        ];
        assert_eq!(opened(bytes, &Limits::default()), expected);
    }

    #[test]
    fn archives_in_archives_are_opened_to_the_allowed_depth() {
        let inner = zip_of(&[("a.json", BADGE)]);
        let middle = zip_of(&[("inner.zip", &inner)]);
        assert_eq!(opened(middle.clone(), &Limits::default()), [("C:/tmp/badges.zip/inner.zip/a.json".to_owned(), Ok(1))]);
        let outer = zip_of(&[("middle.zip", &middle)]);
        let deep = opened(outer, &Limits::default());
        assert_eq!(deep.first().map(|(_, content)| *content), Some(Err(Code::ArchiveTooDeep)));
    }

    #[test]
    fn bombs_and_crowds_are_refused_before_they_are_unpacked() {
        let bomb = zip_of(&[("bomb.json", &vec![b' '; 9 << 20]), ("ok.json", BADGE)]);
        let found = opened(bomb, &Limits::default());
        assert_eq!(found.first().map(|(_, content)| *content), Some(Err(Code::SuspiciousCompression)));
        assert_eq!(found.get(1).map(|(_, content)| *content), Some(Ok(1)));
        let limits = Limits { max_archive_entries: 3, ..Limits::default() };
        let many = zip_of(&[("1", b"x"), ("2", b"x"), ("3", b"x"), ("4", b"x")]);
        assert_eq!(count(&many), 4);
        assert_eq!(opened(many, &limits), [("C:/tmp/badges.zip".to_owned(), Err(Code::TooManyEntries))]);
    }

    #[test]
    fn the_unpacked_total_is_bounded() {
        let limits = Limits { max_archive_bytes: 150, ..Limits::default() };
        let found = opened(zip_of(&[("1.json", BADGE), ("2.json", BADGE)]), &limits);
        assert_eq!(found.first().map(|(_, content)| *content), Some(Ok(1)));
        assert_eq!(found.get(1).map(|(_, content)| *content), Some(Err(Code::ArchiveTooLarge)));
    }

    #[test]
    fn files_beside_badges_are_listed_and_decide_nothing() {
        let beside: [(&str, &[u8]); 5] = [
            ("read me.txt", b"Hello"),
            ("all.csv", b"M\xFCller;1"),
            ("a.tiff", b"II*\0"),
            ("a.sig", b"\x00\x01"),
            ("none.txt", b""),
        ];
        let found = opened(zip_of(&[&[("one.json", BADGE)], &beside[..]].concat()), &Limits::default());
        let told: Vec<_> = found.into_iter().map(|(_, content)| content).collect();
        assert_eq!(told, [&[Ok(1)], &[Err(Code::Companion); 5][..]].concat());
        let alone = opened(zip_of(&beside), &Limits::default());
        assert_eq!(alone.last(), Some(&("C:/tmp/badges.zip".to_owned(), Err(Code::NoCredentialFound))));
    }

    #[test]
    fn office_documents_are_named() {
        let docx = zip_of(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")]);
        assert_eq!(opened(docx, &Limits::default()).first().map(|(_, content)| *content), Some(Err(Code::UnsupportedFile)));
    }

    #[test]
    fn every_cut_of_an_archive_is_answered() {
        let whole = zip_of(&[("a.json", BADGE), ("b.json", BADGE)]);
        for length in 4..whole.len() {
            assert!(!opened(whole[..length].to_vec(), &Limits::default()).is_empty(), "cut at {length}");
        }
    }

    #[test]
    fn names_are_safe_to_show() {
        assert_eq!(display_name("../a/./b//c\u{202E}gnp.json"), "a/b/cgnp.json");
        assert_eq!(display_name("..\\..\\x\n.json"), "x.json");
        assert_eq!(display_name(&"x".repeat(999)).chars().count(), MAX_NAME_CHARS);
    }
}
