//! The trust policy as a file: rules about issuers, registries, and how strictly each check counts.
//! Comes in: TOML or JSON. Goes out: a [`TrustPolicy`] that decides about an issuer, with the answers of registries.
//! Must not know: the network.

mod texts;

use super::strictness;
use crate::model::report::{Check, CheckId, CheckStatus, PolicyRef};
use crate::verify::addresses::is_below_address;
use crate::verify::keys::authorities::{Authorities, Authority};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use texts::Texts;

/// Largest policy file.
const MAX_BYTES: usize = 1 << 20;
const BUILT_IN: &str = "name = \"built-in\"\nunknown_issuer = \"attention\"\n";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the policy is larger than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the policy can't be read: {0}")]
    Syntax(String),
    #[error("{0}")]
    Rule(String),
}

/// The decision about an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The issuer is trusted.
    Allow,
    /// Credentials from the issuer are never accepted.
    Deny,
    /// A person should look at the issuer.
    Attention,
}

/// What becomes of credentials that answer a request to a wallet without their holder's signature for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnboundAnswers {
    /// The wallet is asked again.
    #[default]
    Refuse,
    /// They are taken, and a person should look.
    Attention,
}

/// One rule. It applies to an issuer when any of `did`, `url`, `domain`, `registry` matches.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    /// `allow` or `deny`. Denials are tried first.
    pub decision: Verdict,
    /// DIDs; the whole DID must match.
    #[serde(default)]
    pub did: Texts,
    /// Web addresses. Each covers itself and the paths below it.
    #[serde(default)]
    pub url: Texts,
    /// Domains. Each covers its subdomains, for web addresses, `did:web` and `did:webvh`.
    #[serde(default)]
    pub domain: Texts,
    /// Identifiers of registries that list the issuer.
    #[serde(default)]
    pub registry: Texts,
    /// Achievement types that the issuer may award; absent: every type, and achievements without a type.
    #[serde(default)]
    pub achievement_types: Option<Vec<String>>,
    /// The name to show for the issuer.
    #[serde(default)]
    pub name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistryKind {
    /// The known-issuers file of the Digital Credentials Consortium.
    Dcc,
    /// A plain JSON list in the policy or at `url`.
    List,
    /// OpenID Federation 1.0 below a trust anchor.
    OpenidFederation,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
}

/// A list of issuers that another party maintains.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    pub id: String,
    pub name: String,
    pub kind: RegistryKind,
    /// The address of the list; for a federation, its trust anchor.
    #[serde(default)]
    pub url: Option<String>,
    /// The list itself (kind `list`).
    #[serde(default)]
    pub issuers: Vec<Listed>,
    /// The trust anchor's keys (a JSON Web Key Set). With them, the anchor's host need not be trusted.
    #[serde(default)]
    pub jwks: Option<Value>,
    /// Whether a listed issuer is trusted when no rule applies to it.
    #[serde(default = "yes")]
    pub trusted: bool,
}

fn yes() -> bool {
    true
}

/// A test of the policy: a case and the expected decision. `skillgate policy test` runs it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub issuer: String,
    #[serde(default)]
    pub achievement_types: Vec<String>,
    /// Registries that list the issuer in this case.
    #[serde(default)]
    pub listed_in: Vec<String>,
    pub expect: Verdict,
    /// The rule that is expected to decide.
    #[serde(default)]
    pub rule: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    unknown_issuer: Option<Verdict>,
    /// Check → status found → status to report.
    #[serde(default)]
    checks: BTreeMap<CheckId, BTreeMap<CheckStatus, CheckStatus>>,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
    #[serde(default, rename = "registry")]
    registries: Vec<Registry>,
    #[serde(default, rename = "authority")]
    authorities: Vec<Authority>,
    /// The employer's names in credentials that are addressed to the employer alone (`aud`).
    #[serde(default)]
    audience: Texts,
    #[serde(default)]
    unbound_answers: UnboundAnswers,
    #[serde(default, rename = "example")]
    examples: Vec<Example>,
}

/// A trust policy as loaded.
#[derive(Clone, Debug)]
pub struct TrustPolicy {
    reference: PolicyRef,
    text: Arc<str>,
    file: File,
    authorities: Authorities,
}

/// A registry's answer about an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub registry_id: String,
    /// The registry's name for people.
    pub registry: String,
    pub issuer_name: Option<String>,
}

/// A decision and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Verdict,
    /// The rule or registry that decided; `None` when no rule and no registry knows the issuer.
    pub rule: Option<String>,
    /// The name to show, and the registry or policy that vouches for it.
    pub name: Option<(String, String)>,
    /// A rule allows the issuer, but not this type of achievement.
    pub wrong_type: bool,
}

impl TrustPolicy {
    /// The policy without rules: a person should look at every issuer.
    pub fn built_in() -> Self {
        let file = File {
            name: "built-in".to_owned(),
            version: None,
            unknown_issuer: Some(Verdict::Attention),
            checks: BTreeMap::new(),
            rules: Vec::new(),
            registries: Vec::new(),
            authorities: Vec::new(),
            audience: Texts::default(),
            unbound_answers: UnboundAnswers::Refuse,
            examples: Vec::new(),
        };
        Self {
            reference: PolicyRef { name: file.name.clone(), sha256: hex::encode(Sha256::digest(BUILT_IN)) },
            text: BUILT_IN.into(),
            file,
            authorities: Authorities::default(),
        }
    }

    /// TOML, or JSON when the text starts with a brace.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_BYTES {
            return Err(PolicyError::TooLarge);
        }
        let file: File = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| PolicyError::Syntax(error.to_string()))?,
            false => toml::from_str(text).map_err(|error| PolicyError::Syntax(error.to_string()))?,
        };
        for rule in &file.rules {
            if rule.decision == Verdict::Attention {
                return Err(PolicyError::Rule(format!("rule \"{}\" must allow or deny", rule.id)));
            }
            if let Some(unknown) = rule.registry.0.iter().find(|id| !file.registries.iter().any(|registry| registry.id == **id)) {
                return Err(PolicyError::Rule(format!(
                    "rule \"{}\" names the registry \"{unknown}\", which is not in the policy",
                    rule.id
                )));
            }
        }
        let authorities = Authorities::new(&file.authorities)
            .map_err(|name| PolicyError::Rule(format!("the certificate of the authority \"{name}\" can't be read")))?;
        let name = match &file.version {
            Some(version) => format!("{} {version}", file.name),
            None => file.name.clone(),
        };
        let reference = PolicyRef { name, sha256: hex::encode(Sha256::digest(text)) };
        Ok(Self { reference, text: text.into(), file, authorities })
    }

    /// The policy as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The policy's name, version and hash, for reports.
    pub fn reference(&self) -> PolicyRef {
        self.reference.clone()
    }

    /// The authorities that may certify the owner of a key.
    pub fn authorities(&self) -> &Authorities {
        &self.authorities
    }

    /// The employer's names in `aud`; empty when the policy names none.
    pub fn audience(&self) -> &[String] {
        &self.file.audience.0
    }

    /// What becomes of a wallet's answer that its holder did not sign.
    pub fn unbound_answers(&self) -> UnboundAnswers {
        self.file.unbound_answers
    }

    pub fn registries(&self) -> &[Registry] {
        &self.file.registries
    }

    /// Decides about an issuer: denials, then permissions in order, then registries, then `unknown_issuer`.
    pub fn decide(&self, issuer: &str, achievement_types: &[String], listings: &[Listing]) -> Decision {
        let listing_name = listings.iter().find_map(|listing| Some((listing.issuer_name.clone()?, listing.registry.clone())));
        let decision = |verdict, rule: &str| Decision {
            verdict,
            rule: Some(rule.to_owned()),
            name: listing_name.clone(),
            wrong_type: false,
        };
        let speaks = |rule: &&Rule| speaks_of(rule, issuer, listings);
        if let Some(rule) = self.file.rules.iter().filter(|rule| rule.decision == Verdict::Deny).find(speaks) {
            return decision(Verdict::Deny, &rule.id);
        }
        let mut wrong_type = None;
        for rule in self.file.rules.iter().filter(|rule| rule.decision == Verdict::Allow).filter(speaks) {
            // An achievement without a type may be of any type: a holder can sometimes leave the type out.
            let covers = rule.achievement_types.as_ref().is_none_or(|allowed| {
                !achievement_types.is_empty() && achievement_types.iter().all(|kind| allowed.contains(kind))
            });
            let mut found = decision(Verdict::Allow, &rule.id);
            found.name = found.name.or_else(|| Some((rule.name.clone()?, self.file.name.clone())));
            if covers {
                return found;
            }
            wrong_type = wrong_type.or(Some(Decision { verdict: Verdict::Attention, wrong_type: true, ..found }));
        }
        if let Some(decision) = wrong_type {
            return decision;
        }
        let trusted = |listing: &&Listing| {
            self.file.registries.iter().any(|registry| registry.id == listing.registry_id && registry.trusted)
        };
        if let Some(listing) = listings.iter().find(trusted) {
            return decision(Verdict::Allow, &listing.registry_id);
        }
        Decision {
            verdict: self.file.unknown_issuer.unwrap_or(Verdict::Attention),
            rule: None,
            name: listing_name,
            wrong_type: false,
        }
    }

    /// Makes a check stricter or more lenient as the policy says. Checks of authenticity never become more lenient, and a revoked
    /// credential or another person's credential never becomes acceptable.
    pub fn adjust(&self, check: Check) -> Check {
        let Some(to) = self.file.checks.get(&check.id).and_then(|changes| changes.get(&check.status)).copied() else {
            return check;
        };
        strictness::adjusted(check, to, &self.reference.name)
    }

    /// Runs the policy's own examples. Returns one sentence per example with an unexpected decision.
    pub fn test(&self) -> (usize, Vec<String>) {
        let mut failures = Vec::new();
        for (number, example) in self.file.examples.iter().enumerate() {
            let listings: Vec<Listing> = example
                .listed_in
                .iter()
                .map(|id| Listing { registry_id: id.clone(), registry: id.clone(), issuer_name: None })
                .collect();
            let decision = self.decide(&example.issuer, &example.achievement_types, &listings);
            let right_rule = example.rule.is_none() || example.rule == decision.rule;
            if decision.verdict != example.expect || !right_rule {
                let by = decision.rule.as_deref().unwrap_or("no rule");
                failures.push(format!(
                    "example {}: {} should be {:?}{}, but is {:?} by {by}",
                    number + 1,
                    example.issuer,
                    example.expect,
                    example.rule.as_ref().map(|rule| format!(" by {rule}")).unwrap_or_default(),
                    decision.verdict
                ));
            }
        }
        (self.file.examples.len(), failures)
    }
}

fn speaks_of(rule: &Rule, issuer: &str, listings: &[Listing]) -> bool {
    let host = host_of(issuer);
    let in_domain = |domain: &String| {
        let domain = domain.trim_start_matches('.').to_ascii_lowercase();
        host.as_ref().is_some_and(|host| *host == domain || host.ends_with(&format!(".{domain}")))
    };
    rule.did.0.iter().any(|did| did == issuer)
        || rule.url.0.iter().any(|url| url == issuer || is_below_address(url, issuer))
        || rule.domain.0.iter().any(in_domain)
        || rule.registry.0.iter().any(|id| listings.iter().any(|listing| listing.registry_id == *id))
}

/// The host of a web address, of a `did:web` or of a `did:webvh`, in lower case.
pub(super) fn host_of(issuer: &str) -> Option<String> {
    let versioned = issuer.strip_prefix("did:webvh:").and_then(|rest| rest.split_once(':')).map(|(_, rest)| rest);
    if let Some(rest) = issuer.strip_prefix("did:web:").or(versioned) {
        let host = rest.split([':', '#', '?', '/']).next()?;
        let host = host.split("%3A").next()?.split("%3a").next()?;
        return (!host.is_empty() && !host.contains('%')).then(|| host.to_ascii_lowercase());
    }
    let url = url::Url::parse(issuer).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    (url.username().is_empty() && url.password().is_none()).then(|| url.host_str().map(str::to_ascii_lowercase)).flatten()
}

#[cfg(test)]
mod tests;
