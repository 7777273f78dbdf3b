//! imsx_StatusInfo: how the Open Badges API reports on a resource request.

use serde::Serialize;

/// One row of the specification's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    NotModified,
    InvalidQueryParameter,
    /// A body that can't be read at all.
    Unreadable,
    Unauthorized,
    Forbidden,
    NotFound,
    NotAllowed,
    NotAcceptable,
    TooLarge,
    UnsupportedMediaType,
    /// Well-formed, but not a credential.
    InvalidData,
    ServerBusy,
    InternalServerError,
}

impl Status {
    /// (HTTP status, code minor, severity)
    fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotModified => (304, "not_modified", "status"),
            Self::InvalidQueryParameter => (400, "invalid_query_parameter", "error"),
            Self::Unreadable => (400, "invalid_data", "error"),
            Self::Unauthorized => (401, "unauthorizedrequest", "error"),
            Self::Forbidden => (403, "forbidden", "error"),
            Self::NotFound => (404, "not_found", "status"),
            Self::NotAllowed => (405, "not_allowed", "error"),
            Self::NotAcceptable => (406, "not_acceptable", "error"),
            Self::TooLarge => (413, "invalid_data", "error"),
            Self::UnsupportedMediaType => (415, "invalid_data", "error"),
            Self::InvalidData => (422, "invalid_data", "error"),
            Self::ServerBusy => (429, "server_busy", "error"),
            Self::InternalServerError => (500, "internal_server_error", "error"),
        }
    }

    pub fn http(self) -> u16 {
        self.row().0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusInfo {
    #[serde(rename = "imsx_codeMajor")]
    pub code_major: &'static str,
    #[serde(rename = "imsx_severity")]
    pub severity: &'static str,
    #[serde(rename = "imsx_description")]
    pub description: String,
    #[serde(rename = "imsx_codeMinor")]
    pub code_minor: CodeMinor,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeMinor {
    #[serde(rename = "imsx_codeMinorField")]
    pub fields: Vec<CodeMinorField>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeMinorField {
    #[serde(rename = "imsx_codeMinorFieldName")]
    pub name: &'static str,
    #[serde(rename = "imsx_codeMinorFieldValue")]
    pub value: &'static str,
}

impl StatusInfo {
    pub fn new(status: Status, description: impl Into<String>) -> Self {
        let (_, value, severity) = status.row();
        let code_major = if status == Status::NotModified { "success" } else { "failure" };
        let fields = vec![CodeMinorField { name: "TargetEndSystem", value }];
        Self { code_major, severity, description: description.into(), code_minor: CodeMinor { fields } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_members_that_the_schema_requires() {
        let body = serde_json::to_value(StatusInfo::new(Status::Forbidden, "no")).unwrap();
        assert_eq!(body["imsx_codeMajor"], "failure");
        assert_eq!(body["imsx_severity"], "error");
        assert_eq!(body["imsx_codeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"], "forbidden");
        let missing = serde_json::to_value(StatusInfo::new(Status::NotFound, "none")).unwrap();
        assert_eq!(missing["imsx_severity"], "status");
    }
}
