//! The work on the files of one submission. Comes in: opened or judged files, and what was said of persons. Goes out: verified and
//! normalised files, each credential with its person. Must not know: when and in how many steps the work is done.

use super::owners::{Holders, found_by, holder, mark, one_of};
use super::people::{List, People};
use super::persons::with_known;
use super::record::Person;
use super::worked::{Ownership, WorkedFile, worked};
use super::{Pipeline, PipelineError};
use crate::examine::{OpenedFile, Presented, Question, Verified, VerifiedCredential, Whose};
use crate::model::candidate::IdentitySource;
use crate::model::ids::CandidateRef;
use crate::model::record::{Holder, Mark, Owner, SubjectOwner};
use crate::model::report::Outcome;
use crate::model::submission::{CandidateHint, PersonBy};
use crate::store::SubmissionRequest;
use crate::trace;
use crate::verify::checks::recipient::{EmailHash, SubjectId};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use tracing::Instrument;

/// Most addresses of a tenant that hashes are compared with, the newest first, and most comparisons for one submission.
const MAX_ADDRESSES: usize = 20_000;
const MAX_COMPARISONS: usize = 10_000_000;

pub(super) struct Work {
    pub question: Question,
    pub person: Person,
    people: People,
    /// When the files came in.
    received_at: DateTime<Utc>,
    /// The tenant's addresses, once a hash has to be compared with them.
    addresses: Option<Arc<Vec<(String, Holder)>>>,
    comparisons_left: usize,
}

/// The person who was named for a file.
#[derive(Clone)]
struct Listed {
    /// Absent when no more than a name was given.
    candidate_ref: Option<CandidateRef>,
    /// The stated and the known facts about the person.
    candidate: CandidateHint,
}

/// A person to whom a credential led.
struct Found {
    holder: Holder,
    by: PersonBy,
    /// The facts about the person with which the credential may be compared.
    candidate: CandidateHint,
}

impl Pipeline {
    /// `opened`: all files of the submission, for the lists of people among them. A list counts where the request names nobody.
    pub(super) fn plan(
        &self,
        question: Question,
        person: Person,
        request: &SubmissionRequest,
        opened: &[OpenedFile],
        received_at: DateTime<Utc>,
    ) -> Work {
        let files: Vec<&str> = opened.iter().map(|file| file.name.as_str()).collect();
        let mut lists = vec![List { place: String::new(), people: request.people.clone() }];
        if request.people.is_empty() && request.candidate.is_empty() {
            let place = |name: &str| name.rfind('/').map_or(String::new(), |slash| name[..=slash].to_owned());
            let listed = opened.iter().filter(|file| !file.people.is_empty());
            lists = listed.map(|file| List { place: place(&file.name), people: file.people.clone() }).collect();
        }
        let people = People::new(&lists, &files);
        Work { question, person, people, received_at, addresses: None, comparisons_left: MAX_COMPARISONS }
    }

    /// Verifies the files, finds whose their credentials are, and normalises them.
    pub(super) async fn work_on(&self, work: &mut Work, presented: Vec<Presented>) -> Result<Vec<WorkedFile>, PipelineError> {
        let listed = self.listed(work, &presented).await?;
        let candidates = listed.iter().map(|listed| listed.as_ref().map(|listed| listed.candidate.clone())).collect();
        let span = tracing::info_span!(target: trace::TARGET, "verify", files = presented.len());
        let verified = self.examiner.verify_files(presented, candidates, &work.question).instrument(span).await;
        let mut known = self.known(work, &listed, &verified).await?;
        let mut whose = Vec::with_capacity(verified.len());
        let mut ownerships = Vec::with_capacity(verified.len());
        for (file, listed) in verified.iter().zip(&listed) {
            let of_file = file.credentials.iter().map(|credential| work.assign(credential, listed.as_ref(), &mut known));
            let (of_whose, of_ownership): (Vec<Whose>, Vec<Ownership>) = of_file.unzip();
            whose.push(of_whose);
            ownerships.push(of_ownership);
        }
        let examined = self.examiner.normalize_files(verified, whose, &work.question).await;
        let files = worked(examined, ownerships, self.status_interval, work.question.request.at);
        self.map_files(&work.question.tenant_id, files).await
    }

    /// The persons who are named for these files, found or made; a file without a credential makes nobody.
    async fn listed(&self, work: &Work, presented: &[Presented]) -> Result<Vec<Option<Listed>>, PipelineError> {
        let tenant = &work.question.tenant_id;
        let said: Vec<Option<&CandidateHint>> =
            presented.iter().map(|file| work.people.of(&file.file.name).filter(|_| file.holds_credentials())).collect();
        let mut named: Vec<CandidateHint> = Vec::new();
        for hint in said.iter().copied().flatten().filter(|hint| hint.names_somebody()) {
            if !named.contains(hint) {
                named.push(hint.clone());
            }
        }
        if said.iter().all(Option::is_none) {
            return Ok(vec![None; said.len()]);
        }
        let refs = self.store.find_or_create_candidates(tenant, named.clone(), work.received_at, self.clock.now()).await?;
        let known = self.store.candidate_identities(tenant, &refs).await?;
        let of_named = named.into_iter().zip(refs).map(|(hint, candidate_ref)| {
            let known = known.get(&candidate_ref).cloned().unwrap_or_default();
            let candidate = with_known(CandidateHint { candidate_ref: None, ..hint.clone() }, known);
            (hint, Listed { candidate_ref: Some(candidate_ref), candidate })
        });
        let of_named: Vec<(CandidateHint, Listed)> = of_named.collect();
        let listed = |hint: &CandidateHint| match of_named.iter().find(|(named, _)| named == hint) {
            Some((_, listed)) => listed.clone(),
            None => Listed { candidate_ref: None, candidate: hint.clone() },
        };
        Ok(said.into_iter().map(|hint| hint.map(listed)).collect())
    }

    /// The known persons among the subjects of credentials for which nobody was named.
    async fn known(&self, work: &mut Work, listed: &[Option<Listed>], verified: &[Verified]) -> Result<Known, PipelineError> {
        let tenant = work.question.tenant_id.clone();
        let of_file = |(file, listed): (&Verified, &Option<Listed>)| -> Vec<Mark> {
            let marks = file.credentials.iter().filter_map(|credential| work.marks(credential, listed.as_ref()));
            marks.flatten().collect()
        };
        let wanted: Vec<Mark> = verified.iter().zip(listed).flat_map(of_file).collect();
        let mut known = Known { holders: self.store.holders(&tenant, wanted).await?, ..Known::default() };
        if !work.is_unnamed() {
            return Ok(known);
        }
        let unlisted = verified.iter().zip(listed).filter(|(_, listed)| listed.is_none());
        let subjects = unlisted.flat_map(|(file, _)| file.credentials.iter().flat_map(|credential| &credential.subject));
        let mut hashes: Vec<EmailHash> = Vec::new();
        for subject in subjects {
            if let SubjectId::EmailHash(hash) = subject {
                hashes.push(hash.clone());
            }
        }
        if hashes.is_empty() {
            return Ok(known);
        }
        let addresses = match &work.addresses {
            Some(addresses) => addresses.clone(),
            None => Arc::new(self.store.known_emails(&tenant, MAX_ADDRESSES).await?),
        };
        work.addresses = Some(addresses.clone());
        let most = work.comparisons_left / addresses.len().max(1);
        hashes.truncate(most);
        work.comparisons_left -= hashes.len() * addresses.len();
        for (hash, index) in self.examiner.owners_of_hashes(hashes, addresses.clone()).await {
            if let Some((address, holder)) = addresses.get(index) {
                known.by_hash.entry(hash.key()).or_default().push((address.clone(), holder.clone()));
            }
        }
        Ok(known)
    }
}

/// The database's facts about the subjects of credentials.
#[derive(Default)]
struct Known {
    holders: Holders,
    /// Addresses of persons, by the hash in a credential that they fit.
    by_hash: HashMap<String, Vec<(String, Holder)>>,
    /// New persons of this step, by their marks.
    fresh: HashMap<Mark, CandidateRef>,
}

impl Work {
    /// Whether nothing at all is said of the person of the submission: then each credential belongs to whom it is about.
    fn is_unnamed(&self) -> bool {
        !self.person.named && self.person.hint.is_empty()
    }

    /// The marks by which the person of the credential is looked up; `None` when the person is named.
    fn marks(&self, credential: &VerifiedCredential, listed: Option<&Listed>) -> Option<Vec<Mark>> {
        match listed {
            Some(Listed { candidate_ref: Some(_), .. }) => None,
            Some(Listed { candidate, .. }) => Some(vec![mark(&credential.fingerprint, candidate.name.as_deref())]),
            None if !self.is_unnamed() => None,
            None => {
                let of_subject = credential.subject.iter().map(|id| match id {
                    SubjectId::Did(did) => Mark::Did(did.clone()),
                    SubjectId::Email(address) => Mark::Email(address.clone()),
                    SubjectId::EmailHash(hash) => Mark::Bytes(format!("subject {}", hash.key())),
                });
                let mut marks: Vec<Mark> = of_subject.collect();
                if credential.verification.report.outcome != Outcome::Accepted {
                    // Anybody can write a credential that gives two addresses, and so tie two people together.
                    marks.truncate(1);
                }
                marks.push(mark(&credential.fingerprint, None));
                Some(marks)
            }
        }
    }

    fn assign(&self, credential: &VerifiedCredential, listed: Option<&Listed>, known: &mut Known) -> (Whose, Ownership) {
        let Some(marks) = self.marks(credential, listed) else {
            let (candidate_ref, asked, owner) = match listed {
                Some(Listed { candidate_ref: Some(candidate_ref), candidate }) => {
                    (candidate_ref, candidate, Owner::Listed(candidate_ref.clone()))
                }
                _ => (&self.person.candidate_ref, &self.question.request.candidate, Owner::Submission),
            };
            let whose = Whose { candidate_ref: Some(candidate_ref.clone()), candidate: None };
            return (whose, Ownership { owner, proven: proven_by(credential, asked) });
        };
        let name = listed.and_then(|listed| listed.candidate.name.clone());
        if let Some(found) = known.find(credential, &marks) {
            let Found { holder, by, candidate } = found;
            let candidate_ref = holder.candidate_ref;
            let candidate = Some(candidate).filter(|candidate| !candidate.is_empty());
            let whose = Whose { candidate_ref: Some(candidate_ref.clone()), candidate };
            let owner = SubjectOwner { candidate_ref, known_by: Some(by), marks, name };
            return (whose, Ownership { owner: Owner::Subject(owner), proven: Vec::new() });
        }
        let same = marks.iter().find_map(|mark| known.fresh.get(mark)).cloned();
        let candidate_ref = same.unwrap_or_else(CandidateRef::generate);
        for mark in &marks {
            known.fresh.entry(mark.clone()).or_insert_with(|| candidate_ref.clone());
        }
        let whose = Whose { candidate_ref: Some(candidate_ref.clone()), candidate: None };
        let owner = SubjectOwner { candidate_ref, known_by: None, marks, name };
        (whose, Ownership { owner: Owner::Subject(owner), proven: Vec::new() })
    }
}

impl Known {
    /// The known person whom the credential is about: by DID and address, then by a hash, then by the bytes.
    fn find(&self, credential: &VerifiedCredential, marks: &[Mark]) -> Option<Found> {
        let (plain, rest): (Vec<Mark>, Vec<Mark>) = marks.iter().cloned().partition(|mark| !matches!(mark, Mark::Bytes(_)));
        let by_mark = |marks: &[Mark]| {
            let (mark, holder) = holder(&self.holders, marks)?;
            Some(Found { holder: holder.clone(), by: found_by(mark), candidate: compared(mark, holder.source) })
        };
        by_mark(&plain).or_else(|| self.by_hash(credential)).or_else(|| by_mark(&rest))
    }

    fn by_hash(&self, credential: &VerifiedCredential) -> Option<Found> {
        let hashes =
            credential.subject.iter().filter_map(|id| if let SubjectId::EmailHash(hash) = id { Some(hash) } else { None });
        for fitting in hashes.filter_map(|hash| self.by_hash.get(&hash.key())) {
            let holders: Vec<Holder> = fitting.iter().map(|(_, holder)| holder.clone()).collect();
            let Some(holder) = one_of(&holders) else { continue };
            let address = fitting.iter().find(|(_, one)| one == holder).map(|(address, _)| address.clone())?;
            let candidate = compared(&Mark::Email(address), holder.source);
            return Some(Found { holder: holder.clone(), by: PersonBy::Subject, candidate });
        }
        None
    }
}

/// What the credential is to be compared with, when it led to a person by this mark. A person who is known by nothing but credentials is
/// whoever they are about: there is nothing to compare.
fn compared(mark: &Mark, source: IdentitySource) -> CandidateHint {
    let mut candidate = CandidateHint::default();
    match (mark, source) {
        (Mark::Bytes(_), _) | (_, IdentitySource::Subject) => {}
        (Mark::Email(address), IdentitySource::Stated) => candidate.unproven_emails.push(address.clone()),
        (Mark::Email(address), _) => candidate.emails.push(address.clone()),
        (Mark::Did(did), _) => candidate.dids.push(did.clone()),
    }
    candidate
}

/// The addresses that an accepted credential proves: those beside a DID that a wallet proved to be the person's.
fn proven_by(credential: &VerifiedCredential, asked: &CandidateHint) -> Vec<Mark> {
    let is_proven = |id: &SubjectId| matches!(id, SubjectId::Did(did) if asked.dids.contains(did));
    if !credential.subject.iter().any(is_proven) {
        return Vec::new();
    }
    let emails = credential.subject.iter().filter_map(|id| match id {
        SubjectId::Email(address) => Some(Mark::Email(address.clone())),
        _ => None,
    });
    emails.collect()
}
