//! Files beside badges in an archive: instructions, tables, pictures, signatures of other programs. They decide nothing.
//! Comes in: the opened items of an archive, one after the other. Goes out: the same items, those without a credential marked so;
//! at the end, whether there was nothing else. Must not know: how an archive is unpacked.

use super::found::{Content, OpenedFile};
use super::problem;
use crate::model::code::Code;
use crate::model::submission::FileProblem;

#[derive(Default)]
pub(super) struct Companions {
    files: usize,
    companions: usize,
    /// Documents without a credential whose links may lead to a credential: whether they count depends on what else there is.
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

    /// An archive of companions alone was sent for nothing, and that is what counts; so do its documents with links, when it has any.
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
