//! Files beside badges in an archive: instructions, tables, pictures, signatures of other programs. They do not affect the verdict.
//! Comes in: the opened items of an archive, one after the other. Goes out: the same items, with those that hold no credential marked
//! as companions; at the end, a problem when all items are companions. Must not know: how an archive is unpacked.

use super::found::{Content, OpenedFile};
use super::problem;
use crate::model::code::Code;
use crate::model::submission::FileProblem;

#[derive(Default)]
pub(super) struct Companions {
    files: usize,
    companions: usize,
    /// Documents without a credential whose links may lead to a credential. They count only when no other item holds a credential.
    linked: Vec<OpenedFile>,
}

impl Companions {
    pub(super) fn take(&mut self, item: OpenedFile, sink: &mut dyn FnMut(OpenedFile)) {
        self.files += 1;
        let is_companion = match &item.content {
            Content::Nothing(problem) => problem.code == Code::Companion || !problem::is_telling(problem),
            _ => false,
        };
        if !is_companion {
            return sink(item);
        }
        self.companions += 1;
        if item.links.is_empty() { sink(marked(item)) } else { self.linked.push(item) }
    }

    /// For an archive of companions only: the documents with links count, or else the problem that the archive holds no credential.
    pub(super) fn finish(self, sink: &mut dyn FnMut(OpenedFile)) -> Option<FileProblem> {
        let is_alone = self.companions == self.files;
        let has_links = !self.linked.is_empty();
        for item in self.linked {
            sink(if is_alone { item } else { marked(item) });
        }
        (is_alone && !has_links).then(|| problem::only_companions(self.files))
    }
}

fn marked(item: OpenedFile) -> OpenedFile {
    match &item.content {
        Content::Nothing(problem) if problem.code != Code::Companion => {
            let content = Content::Nothing(problem::companion(problem));
            OpenedFile { content, ..item }
        }
        _ => item,
    }
}
