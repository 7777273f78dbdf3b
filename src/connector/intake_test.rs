//! Runs a manifest's test of its `intake`: a poll or a request of the system, then each application that it names.
//! Comes in: the expected applications, and how each is read. Goes out: the differences.

use super::case::{IntakeCase, PushCase, ReadCase};
use super::engine::Engine;
use super::intake::{Application, Room};
use super::job::Setup;
use super::registry::Connector;
use super::stop::Stop;
use crate::protocol::push::signature::Received;
use serde_json::{Value, json};

const ROOM: Room = Room { bytes: 20 << 20, file_bytes: 10 << 20 };

/// Differences between what was found and what was expected; `Err`: why it could not be read.
pub async fn run(engine: &Engine, setup: &Setup, case: &IntakeCase) -> Result<Vec<String>, Stop> {
    let mut problems = Vec::new();
    if !engine.reads_applications(setup) {
        problems.push("the connection reads no applications: `intake.when` does not hold for these fields".to_owned());
    }
    let applications = match &case.push {
        Some(push) => pushed(engine, setup, push)?,
        None => {
            let found = engine.new_applications(setup, case.cursor.as_ref()).await?;
            if let Some(expected) = case.next.as_ref().filter(|expected| !same(expected, &found.cursor)) {
                problems.push(format!("the next cursor is {}, not {expected}", found.cursor));
            }
            found.applications
        }
    };
    let found = Value::from(applications.clone());
    let expected = Value::from(case.applications.clone());
    if !same(&expected, &found) {
        problems.push(format!("the applications are {found}, not {expected}"));
    }
    for (index, application) in applications.iter().enumerate() {
        let read = engine.read_application(setup, application, ROOM).await?;
        let Some(expected) = case.read.get(index) else {
            problems.push(format!("nothing is expected of the application {application}"));
            continue;
        };
        problems.extend(differences(&setup.connector, &read, expected));
    }
    Ok(problems)
}

fn pushed(engine: &Engine, setup: &Setup, push: &PushCase) -> Result<Vec<Value>, Stop> {
    let refused = |message: &str| Stop::config("unauthorized", message);
    let webhook = setup.connector.manifest.intake.as_ref().and_then(|intake| intake.webhook.as_ref());
    let webhook = webhook.ok_or_else(|| refused("The manifest has no webhook."))?;
    let secret = setup.secrets.get(&webhook.secret).ok_or_else(|| refused("The webhook's secret is missing."))?;
    let headers =
        |name: &str| push.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    let received = Received { headers: &headers, body: push.text.as_bytes(), address_key: push.key.as_deref() };
    if !webhook.verify.holds(&received, secret.expose(), engine.clock.now()) {
        return Err(refused("The request does not prove that it is the system's."));
    }
    let body: Value = serde_json::from_str(&push.text).map_err(|_| refused("The request's body is no JSON."))?;
    engine.pushed_applications(setup, &body)
}

fn differences(connector: &Connector, read: &Application, expected: &ReadCase) -> Vec<String> {
    let mut problems = Vec::new();
    let person = json!({"name": read.person.name, "email": read.person.email, "id": read.person.id});
    let wanted = json!({"name": expected.person.name, "email": expected.person.email, "id": expected.person.id});
    if person != wanted {
        problems.push(format!("the person is {person}, not {wanted}"));
    }
    let names: Vec<_> = read.files.iter().map(|file| file.name.clone().unwrap_or_default()).collect();
    let wanted: Vec<_> = expected.files.iter().map(|file| file.name.clone()).collect();
    if names != wanted {
        problems.push(format!("the files are {names:?}, not {wanted:?}"));
    }
    for (file, expected) in read.files.iter().zip(&expected.files) {
        if connector.files.get(&expected.content).map(Vec::as_slice) != Some(&file.bytes[..]) {
            problems.push(format!("the content of {} is not that of {}", expected.name, expected.content));
        }
    }
    if read.texts != expected.links {
        problems.push(format!("the texts with links are {:?}, not {:?}", read.texts, expected.links));
    }
    if read.left_out != expected.left_out {
        problems.push(format!("{} files are left out, not {}", read.left_out, expected.left_out));
    }
    problems
}

/// Numbers keep the form in which they were read, so the texts are compared.
fn same(one: &Value, other: &Value) -> bool {
    super::script::contains(one, other, true)
}
