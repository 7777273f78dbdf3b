//! Every error that leaves over HTTP, in one table: code, status, title and the sentence that documents it (RFC 9457).
//! Comes in: errors of extractors, of the store, of the pipeline. Goes out: `application/problem+json`.
//! Must not know: anything of a request beyond what its sender may read back. Causes of 5xx go to the log, once.

use super::envelope;
use super::ports::FieldError;
use crate::account::AccountError;
use crate::pipeline::PipelineError;
use crate::store::StoreError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use std::fmt;

macro_rules! problems {
    ($($variant:ident $status:literal $code:literal $title:literal $documentation:literal)+) => {
        /// Stable codes; the HTTP status, the title and the documentation follow from the code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($variant),+ }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// Stable, snake_case, never changed once released.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// The problem's meaning and the caller's next step, for the page behind the type URI.
            pub fn documentation(self) -> &'static str {
                match self { $(Self::$variant => $documentation),+ }
            }
        }
    };
}

problems! {
    InvalidPath 400 "invalid_path" "The path is not valid"
        "A part of the path can't be an identifier of this API. Use identifiers exactly as the API returned them."
    InvalidQuery 400 "invalid_query" "The query is not valid"
        "A query parameter is unknown or has an invalid value. The detail names the parameter."
    InvalidJson 400 "invalid_json" "The request body is not valid JSON"
        "The body of the request is broken JSON, or JSON of a different shape than this operation accepts. Errors inside an uploaded file are never reported this way; they are part of the submission's result."
    InvalidMultipart 400 "invalid_multipart" "The multipart body is broken"
        "The body does not follow multipart/form-data (RFC 7578), or it ended before its last boundary. Send it again."
    InvalidBody 400 "invalid_body" "The request body could not be read"
        "The connection ended before the body was complete, or its encoding is damaged. Send it again."
    Unauthorized 401 "unauthorized" "An API key is needed"
        "Send an API key as `Authorization: Bearer sk_…`. The key is missing, unknown or revoked."
    PushRefused 401 "push_refused" "The request is not the platform's"
        "An event must be signed, or carry its secret, as the platform's manifest says; and its time must be near the gateway's. Check the secret and the address that the subscription was created with. Unknown subscriptions are reported in the same way."
    Forbidden 403 "forbidden" "The request was not made by this site's own page"
        "A request with a session cookie that changes data must come from the gateway's own pages. Programs use an API key instead."
    ManagedElsewhere 403 "managed_elsewhere" "Another tenant of this gateway manages this"
        "Taxonomies are shared by all tenants of a gateway. The setting `skills.managed_by` names the tenant that may change them."
    RoleNotAllowed 403 "role_not_allowed" "The role may not do this"
        "The user or the API key has a role that this route does not allow. The detail names the role and those that are allowed. Ask an administrator."
    SignInFailed 401 "sign_in_failed" "The sign-in failed"
        "The address, the password or the code is wrong, or the user is disabled. Which of them is never told."
    CodeNeeded 401 "code_needed" "A code is needed"
        "The password is right. Send it again with a code of the authenticator app, or with a recovery code."
    AccountLocked 429 "account_locked" "The account is locked"
        "There were too many failed attempts in a row. Try again after the time in Retry-After, or ask an administrator to reset the account."
    InvitationOver 404 "invitation_over" "The link does not work any more"
        "A link to set a password works once, and for a limited time. Ask an administrator for another link."
    NotFound 404 "not_found" "There is no such thing here"
        "There is no route at this address, or your tenant has no such object. Other tenants' objects are reported in the same way."
    MethodNotAllowed 405 "method_not_allowed" "The method is not allowed here"
        "The address exists, but does not accept this method. The Allow header lists the accepted methods."
    RequestTimeout 408 "request_timeout" "The request took too long to arrive"
        "The body arrived too slowly. Send it again over a faster connection, or send fewer files at once."
    IdempotencyConflict 409 "idempotency_conflict" "The idempotency key was used for another request"
        "An Idempotency-Key belongs to one request. Use a new key for a new request."
    Conflict 409 "conflict" "It is already there"
        "An object with the same key already exists."
    PayloadTooLarge 413 "payload_too_large" "The request is too large"
        "The request, a file in it or its number of parts exceeds the limit that the detail names. Send fewer or smaller files."
    UnsupportedMediaType 415 "unsupported_media_type" "The media type is not supported"
        "This operation does not accept a body of this media type or encoding. The detail lists the accepted types."
    NoFile 422 "no_file" "There is no file in the request"
        "A submission needs at least one part named `file`, or a non-empty body."
    InvalidField 422 "invalid_field" "A field is not valid"
        "A field of the form or of the JSON body has an invalid value. `errors` names each field."
    UnknownConnector 422 "unknown_connector" "There is no such connector"
        "The connector is not part of this installation. `GET /v1/connectors` lists the installed connectors."
    LinkUnresolved 422 "link_unresolved" "The link does not lead to a credential"
        "The gateway does not know the link's platform, or the link leads to no credential that can be checked. The detail says what to ask the candidate for, usually the file."
    PushUnusable 422 "push_unusable" "The event leads to no badge"
        "The event is the platform's, but the gateway finds no badge by it. The detail says why. The subscription shows the last failure to the administrator."
    BackpackFailed 422 "backpack_failed" "The backpack could not be connected or read"
        "`errors` names the failed step: discovery, registration, authorization, token, refresh, pull or revoke. The detail says what to do."
    TooManyRequests 429 "too_many_requests" "The gateway is busy"
        "The gateway is receiving too many uploads. Send the request again after the time in Retry-After."
    Internal 500 "internal" "Something went wrong inside the gateway"
        "This is a fault of the gateway. Tell your administrator the `request_id`, which is also in the X-Request-Id header: the log has the cause under it."
    StorageFull 507 "storage_full" "The gateway has no room"
        "The disk of the gateway's database is full. Nothing was stored. The gateway's operator must make room; then send the request again."
    Unavailable 503 "unavailable" "The gateway can't do this right now"
        "A service that the gateway needs, for example its database, does not answer. Try again after the time in Retry-After."
}

/// An error as the caller sees it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: Code,
    /// One plain sentence about this occurrence.
    pub detail: String,
    /// Fields to blame, where there are some.
    pub errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    problem_type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    /// The log's lines about this request carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    /// `detail` is read by the caller: it must hold nothing that the caller doesn't know or may not know.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// A 500 with a constant detail; the cause goes to the log here, once.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed inside the gateway");
        Self::new(Code::Internal, "The gateway had an internal error. Its log holds the cause.")
    }

    /// A 503 with a constant detail; the cause goes to the log here, once.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed because a dependency is unavailable");
        Self::new(Code::Unavailable, "A service that the gateway needs does not answer. Try again in a few seconds.")
            .header("retry-after", "5")
    }

    /// A 507 with a constant detail; the cause goes to the log here, once.
    pub fn full(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed because the disk is full");
        Self::new(Code::StorageFull, "The gateway has no room left; nothing was stored. Tell its operator, and try again later.")
            .header("retry-after", "60")
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no {what} with this identifier."))
    }

    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let error = FieldError { field: field.to_owned(), message: message.into() };
        let detail = format!("{}: {}", error.field, error.message);
        Self { errors: vec![error], ..Self::new(Code::InvalidField, detail) }
    }

    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields are not valid.", several.len()),
        };
        Self { errors, ..Self::new(Code::InvalidField, detail) }
    }

    /// Names one thing to blame, without changing the detail.
    pub fn blame(mut self, field: &str, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.to_owned(), message: message.into() });
        self
    }

    /// Adds a response header; a value that HTTP does not allow is left out.
    pub fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let body = Body {
            problem_type: format!("/problems/{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status(),
            code: self.code.as_str(),
            detail: &self.detail,
            errors: &self.errors,
            request_id: envelope::request_id(),
        };
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "application/problem+json")).insert_header((CACHE_CONTROL, "no-store"));
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable(error),
            StoreError::Full(_) => Self::full(error),
            StoreError::Erased => {
                Self::new(Code::Conflict, "The person was erased while the gateway worked on the request; nothing was kept.")
            }
            StoreError::Conflict(_) => Self::new(Code::Conflict, "An object with the same key already exists."),
            StoreError::Internal(_) => Self::internal(error),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Wrong => Self::new(Code::SignInFailed, "The address, the password or the code is wrong."),
            AccountError::CodeNeeded => Self::new(Code::CodeNeeded, "Send a code of the authenticator app, too."),
            AccountError::LockedUntil(until) => Self::new(
                Code::AccountLocked,
                format!("After too many failed attempts the account is locked until {}.", until.format("%H:%M UTC")),
            ),
            AccountError::TooMany => Self::new(Code::TooManyRequests, "Too many attempts came from your network; wait a minute.")
                .header("retry-after", "60"),
            AccountError::NoInvitation => {
                Self::new(Code::InvitationOver, "The link was used before, or its time is over. Ask for another.")
            }
            AccountError::BadPassword(sentence) => Self::invalid_field("password", sentence),
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::IdempotencyConflict => Self::new(
                Code::IdempotencyConflict,
                "This Idempotency-Key was used for another request; use a new key for a new request.",
            ),
            PipelineError::Policy(cause) => Self::internal(cause),
            PipelineError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_snake_case_and_have_an_error_status() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            assert!((400..600).contains(&code.status()));
            assert!(!code.title().is_empty() && code.documentation().ends_with('.'));
        }
    }

    #[test]
    fn the_cause_of_a_server_fault_never_reaches_the_caller() {
        let problem = Problem::from(StoreError::Internal("password=hunter2".into()));
        assert_eq!(problem.code, Code::Internal);
        assert!(!problem.detail.contains("hunter2"));
    }
}
