//! A broker behind TLS: `amqps://` reaches it when an authority of `queue.authorities_file` vouches for it, and only then.

use crate::support::broker::TestBroker;
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use skillgate::queue::rabbitmq::RabbitQueue;
use skillgate::queue::{Queue, QueueError};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate for `localhost` that vouches for itself, and its key in PKCS #8.
fn certificate() -> (X509, Vec<u8>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "broker.example.org").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    let names = SubjectAlternativeName::new().dns("localhost").build(&certificate.x509v3_context(None, None)).unwrap();
    certificate.append_extension(names).unwrap();
    certificate.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    (certificate.build(), key.private_key_to_pkcs8().unwrap())
}

/// Speaks TLS and hands everything on to the broker at `broker` (host and port); gives its own port.
async fn tls_in_front_of(broker: String, certificate: &X509, key: Vec<u8>) -> u16 {
    let chain = vec![CertificateDer::from(certificate.to_der().unwrap())];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, broker) = (acceptor.clone(), broker.clone());
            tokio::spawn(async move {
                let Ok(mut inside) = acceptor.accept(socket).await else { return };
                let mut outside = TcpStream::connect(broker).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut inside, &mut outside).await);
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ"]
async fn a_broker_behind_tls_is_reached_only_when_an_authority_vouches_for_it() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let broker = TestBroker::of_the_run();
    let url = url::Url::parse(&broker.url).unwrap();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5672));
    let (certificate, key) = certificate();
    let port = tls_in_front_of(address, &certificate, key).await;
    let mut url = url::Url::parse(&broker.url.replacen("amqp:", "amqps:", 1)).unwrap();
    url.set_host(Some("localhost")).unwrap();
    url.set_port(Some(port)).unwrap();

    let unknown = RabbitQueue::connect(url.as_str(), None, &broker.prefix).await;
    assert!(matches!(unknown, Err(QueueError::Unavailable(_))), "a stranger's certificate was taken");

    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("authorities.pem");
    std::fs::write(&authorities, certificate.to_pem().unwrap()).unwrap();
    let queue = RabbitQueue::connect(url.as_str(), Some(&authorities), &broker.prefix).await.unwrap();
    queue.ping().await.unwrap();

    url.set_host(Some("127.0.0.1")).unwrap();
    let misnamed = RabbitQueue::connect(url.as_str(), Some(&authorities), &broker.prefix).await;
    assert!(matches!(misnamed, Err(QueueError::Unavailable(_))), "a certificate for another name was taken");

    let absent = RabbitQueue::connect(url.as_str(), Some(&folder.path().join("absent.pem")), &broker.prefix).await;
    assert!(matches!(absent, Err(QueueError::Refused(_))), "a missing file of authorities was passed over");
}
