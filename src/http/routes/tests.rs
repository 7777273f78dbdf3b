//! The table of routes: who may call what, and from where.

use super::*;

fn row(method: Method, path: &str) -> Row {
    table().into_iter().find(|row| row.method == method && row.path == path).unwrap()
}

#[test]
fn the_rows_of_one_path_are_open_to_the_same_sites() {
    for (path, rows) in by_path(table()) {
        assert!(rows.iter().all(|row| row.origin == rows[0].origin), "{path}");
    }
}

#[test]
fn every_address_of_the_navigation_is_a_page() {
    for (_, path, _) in crate::web::frame::NAVIGATION {
        // The documents show nothing of a tenant.
        let access = if *path == "/docs" { Access::Public } else { Access::Page };
        assert_eq!(row(Method::GET, path).access, access, "{path}");
    }
}

#[test]
fn only_the_routes_of_channels_are_open_to_other_sites() {
    for row in table().iter().filter(|row| row.origin == Origin::Any) {
        let channels = ["/ims/", "/workflows/", "/interactions/", "/.well-known/", "/oauth/", "/challenges"];
        let verification = ["/credentials/verify", "/presentations/verify"];
        let of_a_channel = channels.iter().any(|area| row.path.starts_with(area)) || verification.contains(&row.path.as_str());
        assert!(of_a_channel, "{}", row.path);
    }
    // The consent page answers a person who is logged in nowhere else: no other site may read it.
    assert_eq!(row(Method::GET, "/oauth/authorize").origin, Origin::Own);
    assert_eq!(row(Method::POST, "/v1/submissions").origin, Origin::Own);
}

#[test]
fn a_short_lived_token_opens_only_the_calls_of_its_scope() {
    assert_eq!(row(Method::POST, "/workflows/credentials/exchanges").scope, Some("write:/workflows"));
    assert_eq!(row(Method::GET, "/workflows/credentials/exchanges/{x}").scope, Some("read:/workflows"));
    assert_eq!(row(Method::POST, "/challenges").scope, Some("write:/presentations/verify"));
    for row in table().iter().filter(|row| row.scope.is_some()) {
        assert!(!row.path.starts_with("/v1/") && row.access == Access::Tenant, "{}", row.path);
    }
}

#[test]
fn an_address_of_the_open_badges_api_is_the_same_with_and_without_a_slash_at_its_end() {
    for api in Api::ALL {
        for resource in ["/discovery", "/credentials", "/profile"] {
            let methods = |end: &str| -> Vec<Method> {
                let path = format!("{}{resource}{end}", api.base_path());
                table().into_iter().filter(|row| row.path == path).map(|row| row.method).collect()
            };
            assert!(!methods("").is_empty());
            assert_eq!(methods(""), methods("/"), "{resource}");
        }
    }
}
