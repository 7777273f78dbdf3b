//! The examiner, as the gateway uses it, for tests that ask about one file. A fault of the program fails the test.

use chrono::{DateTime, Utc};
use skillgate::document::Limits;
use skillgate::examine::{Examined, Examiner, Question};
use skillgate::model::ids::TenantId;
use skillgate::model::submission::{CandidateHint, UploadedFile};
use skillgate::verify::{PresentationRequest, VerificationRequest, Verifier};

/// Nobody asked about a person, nor a wallet for a presentation.
pub fn question(at: DateTime<Utc>) -> Question {
    Question {
        tenant_id: TenantId::from("default"),
        candidate_ref: None,
        request: VerificationRequest { at, candidate: CandidateHint::default(), explain: false },
        expected: PresentationRequest::default(),
    }
}

/// What is found in a file: one item, or one for each entry of an archive.
pub async fn examine(examiner: &Examiner, bytes: &[u8], question: &Question) -> Vec<Examined> {
    let file = UploadedFile { name: Some("x".to_owned()), media_type: None, bytes: bytes.to_vec().into() };
    let found = examiner.examine(examiner.open(vec![file]).await, question).await;
    assert!(!found.is_empty(), "a file was dropped without a word");
    for file in &found {
        let fault = file.problem.as_ref().filter(|problem| problem.is_internal_fault());
        assert!(fault.is_none(), "the examination panicked over {}", String::from_utf8_lossy(bytes));
    }
    found
}

/// As [`examine`], by a verifier under the usual limits.
pub async fn examine_with(verifier: &Verifier, bytes: &[u8], at: DateTime<Utc>) -> Vec<Examined> {
    examine(&Examiner::new(verifier.clone(), Limits::default()), bytes, &question(at)).await
}
