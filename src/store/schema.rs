//! The tables, as diesel sees them; the same on both databases. migrations/ explains each table.

diesel::table! {
    tenants (id) {
        id -> Text,
        name -> Text,
        created_at -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        tenant_id -> Text,
        name -> Text,
        prefix -> Text,
        hash -> Text,
        created_at -> Text,
        last_used_at -> Nullable<Text>,
        revoked_at -> Nullable<Text>,
        jwks -> Nullable<Text>,
        role -> Text,
    }
}

diesel::table! {
    candidates (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        employer_ref -> BigInt,
        sequence -> BigInt,
        created_at -> Text,
        sharing_stopped_at -> Nullable<Text>,
    }
}

diesel::table! {
    candidate_aliases (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        candidate_ref -> Text,
        created_at -> Text,
    }
}

diesel::table! {
    candidate_identities (tenant_id, candidate_ref, digest) {
        tenant_id -> Text,
        candidate_ref -> Text,
        digest -> Text,
        kind -> Text,
        source -> Text,
        value -> Binary,
        created_at -> Text,
    }
}

diesel::table! {
    candidate_words (word, tenant_id, candidate_ref) {
        word -> BigInt,
        tenant_id -> Text,
        candidate_ref -> Text,
    }
}

diesel::table! {
    credential_words (word, credential_id) {
        word -> BigInt,
        credential_id -> Text,
    }
}

diesel::table! {
    submissions (id) {
        id -> Text,
        tenant_id -> Text,
        channel -> Text,
        state -> Text,
        outcome -> Nullable<Text>,
        candidate_ref -> Nullable<Text>,
        files_done -> BigInt,
        files_total -> BigInt,
        request -> Nullable<Binary>,
        created_at -> Text,
        completed_at -> Nullable<Text>,
    }
}

diesel::table! {
    submission_uploads (submission_id, ordinal) {
        submission_id -> Text,
        ordinal -> BigInt,
        name -> Nullable<Binary>,
        media_type -> Nullable<Text>,
        bytes -> Binary,
    }
}

diesel::table! {
    submission_files (submission_id, ordinal) {
        submission_id -> Text,
        ordinal -> BigInt,
        result -> Binary,
    }
}

diesel::table! {
    credentials (id) {
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        submission_id -> Text,
        name -> Binary,
        media_type -> Text,
        fingerprint -> Text,
        natural_key -> Nullable<Text>,
        outcome -> Text,
        status -> Nullable<Text>,
        valid_from -> Nullable<Text>,
        valid_until -> Nullable<Text>,
        next_check_at -> Nullable<Text>,
        report -> Binary,
        normalized -> Nullable<Binary>,
        created_at -> Text,
        updated_at -> Text,
        bytes -> Binary,
    }
}

diesel::table! {
    submission_credentials (submission_id, file_ordinal, ordinal) {
        submission_id -> Text,
        file_ordinal -> BigInt,
        ordinal -> BigInt,
        credential_id -> Text,
        duplicate -> BigInt,
        person_by -> Text,
        report -> Binary,
        normalized -> Nullable<Binary>,
    }
}

diesel::table! {
    skills (credential_id, assertion_id) {
        credential_id -> Text,
        assertion_id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        status -> Text,
        mapping_status -> Text,
        assertion -> Binary,
        created_at -> Text,
        label_key -> Text,
        method -> Nullable<Text>,
    }
}

diesel::table! {
    skill_decisions (id) {
        id -> Text,
        tenant_id -> Text,
        label_key -> Text,
        issuer_id -> Text,
        body -> Binary,
        corrected -> BigInt,
        undone_at -> Nullable<Text>,
    }
}

diesel::table! {
    skill_jobs (id) {
        id -> Text,
        tenant_id -> Text,
        label_key -> Text,
        decision_id -> Nullable<Text>,
        position -> Text,
        not_before -> Text,
        last -> BigInt,
    }
}

diesel::table! {
    skill_settings (tenant_id) {
        tenant_id -> Text,
        catalogue -> Nullable<Text>,
        state -> Text,
    }
}

diesel::table! {
    events (position) {
        position -> BigInt,
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        event_type -> Text,
        audience -> Nullable<Text>,
        body -> Binary,
        created_at -> Text,
        relayed_until -> Nullable<Text>,
        published_at -> Nullable<Text>,
    }
}

diesel::table! {
    connections (id) {
        id -> Text,
        tenant_id -> Text,
        connector -> Text,
        name -> Text,
        fields -> Text,
        mapping -> Text,
        event_types -> Text,
        outcomes -> Text,
        state -> Text,
        paused_reason -> Nullable<Text>,
        created_at -> Text,
        updated_at -> Text,
        carries -> Text,
    }
}

diesel::table! {
    trust_policies (id) {
        id -> Text,
        tenant_id -> Text,
        text -> Nullable<Text>,
        actor -> Text,
        created_at -> Text,
    }
}

diesel::table! {
    connection_secrets (connection_id, name) {
        connection_id -> Text,
        name -> Text,
        value -> Binary,
    }
}

diesel::table! {
    breakers (connection_id) {
        connection_id -> Text,
        state -> Text,
    }
}

diesel::table! {
    previous_secrets (connection_id, name) {
        connection_id -> Text,
        name -> Text,
        value -> Binary,
        ends_at -> Text,
    }
}

diesel::table! {
    person_links (connection_id, candidate_ref) {
        connection_id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        remote_id -> Text,
        created_at -> Text,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        tenant_id -> Text,
        connection_id -> Text,
        event_id -> Text,
        candidate_ref -> Text,
        position -> BigInt,
        state -> Text,
        attempts -> BigInt,
        attempts_before -> BigInt,
        next_attempt_at -> Nullable<Text>,
        reason -> Nullable<Text>,
        message -> Nullable<Text>,
        created_at -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    lanes (connection_id, candidate_ref) {
        connection_id -> Text,
        candidate_ref -> Text,
        look_at -> Text,
        hinted -> BigInt,
        holder -> Nullable<Text>,
        leased_until -> Nullable<Text>,
    }
}

diesel::table! {
    turns (connection_id) {
        connection_id -> Text,
        next_at -> BigInt,
    }
}

diesel::table! {
    attempts (id) {
        id -> Text,
        delivery_id -> Text,
        number -> BigInt,
        started_at -> Text,
        finished_at -> Text,
        result -> Text,
        reason -> Nullable<Text>,
        message -> Nullable<Text>,
        calls -> Text,
    }
}

diesel::table! {
    ledger (connection_id, event_id, step) {
        connection_id -> Text,
        event_id -> Text,
        step -> Text,
        state -> Text,
        remote_id -> Nullable<Text>,
        request_digest -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    idempotency_keys (tenant_id, key) {
        tenant_id -> Text,
        key -> Text,
        request_hash -> Text,
        submission_id -> Text,
        created_at -> Text,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Binary,
        updated_at -> Text,
    }
}

diesel::table! {
    data_keys (id) {
        id -> Binary,
        tenant_id -> Nullable<Text>,
        candidate_ref -> Nullable<Text>,
        exchange_id -> Nullable<Text>,
        submission_id -> Nullable<Text>,
        value -> Binary,
    }
}

diesel::table! {
    erasures (tenant_id, mark) {
        tenant_id -> Text,
        mark -> Text,
        erased_at -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(deliveries, events, connections);
diesel::allow_tables_to_appear_in_same_query!(skills, skill_decisions);
diesel::allow_tables_to_appear_in_same_query!(candidates, submissions, credentials);
diesel::joinable!(submission_credentials -> credentials (credential_id));
diesel::joinable!(skills -> credentials (credential_id));
diesel::allow_tables_to_appear_in_same_query!(submission_credentials, credentials, skills);
