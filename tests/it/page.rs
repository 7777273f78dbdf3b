//! The pages: everything comes from the gateway itself, nothing is inline, nothing is missing.

use crate::support::{Answer, TestApp, spawn_app};
use std::collections::BTreeSet;

/// The pages of a person who is signed in.
const PAGES: [&str; 14] = [
    "/",
    "/candidates",
    "/requests",
    "/requests/new",
    "/connections",
    "/skills",
    "/taxonomies",
    "/deliveries",
    "/keys",
    "/overview",
    "/trust",
    "/users",
    "/audit",
    "/account",
];

async fn text_of(app: &TestApp, path: &str) -> String {
    let answer = Answer::of(app.request("GET", path)).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.text
}

/// Values of `attribute="…"` in markup.
fn attributes<'a>(markup: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    markup.split(opening.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn pages_hold_nothing_inline() {
    let app = spawn_app().await;
    for path in PAGES {
        let page = text_of(&app, path).await;
        assert!(page.starts_with("<!doctype html>"));
        assert!(page.contains("<html lang=\"en\">") && page.contains("<main"));
        assert!(!page.contains("<style") && !page.contains(" style="), "{path}: inline style");
        for script in page.split("<script").skip(1) {
            assert!(script.split('>').next().unwrap().contains("src="), "{path}: inline script");
        }
        assert!(!page.contains(" onclick=") && !page.contains("javascript:"), "{path}");
    }
}

#[tokio::test]
async fn every_asset_that_a_page_or_a_script_names_is_there_with_its_type() {
    let app = spawn_app().await;
    let mut wanted: Vec<String> = Vec::new();
    for path in PAGES {
        let page = text_of(&app, path).await;
        let linked = attributes(&page, "src").into_iter().chain(attributes(&page, "href"));
        wanted.extend(linked.filter(|link| link.starts_with("/assets/")).map(str::to_owned));
    }
    let mut seen = BTreeSet::new();
    while let Some(asset) = wanted.pop() {
        if !seen.insert(asset.clone()) {
            continue;
        }
        let answer = Answer::of(app.stranger("GET", &asset)).await;
        assert_eq!(answer.status, 200, "{asset}");
        let expected = match asset.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(answer.header("content-type"), expected, "{asset}");
        let imports = answer.text.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next());
        wanted.extend(imports.map(|name| format!("/assets/{name}")));
    }
    assert!(seen.len() >= 11, "{seen:?}");
}

#[tokio::test]
async fn pages_name_no_other_host_and_scripts_never_parse_markup() {
    let app = spawn_app().await;
    for path in [
        "/",
        "/candidates",
        "/requests/new",
        "/assets/style.css",
        "/assets/inbox.js",
        "/assets/submission.js",
        "/assets/connection.js",
        "/assets/connection-actions.js",
        "/assets/dom.js",
    ] {
        let text = text_of(&app, path).await;
        let namespace = "http://www.w3.org/2000/svg";
        let foreign = text.replace(namespace, "");
        assert!(!foreign.contains("http://") && !foreign.contains("https://"), "{path} names another host");
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!text.contains(way), "{path} uses {way}");
        }
    }
}

#[tokio::test]
async fn every_field_has_a_label_and_every_reference_an_element() {
    let app = spawn_app().await;
    for path in PAGES {
        let page = text_of(&app, path).await;
        let ids: BTreeSet<&str> = attributes(&page, "id").into_iter().collect();
        for field in page.split("<input").skip(1).chain(page.split("<select").skip(1)) {
            let tag = format!(" {}", field.split('>').next().unwrap());
            let Some(id) = attributes(&tag, "id").first().copied() else { continue };
            assert!(page.contains(&format!("for=\"{id}\"")), "{path}: #{id} has no label");
        }
        for reference in ["aria-describedby", "aria-labelledby", "for"] {
            for id in attributes(&page, reference) {
                assert!(ids.contains(id), "{path}: {reference}={id} leads nowhere");
            }
        }
    }
}

#[tokio::test]
async fn a_stranger_gets_the_sign_in_page_at_every_page_s_address_and_nothing_else() {
    let app = spawn_app().await;
    for path in PAGES {
        let answer = Answer::of(app.stranger("GET", path)).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text.contains("id=\"sign-in\"") && !answer.text.contains("id=\"workspace\""), "{path}");
    }
}

#[tokio::test]
async fn browsers_get_pages_for_errors_and_programs_get_problems() {
    let app = spawn_app().await;
    let page = Answer::of(app.stranger("GET", "/nowhere").header("accept", "text/html,*/*;q=0.8")).await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.text.contains("<h1>This page does not exist</h1>"), "{}", page.text);
    let problem = Answer::of(app.stranger("GET", "/nowhere")).await;
    assert_eq!((problem.status, problem.header("content-type")), (404, "application/problem+json"));
}

#[tokio::test]
async fn the_language_is_the_browser_s_until_the_person_chooses() {
    let app = spawn_app().await;
    let german = Answer::of(app.request("GET", "/skills").header("accept-language", "de-CH,en;q=0.5")).await;
    assert!(german.text.contains("<html lang=\"de\">") && german.text.contains("Kompetenzen"), "{}", german.text);
    let chosen = Answer::of(app.request("GET", "/skills?x=1&lang=es")).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/skills?x=1"));
    let cookie = chosen.header("set-cookie").split(';').next().unwrap().to_owned();
    let spanish = app.request("GET", "/skills").header("accept-language", "de").header("cookie", cookie);
    assert!(Answer::of(spanish).await.text.contains("<html lang=\"es\">"));
    // A tag that is no language of the pages is a part of the query like any other.
    assert_eq!(Answer::of(app.request("GET", "/skills?lang=tlh")).await.status, 200);
}

#[tokio::test]
async fn an_asset_that_the_browser_has_is_not_sent_again() {
    let app = spawn_app().await;
    let first = Answer::of(app.stranger("GET", "/assets/style.css")).await;
    let again = app.stranger("GET", "/assets/style.css").header("if-none-match", first.header("etag"));
    let again = Answer::of(again).await;
    assert_eq!((again.status, again.text.len()), (304, 0));
}
