//! Whose each credential of a submission is. Comes in: what was said of the persons, and verified credentials. Goes out: a reference for
//! each credential; rows for persons of whom nothing else is known. Must not know: how credentials are verified or stored.

use super::record::Person;
use crate::model::candidate::IdentitySource;
use crate::model::event::LinkedAddress;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::record::{Holder, Mark, NewCredential, NewSubmission, Owner, SubjectOwner};
use crate::model::report::Outcome;
use crate::model::submission::{CandidateHint, PersonBy};
use crate::store::{Result, Transaction};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// Who holds which mark, the longest known first.
pub type Holders = HashMap<Mark, Vec<Holder>>;

/// The person of a credential, and how the gateway came to the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    pub candidate_ref: CandidateRef,
    pub by: PersonBy,
}

/// The persons of credentials, in the order of the credentials; none for a credential that leads to a person who was erased after it
/// came in.
pub struct Owners {
    pub assigned: Vec<Option<Assigned>>,
    /// New facts from the credentials about persons who were known before.
    pub linked: HashMap<CandidateRef, Vec<LinkedAddress>>,
}

/// The mark of a person of whom nothing is known: the bytes of the credential, and the name that was given with them.
pub fn mark(fingerprint: &str, name: Option<&str>) -> Mark {
    match name {
        Some(name) => Mark::Bytes(format!("{fingerprint} {}", name.trim().to_lowercase())),
        None => Mark::Bytes(fingerprint.to_owned()),
    }
}

/// The first mark that stands for one person. A person who is known by nothing but credentials is whoever they are about: several such
/// persons are the same. Several persons for whom the same address was given, or proven, are told apart by nothing here.
pub fn holder<'a>(holders: &'a Holders, marks: &'a [Mark]) -> Option<(&'a Mark, &'a Holder)> {
    marks.iter().find_map(|mark| Some((mark, one_of(holders.get(mark)?)?)))
}

/// The one person among those who hold the same mark.
pub fn one_of(holders: &[Holder]) -> Option<&Holder> {
    let best = holders.iter().map(|holder| holder.source).max()?;
    let mut strongest = holders.iter().filter(|holder| holder.source == best);
    let first = strongest.next()?;
    let is_one = best == IdentitySource::Subject || strongest.all(|other| other.candidate_ref == first.candidate_ref);
    is_one.then_some(first)
}

/// How a person was found.
pub fn found_by(mark: &Mark) -> PersonBy {
    if matches!(mark, Mark::Bytes(_)) { PersonBy::Earlier } else { PersonBy::Subject }
}

pub fn owners(
    transaction: &mut Transaction<'_>,
    submission: &NewSubmission,
    person: &Person,
    all: &[&NewCredential],
    now: DateTime<Utc>,
) -> Result<Owners> {
    let name = person.hint.name.as_deref();
    let marks_of = |new: &NewCredential| match &new.owner {
        Owner::Subject(owner) if owner.known_by.is_none() => owner.marks.clone(),
        Owner::Submission if !person.named => vec![mark(&new.fingerprint, name)],
        _ => Vec::new(),
    };
    let wanted: Vec<Mark> = all.iter().flat_map(|new| marks_of(new)).collect();
    let holders = transaction.holders(&submission.tenant_id, &wanted)?;
    let erased = transaction.erased_since(&submission.tenant_id, &wanted, submission.received_at)?;
    // A submission that gives no more than a name is about one person: a person for whom any of the bytes came in with this name.
    let of_submission = all.iter().filter(|new| new.owner == Owner::Submission);
    let earlier = of_submission.filter_map(|new| Some(holder(&holders, &marks_of(new))?.1.candidate_ref.clone()));
    let unnamed = earlier.min().unwrap_or_else(|| person.candidate_ref.clone());
    let (current, linked) = (HashMap::new(), HashMap::new());
    let mut assigning = Assigning { transaction, tenant: &submission.tenant_id, now, holders, current, linked };
    let mut assigned = Vec::with_capacity(all.len());
    for new in all {
        if marks_of(new).iter().any(|mark| erased.contains(mark)) {
            assigned.push(None);
            continue;
        }
        assigned.push(Some(match &new.owner {
            Owner::Listed(listed) => Assigned { candidate_ref: assigning.current(listed)?, by: PersonBy::List },
            Owner::Submission if person.named => {
                Assigned { candidate_ref: assigning.current(&person.candidate_ref)?, by: PersonBy::Request }
            }
            Owner::Submission => assigning.unnamed(&unnamed, &person.hint, &marks_of(new))?,
            Owner::Subject(owner) => assigning.subject(owner, new.report.outcome)?,
        }));
    }
    Ok(Owners { assigned, linked: assigning.linked })
}

struct Assigning<'t, 'c, 's> {
    transaction: &'t mut Transaction<'c>,
    tenant: &'s TenantId,
    now: DateTime<Utc>,
    holders: Holders,
    /// References that were looked up, with those that stand for them today.
    current: HashMap<CandidateRef, CandidateRef>,
    linked: HashMap<CandidateRef, Vec<LinkedAddress>>,
}

impl Assigning<'_, '_, '_> {
    fn current(&mut self, candidate: &CandidateRef) -> Result<CandidateRef> {
        if let Some(known) = self.current.get(candidate) {
            return Ok(known.clone());
        }
        let current = self.transaction.current_ref(self.tenant, candidate)?;
        self.current.insert(candidate.clone(), current.clone());
        Ok(current)
    }

    fn unnamed(&mut self, candidate: &CandidateRef, hint: &CandidateHint, marks: &[Mark]) -> Result<Assigned> {
        let held = holder(&self.holders, marks).map(|(_, holder)| &holder.candidate_ref);
        let by = if held == Some(candidate) { PersonBy::Earlier } else { PersonBy::New };
        if held != Some(candidate) {
            self.transaction.ensure_candidate(self.tenant, candidate, self.now)?;
            self.transaction.remember(self.tenant, candidate, hint, self.now)?;
            self.learn(candidate, marks)?;
        }
        Ok(Assigned { candidate_ref: candidate.clone(), by })
    }

    /// Of a known person more is learned from an accepted credential only: anybody can write a credential that gives two addresses.
    fn subject(&mut self, owner: &SubjectOwner, outcome: Outcome) -> Result<Assigned> {
        let found = match owner.known_by {
            Some(by) => Some((self.current(&owner.candidate_ref)?, by)),
            None => holder(&self.holders, &owner.marks).map(|(mark, holder)| (holder.candidate_ref.clone(), found_by(mark))),
        };
        let Some((candidate_ref, by)) = found else {
            self.transaction.ensure_candidate(self.tenant, &owner.candidate_ref, self.now)?;
            let hint = CandidateHint { name: owner.name.clone(), ..CandidateHint::default() };
            self.transaction.remember(self.tenant, &owner.candidate_ref, &hint, self.now)?;
            self.learn(&owner.candidate_ref, &owner.marks)?;
            return Ok(Assigned { candidate_ref: owner.candidate_ref.clone(), by: PersonBy::New });
        };
        if outcome == Outcome::Accepted {
            let new = self.learn(&candidate_ref, &owner.marks)?;
            self.linked.entry(candidate_ref.clone()).or_default().extend(new);
        }
        Ok(Assigned { candidate_ref, by })
    }

    fn learn(&mut self, candidate: &CandidateRef, marks: &[Mark]) -> Result<Vec<LinkedAddress>> {
        let holder = Holder { candidate_ref: candidate.clone(), source: IdentitySource::Subject };
        let is_new = |mark: &&Mark| !self.holders.get(mark).is_some_and(|holders| holders.contains(&holder));
        let new: Vec<Mark> = marks.iter().filter(is_new).cloned().collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let linked = self.transaction.remember_marks(self.tenant, candidate, &new, IdentitySource::Subject, self.now)?;
        for mark in new {
            self.holders.entry(mark).or_default().push(holder.clone());
        }
        Ok(linked)
    }
}
