//! The items found in a file, and the source of a text that is being opened. Plain data of this room.

use crate::document::Limits;
use crate::model::credential::{Container, Document, Format, ReceivedCredential, ReceivedPresentation};
use crate::model::submission::{FilePerson, FileProblem};

/// Most items of a list that are read.
pub const MAX_ITEMS: usize = 200;
/// Media type of a JSON-serialised JWS, the seal of European credentials.
pub const SEALED: &str = "application/jose+json";
/// One opened file, or one opened entry of an archive.
#[derive(Clone, Debug)]
pub struct OpenedFile {
    /// For people: `badges.zip/ada.png`.
    pub name: String,
    /// Lower-case hex SHA-256 of the file's bytes; empty for an entry that was not unpacked.
    pub sha256: String,
    /// The kind of the file, in plain words.
    pub detected: String,
    pub content: Content,
    /// Links in a document, a mail or a QR code without a credential. They were not followed.
    pub links: Vec<String>,
    /// Warnings for the person who sent the file, whatever the verdict.
    pub warnings: Vec<FileProblem>,
    /// Whose other files are, when this file is a list that says so.
    pub people: Vec<FilePerson>,
}

impl OpenedFile {
    /// A file without a credential.
    pub fn nothing(name: &str, sha256: String, detected: &str, problem: FileProblem) -> Self {
        let content = Content::Nothing(problem);
        let (name, detected) = (name.to_owned(), detected.to_owned());
        Self { name, sha256, detected, content, links: Vec::new(), warnings: Vec::new(), people: Vec::new() }
    }

    pub fn holds_credentials(&self) -> bool {
        !matches!(self.content, Content::Nothing(_))
    }
}

#[derive(Clone, Debug)]
pub enum Content {
    Credentials(Vec<ReceivedCredential>),
    Presentation(ReceivedPresentation),
    /// No credential: a problem that names the content.
    Nothing(FileProblem),
}

/// The source of a text.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// For people: `badges.zip/ada.png`.
    pub name: &'a str,
    pub containers: &'a [Container],
    pub limits: &'a Limits,
    /// The number of envelopes (quotes, wrappers, data URLs, presentations) around the text.
    pub nesting: usize,
}

/// One item found in a file.
pub struct Found {
    pub detected: String,
    pub content: Content,
}

impl Found {
    pub(crate) fn nothing(detected: impl Into<String>, problem: FileProblem) -> Self {
        Self { detected: detected.into(), content: Content::Nothing(problem) }
    }
}

impl<'a> Source<'a> {
    /// The same source, one envelope deeper.
    pub(super) fn deeper(&self) -> Self {
        Self { nesting: self.nesting + 1, ..*self }
    }

    /// Whether the text comes from a picture.
    pub(super) fn is_baked(&self) -> bool {
        self.containers.iter().any(|container| matches!(container, Container::Png | Container::Svg))
    }

    pub(crate) fn credential(&self, media_type: &str, bytes: &[u8], document: Document) -> ReceivedCredential {
        ReceivedCredential {
            name: self.name.to_owned(),
            containers: self.containers.to_vec(),
            media_type: media_type.to_owned(),
            bytes: bytes.to_vec(),
            document,
            presentation: None,
        }
    }

    pub(super) fn found(&self, detected: String, credential: ReceivedCredential) -> Found {
        Found { detected, content: Content::Credentials(vec![credential]) }
    }
}

/// Opens a text inside another text, for example a credential inside a presentation.
pub type OpenInner = fn(&str, &Source<'_>) -> Vec<Found>;

/// A format's name, for people.
pub(crate) fn named(format: Format) -> String {
    match format {
        Format::Other => "credential of an unknown kind".to_owned(),
        Format::OpenBadges1 | Format::OpenBadges2 | Format::OpenBadges3 => format!("{} badge", format.title()),
        other => other.title().to_owned(),
    }
}
