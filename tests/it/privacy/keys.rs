//! Changing the master key while a gateway works.

use super::{hand_in, link_of, sample};
use crate::support::databases::sealer;
use crate::support::{Answer, Form, spawn_app};
use skillgate::seal::Sealer;
use skillgate::store::{Rotation, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_key_changes_while_uploads_run_and_the_old_key_opens_nothing_afterwards() {
    let app = spawn_app().await;
    let (url, now) = (app.database.url.clone(), app.clock.now());
    hand_in(&app, "emp-before").await;
    let new = || Sealer::new(&[9; 32]);
    assert!(Store::connect(&url, new()).await.is_err(), "a new key opens nothing yet");

    let uploads = async {
        for number in 0..12 {
            let bytes = [sample(&app, "valid.json").as_slice(), " ".repeat(number).as_bytes()].concat();
            let form = Form::new().file("badge.json", &bytes).text("candidate_ref", &format!("emp-{number}"));
            let answer = Answer::of(app.upload(form)).await;
            assert_eq!(answer.status, 201, "{answer:?}");
        }
    };
    let rotation = async {
        let old = Store::connect(&url, sealer()).await.unwrap();
        assert_eq!(old.finish_rotation(now).await.unwrap(), Rotation::NotBegun);
        // Begun twice, as after a command that was interrupted.
        for _ in 0..2 {
            assert_eq!(old.begin_rotation(new(), now).await.unwrap(), Rotation::BothCount);
        }
        let both = Store::connect(&url, new()).await.unwrap();
        Store::connect(&url, sealer()).await.expect("the old key counts until the end");
        assert_eq!(old.finish_rotation(now).await.unwrap(), Rotation::NotBegun, "the old key can't finish");
        assert_eq!(both.finish_rotation(now).await.unwrap(), Rotation::Finished);
        assert_eq!(both.finish_rotation(now).await.unwrap(), Rotation::NotBegun);
    };
    tokio::join!(uploads, rotation);

    assert!(Store::connect(&url, sealer()).await.is_err(), "the old key opens nothing");
    let reopened = Store::connect(&url, new()).await.unwrap();
    let tenant = skillgate::model::ids::TenantId::from("default");
    for candidate in ["emp-before", "emp-0", "emp-11"] {
        let identity = reopened.candidate(&tenant, &candidate.into()).await.unwrap().unwrap();
        assert_eq!(identity.credentials, 1, "{candidate}");
        assert!(app.get_json(&format!("/v1/credentials?candidate_ref={candidate}")).await["items"][0]["id"].is_string());
    }
    // The gateway that was running all the time goes on.
    link_of(&app, "emp-before").await;
    app.drain().await;
    // What looks at the end of a test is given the first key.
    reopened.begin_rotation(sealer(), now).await.unwrap();
}
