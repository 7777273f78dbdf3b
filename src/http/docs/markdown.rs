//! The project's own documents as HTML. Comes in: Markdown that is part of the program, and its path. Goes out: HTML whose links lead
//! to pages of this gateway, and the headings. Must not know: which page shows it. Never give it a stranger's text.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use serde::Serialize;
use std::collections::HashMap;

/// A document as it is shown.
#[derive(Debug, Serialize)]
pub struct Document {
    pub title: String,
    pub html: String,
    /// The headings of the second level.
    pub contents: Vec<Heading>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Heading {
    pub id: String,
    pub text: String,
}

/// `path`: where the document lies in the project, for example `docs/events.md`: its links are relative to that.
pub fn document(text: &str, path: &str) -> Document {
    let mut events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| own(event, path)).collect();
    let (mut title, mut contents, mut seen) = (String::new(), Vec::new(), HashMap::new());
    for at in 0..events.len() {
        let Event::Start(Tag::Heading { level, .. }) = &events[at] else { continue };
        let level = *level as usize;
        let words = words_from(&events[at + 1..]);
        let id = unique(&mut seen, slug(&words));
        if let Event::Start(Tag::Heading { id: place, .. }) = &mut events[at] {
            *place = Some(CowStr::from(id.clone()));
        }
        match level {
            1 if title.is_empty() => title = words,
            2 => contents.push(Heading { id, text: words }),
            _ => {}
        }
    }
    // The page has its own heading of the first level.
    if let (Some(start), Some(end)) = (
        events.iter().position(|event| matches!(event, Event::Start(Tag::Heading { level, .. }) if *level as usize == 1)),
        events.iter().position(|event| matches!(event, Event::End(TagEnd::Heading(level)) if *level as usize == 1)),
    ) {
        events.drain(start..=end);
    }
    let mut rendered = String::new();
    html::push_html(&mut rendered, events.into_iter());
    Document { title, html: rendered, contents }
}

/// A sentence or two of Markdown, for example a description in the OpenAPI document.
pub fn fragment(text: &str) -> String {
    let mut rendered = String::new();
    html::push_html(&mut rendered, Parser::new(text).map(|event| own(event, "")));
    rendered
}

/// Links lead into this gateway; markup in the text stays text.
fn own<'a>(event: Event<'a>, path: &str) -> Event<'a> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: CowStr::from(address(&dest_url, path)), title, id })
        }
        // The program holds no pictures of the documents: what a picture shows is said in words.
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        // A mark for whoever writes the document.
        Event::Html(text) if text.trim_start().starts_with("<!--") => Event::Text(CowStr::from("")),
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    }
}

fn words_from(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    inside
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(&**text),
            _ => None,
        })
        .collect()
}

/// The anchor of a heading, as the common hosts of repositories make it.
fn slug(words: &str) -> String {
    let kept = words.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>();
    kept.replace(' ', "-")
}

fn unique(seen: &mut HashMap<String, usize>, slug: String) -> String {
    let count = seen.entry(slug.clone()).and_modify(|count| *count += 1).or_insert(0);
    if *count == 0 { slug } else { format!("{slug}-{count}") }
}

/// Where a link of the document leads on this gateway. What the gateway does not have leads to nothing.
fn address(link: &str, path: &str) -> String {
    if link.starts_with('#') || link.contains("://") || link.starts_with('/') {
        return link.to_owned();
    }
    let (target, anchor) = link.split_once('#').map_or((link, String::new()), |(target, anchor)| (target, format!("#{anchor}")));
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    let whole = parts.join("/");
    let page = super::page_of(&whole).or_else(|| whole.strip_prefix("schemas/").map(|name| format!("/schemas/{name}")));
    page.map_or_else(|| "/docs".to_owned(), |page| page + &anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_gets_anchors_a_table_of_contents_and_links_into_the_gateway() {
        let text = "# Events, **now**\n\nSee [persons](persons.md#linking), [webhook](../connectors/webhook/README.md), \
                    [schema](../schemas/events/cloud-event.json), [licence](../LICENSE), [web](https://example.org), ![the inbox](pictures/inbox.png).\n\n\
                    ## One `event`\n\n## One event\n\n| a |\n|---|\n| <b>x</b> |\n";
        let made = document(text, "docs/events.md");
        assert_eq!(made.title, "Events, now");
        let ids: Vec<&str> = made.contents.iter().map(|heading| heading.id.as_str()).collect();
        assert_eq!(ids, ["one-event", "one-event-1"]);
        for part in [
            "href=\"/docs/persons#linking\"",
            "href=\"/docs/connectors/webhook\"",
            "href=\"/schemas/events/cloud-event.json\"",
            "href=\"/docs\"",
            "href=\"https://example.org\"",
            "<h2 id=\"one-event\">",
            "<table>",
            "<em>the inbox</em>",
            "&lt;b&gt;x",
        ] {
            assert!(made.html.contains(part), "{part} in {}", made.html);
        }
        assert!(!made.html.contains("<h1") && !made.html.contains("<img"));
    }
}
