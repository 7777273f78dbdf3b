//! The files of one application: those that somebody else wrote, those behind its links, and whether a credential can be in them.
//! Comes in: an application as it was read. Goes out: files for the pipeline. Must not know: whose they are.

use super::Applications;
use crate::connector::intake::Application;
use crate::connector::job::Setup;
use crate::connector::stop::{Stop, StopKind};
use crate::model::submission::UploadedFile;
use crate::protocol::link::{Resolved, fetch, resolve};
use crate::store::StoreError;
use sha2::{Digest, Sha256};

/// Links that are followed for one application.
const MAX_LINKS: usize = 10;
/// Parts of a text that can be links.
const MAX_WORDS: usize = 2_000;

impl Applications {
    /// The files without those that this connection wrote into the system itself.
    pub(super) async fn foreign(&self, setup: &Setup, application: &Application) -> Result<Vec<UploadedFile>, StoreError> {
        let hashes: Vec<String> = application.files.iter().map(|file| hex::encode(Sha256::digest(&file.bytes))).collect();
        let ids: Vec<String> = application.files.iter().filter_map(|file| file.id.clone()).collect();
        let of_files = (setup.connector.steps_with_files(), ids);
        let own = self.store().written_by(&setup.connection.id, hashes.clone(), of_files).await?;
        let is_foreign = |index: usize| {
            let by_id = application.files.get(index).and_then(|file| file.id.as_ref()).is_some_and(|id| own.contains(id));
            let by_hash = hashes.get(index).is_some_and(|hash| own.contains(hash));
            !by_id && !by_hash
        };
        let uploads = Self::uploads(application).enumerate();
        Ok(uploads.filter(|(index, _)| is_foreign(*index)).map(|(_, upload)| upload).collect())
    }

    /// The credentials behind links that the table of platforms knows. A link that leads nowhere is left out; a platform that can't be
    /// reached is asked again later.
    pub(super) async fn linked(&self, texts: &[String]) -> Result<Vec<UploadedFile>, Stop> {
        let mut known: Vec<Resolved> = Vec::new();
        for link in texts.iter().flat_map(|text| links_in(text)) {
            let resolved = resolve(link, &self.settings.link_hosts, &self.settings.link_platforms_off);
            if let Some(resolved) = resolved.ok().filter(|resolved| !known.contains(resolved) && known.len() < MAX_LINKS) {
                known.push(resolved);
            }
        }
        let mut files = Vec::new();
        for resolved in &known {
            match fetch::fetch(&self.http, resolved).await {
                Ok(file) => files.push(file),
                Err(problem) if problem.code == "link_unreachable" => {
                    let kind = StopKind::Retry { wait: None, limited: false };
                    return Err(Stop::new(kind, problem.code, problem.message));
                }
                Err(problem) => tracing::debug!(code = problem.code, "a link in an application leads to no credential"),
            }
        }
        Ok(files)
    }

    /// Whether any file holds a credential, or a link to one. Nothing of an application without is stored.
    pub(super) async fn holds_credentials(&self, files: &[UploadedFile]) -> bool {
        let opened = self.pipeline.examiner.open(files.to_vec()).await;
        let is_known = |link: &String| resolve(link, &self.settings.link_hosts, &self.settings.link_platforms_off).is_ok();
        opened.iter().any(|file| file.holds_credentials() || file.links.iter().any(is_known))
    }
}

/// Addresses in a text, which may be HTML.
fn links_in(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| c.is_whitespace() || "\"'<>()[]{}|\\^`,;".contains(c);
    let words = text.split(is_end).take(MAX_WORDS);
    words
        .map(|word| word.trim_end_matches(['.', ':', '!', '?']))
        .filter(|word| word.starts_with("https://") || word.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_plain_text_and_in_html() {
        let text = "My badge: https://badges.example.org/a?x=1. <p><a href=\"https://badges.example.org/b\">see (http://badges.example.org/c)</a></p>";
        let found: Vec<&str> = links_in(text).collect();
        assert_eq!(found, ["https://badges.example.org/a?x=1", "https://badges.example.org/b", "http://badges.example.org/c"]);
    }
}
