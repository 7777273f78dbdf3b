//! A stand-in for the network and the file system: answers exactly the exchange that a test expects, and records every request.
//! A request that the test does not expect is a failure, and so is an expected request that never came.

use super::case::{Exchange, Expected, Reply, Test};
use super::file::{FileEnd, FileError, FileJob, render};
use super::outside::Outside;
use super::registry::Connector;
use crate::http_client::{HttpError, OutboundRequest, OutboundResponse};
use crate::model::ids::TenantId;
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

pub struct Script {
    connector: Arc<Connector>,
    test: Test,
    /// Anything may be sent; answers are the test's where the address fits, else an empty success.
    lenient: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    used: Vec<bool>,
    files: BTreeMap<String, Vec<u8>>,
    problems: Vec<String>,
    transcript: String,
}

impl Script {
    pub fn new(connector: Arc<Connector>, test: Test) -> Self {
        let used = vec![false; test.exchange.len()];
        Self { connector, test, lenient: false, state: Mutex::new(State { used, ..State::default() }) }
    }

    /// For a dry run: nothing is a failure.
    pub fn lenient(connector: Arc<Connector>, test: Test) -> Self {
        Self { lenient: true, ..Self::new(connector, test) }
    }

    /// Unexpected requests, and expected requests that were not sent.
    pub fn problems(&self) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut problems = state.problems.clone();
        for (exchange, _) in self.test.exchange.iter().zip(&state.used).filter(|(_, used)| !**used) {
            let (method, target) = target(&exchange.expect);
            problems.push(format!("{method} {target} was never sent"));
        }
        for (name, expected) in &self.test.files {
            let written = state.files.get(name).map(|content| String::from_utf8_lossy(content).into_owned());
            let expected = self.connector.files.get(expected).map(|content| String::from_utf8_lossy(content).into_owned());
            if written != expected {
                problems.push(format!("the file {name} holds {written:?}, not {expected:?}"));
            }
        }
        problems
    }

    pub fn transcript(&self, outcome: &str) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        format!("# {}\n\n{}=> {outcome}\n", self.test.name, state.transcript)
    }

    fn answer(&self, request: &OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut state.transcript, request);
        if self.lenient {
            drop(state);
            return self.sample(request);
        }
        let body = request.body.clone().unwrap_or_default();
        if let Some(problem) = self.against_contract(request, &body) {
            state.problems.push(problem);
        }
        let mut differences = Vec::new();
        for (index, exchange) in self.test.exchange.iter().enumerate() {
            if state.used.get(index).copied().unwrap_or(true) {
                continue;
            }
            match difference(&exchange.expect, request, &body) {
                None => {
                    if let Some(used) = state.used.get_mut(index) {
                        *used = true;
                    }
                    return self.reply(exchange, request);
                }
                Some(difference) => differences.push(difference),
            }
        }
        let sent = format!("{} {}", request.method, request.url);
        state.problems.push(format!("{sent} is not expected ({})", differences.join("; ")));
        Ok(OutboundResponse { status: 599, headers: Vec::new(), body: Bytes::new(), final_url: request.url.clone() })
    }

    fn sample(&self, request: &OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let mut fitting = self.test.exchange.iter().filter(|exchange| {
            let (method, wanted) = target(&exchange.expect);
            request.method.as_str() == method
                && (&request.url[url::Position::BeforePath..] == wanted || request.url.as_str() == wanted)
        });
        match fitting.next() {
            Some(exchange) => self.reply(exchange, request),
            None => {
                let body = Bytes::from_static(b"{}");
                Ok(OutboundResponse { status: 200, headers: Vec::new(), body, final_url: request.url.clone() })
            }
        }
    }

    fn reply(&self, exchange: &Exchange, request: &OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let Reply { status, headers, json, file, transport } = &exchange.reply;
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let Some(status) = *status else {
            let timed_out = transport.as_deref() == Some("timed_out");
            let cause = "connection reset".to_owned();
            return Err(if timed_out { HttpError::TimedOut(host) } else { HttpError::Unreachable { host, cause } });
        };
        let body = match (json, file) {
            (Some(json), _) => json.to_string().into_bytes(),
            (None, Some(file)) => self.connector.files.get(file).cloned().unwrap_or_default(),
            (None, None) => Vec::new(),
        };
        let headers = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        Ok(OutboundResponse { status, headers, body: Bytes::from(body), final_url: request.url.clone() })
    }

    /// The request's body against the JSON Schema slice that the manifest names for its path.
    fn against_contract(&self, request: &OutboundRequest, body: &[u8]) -> Option<String> {
        let path = request.url.path();
        let file = self.connector.manifest.contract.get(path)?;
        let schema = match self.connector.json_file(file) {
            Ok(schema) => schema,
            Err(error) => return Some(error.to_string()),
        };
        let validator = match jsonschema::validator_for(&schema) {
            Ok(validator) => validator,
            Err(error) => return Some(format!("{file} is not a JSON Schema: {error}")),
        };
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return Some(format!("the body of {path} is not JSON"));
        };
        let error = validator.iter_errors(&body).next()?;
        Some(format!("the body of {path} breaks its contract at `{}`: {error}", error.instance_path()))
    }
}

#[async_trait]
impl Outside for Script {
    async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        self.answer(&request)
    }

    async fn write_file(&self, _owner: &TenantId, job: FileJob) -> Result<FileEnd, FileError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let content = render(&job, state.files.get(&job.name).map(Vec::as_slice))?;
        let text = String::from_utf8_lossy(&content).into_owned();
        // A String takes everything that is written to it.
        write!(state.transcript, "WRITE {}\n\n{text}\n", job.folder.join(&job.name).display()).ok();
        let unchanged = state.files.insert(job.name, content.clone()).is_some_and(|before| before == content);
        Ok(if unchanged { FileEnd::Unchanged } else { FileEnd::Written })
    }
}

fn note(transcript: &mut String, request: &OutboundRequest) {
    let mut headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    // The program's own version changes with every release.
    headers.retain(|header| !header.starts_with("user-agent:"));
    headers.sort();
    let body = request.body.clone().unwrap_or_default();
    let body = match serde_json::from_slice::<Value>(&body) {
        Ok(json) => serde_json::to_string_pretty(&json).unwrap_or_default(),
        Err(_) => String::from_utf8_lossy(&body).into_owned(),
    };
    write!(transcript, "{} {}\n{}\n\n{body}\n\n", request.method, request.url, headers.join("\n")).ok();
}

fn target(expected: &Expected) -> (&'static str, &str) {
    let all = [
        ("GET", &expected.get),
        ("POST", &expected.post),
        ("PUT", &expected.put),
        ("PATCH", &expected.patch),
        ("DELETE", &expected.delete),
    ];
    all.into_iter().find_map(|(method, target)| target.as_deref().map(|target| (method, target))).unwrap_or(("GET", ""))
}

/// The difference between a request and the expected request; `None` when they are equal.
fn difference(expected: &Expected, request: &OutboundRequest, body: &[u8]) -> Option<String> {
    let (method, wanted) = target(expected);
    let path = &request.url[url::Position::BeforePath..];
    if request.method.as_str() != method || (path != wanted && request.url.as_str() != wanted) {
        return Some(format!("expected {method} {wanted}"));
    }
    for (name, value) in &expected.headers {
        let sent = request.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        if sent != Some(value) {
            return Some(format!("header {name} is {sent:?}"));
        }
    }
    if expected.text.as_ref().is_some_and(|text| text.as_bytes() != body) {
        return Some("the body differs".to_owned());
    }
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    if expected.json.as_ref().is_some_and(|expected| !contains(&json, expected, true)) {
        return Some(format!("the body is {json}"));
    }
    let lacks = expected.json_contains.as_ref().is_some_and(|part| !contains(&json, part, false));
    lacks.then(|| format!("the body is {json}"))
}

/// Numbers are compared as text: they keep the form in which they were read.
pub(super) fn contains(whole: &Value, part: &Value, exactly: bool) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            let same_size = !exactly || whole.len() == part.len();
            same_size && part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| contains(whole, part, exactly)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part, exactly))
        }
        (Value::Number(whole), Value::Number(part)) => whole.to_string() == part.to_string(),
        _ => whole == part,
    }
}
