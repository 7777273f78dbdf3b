//! The shape of the source tree: who may import whom, which library lives where, how long a file may be.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 400;
const PIPELINE_MAX_LINES: usize = 200;
const MAIN_MAX_LINES: usize = 40;

/// Module → the modules of ours that it may import. Modules that are not listed may import everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("seal", &[]),
    ("http_client", &[]),
    ("config", &["model", "http_client", "document", "channel"]),
    ("jsonld", &["model"]),
    ("document", &["model"]),
    ("intake", &["model", "document"]),
    ("protocol", &["model", "document", "http_client", "verify"]),
    ("verify", &["model", "document", "jsonld", "http_client"]),
    ("receipt", &["model", "document", "jsonld", "verify"]),
    ("normalize", &["model"]),
    ("store", &["model", "seal"]),
    ("queue", &["model"]),
    ("connector", &["model", "http_client"]),
    ("delivery", &["model", "connector", "queue", "store"]),
    ("examine", &["model", "document", "intake", "verify", "normalize"]),
    ("pipeline", &["model", "examine", "verify", "store"]),
    ("channel", &["model", "examine", "verify", "store", "pipeline", "http_client", "protocol"]),
    (
        "http",
        &[
            "channel",
            "model",
            "pipeline",
            "store",
            "document",
            "protocol",
            "receipt",
            "verify",
            "connector",
            "web",
            "http_client",
            "seal",
        ],
    ),
    ("web", &["http"]),
    ("sample", &["document", "intake", "jsonld"]),
];

/// Files that connect two layers on purpose.
const ALSO_MAY: &[(&str, &[&str])] = &[];

/// Library → the places that may name it.
const FENCES: &[(&str, &[&str])] = &[
    ("actix_web", &["src/http/", "src/web/"]),
    ("actix_multipart", &["src/http/"]),
    ("diesel", &["src/store/"]),
    ("diesel_migrations", &["src/store/"]),
    ("lapin", &["src/queue/rabbitmq"]),
    ("ssi", &["src/verify/", "src/jsonld/"]),
    ("reqwest", &["src/http_client"]),
    ("oxjsonld", &["src/jsonld/"]),
    ("oxrdf", &["src/jsonld/"]),
    ("anyhow", &["src/commands/", "src/main.rs", "src/cli.rs"]),
    ("config", &["src/config/"]),
];

#[test]
fn modules_import_only_what_the_design_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = String::new();
    for source in sources() {
        let module = source.module();
        let Some(may) = allowed.get(module.as_str()) else { continue };
        let also: Vec<&str> = ALSO_MAY
            .iter()
            .filter(|(place, _)| source.path.starts_with(place))
            .flat_map(|(_, extra)| extra.iter().copied())
            .collect();
        for (number, line) in source.code_lines() {
            for imported in names_after("crate::", line) {
                let fine = imported == module || may.contains(&imported) || also.contains(&imported) || !is_module(imported);
                if !fine {
                    writeln!(wrong, "{}:{number}: {module} must not import {imported}", source.path).unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Who else opened or verified foreign files would do it without the examiner's guard, and on the server's threads.
#[test]
fn foreign_files_are_opened_verified_and_normalised_only_by_the_examiner() {
    // A receipt is a signature of the gateway's own.
    let own = ["src/examine/", "src/intake/", "src/verify/", "src/normalize/", "src/receipt"];
    let calls =
        [".verify(", ".verify_presentation(", "intake::open(", "intake::open_each(", "normalize::normalize(", "= normalize("];
    let mut wrong = String::new();
    for source in sources() {
        let is_own = own.iter().any(|place| source.path.starts_with(place));
        for (number, line) in source.code_lines() {
            if !is_own && calls.iter().any(|call| line.contains(call)) {
                writeln!(wrong, "{}:{number}: call the examiner", source.path).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn libraries_stay_behind_their_fences() {
    let mut wrong = String::new();
    for source in sources() {
        for (number, line) in source.code_lines() {
            for (library, places) in FENCES {
                let fenced_in = places.iter().any(|place| source.path.starts_with(place));
                if !fenced_in && names_library(line, library) {
                    writeln!(wrong, "{}:{number}: {library} belongs in {}", source.path, places.join(", ")).unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_environment_is_read_only_by_the_configuration_and_the_command_line() {
    let mut wrong = String::new();
    for source in sources() {
        let may = ["src/config/", "src/cli.rs", "src/commands/", "src/connector/secrets"]
            .iter()
            .any(|place| source.path.starts_with(place));
        for (number, line) in source.code_lines() {
            if !may && (line.contains("env::var") || line.contains("env::vars")) {
                writeln!(wrong, "{}:{number}: settings come from src/config", source.path).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn files_stay_short_and_open_with_what_they_are_for() {
    let mut wrong = String::new();
    for source in sources() {
        let cap = match source.path.as_str() {
            "src/main.rs" => MAIN_MAX_LINES,
            "src/pipeline.rs" | "src/pipeline/mod.rs" => PIPELINE_MAX_LINES,
            _ => MAX_LINES,
        };
        let lines = source.text.lines().count();
        if lines > cap {
            writeln!(wrong, "{}:{cap}: {lines} lines, split it by what it knows", source.path).unwrap();
        }
        if !source.text.starts_with("//!") {
            writeln!(wrong, "{}:1: say in //! lines what comes in, what goes out, what it must not know", source.path).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

struct Source {
    /// From the project's root, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> String {
        let inside = self.path.trim_start_matches("src/");
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs").to_owned()
    }

    /// Lines with their numbers, without comments and without the tests at the end of the file.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .take_while(|line| line.trim() != "#[cfg(test)]")
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    assert!(files.len() > 20, "the walk over src found only {} files", files.len());
    let relative = |file: &PathBuf| file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    files.iter().map(|file| Source { path: relative(file), text: std::fs::read_to_string(file).unwrap() }).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn is_module(name: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    root.join(name).is_dir() || root.join(format!("{name}.rs")).is_file()
}

/// First path segments after `prefix`: `crate::{model::x, store}` is written one import a line here, so groups are read too.
fn names_after<'a>(prefix: &str, line: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        let rest = &line[at + prefix.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end > 0 {
            found.push(&rest[..end]);
        } else if let Some(group) = rest.strip_prefix('{') {
            let inside = group.split('}').next().unwrap_or_default();
            found.extend(inside.split(',').filter_map(|item| item.trim().split("::").next()).filter(|name| !name.is_empty()));
        }
    }
    found
}

fn names_library(line: &str, library: &str) -> bool {
    line.match_indices(&format!("{library}::")).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn the_rules_can_fail() {
    assert_eq!(names_after("crate::", "use crate::store::Store;"), ["store"]);
    assert_eq!(names_after("crate::", "use crate::{store::Store, queue};"), ["store", "queue"]);
    assert!(names_library("    diesel::insert_into(x)", "diesel"));
    assert!(!names_library("use crate::config::Settings;", "config"));
    assert!(!names_library("my_diesel::x", "diesel"));
}
