//! Certificates of erasure: what they count, who signs them, and how they follow the connections.

use super::{connected, erase, hand_in, pass, telling};
use crate::support::{Answer, spawn_app};
use skillgate::receipt::{ReceiptError, verify_erasure};
use skillgate::verify::keys::PublicKey;

#[tokio::test]
async fn a_connection_that_is_away_acknowledges_later_and_the_certificate_says_so() {
    let app = spawn_app().await;
    let (here, first) = connected(&app, "Here").await;
    let (away, second) = connected(&app, "Away").await;
    hand_in(&app, "emp-ada").await;
    app.drain().await;
    away.be_away(true);
    let id = erase(&app, "emp-ada").await;
    assert_eq!(telling(&app, &id, &first).await["state"], "pending", "nobody was told yet");
    app.drain().await;
    let told = telling(&app, &id, &first).await;
    assert_eq!((&told["state"], told["had_received"].as_bool()), (&"acknowledged".into(), Some(true)), "{told:#}");
    let waiting = telling(&app, &id, &second).await;
    assert_eq!(waiting["state"], "pending", "{waiting:#}");
    assert!(waiting["told_at"].is_string() && waiting["acknowledged_at"].is_null(), "{waiting:#}");
    assert_eq!(app.get_json(&format!("/v1/erasures/{id}")).await["complete"], false);
    let page = Answer::of(app.request("GET", &format!("/erasures/{id}"))).await;
    assert!(page.text.contains("Not every connection has acknowledged it"), "{}", page.text);

    away.be_away(false);
    for _ in 0..6 {
        pass(&app, 3_600);
        app.drain().await;
    }
    let late = telling(&app, &id, &second).await;
    assert_eq!(late["state"], "acknowledged", "{late:#}");
    assert!(late["acknowledged_at"].as_str() > told["acknowledged_at"].as_str(), "{late:#}");
    assert_eq!(app.get_json(&format!("/v1/erasures/{id}")).await["complete"], true);
    assert!(here.genuine().last().unwrap()["type"].as_str().unwrap().contains("candidate.erased"));

    // The certificate outlives the deliveries and the connections.
    let before = app.get_json(&format!("/v1/erasures/{id}")).await;
    app.app
        .store
        .prune_events(&skillgate::model::ids::TenantId::from("default"), app.clock.now() + chrono::Duration::days(1), 500)
        .await
        .unwrap();
    for connection in [&first, &second] {
        let deleted = Answer::of(app.request("DELETE", &format!("/v1/connections/{connection}"))).await;
        assert_eq!(deleted.status, 204, "{deleted:?}");
    }
    assert_eq!(app.get_json(&format!("/v1/erasures/{id}")).await, before);
}

#[tokio::test]
async fn a_certificate_counts_what_was_deleted_names_nobody_and_is_signed() {
    let app = spawn_app().await;
    let (_receiver, connection) = connected(&app, "Our HR system").await;
    hand_in(&app, "emp-ada").await;
    app.drain().await;
    let id = erase(&app, "emp-ada").await;
    app.drain().await;
    let whole = app.get_json(&format!("/v1/erasures/{id}")).await;
    assert_eq!(whole["rows"]["credentials"], 1, "{whole:#}");
    for class in ["identities", "skills", "submissions", "results", "events", "deliveries"] {
        assert!(whole["rows"][class].as_u64().unwrap() > 0, "{class}: {whole:#}");
    }
    assert_eq!(whole["keys_destroyed"], 1);
    assert!(whole["actor"].as_str().unwrap().starts_with("api_key:"));
    assert!(!whole.to_string().contains("ada@example.org"), "{whole:#}");

    let answer = Answer::of(app.request("GET", &format!("/v1/erasures/{id}/certificate"))).await;
    crate::openapi::assert_described("GET", "/v1/erasures/{id}/certificate", &answer);
    let key = Answer::of(app.stranger("GET", "/receipt-key.json")).await.json();
    let certificate = verify_erasure(&answer.text, &PublicKey::from_jwk(&key).unwrap()).unwrap();
    assert_eq!((certificate.erasure.id.as_str(), certificate.iss.as_str()), (id.as_str(), app.address.as_str()));
    assert_eq!(certificate.erasure.connections[0].connection_id.as_str(), connection);
    let (head, signature) = answer.text.rsplit_once('.').unwrap();
    let forged = format!("{}A.{signature}", &head[..head.len() - 1]);
    let refused = verify_erasure(&forged, &PublicKey::from_jwk(&key).unwrap());
    assert!(matches!(refused, Err(ReceiptError::NotGenuine | ReceiptError::NotAReceipt)), "{refused:?}");
}

#[tokio::test]
async fn a_connection_that_was_deleted_before_it_acknowledged_is_named_as_such() {
    let app = spawn_app().await;
    let (away, connection) = connected(&app, "Away").await;
    hand_in(&app, "emp-ada").await;
    app.drain().await;
    away.be_away(true);
    let id = erase(&app, "emp-ada").await;
    app.drain().await;
    let told_at = telling(&app, &id, &connection).await["told_at"].clone();
    assert_eq!(Answer::of(app.request("DELETE", &format!("/v1/connections/{connection}"))).await.status, 204);
    let left = telling(&app, &id, &connection).await;
    assert_eq!((&left["state"], &left["told_at"]), (&"deleted".into(), &told_at), "{left:#}");
    assert_eq!(app.get_json(&format!("/v1/erasures/{id}")).await["complete"], false);
}
