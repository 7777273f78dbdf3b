//! What the standards demand, and the tests that show it: tests/conformance.toml becomes docs/requirements.md. Each named test exists.

use serde::Deserialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/requirements.md");
const OPENING: &str = "\
# Requirements of the standards

Requirement by requirement: is it met, and which test shows it. `SKILLGATE_UPDATE_GOLDEN=1 cargo test --test it conformance` makes this page from
`tests/conformance.toml`; change that file, not the page. The project claims to implement these standards. It holds no certificate of 1EdTech.

`FILE::TEST` is a test of `tests/it` (`cargo test --test it FILE::TEST`), `src/…::TEST` one beside the code (`cargo test --lib TEST`), a sentence in quotes one
of `tests/browser`. [conformance.md](conformance.md) has the results of the standards' own test suites.
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    part: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    title: String,
    source: String,
    requirement: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    says: String,
    state: State,
    shown: Vec<String>,
    #[serde(default)]
    note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Met,
    Partly,
    Open,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table() -> Table {
    toml::from_str(&std::fs::read_to_string(root().join("tests/conformance.toml")).unwrap()).unwrap()
}

#[test]
fn every_requirement_names_tests_that_are_there_or_says_why_there_are_none() {
    let table = table();
    let mut wrong = String::new();
    let mut seen = std::collections::HashSet::new();
    for requirement in table.part.iter().flat_map(|part| &part.requirement) {
        let id = &requirement.id;
        assert!(seen.insert(id.clone()), "{id} twice");
        if requirement.state == State::Met && requirement.shown.is_empty() {
            writeln!(wrong, "{id}: met, but no test shows it").unwrap();
        }
        if requirement.state != State::Met && requirement.note.is_empty() {
            writeln!(wrong, "{id}: not met, and no note says why").unwrap();
        }
        for shown in requirement.shown.iter().filter(|shown| !is_there(shown)) {
            writeln!(wrong, "{id}: there is no test {shown}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(!is_there("oauth::a_test_that_nobody_wrote") && !is_there("browser: nothing") && !is_there("src/http::nothing"));
}

fn is_there(shown: &str) -> bool {
    if let Some(title) = shown.strip_prefix("browser: ") {
        return sources("tests/browser").iter().any(|text| text.contains(&format!("test(\"{title}\"")));
    }
    if let Some(path) = shown.strip_prefix("command: ") {
        return root().join(path).is_file();
    }
    let Some((place, function)) = shown.split_once("::") else { return false };
    let place = if place.starts_with("src/") { place.to_owned() } else { format!("tests/it/{place}") };
    sources(&place).iter().any(|text| text.contains(&format!("fn {function}(")))
}

/// The texts of a Rust file, or of all files in the folder of that name.
fn sources(place: &str) -> Vec<String> {
    let place = root().join(place);
    let mut found: Vec<PathBuf> = vec![place.with_extension("rs")];
    let mut folders = vec![place];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name == "node_modules") {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

#[test]
fn the_page_of_requirements_says_what_the_table_says() {
    let made = page(&table());
    if std::env::var_os("SKILLGATE_UPDATE_GOLDEN").is_some() {
        std::fs::write(PAGE, &made).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    let differing = made.lines().zip(written.lines()).find(|(made, written)| made != written);
    assert!(made == written, "docs/requirements.md is not up to date (SKILLGATE_UPDATE_GOLDEN=1 writes it anew): {differing:?}");
}

fn page(table: &Table) -> String {
    let mut page = format!("{OPENING}\n| standard and role | met | partly | open |\n|---|---|---|---|\n");
    for part in &table.part {
        let count = |state| part.requirement.iter().filter(|requirement| requirement.state == state).count();
        let (met, partly, open) = (count(State::Met), count(State::Partly), count(State::Open));
        writeln!(page, "| {} | {met} | {partly} | {open} |", part.title).unwrap();
    }
    for part in &table.part {
        writeln!(page, "\n## {}\n\n{}.\n\n| requirement | state | shown by |\n|---|---|---|", part.title, part.source).unwrap();
        for Requirement { says, state, shown, note, .. } in &part.requirement {
            let state = match state {
                State::Met => "met",
                State::Partly => "partly",
                State::Open => "**open**",
            };
            let name = |shown: &String| match (shown.strip_prefix("browser: "), shown.strip_prefix("command: ")) {
                (Some(title), _) => format!("\"{title}\""),
                (_, Some(path)) => format!("`{path} BINARY`"),
                _ => format!("`{shown}`"),
            };
            let note = (!note.is_empty()).then(|| note.clone());
            let shown: Vec<String> = shown.iter().map(name).chain(note).collect();
            writeln!(page, "| {says} | {state} | {} |", shown.join("<br>")).unwrap();
        }
    }
    page
}
