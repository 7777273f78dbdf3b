//! The tables of the channels, as diesel sees them; the same on both databases. migrations/ says what each is for.

diesel::table! {
    oauth_clients (client_id) {
        client_id -> Text,
        secret_hash -> Text,
        metadata -> Text,
        redirect_uris -> Text,
        scope -> Text,
        created_at -> Text,
    }
}

diesel::table! {
    invitations (id) {
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        token_hash -> Text,
        purpose -> Nullable<Text>,
        max_connections -> BigInt,
        connections -> BigInt,
        created_at -> Text,
        expires_at -> Text,
        revoked_at -> Nullable<Text>,
    }
}

diesel::table! {
    oauth_grants (id) {
        id -> Text,
        client_id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        invitation_id -> Text,
        scope -> Text,
        created_at -> Text,
        revoked_at -> Nullable<Text>,
    }
}

diesel::table! {
    oauth_codes (code_hash) {
        code_hash -> Text,
        grant_id -> Text,
        client_id -> Text,
        redirect_uri -> Text,
        scope -> Text,
        code_challenge -> Text,
        expires_at -> Text,
        used_at -> Nullable<Text>,
    }
}

diesel::table! {
    oauth_tokens (token_hash) {
        token_hash -> Text,
        kind -> Text,
        grant_id -> Nullable<Text>,
        tenant_id -> Text,
        client_id -> Text,
        scope -> Text,
        created_at -> Text,
        expires_at -> Text,
        used_at -> Nullable<Text>,
        revoked_at -> Nullable<Text>,
    }
}

diesel::table! {
    request_templates (tenant_id, name) {
        tenant_id -> Text,
        name -> Text,
        content -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    used_assertions (assertion_hash) {
        assertion_hash -> Text,
        expires_at -> Text,
    }
}

diesel::table! {
    hosted_credentials (tenant_id, candidate_ref, api, natural_key) {
        tenant_id -> Text,
        candidate_ref -> Text,
        api -> Text,
        natural_key -> Text,
        compact_jws -> BigInt,
        valid_from -> Nullable<Text>,
        outcome -> Text,
        submission_id -> Text,
        created_at -> Text,
        updated_at -> Text,
        bytes -> Binary,
    }
}

diesel::table! {
    hosted_profiles (tenant_id, candidate_ref) {
        tenant_id -> Text,
        candidate_ref -> Text,
        body -> Binary,
        updated_at -> Text,
    }
}

diesel::table! {
    exchanges (id) {
        id -> Text,
        tenant_id -> Text,
        candidate -> Binary,
        response_key -> Nullable<Binary>,
        state -> Text,
        sequence -> BigInt,
        challenge -> Text,
        claimed_at -> Nullable<Text>,
        attempts -> BigInt,
        options -> Text,
        last_error -> Nullable<Text>,
        results -> Nullable<Binary>,
        submission_id -> Nullable<Text>,
        candidate_ref -> Nullable<Text>,
        created_at -> Text,
        expires_at -> Text,
    }
}

diesel::table! {
    exchange_log (id) {
        id -> Text,
        exchange_id -> Text,
        at -> Text,
        call -> Text,
        status -> BigInt,
        detail -> Text,
    }
}

diesel::table! {
    challenges (challenge_hash) {
        challenge_hash -> Text,
        tenant_id -> Text,
        expires_at -> Text,
    }
}

diesel::table! {
    backpack_hosts (tenant_id, registration_url) {
        tenant_id -> Text,
        registration_url -> Text,
        client_id -> Text,
        client_secret -> Binary,
        redirect_uri -> Text,
        scope -> Text,
        secret_expires_at -> Nullable<Text>,
        created_at -> Text,
    }
}

diesel::table! {
    backpacks (id) {
        id -> Text,
        tenant_id -> Text,
        candidate_ref -> Text,
        state -> Text,
        host -> Text,
        start_hash -> Nullable<Text>,
        authorization_hash -> Nullable<Text>,
        browser_hash -> Nullable<Text>,
        verifier -> Nullable<Binary>,
        redirect_uri -> Nullable<Text>,
        authorization_expires_at -> Nullable<Text>,
        tokens -> Nullable<Binary>,
        last_failure -> Nullable<Text>,
        last_pull_at -> Nullable<Text>,
        next_pull_at -> Nullable<Text>,
        failures -> BigInt,
        leased_until -> Nullable<Text>,
        created_at -> Text,
    }
}

diesel::table! {
    push_subscriptions (id) {
        id -> Text,
        tenant_id -> Text,
        channel -> Text,
        name -> Text,
        secret -> Binary,
        token -> Nullable<Binary>,
        created_at -> Text,
        last_event_at -> Nullable<Text>,
        last_failure -> Nullable<Text>,
    }
}

diesel::table! {
    push_events (subscription_id, event_key) {
        subscription_id -> Text,
        event_key -> Text,
        badge_key -> Text,
        submission_id -> Nullable<Text>,
        received_at -> Text,
    }
}

diesel::table! {
    intakes (connection_id) {
        connection_id -> Text,
        cursor -> Nullable<Text>,
        next_poll_at -> Nullable<Text>,
        last_poll_at -> Nullable<Text>,
        last_error -> Nullable<Text>,
        leased_until -> Nullable<Text>,
        budget_day -> Nullable<Text>,
        bytes_today -> BigInt,
        applications_today -> BigInt,
    }
}

diesel::table! {
    applications (id) {
        id -> Text,
        connection_id -> Text,
        application_key -> Text,
        application -> Nullable<Text>,
        state -> Text,
        attempts -> BigInt,
        next_attempt_at -> Text,
        reason -> Nullable<Text>,
        message -> Nullable<Text>,
        submission_id -> Nullable<Text>,
        created_at -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    written_files (connection_id, sha256) {
        connection_id -> Text,
        sha256 -> Text,
        written_at -> Text,
    }
}

diesel::table! {
    remembered (connection_id, candidate_ref, name) {
        connection_id -> Text,
        candidate_ref -> Text,
        name -> Text,
        remote_id -> Text,
        updated_at -> Text,
    }
}
