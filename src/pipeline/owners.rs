//! Whose each credential of a submission is. Comes in: what was said of the person, and verified credentials. Goes out: a reference for
//! each credential; rows for persons of whom nothing else is known. Must not know: how credentials are verified or stored.

use super::record::Person;
use crate::model::candidate::IdentitySource;
use crate::model::ids::CandidateRef;
use crate::model::record::{Mark, NewCredential, NewSubmission, Owner};
use crate::model::submission::CandidateHint;
use crate::store::{Result, Transaction};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// What tells a person of whom nothing is known from others: the bytes, and the name that was said with them.
pub fn mark(fingerprint: &str, name: Option<&str>) -> Mark {
    match name {
        Some(name) => Mark::Bytes(format!("{fingerprint} {}", name.trim().to_lowercase())),
        None => Mark::Bytes(fingerprint.to_owned()),
    }
}

/// The person of each credential, in the order of the credentials. Where nobody is named, the same bytes belong to the person to whom
/// they belonged when nobody was named before.
pub fn owners(
    transaction: &mut Transaction<'_>,
    submission: &NewSubmission,
    person: &Person,
    all: &[&NewCredential],
    now: DateTime<Utc>,
) -> Result<Vec<CandidateRef>> {
    let tenant = &submission.tenant_id;
    let name = person.hint.name.as_deref();
    let marked = |new: &NewCredential| match &new.owner {
        Owner::Own(_) => Some(mark(&new.fingerprint, None)),
        Owner::Submission if !person.named => Some(mark(&new.fingerprint, name)),
        _ => None,
    };
    let marks: Vec<Option<Mark>> = all.iter().map(|new| marked(new)).collect();
    let wanted: Vec<Mark> = marks.iter().flatten().cloned().collect();
    let found = transaction.holders(tenant, &wanted)?.into_iter();
    let mut holders: HashMap<Mark, CandidateRef> =
        found.filter_map(|(mark, holders)| Some((mark, holders.into_iter().next()?.candidate_ref))).collect();
    let of_submission = all.iter().zip(&marks).filter(|(new, _)| new.owner == Owner::Submission);
    let found = of_submission.filter_map(|(_, mark)| holders.get(mark.as_ref()?)).min().cloned();
    let unnamed = found.unwrap_or_else(|| person.candidate_ref.clone());
    let mut current: HashMap<CandidateRef, CandidateRef> = HashMap::new();
    let mut owners = Vec::with_capacity(all.len());
    for (new, mark) in all.iter().zip(marks) {
        let Some(mark) = mark else {
            let named = if let Owner::Known(known) = &new.owner { known } else { &person.candidate_ref };
            if !current.contains_key(named) {
                current.insert(named.clone(), transaction.current_ref(tenant, named)?);
            }
            owners.push(current.get(named).unwrap_or(named).clone());
            continue;
        };
        let (owner, hint) = match &new.owner {
            Owner::Own(fresh) => (holders.get(&mark).unwrap_or(fresh).clone(), CandidateHint::default()),
            _ => (unnamed.clone(), person.hint.clone()),
        };
        if holders.get(&mark) != Some(&owner) {
            transaction.ensure_candidate(tenant, &owner, now)?;
            transaction.remember(tenant, &owner, &hint, now)?;
            transaction.remember_marks(tenant, &owner, std::slice::from_ref(&mark), IdentitySource::Subject, now)?;
            holders.insert(mark, owner.clone());
        }
        owners.push(owner);
    }
    Ok(owners)
}
