//! The set of samples that `skillgate sample` writes.
//! Comes in: the moment. Goes out: named good and bad files, the documents that they refer to, and instructions.

use super::badge::{Badge, Institution};
use super::sign::{DataIntegrity, KeyKind, vc_jwt};
use super::{SampleError, bake, status_list};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Address of the invented institution's status list. No server answers there: `documents.json` provides the list.
pub const STATUS_LIST_URL: &str = "https://lindgrove.example.org/status/1";
/// E-mail address of the badges' holder.
pub const EMAIL: &str = "ada@example.org";
const REVOKED_INDEX: usize = 4_711;
const README: &str = include_str!("readme.txt");

/// A file to write.
#[derive(Clone, Debug)]
pub struct SampleFile {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// All samples, signed as of `now` by an institution that exists only in them.
pub fn files(now: DateTime<Utc>) -> Result<Vec<SampleFile>, SampleError> {
    let institution = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    let earlier = now - Duration::days(30);
    let sign =
        |badge: &Badge| DataIntegrity::assertion(badge.valid_from.min(now)).sign(&badge.unsigned(&institution), &institution.key);
    let badge = || Badge::new(EMAIL, earlier);

    let valid = pretty(&sign(&badge())?);
    let token = vc_jwt(&wallet_badge(badge()).unsigned(&institution), &institution.key);
    let p256 = Institution {
        name: institution.name.clone(),
        url: institution.url.clone(),
        key: super::SigningKey::generate(KeyKind::P256),
    };
    let p256_token = vc_jwt(&wallet_badge(badge()).unsigned(&p256), &p256.key);
    let in_picture = sign(&badge())?.to_string();
    let in_drawing = vc_jwt(&wallet_badge(badge()).unsigned(&institution), &institution.key);
    let expired = sign(&Badge { valid_from: now - Duration::days(400), valid_until: Some(now - Duration::days(35)), ..badge() })?;
    let early = sign(&Badge { valid_from: now + Duration::days(30), ..badge() })?;
    let revoked = sign(&Badge { status: Some((STATUS_LIST_URL.to_owned(), REVOKED_INDEX)), ..badge() })?;
    let current = sign(&Badge { status: Some((STATUS_LIST_URL.to_owned(), REVOKED_INDEX + 1)), ..badge() })?;
    let mut tampered = sign(&badge())?;
    tampered["credentialSubject"]["achievement"]["name"] = json!("Leading Data Teams");
    let list = status_list::unsigned(&institution, STATUS_LIST_URL, &[REVOKED_INDEX], earlier)?;
    let list = DataIntegrity::assertion(earlier).sign(&list, &institution.key)?;

    let file = |name, bytes: Vec<u8>| SampleFile { name, bytes };
    let mut files = vec![
        file("valid.json", valid),
        file("valid.jwt", token.into_bytes()),
        file("valid-es256.jwt", p256_token.into_bytes()),
        file("valid.png", bake::png(&in_picture)?),
        file("valid.svg", bake::svg(&in_drawing).into_bytes()),
        file("valid-with-status.json", pretty(&current)),
        file("expired.json", pretty(&expired)),
        file("not-yet-valid.json", pretty(&early)),
        file("revoked.json", pretty(&revoked)),
        file("tampered.json", pretty(&tampered)),
    ];
    let archive = zip(&files)?;
    files.push(file("samples.zip", archive));
    files.push(file("status-list.json", pretty(&list)));
    files.push(file("documents.json", pretty(&json!({ STATUS_LIST_URL: "status-list.json" }))));
    files.push(file("policy.toml", policy(&[&institution, &p256]).into_bytes()));
    files.push(file("README.txt", README.as_bytes().to_vec()));
    Ok(files)
}

/// A trust policy that knows the invented institution, in the form that an employer would write for a real institution.
fn policy(institutions: &[&Institution]) -> String {
    let dids: Vec<String> = institutions.iter().map(|institution| format!("\"{}\"", institution.did())).collect();
    let name = institutions.first().map_or("", |institution| institution.name.as_str());
    let example = |did: &String| format!("\n[[example]]\nissuer = {did}\nexpect = \"allow\"\nrule = \"samples\"\n");
    format!(
        "# Trusts the issuer of these samples. A person should look at every other issuer.\nname = \"samples\"\nversion = \"1\"\n\
         unknown_issuer = \"attention\"\n\n[[rule]]\nid = \"samples\"\ndecision = \"allow\"\ndid = [{}]\nname = \"{name}\"\n{}",
        dids.join(", "),
        dids.iter().map(example).collect::<String>()
    )
}

/// Tokens name their subject: the claim `sub` is required in them.
fn wallet_badge(badge: Badge) -> Badge {
    Badge { subject: Some(format!("urn:uuid:{}", uuid::Uuid::new_v4())), ..badge }
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn zip(files: &[SampleFile]) -> Result<Vec<u8>, SampleError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        writer.start_file(file.name, SimpleFileOptions::default())?;
        writer.write_all(&file.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}
