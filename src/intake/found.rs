//! What is found in a file, and where a text that is being opened comes from. Plain data of this room.

use crate::document::Limits;
use crate::model::credential::{Container, Document, Format, ReceivedCredential, ReceivedPresentation};
use crate::model::submission::FileProblem;

/// Most items of a list that are looked at.
pub const MAX_ITEMS: usize = 200;
/// Media type of a JSON-serialised JWS, as European credentials are sealed.
pub const SEALED: &str = "application/jose+json";
/// One file, or one entry of an archive, after it was opened.
#[derive(Clone, Debug)]
pub struct OpenedFile {
    /// For people: `badges.zip/ada.png`.
    pub name: String,
    /// Lower-case hex SHA-256 of the file's bytes; empty for an entry that could not be unpacked.
    pub sha256: String,
    /// Plain words for what it is.
    pub detected: String,
    pub content: Content,
    /// Links that stood in a document, a mail or a QR code without a credential. They were not followed.
    pub links: Vec<String>,
    /// What the person who sent the file should hear of, whatever the verdict is.
    pub warnings: Vec<FileProblem>,
}

impl OpenedFile {
    /// A file without a credential.
    pub fn nothing(name: &str, sha256: String, detected: &str, problem: FileProblem) -> Self {
        let content = Content::Nothing(problem);
        Self { name: name.to_owned(), sha256, detected: detected.to_owned(), content, links: Vec::new(), warnings: Vec::new() }
    }
}

#[derive(Clone, Debug)]
pub enum Content {
    Credentials(Vec<ReceivedCredential>),
    Presentation(ReceivedPresentation),
    /// No credential: a plain sentence that names what was found.
    Nothing(FileProblem),
}

/// Where a text comes from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// For people: `badges.zip/ada.png`.
    pub name: &'a str,
    pub containers: &'a [Container],
    pub limits: &'a Limits,
    /// How many envelopes (quotes, wrappers, data URLs, presentations) were opened around the text.
    pub nesting: usize,
}

/// One thing found in a file.
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
    /// The same place, for what stands in one envelope more.
    pub(super) fn deeper(&self) -> Self {
        Self { nesting: self.nesting + 1, ..*self }
    }

    /// Whether the text stood in a picture.
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

/// Opens a text that stands inside another one, for example a credential inside a presentation.
pub type OpenInner = fn(&str, &Source<'_>) -> Vec<Found>;

/// A format's name as people read it.
pub(crate) fn named(format: Format) -> String {
    match format {
        Format::Other => "credential of an unknown kind".to_owned(),
        Format::OpenBadges1 | Format::OpenBadges2 | Format::OpenBadges3 => format!("{} badge", format.title()),
        other => other.title().to_owned(),
    }
}
