//! The addresses at which an issuer may host its assertions (Open Badges 2.0, VerificationObject of a Profile).
//! Comes in: the issuer's profile and the assertion's address. Goes out: whether the profile covers the address.
//! Must not know: the network.

use crate::document::members::each;
use crate::verify::addresses::{is_below, plain, same_site};
use serde_json::Value;
use url::Url;

/// The reason why an assertion's address is not the issuer's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScopeError {
    #[error("the badge's address is not a plain web address")]
    NotAnAddress,
    #[error("the issuer has no web address to compare the badge's address with")]
    IssuerHasNoAddress,
    #[error("the badge is not hosted where its issuer says that it hosts its badges")]
    Outside,
}

/// The profile's `startsWith` (one or several prefixes) and `allowedOrigins` (host names); else the profile's own host.
pub(super) fn check(issuer: &Value, assertion: &str) -> Result<(), ScopeError> {
    let assertion = plain(assertion).ok_or(ScopeError::NotAnAddress)?;
    let rules = &issuer["verification"];
    let prefixes: Vec<&str> = each(&rules["startsWith"]).filter_map(Value::as_str).collect();
    let origins: Vec<&str> = each(&rules["allowedOrigins"]).filter_map(Value::as_str).collect();
    if !prefixes.is_empty() && !prefixes.iter().filter_map(|prefix| plain(prefix)).any(|prefix| is_below(&prefix, &assertion)) {
        return Err(ScopeError::Outside);
    }
    if !origins.is_empty() && !origins.iter().any(|origin| is_host(origin, &assertion)) {
        return Err(ScopeError::Outside);
    }
    if prefixes.is_empty() && origins.is_empty() {
        let home = issuer["id"].as_str().and_then(plain).ok_or(ScopeError::IssuerHasNoAddress)?;
        return same_site(&home, &assertion).then_some(()).ok_or(ScopeError::Outside);
    }
    Ok(())
}

/// `allowedOrigins` holds host names; some issuers write whole origins.
fn is_host(origin: &str, url: &Url) -> bool {
    match Url::parse(origin) {
        Ok(parsed) if parsed.host().is_some() => same_site(&parsed, url),
        _ => {
            let (host, port) = origin.split_once(':').map_or((origin, None), |(host, port)| (host, port.parse::<u16>().ok()));
            url.host_str().is_some_and(|actual| actual.eq_ignore_ascii_case(host))
                && (port.is_none() || url.port_or_known_default() == port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(verification: Value) -> Value {
        json!({ "id": "https://college.example.org/issuer.json", "verification": verification })
    }

    #[test]
    fn without_rules_the_issuers_own_host_counts() {
        let issuer = with(Value::Null);
        assert_eq!(check(&issuer, "https://college.example.org/a/1"), Ok(()));
        assert_eq!(check(&issuer, "https://evil.example.org/a/1"), Err(ScopeError::Outside));
        assert_eq!(check(&issuer, "https://college.example.org:8443/a/1"), Err(ScopeError::Outside));
        assert_eq!(check(&issuer, "https://college.example.org@evil.test/a"), Err(ScopeError::NotAnAddress));
        assert_eq!(check(&issuer, "urn:uuid:1"), Err(ScopeError::NotAnAddress));
        assert_eq!(check(&json!({ "id": "urn:uuid:1" }), "https://a.example.org/"), Err(ScopeError::IssuerHasNoAddress));
    }

    #[test]
    fn a_prefix_ends_at_a_path_boundary_after_normalisation() {
        let issuer = with(json!({ "startsWith": ["https://college.example.org/badges", "https://b.example.org/"] }));
        assert_eq!(check(&issuer, "https://college.example.org/badges/1"), Ok(()));
        assert_eq!(check(&issuer, "https://b.example.org/x"), Ok(()));
        for outside in [
            "https://college.example.org/badges-of-others/1",
            "https://college.example.org/badges/../other",
            "https://college.example.org/badges/%2e%2e/other",
            "https://college.example.org/badges/..%2fother",
            "https://college.example.org.evil.test/badges/1",
        ] {
            assert_eq!(check(&issuer, outside), Err(ScopeError::Outside), "{outside}");
        }
    }

    #[test]
    fn allowed_origins_are_host_names() {
        let issuer = with(json!({ "allowedOrigins": ["badges.example.com", "https://other.example.com"] }));
        assert_eq!(check(&issuer, "https://BADGES.example.com/1"), Ok(()));
        assert_eq!(check(&issuer, "https://other.example.com/1"), Ok(()));
        assert_eq!(check(&issuer, "https://college.example.org/1"), Err(ScopeError::Outside));
        assert_eq!(check(&issuer, "https://xbadges.example.com/1"), Err(ScopeError::Outside));
    }

    #[test]
    fn when_both_rules_are_given_both_must_hold() {
        let issuer = with(json!({ "allowedOrigins": "a.example.org", "startsWith": "https://a.example.org/b/" }));
        assert_eq!(check(&issuer, "https://a.example.org/b/1"), Ok(()));
        assert_eq!(check(&issuer, "https://a.example.org/c/1"), Err(ScopeError::Outside));
    }
}
