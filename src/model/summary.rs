//! The short form of a submission's answer, for a system that needs the verdict, the person and the skills.
//! Comes in: a submission. Goes out: about 300 bytes. Of a rejected credential it holds the reason only.

use super::code::Code;
use super::credential::{Attainment, NormalizedCredential};
use super::ids::{CandidateRef, SubmissionId};
use super::report::Outcome;
use super::skill::MappingStatus;
use super::submission::{Submission, SubmissionState};
use serde::Serialize;
use std::collections::HashSet;

#[derive(Debug, PartialEq, Serialize)]
pub struct SubmissionSummary {
    pub id: SubmissionId,
    pub state: SubmissionState,
    /// Worst outcome of the credentials and files; absent during processing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The person, if the whole submission is about the same person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_ref: Option<CandidateRef>,
    pub credentials: usize,
    /// Names of the attained skills of the credentials that were not rejected, each once.
    pub skills: Vec<String>,
    /// Codes of the checks and files that keep the outcome from `accepted`, each once.
    pub reasons: Vec<Code>,
}

impl SubmissionSummary {
    pub fn of(submission: &Submission) -> Self {
        let (mut skills, mut reasons) = (Vec::new(), Vec::new());
        let (mut named, mut told) = (HashSet::new(), HashSet::new());
        let mut tell = |code: Code| {
            if told.insert(code) {
                reasons.push(code);
            }
        };
        let mut credentials = 0;
        for file in &submission.files {
            if let Some(problem) = file.problem.as_ref().filter(|problem| problem.outcome().is_some()) {
                tell(problem.code);
            }
            let of_presentation = file.presentation.iter().filter(|report| report.outcome != Outcome::Accepted);
            of_presentation.filter_map(|report| report.deciding_check()).for_each(|check| tell(check.code));
            for credential in &file.credentials {
                credentials += 1;
                if credential.outcome != Outcome::Accepted
                    && let Some(check) = credential.report.deciding_check()
                {
                    tell(check.code);
                }
                if let Some(normalized) = credential.normalized.as_ref().filter(|_| credential.outcome != Outcome::Rejected) {
                    add_skills(normalized, &mut named, &mut skills);
                }
            }
        }
        Self {
            id: submission.id.clone(),
            state: submission.state,
            outcome: submission.outcome,
            candidate_ref: submission.candidate_ref.clone(),
            credentials,
            skills,
            reasons,
        }
    }
}

fn add_skills(normalized: &NormalizedCredential, named: &mut HashSet<String>, skills: &mut Vec<String>) {
    let attained = normalized
        .skills
        .iter()
        .filter(|skill| skill.attainment == Attainment::Attained && skill.mapping_status != MappingStatus::Rejected);
    for name in attained.map(|skill| &skill.label.text) {
        if named.insert(name.to_lowercase()) {
            skills.push(name.clone());
        }
    }
    for part in &normalized.parts {
        add_skills(&part.credential, named, skills);
    }
}
