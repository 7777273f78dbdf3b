//! Erasing a person: all rows of every record that stands for them, and one last event per record that says only that it was erased.

use super::certificates::{self, Carried};
use super::channel_schema::exchanges;
use super::credentials::place;
use super::identities::{self, DID, EMAIL};
use super::pool::{AnyConnection, empty_log};
use super::row_counts::{self, add};
use super::schema::{
    candidate_aliases, candidates, connections, credentials, events, lanes, ledger, submission_credentials, submission_files,
    submissions,
};
use super::transaction::{ROWS_PER_STATEMENT, Transaction};
use super::{Result, Store, StoreError, Vault, exchanges as exchange_rows, marks};
use crate::model::code::Code;
use crate::model::event::{Audience, CandidateEventData, Event, EventType};
use crate::model::ids::{CandidateRef, ExchangeId, TenantId};
use crate::model::record::Mark;
use crate::model::report::{CheckId, CheckStatus, VerificationReport};
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::{BTreeSet, HashSet};

/// Each waits as long as the database waits for a lock.
const EMPTYING_TRIES: u32 = 3;

impl Store {
    /// Removes everything about the person, under every reference that stands for them, and writes `candidate.erased`. Goes with them: a
    /// record that the gateway made for nobody, when it knows nothing but an address of the person, or credentials of the
    /// person. Returns the id of the certificate; `None` when there is no such person. `actor`: who has it done, for example
    /// `api_key:ID`.
    pub async fn erase_candidate(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<String>> {
        let (tenant, candidate, actor) = (tenant.clone(), candidate.clone(), actor.to_owned());
        let erased = self.transaction(move |transaction| erase(transaction, &tenant, &candidate, actor, now)).await?;
        if erased.is_some() {
            self.empty_log().await;
        }
        Ok(erased)
    }

    /// The person is erased already: a log that can't be emptied now is emptied by a later erasure, or when the gateway stops.
    async fn empty_log(&self) {
        for _ in 0..EMPTYING_TRIES {
            match self.read(empty_log).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(cause = %error, "the write-ahead log could not be emptied after an erasure"),
            }
        }
        tracing::warn!("the write-ahead log is in use and still holds what was written before an erasure");
    }
}

fn erase(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    candidate: &CandidateRef,
    actor: String,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let candidate = transaction.current_ref(tenant, candidate)?;
    // Before the person is locked, as everybody does: whoever learns an address of the person meanwhile waits, and finds it erased.
    let known = identities::rows_of(transaction.connection, tenant, &[candidate.as_str()])?;
    let digests: Vec<String> = known.into_iter().map(|row| row.digest).collect();
    transaction.lock_names(&digests)?;
    if transaction.lock_candidate(tenant, &candidate)?.is_none() {
        return Ok(None);
    }
    let mut all = shadows(transaction.connection, transaction.vault, tenant, &candidate)?;
    all.insert(candidate.clone());
    let mut carried = Carried { actor, ..Carried::of(candidate) };
    let mut erased = Vec::new();
    let mut gone = HashSet::new();
    for one in &all {
        let Some(sequence) = transaction.lock_candidate(tenant, one)? else { continue };
        let aliases: Vec<String> = candidate_aliases::table
            .filter(candidate_aliases::tenant_id.eq(tenant.as_str()))
            .filter(candidate_aliases::candidate_ref.eq(one.as_str()))
            .select(candidate_aliases::id)
            .load(transaction.connection)?;
        let exchanges = open_exchanges(transaction, tenant, one, &aliases)?;
        gone.extend(marks_of(transaction, tenant, one, &aliases)?);
        carried.keys += transaction.destroy_keys(tenant, one)?;
        let connection = &mut *transaction.connection;
        for some in exchanges.chunks(ROWS_PER_STATEMENT) {
            let some = exchanges::table.filter(exchanges::id.eq_any(some));
            diesel::delete(some).execute(connection)?;
        }
        let mut refs = aliases.clone();
        refs.push(one.0.clone());
        carried.received.extend(certificates::receivers(connection, tenant, &refs)?);
        add(&mut carried.rows, "requests", exchanges.len() as u64);
        row_counts::of_person(connection, tenant, one, &refs, &mut carried.rows)?;
        erase_rows(connection, tenant, one, &refs)?;
        carried.refs.extend(refs);
        let also_known_as = aliases.into_iter().map(CandidateRef).collect();
        let data = CandidateEventData { also_known_as, ..CandidateEventData::of(one) };
        erased.push((Event::about_candidate(EventType::CandidateErased, tenant, &data, sequence + 1, now), Audience::Everyone));
    }
    transaction.note_erased(tenant, gone, now)?;
    transaction.append_events(&erased)?;
    carried.events = erased.into_iter().map(|(event, _)| event.id.0).collect();
    transaction.certify(tenant, carried, now).map(Some)
}

/// By what files that are being worked on may lead to the person.
fn marks_of(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    candidate: &CandidateRef,
    aliases: &[String],
) -> Result<HashSet<String>> {
    let known = identities::rows_of(transaction.connection, tenant, &[candidate.as_str()])?;
    let mut found: HashSet<String> = known.into_iter().filter(|row| row.kind != identities::NAME).map(|row| row.digest).collect();
    for fingerprint in fingerprints(transaction.connection, tenant, candidate.as_str())? {
        found.insert(marks::digest_of(transaction.vault, tenant, &Mark::Bytes(fingerprint))?);
    }
    found.insert(transaction.mark_of_ref(tenant, candidate)?);
    for alias in aliases {
        found.insert(transaction.mark_of_ref(tenant, &CandidateRef::from(alias.as_str()))?);
    }
    Ok(found)
}

/// Records that the gateway made and that stand for the person as well: all that is known of them is an address of the person, or
/// credentials that are the person's.
fn shadows(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidate: &CandidateRef,
) -> Result<BTreeSet<CandidateRef>> {
    let is_address = |row: &identities::Row| matches!(row.kind.as_str(), EMAIL | DID);
    let known = identities::rows_of(connection, tenant, &[candidate.as_str()])?;
    let addresses: HashSet<String> = known.into_iter().filter(is_address).map(|row| row.digest).collect();
    let matched = matched(connection, vault, tenant, candidate)?;
    let mut suspects: BTreeSet<String> = marks::holders_of(connection, tenant, &addresses)?.into_iter().collect();
    suspects.extend(holding(connection, tenant, &matched)?);
    suspects.remove(candidate.as_str());
    let mut shadows = BTreeSet::new();
    for suspect in suspects {
        let employers: Option<i64> = candidates::table
            .filter(candidates::tenant_id.eq(tenant.as_str()))
            .filter(candidates::id.eq(&suspect))
            .select(candidates::employer_ref)
            .first(connection)
            .optional()?;
        let rows = identities::rows_of(connection, tenant, &[&suspect])?;
        let has_address = rows.iter().any(is_address);
        let is_theirs = match has_address {
            true => rows.iter().all(|row| !is_address(row) || addresses.contains(&row.digest)),
            false => fingerprints(connection, tenant, &suspect)?.iter().all(|fingerprint| matched.contains(fingerprint)),
        };
        if employers == Some(0) && is_theirs {
            shadows.insert(CandidateRef(suspect));
        }
    }
    Ok(shadows)
}

/// Fingerprints of the credentials that were found to be the person's by an address or DID.
fn matched(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidate: &CandidateRef,
) -> Result<HashSet<String>> {
    let own: Vec<(String, String, Vec<u8>)> = credentials::table
        .filter(credentials::tenant_id.eq(tenant.as_str()))
        .filter(credentials::candidate_ref.eq(candidate.as_str()))
        .select((credentials::id, credentials::fingerprint, credentials::report))
        .load(connection)?;
    let mut matched = HashSet::new();
    for (id, fingerprint, report) in own {
        let report: VerificationReport = match vault.unpack_json(connection, &place(&id), &report) {
            Err(StoreError::Erased) => continue,
            report => report?,
        };
        let recipient = report.check(CheckId::Recipient);
        if recipient.is_some_and(|check| check.status == CheckStatus::Pass || check.code == Code::RecipientUnproven) {
            matched.insert(fingerprint);
        }
    }
    Ok(matched)
}

/// Who holds any of these bytes.
fn holding(connection: &mut AnyConnection, tenant: &TenantId, fingerprints: &HashSet<String>) -> Result<Vec<String>> {
    let fingerprints: Vec<&str> = fingerprints.iter().map(String::as_str).collect();
    let mut holding = Vec::new();
    for some in fingerprints.chunks(ROWS_PER_STATEMENT) {
        let found: Vec<String> = credentials::table
            .filter(credentials::tenant_id.eq(tenant.as_str()))
            .filter(credentials::fingerprint.eq_any(some.iter().copied()))
            .select(credentials::candidate_ref)
            .load(connection)?;
        holding.extend(found);
    }
    Ok(holding)
}

fn fingerprints(connection: &mut AnyConnection, tenant: &TenantId, candidate: &str) -> Result<Vec<String>> {
    let found = credentials::table
        .filter(credentials::tenant_id.eq(tenant.as_str()))
        .filter(credentials::candidate_ref.eq(candidate))
        .select(credentials::fingerprint)
        .load(connection)?;
    Ok(found)
}

/// Requests to wallets that were opened for the person and that nobody has answered.
fn open_exchanges(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    candidate: &CandidateRef,
    aliases: &[String],
) -> Result<Vec<String>> {
    let known = identities::rows_of(transaction.connection, tenant, &[candidate.as_str()])?;
    let digests: HashSet<String> = known.into_iter().map(|row| row.digest).collect();
    let rows: Vec<(String, Vec<u8>)> = exchanges::table
        .filter(exchanges::tenant_id.eq(tenant.as_str()))
        .filter(exchanges::candidate_ref.is_null())
        .select((exchanges::id, exchanges::candidate))
        .load(transaction.connection)?;
    let mut theirs = Vec::new();
    for (id, sealed) in rows {
        let opened = exchange_rows::opened(transaction.connection, transaction.vault, &ExchangeId(id.clone()), &sealed);
        let hint: CandidateHint = match opened {
            Err(StoreError::Erased) => continue,
            hint => hint?,
        };
        if is_named(transaction.vault, tenant, &hint, candidate, aliases, &digests)? {
            theirs.push(id);
        }
    }
    Ok(theirs)
}

fn is_named(
    vault: &Vault,
    tenant: &TenantId,
    hint: &CandidateHint,
    candidate: &CandidateRef,
    aliases: &[String],
    digests: &HashSet<String>,
) -> Result<bool> {
    if let Some(named) = &hint.candidate_ref {
        return Ok(named == candidate || aliases.contains(&named.0));
    }
    let facts = identities::facts(vault, tenant, hint)?;
    Ok(facts.iter().any(|(digest, fact)| fact.kind != identities::NAME && digests.contains(digest)))
}

/// `refs`: the person's reference and its aliases.
fn erase_rows(connection: &mut AnyConnection, tenant: &TenantId, candidate: &CandidateRef, refs: &[String]) -> Result<()> {
    let of_tenant = connections::table.filter(connections::tenant_id.eq(tenant.as_str())).select(connections::id);
    let of_tenant: Vec<String> = of_tenant.load(connection)?;
    let of_person = lanes::table.filter(lanes::connection_id.eq_any(&of_tenant));
    diesel::delete(of_person.filter(lanes::candidate_ref.eq_any(refs))).execute(connection)?;
    // An entry may hold the person's number in an employer's system.
    let of_person = events::table.filter(events::tenant_id.eq(tenant.as_str())).filter(events::candidate_ref.eq_any(refs));
    let told: Vec<String> = of_person.select(events::id).load(connection)?;
    for some in told.chunks(ROWS_PER_STATEMENT) {
        let entries = ledger::table.filter(ledger::connection_id.eq_any(&of_tenant)).filter(ledger::event_id.eq_any(some));
        diesel::delete(entries).execute(connection)?;
    }
    // Deliveries and attempts go with the events; skills, receipts and links with credentials; consents, backpacks, hosted
    // credentials, answered exchanges and aliases with the candidate.
    let of_person = events::table.filter(events::tenant_id.eq(tenant.as_str()));
    diesel::delete(of_person.filter(events::candidate_ref.eq_any(refs))).execute(connection)?;
    let of_person = || {
        let of_tenant = credentials::table.filter(credentials::tenant_id.eq(tenant.0.clone()));
        of_tenant.filter(credentials::candidate_ref.eq(candidate.0.clone()))
    };
    let ids: Vec<String> = of_person().select(credentials::id).load(connection)?;
    let mut files: BTreeSet<(String, i64)> = BTreeSet::new();
    for some in ids.chunks(ROWS_PER_STATEMENT) {
        let links = submission_credentials::table.filter(submission_credentials::credential_id.eq_any(some));
        let places = (submission_credentials::submission_id, submission_credentials::file_ordinal);
        let found: Vec<(String, i64)> = links.select(places).load(connection)?;
        files.extend(found);
        let links = submission_credentials::table.filter(submission_credentials::credential_id.eq_any(some));
        diesel::delete(links).execute(connection)?;
    }
    forget_files(connection, &files)?;
    diesel::delete(of_person()).execute(connection)?;
    let of_person = submissions::table.filter(submissions::tenant_id.eq(tenant.as_str()));
    diesel::delete(of_person.filter(submissions::candidate_ref.eq(candidate.as_str()))).execute(connection)?;
    let of_person = candidates::table.filter(candidates::tenant_id.eq(tenant.as_str()));
    diesel::delete(of_person.filter(candidates::id.eq(candidate.as_str()))).execute(connection)?;
    Ok(())
}

/// A file that held nothing but credentials of the person may be called by the person's name.
fn forget_files(connection: &mut AnyConnection, files: &BTreeSet<(String, i64)>) -> Result<()> {
    for (submission, ordinal) in files {
        let left: i64 = submission_credentials::table
            .filter(submission_credentials::submission_id.eq(submission))
            .filter(submission_credentials::file_ordinal.eq(ordinal))
            .count()
            .get_result(connection)?;
        if left == 0 {
            let file = submission_files::table.filter(submission_files::submission_id.eq(submission));
            diesel::delete(file.filter(submission_files::ordinal.eq(ordinal))).execute(connection)?;
        }
    }
    Ok(())
}
