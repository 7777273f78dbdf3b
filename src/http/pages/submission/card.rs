//! One result as a card: a credential, a file without one, or a warning to pass on. Comes in: a file's result.
//! Goes out: values for the template. Nothing of a rejected credential's content.

use super::action::{self, Action};
use super::over;
use super::person::PersonLine;
use super::skill::{Chip, attainment, chips};
use crate::http::pages::words::{Person, Text};
use crate::model::candidate::Identity;
use crate::model::credential::{NormalizedCredential, ResultValue};
use crate::model::ids::CandidateRef;
use crate::model::report::{Check, CheckId, CheckStatus, NestedRole, Outcome, VerificationReport};
use crate::model::submission::{Channel, CredentialResult, FileProblem, FileResult};
use crate::web::messages::Language;
use serde::Serialize;
use std::collections::HashMap;

/// What all cards of a submission share.
pub struct Cards<'a> {
    pub language: Language,
    pub identities: &'a HashMap<CandidateRef, Identity>,
    pub channel: Channel,
}

#[derive(Serialize)]
pub struct Card {
    /// The credential's id; absent for a file without a credential.
    pub id: Option<String>,
    /// `accepted`, `attention`, `rejected`; `neutral`: no credential was found.
    pub outcome: &'static str,
    pub file: String,
    /// The kind of file, in English.
    pub detected: String,
    pub sha256: String,
    pub title: Text,
    pub description: Option<Text>,
    pub kind: Option<String>,
    pub line: Option<PersonLine>,
    pub issuer: Option<IssuerLine>,
    /// The one reason for a verdict that is not a plain yes, with what it means for the reader; in English.
    pub reason: Option<String>,
    pub advice: Option<String>,
    /// How many more checks are open or failed.
    pub more_reasons: u64,
    pub action: Option<Action>,
    pub ask: Option<String>,
    pub valid_from: Option<String>,
    pub valid_until: Option<String>,
    /// Why it is good no longer today, though it was accepted.
    pub status: Option<&'static str>,
    pub attainment: Option<&'static str>,
    pub results: Vec<ResultLine>,
    pub skills: Vec<Chip>,
    pub is_duplicate: bool,
    pub passed: usize,
    pub applicable: usize,
    pub checks: Vec<CheckLine>,
    pub nested: Vec<Inner>,
    pub warnings: Vec<Warning>,
}

#[derive(Serialize)]
pub struct IssuerLine {
    pub name: String,
    pub id: String,
    pub gives_no_name: bool,
    /// The registry that confirms the name.
    pub vouched_by: Option<String>,
}

#[derive(Serialize)]
pub struct ResultLine {
    pub name: Option<String>,
    pub value: String,
    pub meets_required: Option<bool>,
}

#[derive(Serialize)]
pub struct CheckLine {
    pub id: &'static str,
    pub tone: &'static str,
    pub status: &'static str,
    pub message: String,
    pub next_step: Option<String>,
}

#[derive(Serialize)]
pub struct Inner {
    pub role: &'static str,
    pub outcome: &'static str,
    pub checks: Vec<CheckLine>,
}

#[derive(Serialize)]
pub struct Warning {
    pub message: String,
    pub next_step: Option<String>,
}

impl Cards<'_> {
    /// A card for each credential of the file; a file without any is a card of its own.
    pub fn of_file(&self, file: &FileResult) -> Vec<Card> {
        let mut cards: Vec<Card> = file.credentials.iter().map(|credential| self.of_credential(file, credential)).collect();
        if cards.is_empty() {
            cards.push(without_credential(file));
        }
        if let Some(first) = cards.first_mut() {
            first.warnings = file.warnings.iter().map(warning).collect();
        }
        cards
    }

    fn of_credential(&self, file: &FileResult, credential: &CredentialResult) -> Card {
        let report = &credential.report;
        let content = credential.normalized.as_ref().filter(|_| credential.outcome != Outcome::Rejected);
        let identity = self.identities.get(&credential.candidate_ref);
        let person = Person::of(&credential.candidate_ref, identity, self.language);
        let (deciding, more) = reasons(report);
        let name = content.and_then(|content| Text::of(&content.achievement.name, self.language));
        Card {
            id: Some(credential.id.to_string()),
            outcome: credential.outcome.as_str(),
            title: name.unwrap_or_else(|| Text::plain(&file.file)),
            description: content.and_then(|content| Text::of(&content.achievement.description, self.language)),
            kind: content.and_then(|content| content.achievement.achievement_type.clone()),
            action: Some(action::of(report, &person)),
            ask: Some(action::ask_address(&person)),
            line: Some(PersonLine::of(person, report, credential.person_by, self.channel)),
            issuer: content.map(|content| issuer(content, report)),
            reason: deciding.map(|check| check.message.clone()),
            advice: deciding.and_then(|check| check.next_step.clone()),
            more_reasons: more,
            valid_from: content.and_then(|content| content.valid_from).map(|at| at.to_rfc3339()),
            valid_until: content.and_then(|content| content.valid_until).map(|at| at.to_rfc3339()),
            status: content.and_then(|content| over(content.status)),
            attainment: content.and_then(|content| attainment(content.attainment)),
            results: content.map(results).unwrap_or_default(),
            skills: content.map(chips).unwrap_or_default(),
            is_duplicate: credential.duplicate,
            passed: report.checks.iter().filter(|check| check.status == CheckStatus::Pass).count(),
            applicable: report.checks.iter().filter(|check| check.status != CheckStatus::NotApplicable).count(),
            checks: lines(report),
            nested: report.nested.iter().map(|inner| nested(inner.role, &inner.report)).collect(),
            ..without_credential(file)
        }
    }
}

/// A file in which no credential was found.
fn without_credential(file: &FileResult) -> Card {
    let problem = file.problem.as_ref();
    Card {
        id: None,
        outcome: "neutral",
        file: file.file.clone(),
        detected: file.detected.clone(),
        sha256: file.sha256.clone(),
        title: Text::plain(&file.file),
        description: None,
        kind: None,
        line: None,
        issuer: None,
        reason: problem.map(|problem| problem.message.clone()),
        advice: problem.and_then(|problem| problem.next_step.clone()),
        more_reasons: 0,
        action: None,
        ask: None,
        valid_from: None,
        valid_until: None,
        status: None,
        attainment: None,
        results: Vec::new(),
        skills: Vec::new(),
        is_duplicate: false,
        passed: 0,
        applicable: 0,
        checks: Vec::new(),
        nested: Vec::new(),
        warnings: Vec::new(),
    }
}

impl Card {
    /// The card as a row of a table.
    pub fn row(self) -> Vec<String> {
        let skills: Vec<String> = self.skills.into_iter().map(|skill| skill.label).collect();
        let person = self.line.as_ref();
        vec![
            self.file,
            if self.outcome == "neutral" { "no_credential" } else { self.outcome }.to_owned(),
            self.reason.unwrap_or_default(),
            if self.id.is_some() { self.title.text } else { String::new() },
            self.issuer.map(|issuer| issuer.name).unwrap_or_default(),
            person.map(|line| line.person.label.clone()).unwrap_or_default(),
            person.map(|line| line.state.to_owned()).unwrap_or_default(),
            skills.join("; "),
            self.valid_until.unwrap_or_default(),
        ]
    }
}

/// The check that decides, and how many others are open or failed.
fn reasons(report: &VerificationReport) -> (Option<&Check>, u64) {
    if report.outcome == Outcome::Accepted {
        return (None, 0);
    }
    let is_open = |status: CheckStatus| matches!(status, CheckStatus::Fail | CheckStatus::CouldNotCheck | CheckStatus::Warning);
    let open = report.checks.iter().filter(|check| is_open(check.status)).count() as u64;
    (report.deciding_check(), open.saturating_sub(1))
}

/// The registry's name for the issuer, else what the issuer calls itself.
fn issuer(content: &NormalizedCredential, report: &VerificationReport) -> IssuerLine {
    let named = report.issuer_name.as_ref().map(|named| (Some(named.name.clone()), named.registry.clone()));
    let (name, vouched_by) = named.unwrap_or_else(|| (content.issuer.name.clone(), content.issuer.registry.clone()));
    let id = content.issuer.id.clone();
    IssuerLine { gives_no_name: name.is_none(), name: name.unwrap_or_else(|| id.clone()), id, vouched_by }
}

fn results(content: &NormalizedCredential) -> Vec<ResultLine> {
    let line = |result: &ResultValue| {
        let said = [&result.value, &result.achieved_level, &result.status];
        let said: Vec<&str> = said.into_iter().flatten().map(String::as_str).collect();
        let name = result.name.clone().or_else(|| result.result_type.clone());
        (!said.is_empty()).then(|| ResultLine { name, value: said.join(" · "), meets_required: result.meets_required })
    };
    content.results.iter().filter_map(line).collect()
}

/// Failures first, then what is open.
fn lines(report: &VerificationReport) -> Vec<CheckLine> {
    let rank = |check: &Check| match check.status {
        CheckStatus::Fail => 0,
        CheckStatus::CouldNotCheck => 1,
        CheckStatus::Warning => 2,
        CheckStatus::Pass => 3,
        CheckStatus::NotApplicable => 4,
    };
    let mut checks: Vec<&Check> = report.checks.iter().collect();
    checks.sort_by_key(|check| rank(check));
    checks.into_iter().map(line).collect()
}

fn line(check: &Check) -> CheckLine {
    let (tone, status) = match check.status {
        CheckStatus::Pass => ("accepted", "pass"),
        CheckStatus::Fail => ("rejected", "fail"),
        CheckStatus::Warning => ("attention", "warning"),
        CheckStatus::CouldNotCheck => ("attention", "could_not_check"),
        CheckStatus::NotApplicable => ("neutral", "not_applicable"),
    };
    CheckLine { id: CheckId::as_str(check.id), tone, status, message: check.message.clone(), next_step: check.next_step.clone() }
}

fn nested(role: NestedRole, report: &VerificationReport) -> Inner {
    let role = if role == NestedRole::Endorsement { "endorsement" } else { "credential" };
    Inner { role, outcome: report.outcome.as_str(), checks: lines(report) }
}

fn warning(problem: &FileProblem) -> Warning {
    Warning { message: problem.message.clone(), next_step: problem.next_step.clone() }
}
