//! How many rows of which class of data there are about a person, for the certificate of erasure.
//! Comes in: a person who is about to be erased. Goes out: numbers by class.

use super::Result;
use super::certificates::RowCounts;
use super::channel_schema::{backpacks, exchanges, hosted_credentials, hosted_profiles, invitations, oauth_grants};
use super::pool::AnyConnection;
use super::privacy_schema::{person_notes, person_pages, person_purposes};
use super::schema::{
    candidate_aliases, candidate_identities, credentials, deliveries, events, person_links, skills, submission_credentials,
    submissions,
};
use crate::model::ids::{CandidateRef, TenantId};
use diesel::prelude::*;

pub(super) fn add(rows: &mut RowCounts, class: &str, number: u64) {
    if number > 0 {
        *rows.entry(class.to_owned()).or_default() += number;
    }
}

/// `refs`: the person's reference and its aliases.
pub(super) fn of_person(
    connection: &mut AnyConnection,
    tenant: &TenantId,
    candidate: &CandidateRef,
    refs: &[String],
    rows: &mut RowCounts,
) -> Result<()> {
    macro_rules! counted {
        ($($class:literal: $table:ident),+ $(,)?) => {$(
            let number: i64 = $table::table
                .filter($table::tenant_id.eq(tenant.as_str()))
                .filter($table::candidate_ref.eq(candidate.as_str()))
                .count()
                .get_result(connection)?;
            add(rows, $class, number.unsigned_abs());
        )+};
    }
    counted! {
        "identities": candidate_identities,
        "aliases": candidate_aliases,
        "credentials": credentials,
        "skills": skills,
        "submissions": submissions,
        "invitations": invitations,
        "consents": oauth_grants,
        "requests": exchanges,
        "backpacks": backpacks,
        "hosted_credentials": hosted_credentials,
        "profiles": hosted_profiles,
        "links": person_pages,
        "notes": person_notes,
        "purposes": person_purposes,
    }
    let about = || events::table.filter(events::tenant_id.eq(tenant.0.clone())).filter(events::candidate_ref.eq_any(refs));
    let number: i64 = about().count().get_result(connection)?;
    add(rows, "events", number.unsigned_abs());
    let number: i64 =
        about().inner_join(deliveries::table.on(deliveries::position.eq(events::position))).count().get_result(connection)?;
    add(rows, "deliveries", number.unsigned_abs());
    let number: i64 = person_links::table
        .filter(person_links::tenant_id.eq(tenant.as_str()))
        .filter(person_links::candidate_ref.eq_any(refs))
        .count()
        .get_result(connection)?;
    add(rows, "person_links", number.unsigned_abs());
    let number: i64 = submission_credentials::table
        .inner_join(credentials::table)
        .filter(credentials::tenant_id.eq(tenant.as_str()))
        .filter(credentials::candidate_ref.eq(candidate.as_str()))
        .count()
        .get_result(connection)?;
    add(rows, "results", number.unsigned_abs());
    Ok(())
}
