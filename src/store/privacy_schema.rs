//! The tables of a person's rights, as diesel sees them; the same on both databases. migrations/ says what each is for.

use super::schema::candidates;

diesel::table! {
    person_pages (id) {
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        token_hash -> Text,
        created_at -> Text,
        expires_at -> Text,
        revoked_at -> Nullable<Text>,
    }
}

diesel::table! {
    person_notes (id) {
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        kind -> Text,
        text -> Nullable<Binary>,
        created_at -> Text,
        done_at -> Nullable<Text>,
    }
}

diesel::table! {
    erasure_records (id) {
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        refs -> Text,
        events -> Text,
        row_counts -> Text,
        keys -> BigInt,
        actor -> Text,
        erased_at -> Text,
    }
}

diesel::table! {
    erasure_tellings (erasure_id, connection_id) {
        erasure_id -> Text,
        connection_id -> Text,
        name -> Text,
        received -> BigInt,
        told_at -> Nullable<Text>,
        acknowledged_at -> Nullable<Text>,
    }
}

diesel::table! {
    retention_rules (tenant_id) {
        tenant_id -> Text,
        rules -> Text,
        actor -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    retention_runs (tenant_id) {
        tenant_id -> Text,
        next_at -> Text,
    }
}

diesel::table! {
    person_purposes (id) {
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        purpose -> Text,
        kept_until -> Text,
        created_at -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(person_purposes, candidates);
