//! The built-in contexts, and the contexts that an operator adds. Nothing is loaded from the network.
//! Comes in: a context URL. Goes out: the context document, in each edition that was published under that URL.
//! Must not know: the meaning of the terms.

use super::context::LocalContext;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// URL, then each officially published content (edition), the commonest first, with a name for reports.
type BuiltIn = (&'static str, &'static [(&'static str, &'static str)]);

macro_rules! own {
    ($file:literal) => {
        include_str!(concat!("../../schemas/contexts/", $file, ".json"))
    };
}

const OB_3_0_0: &[(&str, &str)] = &[("3.0.0", own!("ob-3.0.0"))];

const BUILT_IN: &[BuiltIn] = &[
    ("https://www.w3.org/2018/credentials/v1", &[("v1", ssi_contexts::CREDENTIALS_V1)]),
    ("https://www.w3.org/ns/credentials/v2", &[("v2", ssi_contexts::CREDENTIALS_V2)]),
    ("https://www.w3.org/ns/credentials/undefined-terms/v2", &[("v2", own!("credentials-undefined-terms-v2"))]),
    ("https://www.w3.org/ns/credentials/status/v1", &[("v1", own!("credentials-status-v1"))]),
    ("https://w3id.org/vc/status-list/2021/v1", &[("v1", ssi_contexts::STATUS_LIST_2021_V1)]),
    ("https://w3id.org/vc-revocation-list-2020/v1", &[("v1", ssi_contexts::REVOCATION_LIST_2020_V1)]),
    ("https://www.w3.org/ns/did/v1", &[("v1", ssi_contexts::DID_V1)]),
    ("https://www.w3.org/ns/odrl.jsonld", &[("odrl", ssi_contexts::ODRL)]),
    ("https://w3id.org/security/v1", &[("v1", ssi_contexts::SECURITY_V1)]),
    ("https://w3id.org/security/v2", &[("v2", ssi_contexts::SECURITY_V2)]),
    ("https://w3id.org/security/data-integrity/v1", &[("v1", ssi_contexts::W3ID_DATA_INTEGRITY_V1)]),
    ("https://w3id.org/security/data-integrity/v2", &[("v2", ssi_contexts::W3ID_DATA_INTEGRITY_V2)]),
    ("https://w3id.org/security/multikey/v1", &[("v1", own!("security-multikey-v1"))]),
    ("https://w3id.org/security/jwk/v1", &[("v1", own!("security-jwk-v1"))]),
    ("https://w3id.org/security/bbs/v1", &[("v1", own!("security-bbs-v1"))]),
    ("https://w3id.org/security/suites/ed25519-2018/v1", &[("v1", own!("suite-ed25519-2018-v1"))]),
    ("https://w3id.org/security/suites/ed25519-2020/v1", &[("v1", ssi_contexts::W3ID_ED2020_V1)]),
    ("https://w3id.org/security/suites/jws-2020/v1", &[("v1", ssi_contexts::W3ID_JWS2020_V1)]),
    ("https://w3c-ccg.github.io/lds-jws2020/contexts/lds-jws2020-v1.json", &[("v1", ssi_contexts::LDS_JWS2020_V1)]),
    ("https://w3id.org/security/suites/secp256k1-2019/v1", &[("v1", own!("suite-secp256k1-2019-v1"))]),
    ("https://w3id.org/security/suites/x25519-2019/v1", &[("v1", own!("suite-x25519-2019-v1"))]),
    ("https://purl.imsglobal.org/spec/ob/v3p0/context.json", OB_3_0_0),
    ("https://purl.imsglobal.org/spec/ob/v3p0/context/ob_v3p0.jsonld", OB_3_0_0),
    ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json", &[("3.0.1", own!("ob-3.0.1"))]),
    ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", &[("3.0.2", own!("ob-3.0.2"))]),
    (
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        &[("3.0.3", own!("ob-3.0.3")), ("3.0.3 with endorsementJwt", own!("ob-3.0.3-with-endorsement-jwt"))],
    ),
    ("https://purl.imsglobal.org/spec/ob/v3p0/extensions.json", &[("extensions", own!("ob-extensions"))]),
    ("https://purl.imsglobal.org/spec/clr/v2p0/context.json", &[("2.0", own!("clr-2.0"))]),
    ("https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json", &[("2.0.1", own!("clr-2.0.1"))]),
    (
        "https://w3c-ccg.github.io/vc-ed/plugfest-1-2022/jff-vc-edu-plugfest-1-context.json",
        &[("plugfest 1", ssi_contexts::JFF_VC_EDU_PLUGFEST_2022)],
    ),
];

type Contents = Vec<(&'static str, Arc<LocalContext>)>;

static PARSED: LazyLock<HashMap<&'static str, Contents>> = LazyLock::new(|| {
    BUILT_IN
        .iter()
        .map(|(url, contents)| {
            let parse = |text: &str| compile(url, serde_json::from_str(text).unwrap_or(Value::Null));
            (*url, contents.iter().filter_map(|(name, text)| Some((*name, parse(text)?))).collect())
        })
        .collect()
});

/// The `@context` of a context document; `None` for a document without `@context`.
fn compile(url: &str, mut document: Value) -> Option<Arc<LocalContext>> {
    let context = document.get_mut("@context").map(Value::take)?;
    Some(Arc::new(LocalContext::new(context, Some(url.into()))))
}

/// Known contexts by URL. Cheap to clone.
#[derive(Clone, Default)]
pub struct Contexts {
    pub(crate) added: Arc<HashMap<String, Arc<LocalContext>>>,
}

/// The edition of a URL's content; 0 is the commonest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Edition(pub usize);

impl Contexts {
    /// Only the built-in contexts.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// Built-in contexts plus others. A built-in context is never replaced, and a document without `@context` is left out.
    pub fn with_added(added: HashMap<String, Value>) -> Self {
        let added = added.into_iter().filter(|(url, _)| !PARSED.contains_key(url.as_str()));
        Self { added: Arc::new(added.filter_map(|(url, document)| Some((url.clone(), compile(&url, document)?))).collect()) }
    }

    pub(super) fn document(&self, url: &str, edition: Edition) -> Option<&Arc<LocalContext>> {
        match PARSED.get(url) {
            Some(contents) => contents.get(edition.0).or(contents.first()).map(|(_, context)| context),
            None => self.added.get(url),
        }
    }

    pub fn is_built_in(&self, url: &str) -> bool {
        PARSED.contains_key(url)
    }

    pub fn built_in_urls(&self) -> impl Iterator<Item = &'static str> {
        PARSED.keys().copied()
    }

    /// The content of the `@context` published at `url`. A URL without this edition gives its first edition.
    pub fn get(&self, url: &str, edition: Edition) -> Option<&Value> {
        self.document(url, edition).map(|context| &context.value)
    }

    /// The number of editions to try for a document with these contexts.
    pub fn editions<'a>(&self, urls: impl Iterator<Item = &'a str>) -> usize {
        urls.filter_map(|url| PARSED.get(url)).map(Vec::len).max().unwrap_or(1)
    }

    /// The name of the edition's content, for a URL with several contents.
    pub fn edition_name(&self, url: &str, edition: Edition) -> Option<&'static str> {
        PARSED.get(url).filter(|contents| contents.len() > 1)?.get(edition.0).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_context_parses() {
        for (url, built_in) in BUILT_IN {
            assert_eq!(PARSED[url].len(), built_in.len(), "{url}");
            for (name, context) in &PARSED[url] {
                assert!(
                    context.value.as_object().is_some_and(|terms| !terms.is_empty()) || context.value.is_array(),
                    "{url} ({name})"
                );
            }
        }
    }

    #[test]
    fn an_added_context_never_replaces_a_built_in_one() {
        let url = "https://www.w3.org/ns/credentials/v2";
        let forged = HashMap::from([(url.to_owned(), serde_json::json!({"@context": {}}))]);
        let contexts = Contexts::with_added(forged);
        let id = |contexts: &Contexts| contexts.document(url, Edition(0)).map(|context| context.id);
        assert_eq!(id(&contexts), id(&Contexts::built_in()));
    }
}
