//! The frame of the pages: navigation, language, and every template with the functions that templates may call.
//! Comes in: a template's name, its values, and who reads in which language. Goes out: HTML with every value escaped.
//! Must not know: the source of the values.

use super::dates;
use super::messages::{self, Language};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, State, UndefinedBehavior, Value, context};
use serde::Serialize;
use std::sync::LazyLock;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/templates.rs"));
}

/// The part of the gateway that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    Inbox,
    Candidates,
    Requests,
    Skills,
    Connections,
    Deliveries,
    Trust,
    Overview,
    Keys,
    Users,
    Audit,
    Account,
    Docs,
    /// Errors, the sign-in.
    Elsewhere,
}

/// The navigation: area, address, key of its name. Every address is a page that exists.
pub const NAVIGATION: &[(Area, &str, &str)] = &[
    (Area::Inbox, "/", "nav.inbox"),
    (Area::Candidates, "/candidates", "nav.candidates"),
    (Area::Requests, "/requests", "nav.requests"),
    (Area::Skills, "/skills", "nav.skills"),
    (Area::Connections, "/connections", "nav.connections"),
    (Area::Deliveries, "/deliveries", "nav.deliveries"),
    (Area::Trust, "/trust", "nav.trust"),
    (Area::Overview, "/overview", "nav.overview"),
    (Area::Keys, "/keys", "nav.keys"),
    (Area::Users, "/users", "nav.users"),
    (Area::Audit, "/audit", "nav.audit"),
    (Area::Docs, "/docs", "nav.docs"),
];

/// Who reads a page.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    pub language: Language,
    pub area: Area,
    /// Path of the page, and its query without the choice of a language; both as the browser sent them.
    pub path: &'a str,
    pub query: &'a str,
    /// Whether there is a session: only then the navigation is shown.
    pub is_signed_in: bool,
    /// `METHOD path` of every route that the reader may call.
    pub allowed: &'a [String],
}

#[derive(Serialize)]
struct Entry {
    path: &'static str,
    name: String,
    is_current: bool,
}

#[derive(Serialize)]
struct Choice {
    tag: &'static str,
    name: &'static str,
    address: String,
    is_current: bool,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    match SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        Ok(syntax) => environment.set_syntax(syntax),
        Err(error) => tracing::error!(cause = %error, "the syntax of the pages can't be set"),
    }
    environment.add_filter("attribute", attribute);
    environment.add_filter("day", |state: &State<'_, '_>, moment: String| dates::day(language(state), &moment));
    environment.add_filter("moment", |state: &State<'_, '_>, moment: String| dates::moment(language(state), &moment));
    environment.add_function("t", translated);
    environment.add_function("may", may);
    environment.add_function("has", |key: String| messages::find(Language::English, &key).is_some());
    environment.add_function("count", |state: &State<'_, '_>, key: String, number: u64| {
        messages::counted(language(state), &key, number)
    });
    for (name, bytes) in embedded::EMBEDDED {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if let Err(error) = environment.add_template(name, text) {
            tracing::error!(name, cause = %error, "a built-in page is broken");
        }
    }
    environment
}

/// The language of the page that is being made.
fn language(state: &State<'_, '_>) -> Language {
    let tag = state.lookup("language");
    tag.and_then(|tag| Language::of_tag(tag.as_str()?)).unwrap_or_default()
}

/// `may("POST /v1/api-keys")`: whether the reader's role may call the route.
fn may(state: &State<'_, '_>, route: String) -> bool {
    let allowed = state.lookup("allowed");
    allowed.and_then(|allowed| allowed.try_iter().ok()).is_some_and(|mut allowed| allowed.any(|one| one.as_str() == Some(&route)))
}

/// `t("key", name="value")`: a text, with its places filled.
fn translated(state: &State<'_, '_>, key: String, places: Kwargs) -> Result<String, Error> {
    let mut text = messages::text(language(state), &key);
    for name in places.args() {
        let value: Value = places.get(name)?;
        text = text.replace(&format!("{{{name}}}"), &value.to_string());
    }
    Ok(text)
}

/// Text inside a quoted attribute, with minimal escaping, so that addresses stay readable.
fn attribute(text: String) -> Value {
    let escaped =
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
    Value::from_safe_string(escaped)
}

/// A template with its values.
pub(super) fn render(template: &str, values: Value) -> Result<String, Error> {
    TEMPLATES.get_template(template)?.render(values)
}

/// A page in the frame. `values`: what the template names; numbers are plain numbers, never `serde_json` numbers.
pub fn page<T: Serialize>(status: u16, template: &str, reader: &Reader<'_>, values: &T) -> HttpResponse {
    let html = render(template, context! { ..Value::from(Serde(values)), ..frame_values(reader) });
    let (status, html) = match html {
        Ok(html) => (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), html),
        Err(error) => {
            tracing::error!(template, cause = %error, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, broken())
        }
    };
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "Accept-Language, Cookie"))
        .body(html)
}

/// The page about a page that could not be made.
pub(super) fn broken() -> String {
    "<!doctype html><html lang=\"en\"><title>Error</title><p>This page could not be made.".to_owned()
}

fn frame_values(reader: &Reader<'_>) -> Value {
    let entry = |(area, path, key): &(Area, &'static str, &str)| Entry {
        path,
        name: messages::text(reader.language, key),
        is_current: *area == reader.area,
    };
    // The documents are open to everybody; a page that the reader's role may not see is not offered.
    let may_see = |path: &str| reader.allowed.iter().any(|route| route.strip_prefix("GET ") == Some(path));
    let is_allowed = |(area, path, _): &&(Area, &str, &str)| match area {
        Area::Docs => true,
        // Who may not see submissions is led from here to another page.
        Area::Inbox => may_see("/submissions/{id}"),
        _ => may_see(path),
    };
    let choice = |language: Language| {
        let before = if reader.query.is_empty() { String::new() } else { format!("{}&", reader.query) };
        let address = format!("{}?{before}lang={}", reader.path, language.tag());
        Choice { tag: language.tag(), name: language.name(), address, is_current: language == reader.language }
    };
    context! {
        language => reader.language.tag(),
        navigation => Value::from(Serde(NAVIGATION.iter().filter(|entry| is_allowed(entry)).map(entry).collect::<Vec<_>>())),
        allowed => Value::from(reader.allowed.to_vec()),
        languages => Value::from(Serde(Language::ALL.map(choice))),
        is_signed_in => reader.is_signed_in,
        is_account => reader.area == Area::Account,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn templates() -> impl Iterator<Item = (&'static str, &'static str)> {
        embedded::EMBEDDED.iter().map(|(name, bytes)| (*name, std::str::from_utf8(bytes).unwrap()))
    }

    /// The first argument of each call of the function, where it is a string literal.
    fn literals<'a>(text: &'a str, function: &str) -> Vec<&'a str> {
        let opening = format!("{function}(\"");
        let is_name = |before: char| before.is_alphanumeric() || before == '_';
        let calls = text.match_indices(&opening).filter(|(at, _)| !text[..*at].ends_with(is_name));
        calls.filter_map(|(at, _)| text[at + opening.len()..].split('"').next()).collect()
    }

    #[test]
    fn every_template_can_be_read() {
        let broken: Vec<String> = templates()
            .filter_map(|(name, _)| environment().get_template(name).err().map(|error| format!("{name}: {error}")))
            .collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn every_text_that_a_page_names_exists_and_every_text_is_named() {
        let english = messages::all(Language::English);
        let mut named = BTreeSet::new();
        for (name, template) in templates() {
            for key in literals(template, "t") {
                // `t("kind." ~ value)`: a family of texts.
                assert!(
                    english.keys().any(|known| known == key || key.ends_with('.') && known.starts_with(key)),
                    "{name}: {key}"
                );
                named.insert(key.to_owned());
            }
            for key in literals(template, "count") {
                for form in ["one", "other"] {
                    assert!(english.contains_key(&format!("{key}.{form}")), "{name}: {key}.{form}");
                }
                named.insert(format!("{key}."));
            }
        }
        let code = rust_sources();
        // `"family"` or `"family.{kind}"` in the code names every text of the family.
        let in_code = |key: &String| {
            let ancestors = key.match_indices('.').map(|(end, _)| &key[..end]).chain([key.as_str()]);
            ancestors.into_iter().any(|name| code.contains(&format!("\"{name}\"")) || code.contains(&format!("\"{name}.{{")))
        };
        let in_pages = |key: &String| named.iter().any(|name| name == key || name.ends_with('.') && key.starts_with(name));
        let is_named = |key: &String| in_pages(key) || in_code(key);
        let idle: Vec<&String> = english.keys().filter(|key| !is_named(key)).collect();
        assert!(idle.is_empty(), "texts that no page shows: {idle:#?}");
    }

    /// The sources of the two rooms that make pages.
    fn rust_sources() -> String {
        fn collect(folder: &Path, text: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(&path, text);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    text.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let mut text = String::new();
        for room in ["src/web", "src/http/pages"] {
            collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(room), &mut text);
        }
        text
    }

    #[test]
    fn a_page_has_the_reader_s_language_and_marks_where_the_reader_is() {
        let reader = Reader {
            language: Language::German,
            area: Area::Skills,
            path: "/skills",
            query: "q=a&x=<",
            is_signed_in: true,
            allowed: &["GET /skills".to_owned()],
        };
        let html = render("page.html", frame_values(&reader)).unwrap();
        assert!(html.contains("<html lang=\"de\">"), "{html}");
        assert_eq!(html.matches("aria-current=\"page\"").count(), 1);
        assert!(!html.contains("x=<"));
    }
}
