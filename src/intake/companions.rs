//! Files beside badges in an archive or an upload: instructions, tables, pictures, signatures of other programs. They do not affect the verdict.
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
        if !is_companion(&item) {
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

/// Uploads beside uploaded credentials: what holds no credential decides nothing there either. Uploads without any credential are what
/// they are, and a list of people without a credential was sent for nothing.
pub fn among_uploads(items: Vec<OpenedFile>) -> Vec<OpenedFile> {
    let holds_credentials = |item: &OpenedFile| !matches!(item.content, Content::Nothing(_));
    let is_alone = !items.iter().any(holds_credentials);
    let judged = |item: OpenedFile| match is_alone {
        false if is_companion(&item) => marked(item),
        true if !item.people.is_empty() => OpenedFile { content: Content::Nothing(problem::only_a_list()), ..item },
        _ => item,
    };
    items.into_iter().map(judged).collect()
}

fn is_companion(item: &OpenedFile) -> bool {
    match &item.content {
        Content::Nothing(problem) => matches!(problem.code, Code::Companion | Code::PeopleList) || !problem::is_telling(problem),
        _ => false,
    }
}

fn marked(item: OpenedFile) -> OpenedFile {
    match &item.content {
        Content::Nothing(problem) if !matches!(problem.code, Code::Companion | Code::PeopleList) => {
            let content = Content::Nothing(problem::companion(problem));
            OpenedFile { content, ..item }
        }
        _ => item,
    }
}
