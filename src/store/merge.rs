//! The rows of two candidates who are one person become rows of one candidate.
//! Comes in: the reference that stays and the reference that goes. Goes out: moved rows; the reference that goes keeps working as an alias.
//! Must not know: why they are one person, and what subscribers are told.

use super::channel_schema::{backpacks, exchanges, hosted_credentials, hosted_profiles, invitations, oauth_grants};
use super::credentials::place;
use super::identities::{self, Fact, Facts};
use super::privacy_schema::{person_notes, person_pages, person_purposes};
use super::schema::{candidate_aliases, candidates, credentials, data_keys, skills, submission_credentials, submissions};
use super::text::{parse_name, parse_time, time_text};
use super::transaction::Transaction;
use super::{Result, hosted, person_links, remembered};
use crate::model::candidate::IdentitySource;
use crate::model::ids::{CandidateRef, CredentialId, TenantId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::HashMap;

/// Submission, file, place in the file; sealed report and content as the submission found them.
type FoundRow = (String, i64, i64, Vec<u8>, Option<Vec<u8>>);

/// The facts that decide which of two candidates stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The reference, or an alias of it, is the employer's own.
    pub is_employers: bool,
    pub created_at: DateTime<Utc>,
}

impl Transaction<'_> {
    /// `None` when there is no such candidate.
    pub fn standing(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<Standing>> {
        let row: Option<(i64, String)> = candidates::table
            .filter(candidates::tenant_id.eq(tenant.as_str()))
            .filter(candidates::id.eq(candidate.as_str()))
            .select((candidates::employer_ref, candidates::created_at))
            .first(self.connection)
            .optional()?;
        let standing =
            |(employer, created): (i64, String)| Ok(Standing { is_employers: employer != 0, created_at: parse_time(&created)? });
        row.map(standing).transpose()
    }

    /// Credentials of the two with the same bytes: (of `from`, of `into`).
    pub fn same_bytes(
        &mut self,
        tenant: &TenantId,
        from: &CandidateRef,
        into: &CandidateRef,
    ) -> Result<Vec<(CredentialId, CredentialId)>> {
        let mut of = |candidate: &CandidateRef| -> Result<HashMap<String, String>> {
            let rows: Vec<(String, String)> = credentials::table
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .filter(credentials::candidate_ref.eq(candidate.as_str()))
                .select((credentials::fingerprint, credentials::id))
                .load(self.connection)?;
            Ok(rows.into_iter().collect())
        };
        let (of_from, of_into) = (of(from)?, of(into)?);
        let both = of_from.into_iter().filter_map(|(fingerprint, one)| Some((one, of_into.get(&fingerprint)?.clone())));
        let mut both: Vec<(CredentialId, CredentialId)> =
            both.map(|(one, other)| (CredentialId(one), CredentialId(other))).collect();
        both.sort();
        Ok(both)
    }

    /// Removes a credential of which the gateway holds the same bytes: its submissions refer to the other credential from now on.
    pub fn fold_credential(&mut self, gone: &CredentialId, kept: &CredentialId) -> Result<()> {
        self.keep_for_earlier_submissions(gone)?;
        let rows: Vec<FoundRow> = submission_credentials::table
            .filter(submission_credentials::credential_id.eq(gone.as_str()))
            .select((
                submission_credentials::submission_id,
                submission_credentials::file_ordinal,
                submission_credentials::ordinal,
                submission_credentials::report,
                submission_credentials::normalized,
            ))
            .load(self.connection)?;
        for (submission, file, ordinal, report, normalized) in rows {
            let values = (
                submission_credentials::credential_id.eq(kept.as_str()),
                submission_credentials::report.eq(self.sealed_again(gone, kept, &report)?),
                submission_credentials::normalized
                    .eq(normalized.map(|normalized| self.sealed_again(gone, kept, &normalized)).transpose()?),
            );
            let link = submission_credentials::table
                .filter(submission_credentials::submission_id.eq(submission))
                .filter(submission_credentials::file_ordinal.eq(file))
                .filter(submission_credentials::ordinal.eq(ordinal));
            diesel::update(link).set(values).execute(self.connection)?;
        }
        diesel::delete(credentials::table.filter(credentials::id.eq(gone.as_str()))).execute(self.connection)?;
        Ok(())
    }

    /// A value that was sealed for one credential, sealed for another.
    fn sealed_again(&mut self, gone: &CredentialId, kept: &CredentialId, sealed: &[u8]) -> Result<Vec<u8>> {
        let plain = self.vault.open(self.connection, &place(gone.as_str()), sealed)?;
        self.key_of_credential(kept)?.seal(&place(kept.as_str()), &plain)
    }

    /// Ids of the person's active credentials that have a natural key, with the key.
    pub fn keyed_credentials(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<(String, CredentialId)>> {
        let rows: Vec<(Option<String>, String)> = credentials::table
            .filter(credentials::tenant_id.eq(tenant.as_str()))
            .filter(credentials::candidate_ref.eq(candidate.as_str()))
            .filter(credentials::natural_key.is_not_null())
            .filter(credentials::status.eq("active"))
            .select((credentials::natural_key, credentials::id))
            .load(self.connection)?;
        Ok(rows.into_iter().filter_map(|(key, id)| Some((key?, CredentialId(id)))).collect())
    }

    /// Moves every row of `from` to `into`, removes `from`, and leaves it as an alias. Both must be locked, and must have no bytes in common.
    pub fn move_candidate(
        &mut self,
        tenant: &TenantId,
        from: &CandidateRef,
        into: &CandidateRef,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.move_identities(tenant, from, into, now)?;
        self.move_shelves(tenant, from, into)?;
        let connection = &mut *self.connection;
        person_links::merge(connection, tenant.as_str(), from.as_str(), into.as_str())?;
        remembered::merge(connection, tenant.as_str(), from.as_str(), into.as_str())?;
        macro_rules! moved {
            ($($table:ident),+) => {$(
                let of_from = $table::table.filter($table::tenant_id.eq(tenant.as_str()));
                let of_from = of_from.filter($table::candidate_ref.eq(from.as_str()));
                diesel::update(of_from).set($table::candidate_ref.eq(into.as_str())).execute(connection)?;
            )+};
        }
        // What is sealed with a key stays so: the key goes to the person who stays.
        moved!(data_keys, credentials, skills, submissions, invitations, oauth_grants, exchanges, backpacks, candidate_aliases);
        moved!(person_pages, person_notes, person_purposes);
        let alias = (
            candidate_aliases::tenant_id.eq(tenant.as_str()),
            candidate_aliases::id.eq(from.as_str()),
            candidate_aliases::candidate_ref.eq(into.as_str()),
            candidate_aliases::created_at.eq(time_text(now)),
        );
        diesel::insert_into(candidate_aliases::table).values(alias).execute(connection)?;
        let one = |candidate: &CandidateRef| {
            candidates::table.filter(candidates::tenant_id.eq(tenant.0.clone())).filter(candidates::id.eq(candidate.0.clone()))
        };
        let employers: i64 = one(from).select(candidates::employer_ref).first(connection)?;
        if employers != 0 {
            diesel::update(one(into)).set(candidates::employer_ref.eq(employers)).execute(connection)?;
        }
        // Who wanted nothing sent under either reference wants nothing sent.
        let stopped: Option<String> = one(from).select(candidates::sharing_stopped_at).first(connection)?;
        if stopped.is_some() {
            diesel::update(one(into)).set(candidates::sharing_stopped_at.eq(stopped)).execute(connection)?;
        }
        diesel::delete(one(from)).execute(connection)?;
        Ok(())
    }

    /// Sealed values are bound to their person, so they are sealed again.
    fn move_identities(&mut self, tenant: &TenantId, from: &CandidateRef, into: &CandidateRef, now: DateTime<Utc>) -> Result<()> {
        for row in identities::rows_of(self.connection, tenant, &[from.as_str()])? {
            let Some(kind) = identities::kind_of(&row.kind) else { continue };
            let source: IdentitySource = parse_name(&row.source)?;
            let fact = Fact { kind, value: row.opened(self.connection, self.vault, tenant)?, source };
            self.remember_facts(tenant, into, Facts::from([(row.digest, fact)]), now)?;
        }
        Ok(())
    }

    /// Of two hosted credentials with one key the newer stays; of two profiles that of the candidate who stays.
    fn move_shelves(&mut self, tenant: &TenantId, from: &CandidateRef, into: &CandidateRef) -> Result<()> {
        let key = self.key_of(tenant, into)?;
        let connection = &mut *self.connection;
        let of = |candidate: &CandidateRef| {
            hosted_credentials::table
                .filter(hosted_credentials::tenant_id.eq(tenant.0.clone()))
                .filter(hosted_credentials::candidate_ref.eq(candidate.0.clone()))
        };
        let columns = (hosted_credentials::api, hosted_credentials::natural_key, hosted_credentials::updated_at);
        let there: Vec<(String, String, String)> = of(into).select(columns).load(connection)?;
        let there: HashMap<(String, String), String> = there.into_iter().map(|(api, key, at)| ((api, key), at)).collect();
        let coming: Vec<(String, String, String)> = of(from).select(columns).load(connection)?;
        for (api, key, at) in coming {
            let Some(known) = there.get(&(api.clone(), key.clone())) else { continue };
            let older = if at > *known { of(into) } else { of(from) };
            let older = older.filter(hosted_credentials::api.eq(api)).filter(hosted_credentials::natural_key.eq(key));
            diesel::delete(older).execute(connection)?;
        }
        diesel::update(of(from)).set(hosted_credentials::candidate_ref.eq(into.as_str())).execute(connection)?;
        let profile = |candidate: &CandidateRef| {
            hosted_profiles::table
                .filter(hosted_profiles::tenant_id.eq(tenant.0.clone()))
                .filter(hosted_profiles::candidate_ref.eq(candidate.0.clone()))
        };
        let is_there: i64 = profile(into).count().get_result(connection)?;
        let sealed: Option<Vec<u8>> = profile(from).select(hosted_profiles::body).first(connection).optional()?;
        if let Some(sealed) = sealed.filter(|_| is_there == 0) {
            let plain = self.vault.open(connection, &hosted::context(tenant, from), &sealed)?;
            let body = key.seal(&hosted::context(tenant, into), &plain)?;
            let values = (hosted_profiles::candidate_ref.eq(into.as_str()), hosted_profiles::body.eq(body));
            diesel::update(profile(from)).set(values).execute(connection)?;
        }
        diesel::delete(profile(from)).execute(connection)?;
        Ok(())
    }
}
