//! Recording verified credentials: the rules of duplicates, repeated checks and superseding, in one transaction.
//! Comes in: files that were worked on. Goes out: rows and events. Must not know: how credentials are verified.

use super::events::{EventWriter, Published, Shown, is_given, is_held};
use super::mapping::settle;
use super::owners::{Owners, owners};
use super::status::with_check;
use super::worked::WorkedFile;
use crate::model::candidate::IdentitySource;
use crate::model::code::Code;
use crate::model::credential::{CredentialStatus, NormalizedCredential, Warning};
use crate::model::event::EventType;
use crate::model::ids::{CandidateRef, CredentialId};
use crate::model::record::{NewCredential, NewSubmission};
use crate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::skill::{SkillAssertion, SkillStatus};
use crate::model::submission::{CandidateHint, FileProblem, PersonBy};
use crate::store::{FileRecord, FoundCredential, KnownBytes, Result, Transaction};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};

/// Whom a submission is about.
#[derive(Clone, Debug)]
pub struct Person {
    pub candidate_ref: CandidateRef,
    /// False when nobody was named: then bytes that came in like this before belong to the same person as before, and others to a
    /// new person of whom nothing is known. They never belong to a person who was named in another request.
    pub named: bool,
    /// The statements about the person.
    pub hint: CandidateHint,
}

/// Writes the files from `done_before` on, with their credentials, skills and events. False, and nothing written, when
/// somebody else did meanwhile.
pub fn record(
    transaction: &mut Transaction<'_>,
    submission: &NewSubmission,
    person: &Person,
    files: &[WorkedFile],
    done_before: u32,
    now: DateTime<Utc>,
) -> Result<bool> {
    let worst = files.iter().filter_map(worst_outcome).max();
    if !transaction.take_files(&submission.id, done_before, files.len(), worst)? {
        return Ok(false);
    }
    let all: Vec<&NewCredential> = files.iter().flat_map(|file| &file.credentials).collect();
    let mut found: Vec<Option<FoundCredential>> = vec![None; all.len()];
    // In the order of the references, so that two transactions can't wait for each other.
    let mut of_person: BTreeMap<CandidateRef, Vec<usize>> = BTreeMap::new();
    let Owners { assigned, mut linked } = owners(transaction, submission, person, &all, now)?;
    for (index, owner) in assigned.iter().enumerate() {
        if let Some(owner) = owner {
            of_person.entry(owner.candidate_ref.clone()).or_default().push(index);
        }
    }
    let mut sequences = BTreeMap::new();
    for candidate in of_person.keys() {
        if let Some(sequence) = standing(transaction, submission, candidate)? {
            sequences.insert(candidate.clone(), sequence);
        }
    }
    of_person.retain(|candidate, _| sequences.contains_key(candidate));
    let indices = of_person.iter().flat_map(|(candidate, indices)| indices.iter().map(move |index| (candidate, *index)));
    for (candidate, index) in indices {
        let credential = all[index];
        if credential.report.outcome == Outcome::Accepted && !credential.proven.is_empty() {
            let tenant = &submission.tenant_id;
            let new = transaction.remember_marks(tenant, candidate, &credential.proven, IdentitySource::Credential, now)?;
            linked.entry(candidate.clone()).or_default().extend(new);
        }
    }
    for (candidate, indices) in of_person {
        let theirs: Vec<&NewCredential> = indices.iter().map(|index| all[*index]).collect();
        let linked = linked.remove(&candidate).unwrap_or_default();
        let sequence = sequences.get(&candidate).copied().unwrap_or_default();
        let mut recorder = Recorder::new(transaction, submission, (candidate, sequence), &theirs, now)?;
        for address in linked {
            recorder.events.candidate(EventType::CandidateLinked, None, Some(address));
        }
        for (index, credential) in indices.into_iter().zip(theirs) {
            let person_by = assigned[index].as_ref().map(|assigned| assigned.by).unwrap_or_default();
            found[index] = Some(FoundCredential { person_by, ..recorder.take(credential)? });
        }
        recorder.write()?;
    }
    let mut found = found.into_iter();
    let mut records: Vec<FileRecord> = Vec::with_capacity(files.len());
    for (ordinal, file) in (done_before..).zip(files) {
        let credentials: Vec<FoundCredential> = found.by_ref().take(file.credentials.len()).flatten().collect();
        let is_erased = credentials.is_empty() && !file.credentials.is_empty();
        if !is_erased {
            let owner = owner_of_file(transaction, submission, person, &credentials)?;
            records.push(FileRecord { ordinal, owner, result: file.result.clone(), credentials });
        }
    }
    transaction.write_files(submission, &records)?;
    Ok(true)
}

/// Locks the person, and returns the number of the last event about them. `None` when the person was erased after the files came in.
pub fn standing(transaction: &mut Transaction<'_>, submission: &NewSubmission, candidate: &CandidateRef) -> Result<Option<i64>> {
    let Some(sequence) = transaction.lock_candidate(&submission.tenant_id, candidate)? else { return Ok(None) };
    // Another person of the same name, who came after.
    let is_erased = transaction.is_erased_since(&submission.tenant_id, candidate, submission.received_at)?;
    Ok(Some(sequence).filter(|_| !is_erased))
}

/// The one person whom a file is about.
fn owner_of_file(
    transaction: &mut Transaction<'_>,
    submission: &NewSubmission,
    person: &Person,
    credentials: &[FoundCredential],
) -> Result<Option<CandidateRef>> {
    let Some(first) = credentials.first() else {
        let named = Some(&person.candidate_ref).filter(|_| person.named);
        return named.map(|named| transaction.current_ref(&submission.tenant_id, named)).transpose();
    };
    let is_theirs = credentials.iter().all(|credential| credential.candidate_ref == first.candidate_ref);
    Ok(Some(first.candidate_ref.clone()).filter(|_| is_theirs))
}

fn worst_outcome(file: &WorkedFile) -> Option<Outcome> {
    let problem = file.result.problem.as_ref().and_then(FileProblem::outcome);
    let presentation = file.result.presentation.as_ref().map(|report| report.outcome);
    let credentials = file.credentials.iter().map(|credential| credential.report.outcome);
    problem.into_iter().chain(presentation).chain(credentials).max()
}

/// A credential in force with a natural key. A newer issue with the same key replaces it.
struct InForce {
    id: CredentialId,
    fingerprint: String,
    report: VerificationReport,
    normalized: NormalizedCredential,
    /// Its place among the new ones, when it came with the same submission.
    pending: Option<usize>,
}

struct Recorder<'t, 'c> {
    transaction: &'t mut Transaction<'c>,
    submission: &'t NewSubmission,
    candidate: CandidateRef,
    now: DateTime<Utc>,
    known: Vec<KnownBytes>,
    in_force: HashMap<String, InForce>,
    new: Vec<(NewCredential, Vec<SkillAssertion>)>,
    rechecked_skills: Vec<(CredentialId, Vec<SkillAssertion>)>,
    events: EventWriter,
}

impl<'t, 'c> Recorder<'t, 'c> {
    fn new(
        transaction: &'t mut Transaction<'c>,
        submission: &'t NewSubmission,
        (candidate, sequence): (CandidateRef, i64),
        all: &[&NewCredential],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let tenant = &submission.tenant_id;
        let fingerprints: Vec<&str> = all.iter().map(|new| new.fingerprint.as_str()).collect();
        let known = transaction.known_bytes(tenant, &candidate, &fingerprints)?;
        let keys: Vec<&str> = all.iter().filter_map(|new| new.normalized.as_ref()?.natural_key.as_deref()).collect();
        let mut in_force = HashMap::new();
        for stored in transaction.same_credentials(tenant, &candidate, &keys)? {
            let Some(normalized) = stored.normalized else { continue };
            let Some(key) = normalized.natural_key.clone() else { continue };
            let (id, fingerprint, report) = (stored.id, stored.fingerprint, stored.report);
            in_force.insert(key, InForce { id, fingerprint, report, normalized, pending: None });
        }
        let events = EventWriter::new(tenant, &candidate, Some(submission.id.to_string()), now, sequence);
        let (new, rechecked_skills) = (Vec::new(), Vec::new());
        Ok(Self { transaction, submission, candidate, now, known, in_force, new, rechecked_skills, events })
    }

    /// Decides whether the credential is known, checked again, or new.
    fn take(&mut self, credential: &NewCredential) -> Result<FoundCredential> {
        let outcome = credential.report.outcome;
        let mut credential = credential.clone();
        if let Some(normalized) = &mut credential.normalized {
            settle(self.transaction, &self.submission.tenant_id, normalized)?;
        }
        let mut found = FoundCredential {
            id: credential.id.clone(),
            candidate_ref: self.candidate.clone(),
            duplicate: true,
            person_by: PersonBy::default(),
            report: credential.report.clone(),
            normalized: credential.normalized.clone(),
        };
        if let Some(known) = self.known.iter().find(|known| known.fingerprint == credential.fingerprint).cloned() {
            let is_new = self.new.iter().any(|(new, _)| new.id == known.id);
            if known.outcome != outcome && !is_new {
                found.duplicate = !self.check_again(&known, &credential)?;
            }
            found.id = known.id;
            return Ok(found);
        }
        let (id, fingerprint) = (credential.id.clone(), credential.fingerprint.clone());
        self.known.push(KnownBytes { id, fingerprint, outcome });
        self.add(credential)?;
        found.duplicate = false;
        found.normalized = self.new.last().and_then(|(added, _)| added.normalized.clone());
        Ok(found)
    }

    fn add(&mut self, mut credential: NewCredential) -> Result<()> {
        let mut before = None;
        if let Some((key, normalized)) = credential.normalized.as_mut().and_then(|normalized| {
            let key = normalized.natural_key.clone()?;
            Some((key, normalized))
        }) {
            if let Some(earlier) = self.in_force.get(&key) {
                if !replaces(normalized, (earlier.normalized.valid_from, earlier.report.outcome)) {
                    normalized.status = CredentialStatus::Superseded;
                    normalized.warnings.push(older_issue());
                    self.new.push((credential, Vec::new()));
                    return Ok(());
                }
                before = self.supersede(&key)?;
            }
            let status_active = normalized.status == CredentialStatus::Active;
            if status_active {
                let in_force = InForce {
                    id: credential.id.clone(),
                    fingerprint: credential.fingerprint.clone(),
                    report: credential.report.clone(),
                    normalized: normalized.clone(),
                    pending: Some(self.new.len()),
                };
                self.in_force.insert(key, in_force);
            }
        }
        let shown = Shown::of(&credential.id, &credential.fingerprint, &credential.report, credential.normalized.as_ref());
        self.events.publish(self.transaction, &shown, before.as_ref())?;
        self.new.push((credential, shown.skills));
        Ok(())
    }

    /// Replaces the credential in force with that key. Returns its published facts.
    fn supersede(&mut self, key: &str) -> Result<Option<Published>> {
        let Some(mut old) = self.in_force.remove(key) else { return Ok(None) };
        old.normalized.status = CredentialStatus::Superseded;
        let skills = match old.pending {
            Some(index) => {
                let (pending, skills) = &mut self.new[index];
                if let Some(normalized) = &mut pending.normalized {
                    normalized.status = CredentialStatus::Superseded;
                }
                let gave = skills.iter().filter(|skill| is_given(skill)).cloned().collect();
                skills.iter_mut().for_each(|skill| skill.status = SkillStatus::Superseded);
                gave
            }
            None => {
                let gave = self.transaction.skills_in_force(&old.id)?;
                self.transaction.set_credential_status(&old.id, CredentialStatus::Superseded, self.now)?;
                self.transaction.set_skill_status(&old.id, SkillStatus::Superseded)?;
                gave
            }
        };
        let shown = Shown::of(&old.id, &old.fingerprint, &old.report, Some(&old.normalized));
        self.events.credential(EventType::CredentialSuperseded, &shown.summary, None, &[]);
        Ok(Some(Published { outcome: old.report.outcome, skills }))
    }

    /// The same bytes, checked at another time or with more known of the person, led to another verdict. False when that is only
    /// because this request says less of the person than an earlier request: then what the earlier request found holds.
    fn check_again(&mut self, known: &KnownBytes, credential: &NewCredential) -> Result<bool> {
        if credential.report.check(CheckId::Recipient).is_some_and(|check| check.code == Code::RecipientUnproven)
            && let Some(stored) = self.transaction.credential(&self.submission.tenant_id, &known.id)?
            && let Some(matched) = stored.report.check(CheckId::Recipient).filter(|check| check.status == CheckStatus::Pass)
            && with_check(&credential.report, matched, self.now).outcome == known.outcome
        {
            return Ok(false);
        }
        let before = Published { outcome: known.outcome, skills: self.transaction.skills_in_force(&known.id)? };
        let shown = Shown::of(&known.id, &credential.fingerprint, &credential.report, credential.normalized.as_ref());
        self.transaction.update_credential(&known.id, &credential.report, credential.normalized.as_ref(), self.now)?;
        self.transaction.set_next_check(&known.id, credential.next_check_at)?;
        self.transaction.remove_skills(&known.id)?;
        self.events.publish(self.transaction, &shown, Some(&before))?;
        self.rechecked_skills.push((known.id.clone(), shown.skills));
        for earlier in self.known.iter_mut().filter(|earlier| earlier.id == known.id) {
            earlier.outcome = credential.report.outcome;
        }
        Ok(true)
    }

    fn write(self) -> Result<()> {
        let Self { transaction, submission, candidate, now, new, rechecked_skills, events, .. } = self;
        let tenant = &submission.tenant_id;
        if !new.is_empty() {
            let rows: Vec<&NewCredential> = new.iter().map(|(credential, _)| credential).collect();
            transaction.insert_credentials(submission, &candidate, &rows, now)?;
        }
        let of_new = new.iter().map(|(credential, skills)| (&credential.id, skills));
        let of_rechecked = rechecked_skills.iter().map(|(id, skills)| (id, skills));
        let skills: Vec<(&CredentialId, &SkillAssertion)> = of_new
            .chain(of_rechecked)
            .flat_map(|(id, skills)| skills.iter().filter(|skill| is_held(skill)).map(move |skill| (id, skill)))
            .collect();
        transaction.insert_skills(tenant, &candidate, &skills, now)?;
        events.write(transaction)
    }
}

/// Open Badges 3.0: the same issuer and credential id with a newer `validFrom` replaces the older one. Another form of the
/// same issue replaces it only with a better verdict.
pub(super) fn replaces(new: &NormalizedCredential, (valid_from, outcome): (Option<DateTime<Utc>>, Outcome)) -> bool {
    match (new.valid_from, valid_from) {
        (Some(new), Some(old)) if new != old => new > old,
        _ => new.outcome < outcome,
    }
}

fn older_issue() -> Warning {
    Warning {
        code: "newer_issue_known".to_owned(),
        pointer: None,
        message: "The gateway already has this credential, or a newer edition of it, for this person, so this file adds nothing."
            .to_owned(),
    }
}
