//! Links in documents, mails and pictures: known platforms are asked for the credentials behind them.
//! Comes in: an opened file without a credential. Goes out: the same file with the platforms' credentials, or with a sentence about its
//! links. Must not know: how a link is fetched. Only addresses that the link resolver allows are contacted.

use crate::document::Limits;
use crate::intake::{self, Content, OpenedFile};
use crate::model::credential::{Document, ReceivedCredential};
use crate::model::submission::{FileProblem, UploadedFile};
use crate::protocol::link::{LinkAsker, LinkProblem, Resolved};

/// Asks platforms about the links of a file. A file without links is returned unchanged.
pub(super) async fn follow(mut opened: OpenedFile, asker: Option<&LinkAsker>, limits: &Limits) -> OpenedFile {
    let links = std::mem::take(&mut opened.links);
    let Content::Nothing(problem) = &mut opened.content else { return opened };
    if links.is_empty() {
        return opened;
    }
    let Some(asker) = asker else {
        problem
            .message
            .push_str(&format!(" It holds {}, but the gateway is not allowed to follow links (offline).", counted(links.len())));
        return opened;
    };
    let mut known: Vec<Resolved> = Vec::new();
    let mut refused: Option<LinkProblem> = None;
    for link in &links {
        match asker.resolve(link) {
            Ok(resolved) if !known.contains(&resolved) => known.push(resolved),
            Ok(_) => {}
            // For a known platform without an address to fetch, the resolver gives specific advice.
            Err(advice) if advice.code != "link_unknown" && advice.code != "link_unusable" => {
                refused.get_or_insert(advice);
            }
            Err(_) => {}
        }
    }
    let left_out = known.len().saturating_sub(limits.max_links);
    known.truncate(limits.max_links);
    let mut held = Held::default();
    for resolved in &known {
        match asker.ask(resolved).await {
            Some(Ok(file)) => held.take(&opened.name, &resolved.platform, file, limits),
            Some(Err(advice)) => drop(refused.get_or_insert(advice)),
            None => held.keep(&opened.name, resolved),
        }
    }
    match held.content() {
        Some((found, content)) => {
            let more = if left_out > 0 { format!("; {left_out} more links were not followed") } else { String::new() };
            opened.detected = format!("{}: {found}{more}", opened.detected);
            opened.content = content;
        }
        None => explain(problem, &links, known.len(), refused),
    }
    opened
}

fn explain(problem: &mut FileProblem, links: &[String], known: usize, refused: Option<LinkProblem>) {
    match refused {
        Some(advice) => {
            problem.message.push_str(&format!(" It holds {}: {}", counted(links.len()), advice.message));
            problem.next_step = Some(advice.next_step);
        }
        None if known > 0 => {
            problem.message.push_str(" A link in it was followed, but the platform's answer holds no credential.")
        }
        None => {
            let which = if links.len() == 1 { "does not lead" } else { "do not lead" };
            problem
                .message
                .push_str(&format!(" It holds {}, which {which} to a platform that the gateway knows.", counted(links.len())));
        }
    }
}

fn counted(links: usize) -> String {
    if links == 1 { "a link".to_owned() } else { format!("{links} links") }
}

/// The platforms' answers.
#[derive(Default)]
struct Held {
    found: Vec<String>,
    credentials: Vec<ReceivedCredential>,
    /// The only presentation, while it is the only find.
    presentation: Option<Content>,
}

impl Held {
    fn take(&mut self, name: &str, platform: &str, file: UploadedFile, limits: &Limits) {
        let file = UploadedFile { name: Some(format!("{name} ({platform})")), ..file };
        for item in intake::open(&file, limits) {
            let found = format!("{} from a link to {platform} in it", item.detected);
            match item.content {
                Content::Credentials(mut some) => self.credentials.append(&mut some),
                Content::Presentation(presentation) if self.found.is_empty() => {
                    self.presentation = Some(Content::Presentation(presentation));
                }
                Content::Presentation(mut presentation) => self.credentials.append(&mut presentation.credentials),
                Content::Nothing(_) => continue,
            }
            self.found.push(found);
        }
    }

    /// Keeps a link that can't be followed offline as a hosted badge, so that the badge's checks report `could_not_check`.
    fn keep(&mut self, name: &str, resolved: &Resolved) {
        let url = resolved.url.to_string();
        self.found.push(format!("link to {} in it, which was not followed", resolved.platform));
        self.credentials.push(ReceivedCredential {
            name: format!("{name} ({})", resolved.platform),
            containers: Vec::new(),
            media_type: "text/uri-list".to_owned(),
            bytes: url.clone().into_bytes(),
            document: Document::HostedUrl(url),
            presentation: None,
        });
    }

    fn content(mut self) -> Option<(String, Content)> {
        let found = self.found.join("; ");
        match self.presentation.take() {
            Some(content) if self.credentials.is_empty() => Some((found, content)),
            Some(Content::Presentation(mut presentation)) => {
                self.credentials.append(&mut presentation.credentials);
                Some((found, Content::Credentials(self.credentials)))
            }
            _ if self.credentials.is_empty() => None,
            _ => Some((found, Content::Credentials(self.credentials))),
        }
    }
}
