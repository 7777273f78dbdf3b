//! Splits a Verifiable Presentation into its credentials, each to be verified alone.
//! Comes in: the JSON text of a presentation, in any shape that wallets send. Goes out: its credentials; embedded credentials keep
//! exactly their bytes in the source. Must not know: whether the presentation or a credential is genuine.

use super::found::{Content, Found, MAX_ITEMS, OpenInner, Source};
use super::problem;
use crate::document::json;
use crate::model::code::Code;
use crate::model::credential::{Container, Document, ReceivedCredential, ReceivedPresentation};
use crate::model::submission::FileProblem;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The only member of a presentation that holds credentials.
#[derive(Deserialize)]
struct Held<'a> {
    #[serde(borrow, default, rename = "verifiableCredential")]
    credentials: Option<&'a RawValue>,
}

/// A presentation with its credentials. `inner`: the JSON with the credentials; `open`: opens a credential.
pub fn found(bytes: &[u8], media_type: &str, document: Document, inner: &[u8], source: &Source<'_>, open: OpenInner) -> Found {
    match split(inner, source, open) {
        Ok(credentials) => {
            let detected = format!("Verifiable Presentation with {} credential(s)", credentials.len());
            let presentation = ReceivedPresentation {
                name: source.name.to_owned(),
                media_type: media_type.to_owned(),
                bytes: bytes.to_vec(),
                document,
                credentials,
            };
            Found { detected, content: Content::Presentation(presentation) }
        }
        Err(problem) => Found::nothing("Verifiable Presentation", problem),
    }
}

/// The credentials of a presentation. The list may be empty, for a wallet that only proves its identifier.
fn split(presentation: &[u8], source: &Source<'_>, open: OpenInner) -> Result<Vec<ReceivedCredential>, FileProblem> {
    let held: Held<'_> = serde_json::from_slice(json::without_bom(presentation)).map_err(|_| problem::unknown())?;
    let Some(raw) = held.credentials else { return Ok(Vec::new()) };
    let items: Vec<&str> = if raw.get().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| problem::unknown())?;
        items.into_iter().map(RawValue::get).collect()
    } else if raw.get() == "null" {
        Vec::new()
    } else {
        vec![raw.get()]
    };
    if items.len() > MAX_ITEMS {
        let message = format!("The presentation holds {} credentials, but at most {MAX_ITEMS} are allowed.", items.len());
        return Err(FileProblem::new(Code::TooManyCredentials, message));
    }
    let mut containers = source.containers.to_vec();
    containers.push(Container::Presentation);
    let total = items.len();
    let name =
        |index: usize| if total > 1 { format!("{} ({} of {total})", source.name, index + 1) } else { source.name.to_owned() };
    let of_item = |(index, item): (usize, &&str)| {
        let inner = Source { name: &name(index), containers: &containers, limits: source.limits, nesting: source.nesting + 1 };
        split_item(item, &inner, open)
    };
    Ok(items.iter().enumerate().flat_map(of_item).collect())
}

fn split_item(item: &str, source: &Source<'_>, open: OpenInner) -> Vec<ReceivedCredential> {
    let credentials: Vec<ReceivedCredential> = open(item, source)
        .into_iter()
        .flat_map(|found| match found.content {
            Content::Credentials(credentials) => credentials,
            Content::Presentation(_) | Content::Nothing(_) => Vec::new(),
        })
        .collect();
    if !credentials.is_empty() {
        return credentials;
    }
    // A value that is not a credential is reported as an unreadable credential, never dropped.
    match json::parse(item.as_bytes(), source.limits) {
        Ok(value) => vec![source.credential("application/json", item.as_bytes(), Document::Json(value.into()))],
        Err(_) => Vec::new(),
    }
}
