//! The tables of users, sessions and the audit log, as diesel sees them; the same on both databases. migrations/ explains each table.

diesel::table! {
    audit_entries (tenant_id, number) {
        tenant_id -> Text,
        number -> BigInt,
        at -> Text,
        actor -> Text,
        action -> Text,
        object -> Text,
        address -> Text,
        hash -> Text,
    }
}

diesel::table! {
    audit_heads (tenant_id) {
        tenant_id -> Text,
        number -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        tenant_id -> Text,
        name -> Binary,
        email -> Binary,
        email_hash -> Text,
        role -> Text,
        password -> Nullable<Text>,
        second_factor -> Nullable<Binary>,
        second_factor_new -> Nullable<Binary>,
        second_factor_step -> BigInt,
        created_at -> Text,
        disabled_at -> Nullable<Text>,
    }
}

diesel::table! {
    user_recovery_codes (user_id, hash) {
        user_id -> Text,
        hash -> Text,
    }
}

diesel::table! {
    user_invites (hash) {
        hash -> Text,
        user_id -> Text,
        expires_at -> Text,
    }
}

diesel::table! {
    sign_in_attempts (email_hash) {
        email_hash -> Text,
        failures -> BigInt,
        locked_until -> Nullable<Text>,
        updated_at -> Text,
    }
}

diesel::table! {
    sessions (hash) {
        hash -> Text,
        id -> Text,
        tenant_id -> Text,
        user_id -> Nullable<Text>,
        key_id -> Nullable<Text>,
        created_at -> Text,
        last_seen_at -> Text,
        ends_at -> Text,
        address -> Text,
    }
}
