//! The pages: everything comes from the gateway itself, nothing is inline, nothing is missing.

use crate::support::{Answer, TestApp, spawn_app};
use std::collections::BTreeSet;

async fn text_of(app: &TestApp, path: &str) -> String {
    let answer = Answer::of(app.stranger("GET", path)).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.text
}

/// Values of `attribute="…"` in markup.
fn attributes<'a>(markup: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    markup.split(opening.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn the_pages_are_served_to_anybody_and_hold_nothing_inline() {
    let app = spawn_app().await;
    for path in ["/", "/admin", "/skills"] {
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
    for path in ["/", "/admin", "/skills"] {
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
    for path in
        ["/", "/admin", "/assets/style.css", "/assets/recruiter.js", "/assets/admin.js", "/assets/verdict.js", "/assets/dom.js"]
    {
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
    for path in ["/", "/admin", "/skills"] {
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
