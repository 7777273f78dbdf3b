//! The shape of the source tree: who may import whom, which library lives where, how long a file may be.
//! The tables below are exact: a permission that nobody uses, a file that is not there and a circle fail as well.

use crate::support::sources::{Arrows, Source, arrows, circle, names_library, product, without_test_files};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

const MAX_LINES: usize = 400;
/// One row per verdict code, and nothing else.
const CODES_MAX_LINES: usize = 600;
const PIPELINE_MAX_LINES: usize = 200;
const MAIN_MAX_LINES: usize = 40;

type Rows<'a> = &'a [(&'a str, &'a [&'a str])];

/// Room → the rooms that it imports.
const MAY_IMPORT: Rows = &[
    ("model", &[]),
    ("seal", &[]),
    ("http_client", &[]),
    ("config", &["model", "http_client", "document", "channel", "account"]),
    ("jsonld", &["model"]),
    ("document", &["model"]),
    ("intake", &["model", "document"]),
    ("protocol", &["model", "document", "http_client"]),
    ("verify", &["model", "document", "jsonld", "http_client"]),
    ("receipt", &["model", "document", "jsonld", "verify"]),
    ("normalize", &["model"]),
    ("taxonomy", &[]),
    ("trace", &[]),
    ("skills", &["model", "taxonomy"]),
    ("store", &["model", "seal", "trace"]),
    ("account", &["model", "store"]),
    ("queue", &["model"]),
    ("connector", &["model", "http_client", "protocol", "trace"]),
    ("delivery", &["model", "connector", "queue", "store", "trace"]),
    ("examine", &["model", "document", "http_client", "intake", "protocol", "verify", "normalize"]),
    ("pipeline", &["model", "examine", "verify", "skills", "store", "trace"]),
    ("channel", &["model", "connector", "examine", "verify", "store", "pipeline", "http_client", "protocol"]),
    (
        "http",
        &[
            "account", "channel", "model", "pipeline", "store", "document", "protocol", "receipt", "verify", "web", "taxonomy",
            "trace",
        ],
    ),
    ("web", &[]),
    ("sample", &["jsonld"]),
];

/// Where everything is put together: these may import every room. Nobody but the next one imports them.
const ROOTS: &[&str] = &["app", "commands", "cli", "main", "lib"];

/// Library → the places that name it; `ssi_*` is every crate of that family.
const FENCES: Rows = &[
    ("actix_web", &["src/http/", "src/web/"]),
    ("actix_multipart", &["src/http/"]),
    ("diesel", &["src/store/"]),
    ("diesel_migrations", &["src/store/"]),
    ("lapin", &["src/queue/rabbitmq"]),
    ("reqwest", &["src/http_client"]),
    ("ssi_*", &["src/jsonld/", "src/verify/"]),
    ("hayro_syntax", &["src/intake/pdf/"]),
    ("quircs", &["src/intake/picture/"]),
    ("zune_jpeg", &["src/intake/picture/"]),
    ("image_webp", &["src/intake/picture/"]),
    ("gif", &["src/intake/picture/"]),
    ("mail_parser", &["src/intake/mail/"]),
    ("cfb", &["src/intake/mail/"]),
    ("argon2", &["src/account/"]),
    ("totp_rs", &["src/account/"]),
    ("anyhow", &["src/commands/"]),
    ("config", &["src/config/"]),
    ("opentelemetry", &["src/app/", "src/trace"]),
    ("opentelemetry_sdk", &["src/app/", "src/trace"]),
    ("opentelemetry_otlp", &["src/app/"]),
    ("opentelemetry_http", &["src/app/"]),
    ("tracing_opentelemetry", &["src/app/", "src/trace"]),
];

/// Places that read the environment.
const ENVIRONMENT: &[&str] = &["src/config/", "src/commands/", "src/connector/secrets"];

#[test]
fn rooms_import_what_the_table_says_and_nothing_else() {
    let wrong = against_table(&product(), MAY_IMPORT);
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
    for source in product() {
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
    let wrong = against_fences(&product(), FENCES);
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn no_room_imports_itself_by_way_of_others() {
    let sources = product();
    let wrong = circles(&sources, MAY_IMPORT);
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_environment_is_read_only_by_the_configuration_and_the_command_line() {
    let mut wrong = String::new();
    for source in product() {
        let may = ENVIRONMENT.iter().any(|place| source.path.starts_with(place));
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
    for source in product() {
        let cap = match source.path.as_str() {
            "src/main.rs" => MAIN_MAX_LINES,
            "src/pipeline.rs" => PIPELINE_MAX_LINES,
            "src/model/code/table.rs" => CODES_MAX_LINES,
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

/// Everything that is wrong between the code and the table, with file and line, and the arrows as they are.
fn against_table(sources: &[Source], table: Rows) -> String {
    let allowed: BTreeMap<&str, &[&str]> = table.iter().copied().collect();
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    let arrows = arrows(sources, &rooms);
    let mut wrong = String::new();
    for (room, imported) in &arrows {
        let Some(may) = allowed.get(room) else {
            if !ROOTS.contains(room) {
                writeln!(wrong, "src/{room}: the room has no row in the table").unwrap();
            }
            continue;
        };
        for (name, place) in imported.iter().filter(|(name, _)| !may.contains(&name.as_str())) {
            writeln!(wrong, "{place}: {room} must not import {name}").unwrap();
        }
        for name in may.iter().filter(|name| !imported.contains_key(**name)) {
            writeln!(wrong, "{room} may import {name}, and does not: remove it from the table").unwrap();
        }
    }
    for name in allowed.keys().filter(|name| !rooms.contains(**name)) {
        writeln!(wrong, "the table has a row for {name}, and src has no such room").unwrap();
    }
    if allowed.len() < table.len() {
        writeln!(wrong, "the table has two rows for one room").unwrap();
    }
    if !wrong.is_empty() {
        writeln!(wrong, "\nthe arrows as they are:\n{}", drawn(&arrows)).unwrap();
    }
    wrong
}

fn drawn(arrows: &Arrows) -> String {
    let line = |(room, imported): (&&str, &BTreeMap<String, String>)| {
        format!("  {room} → {}\n", imported.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
    };
    arrows.iter().map(line).collect()
}

/// A circle in the table, and one between rooms in the code, the roots included.
fn circles(sources: &[Source], table: Rows) -> String {
    let mut wrong = String::new();
    let in_table = table.iter().map(|(room, may)| (*room, may.iter().copied().collect())).collect();
    if let Some(circle) = circle(&in_table) {
        writeln!(wrong, "a circle in the table: {}", circle.join(" → ")).unwrap();
    }
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    let arrows = arrows(sources, &rooms);
    let in_code = arrows.iter().map(|(room, imported)| (*room, imported.keys().map(String::as_str).collect())).collect();
    if let Some(circle) = circle(&in_code) {
        writeln!(wrong, "a circle in the code: {}", circle.join(" → ")).unwrap();
        for pair in circle.windows(2) {
            if let Some(place) = arrows.get(pair[0].as_str()).and_then(|row| row.get(&pair[1])) {
                writeln!(wrong, "  {} → {}: {place}", pair[0], pair[1]).unwrap();
            }
        }
    }
    wrong
}

fn against_fences(sources: &[Source], fences: Rows) -> String {
    let mut wrong = String::new();
    for (library, places) in fences {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for source in sources {
            let place = places.iter().find(|place| source.path.starts_with(**place));
            for (number, _) in source.code_lines().filter(|(_, line)| names_library(line, library)) {
                match place {
                    Some(place) => drop(used.insert(place)),
                    None => writeln!(wrong, "{}:{number}: {library} belongs in {}", source.path, places.join(", ")).unwrap(),
                }
            }
        }
        for place in places.iter().filter(|place| !used.contains(**place)) {
            writeln!(wrong, "{place} may name {library}, and does not: remove it from the fences").unwrap();
        }
    }
    wrong
}

/// A small tree in which everything is right.
fn made_up() -> Vec<(&'static str, &'static str)> {
    vec![
        ("src/lib.rs", "//! x\npub mod http;\npub mod model;\npub mod store;\n"),
        ("src/model/mod.rs", "//! x\npub struct Id;\n"),
        ("src/store/mod.rs", "//! x\n#[cfg(test)]\nmod tests;\nuse crate::model::Id;\nuse diesel::prelude::*;\n"),
        ("src/store/tests.rs", "use crate::http::Server;\n"),
        ("src/http/mod.rs", "//! x\nuse crate::store::Store;\n#[cfg(test)]\nmod tests { use crate::model::Id; }\n"),
    ]
}

fn problems(files: &[(&str, &str)], table: Rows) -> String {
    let fences: Rows = &[("diesel", &["src/store/"])];
    let sources = without_test_files(files.iter().map(|(path, text)| Source::new(path, text)).collect());
    format!("{}{}{}", against_table(&sources, table), circles(&sources, table), against_fences(&sources, fences))
}

#[test]
fn the_rules_find_each_fault_in_made_up_sources() {
    let table: Rows = &[("model", &[]), ("store", &["model"]), ("http", &["store"])];
    assert_eq!(problems(&made_up(), table), "");

    // After a test item at the top, the rest of the file is read.
    let changed = |path: &'static str, text: &'static str| {
        let mut files = made_up();
        files.retain(|(known, _)| *known != path);
        files.push((path, text));
        files
    };
    let upwards = changed(
        "src/store/mod.rs",
        "//! x\n#[cfg(test)]\nmod tests;\nuse crate::model::Id;\nuse diesel::x;\nuse crate::{\n    http::x,\n};\n",
    );
    let told = problems(&upwards, table);
    assert!(told.contains("src/store/mod.rs:7: store must not import http"), "{told}");
    assert!(told.contains("store → http, model"), "the arrows are shown: {told}");
    assert!(told.contains("a circle in the code: http → store → http"), "{told}");

    let unfenced = changed("src/http/mod.rs", "//! x\nuse crate::store::Store;\nfn x() { diesel::connect() }\n");
    assert_eq!(problems(&unfenced, table), "src/http/mod.rs:3: diesel belongs in src/store/\n");
    let idle = changed("src/store/mod.rs", "//! x\n#[cfg(test)]\nmod tests;\nuse crate::model::Id; // diesel::x\n");
    assert_eq!(problems(&idle, table), "src/store/ may name diesel, and does not: remove it from the fences\n");

    let with = |rows: Rows| problems(&made_up(), rows);
    let unused = with(&[("model", &[]), ("store", &["model"]), ("http", &["store", "model"])]);
    assert!(unused.starts_with("http may import model, and does not"), "{unused}");
    let gone = with(&[("model", &[]), ("store", &["model"]), ("http", &["store"]), ("doors", &[])]);
    assert!(gone.starts_with("the table has a row for doors, and src has no such room"), "{gone}");
    let unlisted = with(&[("model", &[]), ("store", &["model"])]);
    assert!(unlisted.starts_with("src/http: the room has no row"), "{unlisted}");
    let round = with(&[("model", &["http"]), ("store", &["model"]), ("http", &["store"])]);
    assert!(round.contains("a circle in the table: http → store → model → http"), "{round}");
}

#[test]
fn every_file_that_the_tables_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = FENCES.iter().flat_map(|(_, places)| places.iter()).chain(ENVIRONMENT);
    for place in places {
        let there = root.join(place).is_dir() || root.join(format!("{place}.rs")).is_file() || root.join(place).is_file();
        assert!(there, "{place} is not there");
    }
}
