//! Texts that many rows of the table share: the standards' problem types, and next steps.
//! Comes in: nothing. Goes out: constants for the table.
//! Must not know: the codes.

use super::Kind;

pub(super) const CRYPTOGRAPHIC: Kind = Kind::Standard("https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR");
pub(super) const PARSING: Kind = Kind::Standard("https://www.w3.org/TR/vc-data-model#PARSING_ERROR");
pub(super) const MALFORMED: Kind = Kind::Standard("https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR");
pub(super) const DATA_LOSS: Kind = Kind::Standard("https://www.w3.org/ns/credentials#DATA_LOSS_DETECTION_ERROR");
pub(super) const VERIFICATION: Kind = Kind::Standard("https://w3id.org/security#PROOF_VERIFICATION_ERROR");
pub(super) const TRANSFORMATION: Kind = Kind::Standard("https://w3id.org/security#PROOF_TRANSFORMATION_ERROR");
pub(super) const METHOD: Kind = Kind::Standard("https://w3id.org/security#INVALID_VERIFICATION_METHOD");
pub(super) const RELATIONSHIP: Kind = Kind::Standard("https://w3id.org/security#INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD");
pub(super) const CHALLENGE: Kind = Kind::Standard("https://w3id.org/security#INVALID_CHALLENGE_ERROR");
pub(super) const DOMAIN: Kind = Kind::Standard("https://w3id.org/security#INVALID_DOMAIN_ERROR");
pub(super) const STATUS_RETRIEVAL: Kind = Kind::Standard("https://www.w3.org/ns/credentials/status-list#STATUS_RETRIEVAL_ERROR");
pub(super) const STATUS_VERIFICATION: Kind =
    Kind::Standard("https://www.w3.org/ns/credentials/status-list#STATUS_VERIFICATION_ERROR");
pub(super) const STATUS_LENGTH: Kind = Kind::Standard("https://www.w3.org/ns/credentials/status-list#STATUS_LIST_LENGTH_ERROR");
pub(super) const STATUS_RANGE: Kind = Kind::Standard("https://www.w3.org/ns/credentials/status-list#RANGE_ERROR");
pub(super) const OWN: Kind = Kind::Own;
pub(super) const UNTYPED: Kind = Kind::Untyped;

/// No next step.
pub(super) const NONE: &str = "";
pub(super) const ASK_BADGE: &str = "Ask the candidate for the badge itself: the downloaded picture (PNG or SVG), the JSON file, or the credential from their wallet.";
pub(super) const ASK_DISCLOSED: &str = "Ask the candidate for a copy that shows the period of validity and the status.";
pub(super) const ASK_FILE: &str = "Ask the candidate to download the credential again and to send that file unchanged.";
pub(super) const ASK_ISSUED: &str = "Ask the candidate for the original badge, as the issuer made it.";
pub(super) const ASK_ORIGINAL: &str = "Do not rely on this file. Ask the candidate for the original from the issuer.";
pub(super) const ASK_REISSUE: &str = "Ask the candidate or the issuer for a newly issued credential.";
pub(super) const ASK_RESULTS: &str = "Ask the candidate for a copy that shows every result.";
pub(super) const LOOK_INSIDE: &str = "Look at the credentials inside one by one.";
pub(super) const OTHER_FORMAT: &str = "Ask the issuer for the credential in another signature format.";
pub(super) const SCHEMA_LATER: &str = "Check again later, or ask the issuer to issue the credential again.";
pub(super) const SEND_SINGLE: &str = "Send the badges one by one, or in an ordinary ZIP archive without a password.";
pub(super) const SHARE_AGAIN: &str = "Ask the candidate to share the credential again.";
pub(super) const SHARE_SIGNED: &str = "Ask the candidate to share the credential from a wallet that signs what it shares.";
pub(super) const STATUS_LATER: &str = "Check again later, or ask the issuer whether the credential is still valid.";
pub(super) const TRY_LATER: &str = "Check again later, or ask the issuer directly.";
pub(super) const ASK_ATTACHMENT: &str =
    "Ask the candidate to send the file as an attachment instead of pasting its text into a message.";
pub(super) const NEW_KEY: &str =
    "Tell the candidate to delete every copy of the file, to create a new key, and to send only the credentials next time.";
pub(super) const SEND_DOCUMENT: &str = "Send the document as a separate file.";
pub(super) const SEND_AGAIN: &str = "Ask the candidate to download the file again and to send it unchanged.";
