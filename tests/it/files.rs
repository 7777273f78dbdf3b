//! The files that recruiters really get: what is found in a document, a picture or a mail, and that it gets the same verdict there
//! as when it is handed in by itself.

use crate::support::NOW;
use crate::support::documents as made;
use crate::support::examine::{examine, question};
use crate::support::tokens::{TestKey, badge};
use serde_json::json;
use skillgate::document::Limits;
use skillgate::examine::Examiner;
use skillgate::intake::{self, Content, OpenedFile};
use skillgate::jsonld::Contexts;
use skillgate::model::report::Outcome;
use skillgate::model::submission::{FileProblem, UploadedFile};
use skillgate::protocol::link::LinkAsker;
use skillgate::sample;
use skillgate::verify::Verifier;
use skillgate::verify::documents::Documents;

const LINK: &str = "https://www.credly.com/badges/0f6e2c1a-7d1b-4a3e-9c55-2b0a4f6d8e11";

fn open_within(bytes: &[u8], limits: &Limits) -> Vec<OpenedFile> {
    let file = UploadedFile { name: Some("cv".to_owned()), media_type: None, bytes: bytes.to_vec().into() };
    intake::open(&file, limits)
}

fn open(bytes: &[u8]) -> Vec<OpenedFile> {
    open_within(bytes, &Limits::default())
}

fn credentials(bytes: &[u8]) -> Vec<Vec<u8>> {
    let held = open(bytes).into_iter().flat_map(|item| match item.content {
        Content::Credentials(credentials) => credentials,
        _ => Vec::new(),
    });
    held.map(|credential| credential.bytes).collect()
}

fn links(bytes: &[u8]) -> Vec<String> {
    open(bytes).into_iter().flat_map(|item| item.links).collect()
}

fn problem(bytes: &[u8]) -> FileProblem {
    match open(bytes).pop().unwrap().content {
        Content::Nothing(problem) => problem,
        other => panic!("{other:?}"),
    }
}

/// A token that fits into a QR code.
fn token() -> String {
    let key = TestKey::ed25519(7);
    key.token(json!({"typ": "vc+jwt"}), &badge(&key.did_key()))
}

fn baked() -> Vec<u8> {
    sample::files("2026-03-01T12:00:00Z".parse().unwrap())
        .unwrap()
        .into_iter()
        .find(|file| file.name == "valid.png")
        .unwrap()
        .bytes
}

#[test]
fn a_credential_is_found_byte_for_byte_wherever_a_document_a_picture_or_a_mail_holds_it() {
    let token = token();
    let kinds = [
        ("attached to a PDF", made::pdf_with_attachment("badge.jwt", token.as_bytes())),
        ("at a note of a PDF", made::pdf_with_note("badge.jwt", token.as_bytes())),
        ("in the metadata of a PDF", made::pdf_with_metadata(&token)),
        ("in the text of a PDF", made::pdf_with_text(&format!("My badge: {token} ."))),
        ("on a page of a PDF", made::pdf_with_code(&token)),
        ("drawn by a PDF", made::pdf_with_drawn_code(&token)),
        ("on a scan in a PDF", made::pdf_with_scan(&token)),
        ("on a PNG", made::png(&token)),
        ("on a JPEG", made::jpeg(&token)),
        ("on a WebP", made::webp(&token)),
        ("on a GIF", made::gif(&token)),
        ("attached to a mail", made::eml("<p>Hello</p>", "badge.jwt", token.as_bytes())),
        ("in a forwarded mail", made::forwarded(&made::eml("<p>Hello</p>", "badge.jwt", token.as_bytes()))),
        ("attached to a mail of Outlook", made::msg("Hello", "badge.jwt", token.as_bytes())),
        ("in a PDF in a mail", made::eml("", "cv.pdf", &made::pdf_with_attachment("badge.jwt", token.as_bytes()))),
        ("on a picture in a mail in a mail", made::forwarded(&made::eml("", "code.png", &made::png(&token)))),
    ];
    for (place, file) in kinds {
        assert_eq!(credentials(&file), [token.as_bytes()], "{place}");
    }
}

#[test]
fn a_baked_picture_keeps_its_bytes_in_a_document_and_in_a_mail() {
    let baked = baked();
    let expected = credentials(&baked);
    assert_eq!(expected.len(), 1);
    for file in
        [made::pdf_with_attachment("badge.png", &baked), made::eml("", "badge.png", &baked), made::msg("", "badge.png", &baked)]
    {
        assert_eq!(credentials(&file), expected);
    }
}

#[test]
fn a_link_is_kept_without_being_followed() {
    let page = format!("<a href=\"{LINK}?a=1&amp;b=2\">Show</a>");
    let guarded = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.credly.com%2Fbadges%2F0f6e2c1a-7d1b-4a3e-9c55-2b0a4f6d8e11&data=x";
    for (place, file, expected) in [
        ("annotation", made::pdf_with_link(LINK), LINK.to_owned()),
        ("text", made::pdf_with_text(&format!("See ({LINK}). Thanks")), LINK.to_owned()),
        ("QR code in a PDF", made::pdf_with_code(LINK), LINK.to_owned()),
        ("QR code on a JPEG", made::jpeg(LINK), LINK.to_owned()),
        ("mail", made::eml(&page, "cv.txt", b"hello"), format!("{LINK}?a=1&b=2")),
        ("mail of Outlook", made::msg(&format!("My badge <{guarded}>"), "cv.txt", b"hello"), LINK.to_owned()),
        ("PDF in a mail", made::eml("", "cv.pdf", &made::pdf_with_link(LINK)), LINK.to_owned()),
    ] {
        assert_eq!(links(&file), [expected], "{place}");
    }
}

#[test]
fn a_link_for_a_wallet_is_shown_and_not_followed() {
    for link in [
        "openid4vp://authorize?client_id=x",
        "openid-credential-offer://?credential_offer=%7B%7D",
        "https://issuer.example/interactions/1?iuv=1",
    ] {
        for file in [made::png(link), made::pdf_with_code(link), made::pdf_with_link(link)] {
            let problem = problem(&file);
            assert_eq!(problem.code.as_str(), "wallet_link", "{link}");
            assert!(problem.message.contains(link) && problem.message.contains("not followed"), "{}", problem.message);
            assert!(links(&file).is_empty(), "{link}");
        }
    }
}

#[test]
fn a_certificate_without_a_credential_gets_its_sentence_after_everything_was_looked_at() {
    let plain = made::pdf_with_text("Certificate of attendance");
    for (file, code) in [
        (plain.clone(), "no_credential_found"),
        (made::pdf_with_attachment("notes.txt", b"hello"), "no_credential_found"),
        (made::eml("<p>Hello</p>", "cv.pdf", &plain), "no_credential_found"),
        (made::png("hello"), "image_without_badge"),
        (made::jpeg("hello"), "image_without_badge"),
        (b"%PDF-1.7\nnothing".to_vec(), "broken_document"),
        (made::pdf_with_attachment("badge.json", b"{\"type\": \"VerifiableCredential\", "), "invalid_json"),
    ] {
        let problem = problem(&file);
        assert_eq!(problem.code.as_str(), code, "{}", problem.message);
        assert!(problem.next_step.is_some_and(|step| step.contains("Ask the candidate")), "{code}");
    }
}

#[test]
fn what_a_document_holds_is_bounded_over_everything_inside_it() {
    let limits = Limits { max_archive_bytes: 1 << 20, max_pixels: 100_000, max_archive_entries: 3, ..Limits::default() };
    let code = |bytes: &[u8]| match open_within(bytes, &limits).pop().unwrap().content {
        Content::Nothing(problem) => problem.message,
        other => panic!("{other:?}"),
    };
    let too_much = "Not all of it could be searched";
    let bomb = made::pdf_with_attachment("a.txt", &vec![b' '; 4 << 20]);
    assert!(code(&bomb).contains(too_much));
    let many: Vec<Vec<u8>> =
        (0..9).map(|number| made::stream("/Type /EmbeddedFile", format!("text {number}").as_bytes())).collect();
    assert!(code(&made::pdf(&many)).contains(too_much));
    let large = made::jpeg(&"x".repeat(1_500));
    assert!(code(&large).contains(too_much));
    let mut deep = made::pdf_with_attachment("badge.jwt", token().as_bytes());
    for _ in 0..4 {
        deep = made::pdf_with_attachment("inner.pdf", &deep);
    }
    assert!(credentials(&deep).is_empty());
}

#[test]
fn every_cut_and_every_flip_of_a_document_is_answered() {
    let token = token();
    for whole in [
        made::pdf_with_note("badge.jwt", token.as_bytes()),
        made::msg("Hello", "badge.jwt", token.as_bytes()),
        made::eml("<p>Hello</p>", "badge.jwt", token.as_bytes()),
        made::gif(LINK),
    ] {
        for length in (1..whole.len()).step_by(whole.len() / 60 + 1) {
            assert!(!open(&whole[..length]).is_empty(), "cut at {length}");
        }
    }
}

#[tokio::test]
async fn a_link_to_a_known_platform_that_may_not_be_asked_is_a_badge_that_could_not_be_reached() {
    let verifier = Verifier::new(Documents::default(), Contexts::built_in());
    let examiner = Examiner::new(verifier, Limits::default()).with_links(LinkAsker::new(None, &[], &[]));
    let question = question(NOW.parse().unwrap());
    let outcome = async |file: &[u8]| {
        let examined = examine(&examiner, file, &question).await;
        let reports = examined.into_iter().flat_map(|file| file.credentials).map(|credential| credential.report.outcome);
        reports.collect::<Vec<_>>()
    };
    assert_eq!(outcome(&made::png(LINK)).await, [Outcome::Attention]);
    assert_eq!(outcome(&made::pdf_with_link("https://www.example.org/badges/1")).await, []);
}
