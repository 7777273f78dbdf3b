//! Chains that contradict themselves, and what a good one says.

use super::*;
use crate::model::code::Code;
use crate::verify::documents::{Documents, Provided};
use crate::verify::keys::authorities::{Authorities, Authority};
use crate::verify::keys::test_certificates::{Made, TODAY, authority, key, leaf, today};
use serde_json::json;
use x509_cert::ext::pkix::KeyUsages;

fn encoded(certificate: &Made) -> String {
    STANDARD.encode(certificate.der())
}

fn read_value(x5c: Value) -> Result<Option<Certified>, Check> {
    read(&Map::from_iter([("x5c".to_owned(), x5c)]), today())
}

fn read_chain(chain: &[Made]) -> Result<Option<Certified>, Check> {
    read_value(chain.iter().map(encoded).collect())
}

#[test]
fn the_key_of_the_first_certificate_is_meant() {
    let certified = read_chain(&[leaf(), authority()]).unwrap().unwrap();
    assert_eq!(certified.key, PublicKey::P256(Box::new(*key(1).verifying_key())));
    assert_eq!(certified.lapsed, None);
    assert!(read(&Map::new(), DateTime::UNIX_EPOCH).unwrap().is_none());
}

#[test]
fn a_certificate_counts_only_in_its_time() {
    let code = |chain: &[Made]| read_chain(chain).unwrap().unwrap().lapsed.unwrap().code;
    let window = |window| Made { window, ..leaf() };
    assert_eq!(code(&[window((TODAY + 1, TODAY + 9)), authority()]), Code::CertificateNotYetValid);
    assert_eq!(code(&[window((TODAY - 9, TODAY - 1)), authority()]), Code::KeyExpired);
    assert_eq!(code(&[leaf(), Made { window: (TODAY - 9, TODAY - 1), ..authority() }]), Code::KeyExpired);
}

#[test]
fn certificates_that_do_not_certify_one_another_are_refused() {
    let cases = [
        ("signed by another key", vec![Made { signer: key(2), ..leaf() }, authority()]),
        ("of another issuer", vec![Made { issuer: "CN=Somebody", ..leaf() }, authority()]),
        ("certified by no authority", vec![leaf(), Made { is_authority: false, ..authority() }]),
        ("certified by a key for other things", vec![leaf(), Made { usage: Some(KeyUsages::CRLSign), ..authority() }]),
        ("not for signing", vec![Made { usage: Some(KeyUsages::KeyAgreement), ..leaf() }, authority()]),
    ];
    for (name, chain) in cases {
        let check = read_chain(&chain).unwrap_err();
        assert_eq!((check.id, check.code), (CheckId::Proof, Code::CertificateInvalid), "{name}");
    }
}

#[test]
fn what_is_no_chain_of_certificates_is_refused() {
    let many = vec![encoded(&leaf()); MAX_CERTIFICATES + 1];
    for x5c in [json!("x"), json!([]), json!([5]), json!(["!"]), json!(["AAAA"]), json!(many)] {
        assert!(read_value(x5c.clone()).is_err(), "{x5c:.60}");
    }
}

#[tokio::test]
async fn what_a_known_authority_says_decides_whose_the_key_is() {
    const COLLEGE: &str = "https://college.example.org";
    const LIST: &str = "https://authority.example.org/withdrawn";
    let known = Made { usage: None, ..authority() };
    let listed = Made { uris: &[COLLEGE], list: Some(LIST), ..leaf() };
    let unlisted = Made { list: None, ..listed.clone() };
    let withdrawn = known.withdrawn(true, (TODAY - 1, TODAY + 1));
    let cases = [
        (&unlisted, COLLEGE, None, Some((CheckStatus::Pass, Code::Ok))),
        (&unlisted, "https://other.example.org", None, Some((CheckStatus::Fail, Code::ControllerMismatch))),
        (&listed, COLLEGE, None, Some((CheckStatus::Warning, Code::CertificateUnconfirmed))),
        (&listed, COLLEGE, Some(withdrawn), Some((CheckStatus::Fail, Code::KeyRevoked))),
        (&Made { signer: key(2), ..unlisted.clone() }, COLLEGE, None, None),
    ];
    for (certificate, issuer, list, expected) in cases {
        let certified = read_chain(std::slice::from_ref(certificate)).unwrap().unwrap();
        let served = list.map(|list| (LIST.to_owned(), Provided::Content(list.into())));
        let entry = Authority { name: "Example Authority".to_owned(), certificate: known.pem() };
        let keys = KeyResolver::new(Documents::with_provided(served.into_iter().collect(), None), today())
            .with_authorities(Authorities::new(&[entry]).unwrap());
        let check = controller(&certified, issuer, &keys, today()).await;
        assert_eq!(check.as_ref().map(|check| (check.status, check.code)), expected, "{issuer}");
    }
}

#[tokio::test]
async fn a_certificate_names_its_subject_and_only_an_authority_makes_it_true() {
    let named = |certificate: &Made| subject(&read_chain(std::slice::from_ref(certificate)).unwrap().unwrap());
    let host = Made { hosts: &["college.example.org"], ..leaf() };
    let both = Made { uris: &["https://college.example.org/issuer"], hosts: &["college.example.org"], ..leaf() };
    assert_eq!(named(&host).as_deref(), Some("https://college.example.org"));
    assert_eq!(named(&both).as_deref(), Some("https://college.example.org/issuer"));
    assert_eq!(named(&Made { hosts: &["*.example.org"], ..leaf() }).as_deref(), Some(leaf().name));
    assert_eq!(named(&leaf()).as_deref(), Some(leaf().name));
    let entry = Authority { name: "Example Authority".to_owned(), certificate: authority().pem() };
    let keys = KeyResolver::new(Documents::default(), today()).with_authorities(Authorities::new(&[entry]).unwrap());
    for certificate in [host, both, leaf()] {
        let certified = read_chain(std::slice::from_ref(&certificate)).unwrap().unwrap();
        let holder = subject(&certified).unwrap();
        let check = controller(&certified, &holder, &keys, today()).await.unwrap();
        assert_eq!(check.status, CheckStatus::Pass, "{holder}");
        let check = controller(&certified, "CN=Somebody", &keys, today()).await.unwrap();
        assert_eq!(check.status, CheckStatus::Fail);
    }
}
