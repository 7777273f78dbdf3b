//! The Open Badges 3.0 API and its CLR 2.0 twin, as host and as client: pure protocol.
//! Comes in: requests and answers of the other side. Goes out: their meaning, or the error that the specification wants.
//! Must not know: storage, the gateway's HTTP server, how a credential is verified.

pub mod client;
pub mod client_discovery;
pub mod client_pull;
pub mod discovery;
pub mod host;
pub mod oauth;
pub mod oauth_token;
pub mod paging;
pub mod registration;
pub mod status_info;

/// The two APIs share every rule but their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    OpenBadges3,
    Clr2,
}

/// Asks for a refresh token.
pub const OFFLINE_ACCESS: &str = "offline_access";

const SCOPE_NAMES: [(&str, &str); 4] = [
    ("credential.readonly", "Read the credentials that were sent here"),
    ("credential.upsert", "Send credentials"),
    ("profile.readonly", "Read the profile"),
    ("profile.update", "Change the profile"),
];

impl Api {
    pub const ALL: [Api; 2] = [Self::OpenBadges3, Self::Clr2];

    pub fn base_path(self) -> &'static str {
        match self {
            Self::OpenBadges3 => "/ims/ob/v3p0",
            Self::Clr2 => "/ims/clr/v2p0",
        }
    }

    pub fn scope_prefix(self) -> &'static str {
        match self {
            Self::OpenBadges3 => "https://purl.imsglobal.org/spec/ob/v3p0/scope/",
            Self::Clr2 => "https://purl.imsglobal.org/spec/clr/v2p0/scope/",
        }
    }

    /// `name` as in `credential.upsert`.
    pub fn scope(self, name: &str) -> String {
        format!("{}{name}", self.scope_prefix())
    }

    /// (scope URL, its sentence on the consent page)
    pub fn scopes(self) -> Vec<(String, &'static str)> {
        SCOPE_NAMES.iter().map(|(name, text)| (self.scope(name), *text)).collect()
    }
}

/// Every scope that the gateway offers, with its sentence on the consent page.
pub fn offered_scopes() -> Vec<(String, &'static str)> {
    let mut scopes: Vec<_> = Api::ALL.iter().flat_map(|api| api.scopes()).collect();
    scopes.push((OFFLINE_ACCESS.to_owned(), "Stay connected without asking again"));
    scopes
}

/// The scopes of `wanted` that are offered and, when given, within `registered`; in the order wanted, each once.
pub fn grantable_scopes(wanted: &str, registered: Option<&str>) -> Vec<String> {
    let offered = offered_scopes();
    let within = |scope: &str| registered.is_none_or(|list| list.split_ascii_whitespace().any(|item| item == scope));
    let mut granted: Vec<String> = Vec::new();
    for scope in wanted.split_ascii_whitespace() {
        let known = offered.iter().any(|(name, _)| name == scope);
        if known && within(scope) && !granted.iter().any(|item| item == scope) {
            granted.push(scope.to_owned());
        }
    }
    granted
}

/// Whether a space-separated list holds the scope.
pub fn has_scope(list: &str, scope: &str) -> bool {
    list.split_ascii_whitespace().any(|item| item == scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_offered_and_registered_scopes_are_granted_each_once() {
        let read = Api::OpenBadges3.scope("credential.readonly");
        let write = Api::OpenBadges3.scope("credential.upsert");
        let wanted = format!("{read} openid {write} {read}");
        assert_eq!(grantable_scopes(&wanted, None), [read.clone(), write]);
        assert_eq!(grantable_scopes(&wanted, Some(&read)), [read]);
    }
}
