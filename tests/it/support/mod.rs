//! What several areas' tests share.
//!
//! | file | for |
//! |---|---|
//! | `gateway` | `spawn_app()`: the gateway as it ships on port 0, stepped by `drain()`, looked over when it is dropped |
//! | `client` | `Answer` and `Form`: what a plain HTTP client sees and sends |
//! | `databases` | `TestStore`: a database of one test's own; `on_both_databases!` runs a list of tests on SQLite and PostgreSQL |
//! | `broker` | `TestBroker`: names of one test's own on RabbitMQ |
//! | `made` | submissions, credentials, reports and connections without files and signatures |
//! | `office` | a pipeline whose policy trusts one invented institution, and people who hand in its badges |
//! | `employer` | a fake employer system that gives one scripted answer per request and fails on any other |
//! | `effects` | an employer system in which the effect of every write can be counted |
//! | `stations` | a queue and an outside world at whose steps the delivering side can be stopped |
//! | `receiver` | a webhook receiver that checks signatures and can be away |
//! | `examine` | one file through the examiner, with documents of the test's own |
//! | `fake_host` | a web server with a fixed answer per path: issuers, badge hosts, share links |
//! | `platform` | an Open Badges platform: registers, gets consent, calls the API |
//! | `jwe` | encrypts a wallet's answer |
//! | `wallet` | an actor with a key: issues badges, makes presentations |
//! | `tokens` | keys, and JOSE and COSE tokens signed with them |
//! | `disclosure` | Data Integrity credentials that their holder may show in part: ECDSA-SD and BBS |
//! | `edits` | edits of a signed credential that leave its RDF as it is, or might |
//! | `documents` | PDF documents, pictures with QR codes and mails, made byte by byte |
//! | `range` | the red team's ground: issuers that the policy trusts, so that an edit that gets through is accepted |
//! | `sources` | the source tree as the architecture test reads it |

pub mod broker;
pub mod client;
pub mod databases;
pub mod disclosure;
pub mod documents;
pub mod edits;
pub mod effects;
pub mod employer;
pub mod examine;
pub mod fake_host;
pub mod gateway;
pub mod jwe;
pub mod made;
pub mod office;
pub mod platform;
pub mod range;
pub mod receiver;
pub mod sources;
pub mod stations;
pub mod tokens;
pub mod wallet;
pub mod webvh;

pub use client::{Answer, BOUNDARY, Form};
pub use gateway::{NOW, TestApp, spawn_app, spawn_app_as, spawn_app_with, spawn_app_with_channels};

use skillgate::skills::Mapper;
use skillgate::taxonomy::Library;
use std::path::{Path, PathBuf};

/// What maps skills where no taxonomy was imported: nothing is mapped.
pub fn no_taxonomies() -> Mapper {
    Mapper::new(Library::new(Path::new("/no-such-folder")))
}

/// A folder or file that others made for testing, in the folder beside the project.
pub fn beside(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    assert!(path.exists(), "{} is not there", path.display());
    path
}
