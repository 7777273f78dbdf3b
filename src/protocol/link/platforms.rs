//! The table of platforms, and the pure function from a pasted link to the URL to fetch.

use url::Url;

const MAX_LINK: usize = 2_000;
const ASK_FOR_FILE: &str = "Ask the candidate to download the credential from their platform and send you the file.";

/// One platform: the hosts and paths of its share links, and the address of the machine-readable form.
struct Platform {
    name: &'static str,
    /// Exact host, or `*.` and a suffix.
    hosts: &'static [&'static str],
    /// Path segments; `{id}` matches one segment, `*` matches the rest.
    path: &'static str,
    target: Target,
}

enum Target {
    /// A URL in which `{id}` is replaced.
    Fixed(&'static str),
    /// The same path on the same host (or on the API host given for it), with a query.
    SamePath { query: &'static str },
    /// This parameter of the fragment holds the URL.
    InFragment(&'static str),
    /// Nothing can be fetched; a sentence with the reason and the next step.
    None(&'static str),
}

const CREDLY: &[&str] = &["www.credly.com", "credly.com", "www.youracclaim.com", "youracclaim.com"];
const CREDLY_API: &[&str] = &["api.credly.com", "www.credly.com"];
const BADGR: &[&str] = &[
    "badgr.com",
    "*.badgr.com",
    "badgr.io",
    "*.badgr.io",
    "badges.parchment.com",
    "*.badges.parchment.com",
    "*.badges.parchment.eu",
    "badges.parchment.eu",
    "badges.parchment.ca",
    "badges.parchment.au",
    "badges.parchment.sg",
];
const VERIFIER_PLUS: &[&str] = &["verifierplus.org", "www.verifierplus.org"];
const BADGR_QUERY: &str = "v=2_0&expand=badge&expand=badge.issuer";
const CREDLY_BADGE: &str = "https://api.credly.com/v1/obi/v2/badge_assertions/{id}";

const PLATFORMS: &[Platform] = &[
    Platform { name: "Credly", hosts: CREDLY, path: "badges/{id}/*", target: Target::Fixed(CREDLY_BADGE) },
    Platform { name: "Credly", hosts: CREDLY_API, path: "v1/obi/v2/badge_assertions/{id}", target: Target::Fixed(CREDLY_BADGE) },
    Platform {
        name: "Credly",
        hosts: CREDLY_API,
        path: "api/v1/obi/v2/badge_assertions/{id}",
        target: Target::Fixed(CREDLY_BADGE),
    },
    Platform {
        name: "Credly",
        hosts: CREDLY_API,
        path: "api/v1/obi/v3/open_badge_credentials/{id}",
        target: Target::Fixed("https://www.credly.com/api/v1/obi/v3/open_badge_credentials/{id}"),
    },
    Platform {
        name: "Credly",
        hosts: CREDLY,
        path: "users/{id}/*",
        target: Target::None(
            "This is a profile with many badges. Open one badge and copy its own link, or ask the candidate for the files.",
        ),
    },
    Platform {
        name: "Canvas Badges",
        hosts: BADGR,
        path: "public/assertions/{id}/*",
        target: Target::SamePath { query: BADGR_QUERY },
    },
    Platform {
        name: "Canvas Badges",
        hosts: BADGR,
        path: "public/collections/{id}/*",
        target: Target::None("This is a collection. Open one badge and copy its own link, or ask the candidate for the files."),
    },
    Platform {
        name: "VerifierPlus",
        hosts: VERIFIER_PLUS,
        path: "credentials/{id}",
        target: Target::Fixed("https://verifierplus.org/api/credentials/{id}"),
    },
    Platform {
        name: "VerifierPlus",
        hosts: VERIFIER_PLUS,
        path: "api/credentials/{id}",
        target: Target::Fixed("https://verifierplus.org/api/credentials/{id}"),
    },
    Platform { name: "VerifierPlus", hosts: VERIFIER_PLUS, path: "*", target: Target::InFragment("vc") },
    Platform {
        name: "Accredible",
        hosts: &["api.accredible.com"],
        path: "v1/obi/badge_assertions/{id}",
        target: Target::Fixed("https://api.accredible.com/v1/obi/badge_assertions/{id}"),
    },
    Platform {
        name: "Accredible",
        hosts: &["credential.net", "www.credential.net"],
        path: "*",
        target: Target::None(
            "Accredible does not publish a file that can be verified here. Ask the candidate to download the badge as an Open Badge and to send you the file.",
        ),
    },
    Platform {
        name: "LinkedIn",
        hosts: &["linkedin.com", "*.linkedin.com"],
        path: "*",
        target: Target::None(
            "LinkedIn shows only people's own statements. Ask the candidate for the link behind \"Show credential\", or for the file.",
        ),
    },
];

/// The address to fetch for a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub platform: String,
    pub url: Url,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkProblem {
    pub code: &'static str,
    pub message: String,
    pub next_step: String,
}

impl LinkProblem {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), next_step: ASK_FOR_FILE.to_owned() }
    }
}

/// Decides which address to fetch. `listed`: further hosts that an administrator allows, exact or `*.suffix`;
/// `off`: names of platforms that are switched off.
pub fn resolve(pasted: &str, listed: &[String], off: &[String]) -> Result<Resolved, LinkProblem> {
    let text = pasted.trim();
    if text.len() > MAX_LINK || text.chars().any(char::is_control) {
        return Err(LinkProblem::new("link_unusable", "This is not a usable link."));
    }
    // People paste links without the scheme.
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&with_scheme).map_err(|_| LinkProblem::new("link_unusable", "This is not a usable link."))?;
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    if !matches!(url.scheme(), "https" | "http") || host.is_empty() || !url.username().is_empty() || url.password().is_some() {
        return Err(LinkProblem::new("link_unusable", "This is not a link to a web page."));
    }
    let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    for platform in PLATFORMS {
        let known_host = platform.hosts.iter().any(|pattern| host_matches(pattern, &host));
        let Some(id) = known_host.then(|| path_matches(platform.path, &segments)).flatten() else { continue };
        if off.iter().any(|name| name.eq_ignore_ascii_case(platform.name)) {
            return Err(LinkProblem::new(
                "platform_off",
                format!("Your administrator has switched off links to {}.", platform.name),
            ));
        }
        return target(platform, &url, &host, &id, listed);
    }
    if let Some(entry) = listed.iter().find(|entry| is_listed(entry, &url, &host)) {
        let clean = without_personal_query(&url);
        let url = if entry.contains("://") { clean } else { https(clean)? };
        return Ok(Resolved { platform: host, url });
    }
    Err(LinkProblem::new("link_unknown", format!("The gateway does not know the platform {host}, so the link was not followed.")))
}

fn target(platform: &Platform, url: &Url, host: &str, id: &str, listed: &[String]) -> Result<Resolved, LinkProblem> {
    let fetched = match platform.target {
        Target::Fixed(template) => Url::parse(&template.replace("{id}", id)).ok(),
        Target::SamePath { query } => {
            let mut same = url.clone();
            same.set_fragment(None);
            same.set_query(Some(query));
            // Keeps only the assertion's own path: `/public/assertions/ID/image` and similar paths lead to the assertion, too.
            same.set_path(&format!("/public/assertions/{id}"));
            let set = same.set_host(Some(api_host(host))).is_ok() && same.set_port(None).is_ok();
            set.then_some(same)
        }
        Target::InFragment(name) => {
            let fragment = url.fragment().unwrap_or_default();
            let query = fragment.split_once('?').map_or(fragment, |(_, query)| query);
            let inner =
                url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.to_string());
            let inner = inner.and_then(|text| Url::parse(&text).ok());
            let inner_host = inner.as_ref().and_then(Url::host_str).unwrap_or_default().to_ascii_lowercase();
            let allowed = inner.as_ref().is_some_and(|url| listed.iter().any(|entry| is_listed(entry, url, &inner_host)));
            if inner.is_some() && !allowed {
                return Err(LinkProblem::new(
                    "link_unknown",
                    format!("The link leads to {inner_host}, a platform that the gateway does not know."),
                ));
            }
            inner.map(|url| without_personal_query(&url))
        }
        Target::None(advice) => {
            let message = format!("The link to {} does not lead to a credential that can be checked.", platform.name);
            return Err(LinkProblem { code: "link_not_a_credential", message, next_step: advice.to_owned() });
        }
    };
    let fetched =
        fetched.ok_or_else(|| LinkProblem::new("link_unusable", format!("This {} link is incomplete.", platform.name)))?;
    https(fetched).map(|url| Resolved { platform: platform.name.to_owned(), url })
}

fn https(mut url: Url) -> Result<Url, LinkProblem> {
    let is_https = url.scheme() == "https" || url.set_scheme("https").is_ok();
    if is_https { Ok(url) } else { Err(LinkProblem::new("link_unusable", "This is not a link to a web page.")) }
}

/// An entry may be a host, `*.suffix`, or an origin (`http://badges.internal:8080`). Only an origin can allow plain http.
fn is_listed(entry: &str, url: &Url, host: &str) -> bool {
    match entry.contains("://") {
        true => Url::parse(entry).is_ok_and(|listed| listed.origin() == url.origin()),
        false => host_matches(&entry.to_ascii_lowercase(), host),
    }
}

/// The host that answers JSON for a host that shows pages.
fn api_host(host: &str) -> &str {
    match host {
        "badgr.com" | "www.badgr.com" | "badgr.io" | "www.badgr.io" => "api.badgr.io",
        "eu.badgr.com" => "api.eu.badgr.io",
        "ca.badgr.com" => "api.ca.badgr.io",
        "au.badgr.com" => "api.au.badgr.io",
        "sg.badgr.com" => "api.sg.badgr.io",
        other => other,
    }
}

fn host_matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(suffix) => host.strip_suffix(suffix).is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        None => pattern == host,
    }
}

/// The id in the path, if the pattern matches; empty for a pattern without an id.
fn path_matches(pattern: &str, segments: &[&str]) -> Option<String> {
    let mut id = String::new();
    let mut rest = segments.iter();
    for part in pattern.split('/') {
        match part {
            "*" => return Some(id),
            "{id}" => {
                let segment = rest.next()?;
                if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
                    return None;
                }
                id = (*segment).to_owned();
            }
            fixed => {
                if rest.next() != Some(&fixed) {
                    return None;
                }
            }
        }
    }
    rest.next().is_none().then_some(id)
}

/// Drops the fragment and every parameter that names the person.
fn without_personal_query(url: &Url) -> Url {
    let personal = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("identity__") || ["email", "identity", "recipient", "name", "user"].contains(&name.as_str())
    };
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, value)| !personal(name) && !value.contains('@'))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let mut clean = url.clone();
    clean.set_fragment(None);
    clean.set_query(None);
    if !kept.is_empty() {
        clean.query_pairs_mut().extend_pairs(kept);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0f6e2c1a-7d1b-4a3e-9c55-2b0a4f6d8e11";

    fn fetched(link: &str) -> String {
        resolve(link, &["badges.university.example".to_owned(), "*.was.example".to_owned()], &[]).unwrap().url.to_string()
    }

    fn refused(link: &str) -> &'static str {
        resolve(link, &["badges.university.example".to_owned()], &["VerifierPlus".to_owned()]).unwrap_err().code
    }

    #[test]
    fn every_spelling_of_a_credly_badge_leads_to_its_hosted_form() {
        let expected = format!("https://api.credly.com/v1/obi/v2/badge_assertions/{ID}");
        for link in [
            format!("https://www.credly.com/badges/{ID}"),
            format!("http://credly.com/badges/{ID}/public_url"),
            format!(" www.credly.com/badges/{ID}/linked_in_profile?t=x#y "),
            format!("https://www.youracclaim.com/badges/{ID}"),
            format!("https://api.credly.com/v1/obi/v2/badge_assertions/{ID}"),
            format!("https://www.credly.com/api/v1/obi/v2/badge_assertions/{ID}"),
        ] {
            assert_eq!(fetched(&link), expected, "{link}");
        }
        assert_eq!(
            fetched(&format!("https://www.credly.com/api/v1/obi/v3/open_badge_credentials/{ID}")),
            format!("https://www.credly.com/api/v1/obi/v3/open_badge_credentials/{ID}")
        );
    }

    #[test]
    fn a_badge_assertion_of_accredible_is_fetched_as_it_is() {
        let link = "https://api.accredible.com/v1/obi/badge_assertions/akobz1";
        assert_eq!(fetched(link), link);
        assert_eq!(refused("https://api.accredible.com/v1/obi/badge_assertions/..%2F..%2Fusers"), "link_unknown");
        assert_eq!(refused("https://api.accredible.com/v1/credentials/1"), "link_unknown");
    }

    #[test]
    fn the_address_in_a_badgr_link_is_never_sent_on() {
        let link = "https://badgr.com/public/assertions/abcDEF_-12?identity__email=ada%40example.org";
        assert_eq!(fetched(link), format!("https://api.badgr.io/public/assertions/abcDEF_-12?{BADGR_QUERY}"));
        let tenant = fetched("https://school.badges.parchment.com/public/assertions/x1/image?identity__email=a@example.org#z");
        assert_eq!(tenant, format!("https://school.badges.parchment.com/public/assertions/x1?{BADGR_QUERY}"));
        let listed = fetched(
            "https://badges.university.example/public/assertions/x1?identity__email=a@example.org&who=a@example.org&v=2_0",
        );
        assert_eq!(listed, "https://badges.university.example/public/assertions/x1?v=2_0");
    }

    #[test]
    fn verifier_plus_links_are_read_and_the_inner_host_must_be_listed() {
        assert_eq!(fetched("https://verifierplus.org/credentials/abc"), "https://verifierplus.org/api/credentials/abc");
        assert_eq!(fetched("https://verifierplus.org/#verify?vc=https://a.was.example/c%3Fx=1"), "https://a.was.example/c?x=1");
        let inner = resolve("https://verifierplus.org/#verify?vc=https://evil.example/c", &[], &[]).unwrap_err();
        assert_eq!(inner.code, "link_unknown");
    }

    #[test]
    fn a_host_that_nobody_listed_is_never_fetched() {
        for link in [
            "https://evil.example/public/assertions/x",
            "https://evilcredly.com/badges/x",
            "https://www.credly.com.evil.example/badges/x",
            "https://.badgr.com/public/assertions/x",
            "http://169.254.169.254/latest",
            "http://[::1]/",
        ] {
            assert!(["link_unknown", "link_unusable"].contains(&refused(link)), "{link}");
        }
        for link in [
            "https://user:pw@www.credly.com/badges/x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "",
            "x y",
            "ftp://badgr.com/x",
        ] {
            assert!(["link_unknown", "link_unusable"].contains(&refused(link)), "{link}");
        }
        assert_eq!(refused("https://www.credly.com/badges/..%2f..%2fadmin"), "link_unknown");
    }

    #[test]
    fn plain_http_is_kept_only_for_an_origin_that_was_listed_with_it() {
        let listed = ["http://badges.internal:8080".to_owned(), "badges.university.example".to_owned()];
        let url = |link: &str| resolve(link, &listed, &[]).map(|resolved| resolved.url.to_string());
        assert_eq!(url("http://badges.internal:8080/a?x=1").unwrap(), "http://badges.internal:8080/a?x=1");
        assert!(url("http://badges.internal/a").is_err() && url("https://badges.internal:8080/a").is_err());
        assert_eq!(url("http://badges.university.example/a").unwrap(), "https://badges.university.example/a");
    }

    #[test]
    fn a_link_that_leads_nowhere_says_what_to_ask_for() {
        for link in [
            "https://www.linkedin.com/in/ada/details/certifications",
            "https://www.credential.net/x",
            "https://www.credly.com/users/ada/badges",
        ] {
            let problem = resolve(link, &[], &[]).unwrap_err();
            assert_eq!(problem.code, "link_not_a_credential", "{link}");
            assert!(problem.next_step.to_lowercase().contains("ask the candidate"), "{}", problem.next_step);
        }
        assert_eq!(refused("https://verifierplus.org/credentials/abc"), "platform_off");
        assert!(resolve("https://x.example", &[], &[]).unwrap_err().next_step.contains("file"));
    }
}
