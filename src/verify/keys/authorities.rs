//! Certificate authorities that the employer's policy names, and whether an authority certifies the owner of a key.
//! Comes in: authorities in PEM, a chain of certificates, the expected owner of its key. Goes out: the authority that certifies the
//! owner, or the reason why no authority does.
//! Must not know: tokens, signed documents, whether the owner is trusted.

use crate::verify::documents::Documents;
use chrono::{DateTime, Utc};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
};
use x509_cert::Certificate;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode, oid};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints, SubjectAltName};

/// The most revocation lists (CRLs) that are fetched for one chain.
const MAX_LISTS: usize = 4;
const ACCEPT: &str = "application/pkix-crl, */*;q=0.1";
const OCSP: oid::ObjectIdentifier = oid::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const ORGANISATION_IDENTIFIER: oid::ObjectIdentifier = oid::ObjectIdentifier::new_unwrap("2.5.4.97");

/// An authority in the policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// The name for people.
    pub name: String,
    /// One certificate in PEM: a root, or an intermediate authority that the policy trusts directly.
    pub certificate: String,
}

/// The authorities of a policy. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Arc<Vec<(String, TrustAnchor<'static>)>>);

/// The owner that a certificate must have.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'a> {
    /// An issuer's identifier, as in SD-JWT VC ("X.509 Certificates"): a URI in the certificate, or the host of an https URL.
    Issuer(&'a str),
    /// An organisation with one of these identifiers (ETSI EN 319 412-1 §5.1.4, such as `VATXX-123456`).
    Organisation(&'a [&'a str]),
}

/// The reason why no authority certifies the owner of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The chain leads to no authority of the policy, or is not valid at this moment.
    Nobody,
    /// The authority certifies the key for another owner.
    OtherName { authority: String },
    /// The authority has revoked a certificate of the chain.
    Withdrawn { authority: String },
    /// The authority certifies the owner, but its revocation list could not be read.
    NotAsked { authority: String },
}

/// The authorities have not agreed on an extended key usage for certificates that sign credentials.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

impl Authorities {
    /// # Errors
    /// The name of the authority whose certificate can't be read.
    pub fn new(entries: &[Authority]) -> Result<Self, String> {
        let read = |entry: &Authority| {
            let certificate = CertificateDer::from_pem_slice(entry.certificate.as_bytes()).ok()?;
            Some((entry.name.clone(), anchor_from_trusted_cert(&certificate).ok()?.to_owned()))
        };
        let all: Result<_, String> = entries.iter().map(|entry| read(entry).ok_or_else(|| entry.name.clone())).collect();
        all.map(|all| Self(Arc::new(all)))
    }

    /// The authority that certifies, through `chain` (DER, the key's own certificate first), that its key is `holder`'s (RFC 5280 §6).
    ///
    /// # Errors
    /// The reason why no authority does.
    pub async fn vouch(
        &self,
        chain: &[Vec<u8>],
        holder: Holder<'_>,
        at: DateTime<Utc>,
        documents: &Documents,
    ) -> Result<String, Doubt> {
        let Some((leaf, between)) = chain.split_first().filter(|_| !self.0.is_empty()) else { return Err(Doubt::Nobody) };
        let leaf = CertificateDer::from(leaf.as_slice());
        let between: Vec<CertificateDer<'_>> = between.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let certificate = EndEntityCert::try_from(&leaf).map_err(|_| Doubt::Nobody)?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.timestamp()).unwrap_or(0)));
        let algorithms = ring::default_provider().signature_verification_algorithms.all;
        let leads_to = |anchor: &TrustAnchor<'static>, revocation| {
            let anchors = std::slice::from_ref(anchor);
            certificate.verify_for_usage(algorithms, anchors, &between, time, AnyPurpose, revocation, None).map(|_| ())
        };
        let (authority, anchor) = self.0.iter().find(|(_, anchor)| leads_to(anchor, None).is_ok()).ok_or(Doubt::Nobody)?;
        let parsed: Vec<Certificate> = chain.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
        if !parsed.first().is_some_and(|leaf| names(leaf, holder)) {
            return Err(Doubt::OtherName { authority: authority.clone() });
        }
        let not_asked = || Doubt::NotAsked { authority: authority.clone() };
        let addresses = withdrawn_lists(&parsed).ok_or_else(not_asked)?;
        if addresses.is_empty() {
            return Ok(authority.clone());
        }
        let lists = fetch(&addresses, documents).await.ok_or_else(not_asked)?;
        let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
        let options = RevocationOptionsBuilder::new(&lists).map_err(|_| not_asked())?;
        let options =
            options.with_status_policy(UnknownStatusPolicy::Deny).with_expiration_policy(ExpirationPolicy::Enforce).build();
        match leads_to(anchor, Some(options)) {
            Ok(()) => Ok(authority.clone()),
            Err(webpki::Error::CertRevoked) => Err(Doubt::Withdrawn { authority: authority.clone() }),
            Err(_) => Err(not_asked()),
        }
    }
}

/// All revocation lists, or `None` when a list is not available.
async fn fetch(addresses: &[String], documents: &Documents) -> Option<Vec<CertRevocationList<'static>>> {
    let mut lists = Vec::with_capacity(addresses.len());
    for address in addresses {
        let fetched = documents.get(address, ACCEPT).await.ok()?;
        lists.push(BorrowedCertRevocationList::from_der(&fetched.bytes).ok()?.to_owned().ok()?.into());
    }
    Some(lists)
}

/// Whether the certificate belongs to `holder`. The distinguished name of the certificate's subject may also name an issuer.
fn names(leaf: &Certificate, holder: Holder<'_>) -> bool {
    let holder = match holder {
        Holder::Issuer(identifier) => identifier,
        Holder::Organisation(identifiers) => {
            return organisation(leaf).is_some_and(|certified| identifiers.contains(&certified.as_str()));
        }
    };
    let subject = leaf.tbs_certificate.subject.to_string();
    if !subject.is_empty() && subject == holder {
        return true;
    }
    let Ok(Some((_, alternatives))) = leaf.tbs_certificate.get::<SubjectAltName>() else { return false };
    let url = Url::parse(holder).ok().filter(|url| url.scheme() == "https");
    let host = url.as_ref().and_then(Url::host_str);
    alternatives.0.iter().any(|name| match name {
        GeneralName::UniformResourceIdentifier(uri) => uri.as_str() == holder,
        GeneralName::DnsName(name) => host.is_some_and(|host| host.eq_ignore_ascii_case(name.as_str())),
        _ => false,
    })
}

/// The identifier of the organisation that the certificate names as its subject; `None` also for several identifiers.
pub fn organisation(certificate: &Certificate) -> Option<String> {
    let attributes = certificate.tbs_certificate.subject.0.iter().flat_map(|name| name.0.iter());
    let mut identifiers = attributes.filter(|attribute| attribute.oid == ORGANISATION_IDENTIFIER);
    let (identifier, None) = (identifiers.next()?, identifiers.next()) else { return None };
    let value = &identifier.value;
    let text = value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    text.or_else(|_| value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned())).ok()
}

/// The addresses of the chain's revocation lists; `None` for a certificate that names only OCSP, for a list without a URL, and for too
/// many lists.
fn withdrawn_lists(chain: &[Certificate]) -> Option<Vec<String>> {
    let mut addresses = Vec::new();
    for certificate in chain {
        let points = certificate.tbs_certificate.get::<CrlDistributionPoints>().ok()?;
        let Some((_, points)) = points else {
            let access = certificate.tbs_certificate.get::<AuthorityInfoAccessSyntax>().ok()?;
            let asks = access.is_some_and(|(_, access)| access.0.iter().any(|entry| entry.access_method == OCSP));
            if asks {
                return None;
            }
            continue;
        };
        let address = points.0.iter().find_map(|point| match point.distribution_point.as_ref()? {
            DistributionPointName::FullName(names) => names.iter().find_map(|name| match name {
                GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
                _ => None,
            }),
            DistributionPointName::NameRelativeToCRLIssuer(_) => None,
        })?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    (addresses.len() <= MAX_LISTS).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::documents::Provided;
    use crate::verify::keys::test_certificates::{Made, TODAY, authority, key, leaf, today};

    const COLLEGE: &str = "https://college.example.org";
    const LIST: &str = "https://authority.example.org/withdrawn";

    fn known(authorities: &[Made]) -> Authorities {
        let entry = |made: &Made| Authority { name: made.name.to_owned(), certificate: made.pem() };
        Authorities::new(&authorities.iter().map(entry).collect::<Vec<_>>()).unwrap()
    }

    fn college() -> Made {
        Made { uris: &[COLLEGE], ..leaf() }
    }

    async fn vouched(authorities: &Authorities, chain: &[Made], holder: &str, list: Option<Vec<u8>>) -> Result<String, Doubt> {
        let served = list.map(|list| (LIST.to_owned(), Provided::Content(list.into())));
        let documents = Documents::with_provided(served.into_iter().collect(), None);
        let chain: Vec<Vec<u8>> = chain.iter().map(Made::der).collect();
        authorities.vouch(&chain, Holder::Issuer(holder), today(), &documents).await
    }

    #[tokio::test]
    async fn a_known_authority_vouches_for_the_name_in_the_certificate() {
        let authorities =
            known(&[Made { name: "CN=Other", issuer: "CN=Other", key: key(8), signer: key(8), ..authority() }, authority()]);
        let between = Made { name: "CN=Between", key: key(5), ..authority() };
        let below = Made { issuer: "CN=Between", signer: key(5), ..college() };
        for chain in [vec![college()], vec![college(), authority()], vec![below, between]] {
            assert_eq!(vouched(&authorities, &chain, COLLEGE, None).await.as_deref(), Ok("CN=Authority"));
        }
        let host = Made { hosts: &["college.example.org"], ..leaf() };
        assert!(vouched(&authorities, &[host], "https://college.example.org/issuer/1", None).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_vouches_for_another_name_a_stranger_or_the_past() {
        let authorities = known(&[authority()]);
        let host = Made { hosts: &["college.example.org"], ..leaf() };
        let other = Err(Doubt::OtherName { authority: "CN=Authority".to_owned() });
        for holder in ["https://other.example.org", "http://college.example.org/", "did:web:college.example.org"] {
            assert_eq!(vouched(&authorities, std::slice::from_ref(&host), holder, None).await, other, "{holder}");
        }
        assert_eq!(vouched(&authorities, &[leaf()], COLLEGE, None).await, other);
        let between = Made { name: "CN=Between", key: key(5), is_authority: false, ..authority() };
        let strangers = [
            vec![Made { signer: key(2), ..college() }],
            vec![Made { issuer: "CN=Elsewhere", ..college() }],
            vec![Made { window: (TODAY - 9, TODAY - 1), ..college() }],
            vec![Made { window: (TODAY + 1, TODAY + 9), ..college() }],
            vec![Made { issuer: "CN=Between", signer: key(5), ..college() }, between],
            Vec::new(),
        ];
        for (number, chain) in strangers.iter().enumerate() {
            assert_eq!(vouched(&authorities, chain, COLLEGE, None).await, Err(Doubt::Nobody), "{number}");
        }
        assert_eq!(vouched(&Authorities::default(), &[college()], COLLEGE, None).await, Err(Doubt::Nobody));
    }

    #[tokio::test]
    async fn a_withdrawn_certificate_counts_for_nothing_and_a_list_that_is_not_to_be_had_is_said() {
        let lister = Made { usage: None, ..authority() };
        let authorities = known(std::slice::from_ref(&lister));
        let chain = [Made { list: Some(LIST), ..college() }];
        let (now, past) = ((TODAY - 1, TODAY + 1), (TODAY - 9, TODAY - 1));
        let answer = async |list| vouched(&authorities, &chain, COLLEGE, list).await;
        assert_eq!(answer(Some(lister.withdrawn(false, now))).await.as_deref(), Ok("CN=Authority"));
        let withdrawn = Err(Doubt::Withdrawn { authority: "CN=Authority".to_owned() });
        assert_eq!(answer(Some(lister.withdrawn(true, now))).await, withdrawn);
        let forged = Made { key: key(2), ..lister.clone() };
        let not_asked = Err(Doubt::NotAsked { authority: "CN=Authority".to_owned() });
        for list in [None, Some(lister.withdrawn(false, past)), Some(forged.withdrawn(false, now)), Some(b"x".to_vec())] {
            assert_eq!(answer(list).await, not_asked);
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_read_is_named() {
        let entry = Authority { name: "Broken".to_owned(), certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned() };
        assert_eq!(Authorities::new(&[entry]).unwrap_err(), "Broken");
    }
}
