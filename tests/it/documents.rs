//! The documents for people: they stay short where they promise it, and their links lead somewhere.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown file of the project outside of build folders and installed packages.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                documents(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Targets of `[text](target)` outside of code blocks.
fn links(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if !in_code {
            found.extend(line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target)));
        }
    }
    found
}

/// The anchor that a heading gets: lower case, punctuation dropped, spaces as hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

#[test]
fn every_link_of_the_documents_leads_to_a_file_and_to_a_heading_in_it() {
    let mut files = Vec::new();
    documents(&root(), &mut files);
    assert!(files.len() > 10, "only {} documents were found", files.len());
    let mut wrong = Vec::new();
    let mut checked = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        for target in links(&text).into_iter().filter(|target| !target.contains("://")) {
            checked += 1;
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let aimed = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let leads = match std::fs::read_to_string(&aimed) {
                Ok(there) => heading.is_empty() || has_anchor(&there, heading),
                // A folder, or a picture.
                Err(_) => aimed.exists() && heading.is_empty(),
            };
            if !leads {
                wrong.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 20, "only {checked} links were checked");
}

#[test]
fn the_readme_fits_on_two_screens() {
    let lines = std::fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 120, "README.md has {lines} lines; move details to docs/");
}

#[test]
fn a_link_to_a_missing_file_or_heading_is_noticed() {
    assert_eq!(links("see [a](b.md#c) and\n```\n[not](this)\n```\n[d](e)"), ["b.md#c", "e"]);
    assert!(has_anchor("# To add …, touch these files\n", "to-add--touch-these-files"));
    assert!(!has_anchor("# Golden files\n", "golden"));
}
