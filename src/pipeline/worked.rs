//! An examined file as it is recorded. Comes in: the examiner's findings. Goes out: the file's result and its credentials, each
//! with an id and the moment of the next status check. Must not know: the database.

use crate::examine::{Examined, ExaminedCredential};
use crate::model::code::Code;
use crate::model::credential::ReceivedCredential;
use crate::model::ids::CredentialId;
use crate::model::record::{Mark, NewCredential, Owner};
use crate::model::report::{Check, CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::submission::FileResult;
use chrono::{DateTime, Duration, Utc};

/// The shortest time until an issuer that did not answer is asked again.
const SOON: Duration = Duration::minutes(1);

/// A file after its credentials were verified; `result.credentials` is empty.
#[derive(Clone, Debug)]
pub struct WorkedFile {
    pub result: FileResult,
    pub credentials: Vec<NewCredential>,
}

/// Whose a credential is, and what it proves of the person.
#[derive(Clone, Debug)]
pub struct Ownership {
    pub owner: Owner,
    /// See [`NewCredential::proven`].
    pub proven: Vec<Mark>,
}

/// `every`: how long a status that an issuer gave holds before it is asked again; `None`: for ever. `now`: when it was asked.
/// `ownerships`: of each credential, file by file.
pub fn worked(
    examined: Vec<Examined>,
    ownerships: Vec<Vec<Ownership>>,
    every: Option<Duration>,
    now: DateTime<Utc>,
) -> Vec<WorkedFile> {
    examined.into_iter().zip(ownerships).map(|(file, ownerships)| worked_file(file, ownerships, every, now)).collect()
}

fn worked_file(examined: Examined, ownerships: Vec<Ownership>, every: Option<Duration>, now: DateTime<Utc>) -> WorkedFile {
    let result = FileResult {
        file: examined.file.name,
        sha256: examined.file.sha256,
        detected: examined.file.detected,
        problem: examined.problem,
        warnings: examined.file.warnings,
        presentation: examined.presentation.map(|finding| finding.report),
        credentials: Vec::new(),
    };
    let credentials = examined.credentials.into_iter().zip(ownerships);
    let credentials = credentials.map(|(credential, ownership)| new_credential(credential, ownership, every, now));
    WorkedFile { result, credentials: credentials.collect() }
}

fn new_credential(
    examined: ExaminedCredential,
    ownership: Ownership,
    every: Option<Duration>,
    now: DateTime<Utc>,
) -> NewCredential {
    let ExaminedCredential { received, fingerprint, report, normalized } = examined;
    let ReceivedCredential { name, media_type, bytes, .. } = received;
    let next_check_at = next_check(&report, every, now, now);
    NewCredential {
        id: CredentialId::generate(),
        name,
        media_type,
        bytes,
        fingerprint,
        report,
        normalized,
        next_check_at,
        owner: ownership.owner,
        proven: ownership.proven,
    }
}

/// When the issuer should be asked again: not about credentials that are lost for good, nor about those without a status, unless the
/// issuer owes an answer. Then soon, and less and less often the longer it is silent. `since`: when the credential came.
pub fn next_check(
    report: &VerificationReport,
    every: Option<Duration>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let status = report.check(CheckId::Status)?;
    let may_change = report.outcome != Outcome::Rejected || status.code == Code::Suspended;
    let every = every.filter(|_| may_change)?;
    if report.checks.iter().any(is_owed) {
        return Some(now + ((now - since) / 2).max(SOON).min(every.max(SOON)));
    }
    (status.status != CheckStatus::NotApplicable).then(|| now + every)
}

/// The check waits for an answer that did not come.
pub fn is_owed(check: &Check) -> bool {
    let waits = matches!(
        check.code,
        Code::KeyUnavailable
            | Code::HostedCopyUnavailable
            | Code::IssuerUnavailable
            | Code::StatusListUnavailable
            | Code::RegistryUnavailable
            | Code::CredentialSchemaUnavailable
    );
    check.status == CheckStatus::CouldNotCheck && waits
}
