//! Whether a credential is about the person that the submitter names.
//! Comes in: the covered document and the known facts about the person. Goes out: the `recipient` check, which always says how it matched.
//! Must not know: status, trust. Never writes an address into a message, a finding or a log.

mod claims;
mod subject;

use crate::document::members::each;
use crate::model::code::Code;
use crate::model::credential::{Format, PresentationFacts};
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::model::submission::CandidateHint;
use claims::{Claim, HashAlgorithm};
use md5::Md5;
use serde_json::Value;
use sha2::{Digest, Sha256};
pub use subject::{EmailHash, SubjectId, subject};
use subtle::ConstantTimeEq;

const ID: CheckId = CheckId::Recipient;
/// The most addresses of one person that are tried.
const MAX_EMAILS: usize = 20;

/// The difference between a tried address and the given address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    AsGiven,
    LowerCase,
    /// `ada+jobs@example.org` tried as `ada@example.org`: usually, but not always, the same mailbox.
    WithoutTag,
}

/// A claim that matches, and the form in which it matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Did,
    Email(Form),
    Hash { form: Form, md5: bool, salted: bool },
}

/// Compares every claim of the document with every known fact about the person.
///
/// Codes: `recipient_matched_email`, `recipient_matched_hash`, `recipient_matched_did` (pass, with findings for weak
/// hashes and changed forms); `recipient_matched_variant`, `recipient_name_only`, `recipient_name_differs`,
/// `recipient_unproven`, `recipient_unknowable`, `recipient_unbound`, `recipient_several`, `holder_unbound` (warning);
/// `recipient_mismatch` (fail).
pub fn check(document: &Value, format: Format, candidate: &CandidateHint, presentation: Option<&PresentationFacts>) -> Check {
    let check = compare(document, format, candidate, presentation);
    if presentation.is_some_and(|facts| facts.unbound) && check.status != CheckStatus::Fail {
        let message =
            "The credential was handed over without its holder's signature, so nothing shows that it is the sender's own.";
        return Check::warning(ID, Code::HolderUnbound, message).with_findings_of(check);
    }
    if each(&document["credentialSubject"]).nth(1).is_none() || check.status == CheckStatus::Fail {
        return check;
    }
    let message = "The credential is about several people or things.";
    Check::warning(ID, Code::RecipientSeveral, message).with_findings_of(check)
}

fn compare(document: &Value, format: Format, candidate: &CandidateHint, presentation: Option<&PresentationFacts>) -> Check {
    let proven_holder = presentation.and_then(|facts| facts.proven_holder.as_deref());
    let dids: Vec<&str> = candidate.dids.iter().map(String::as_str).chain(proven_holder).collect();
    let is_nobody = candidate.emails.is_empty() && candidate.unproven_emails.is_empty() && candidate.name.is_none();
    if is_nobody && dids.is_empty() {
        return Check::not_applicable(ID, "The submission names no person to compare the credential with.");
    }
    let claims = claims::of(document, format);
    let forms = address_forms(&candidate.emails);
    let mut matches: Vec<Match> = claims.iter().filter_map(|claim| matches_claim(claim, &forms, &dids)).collect();
    matches.sort();
    if let Some(best) = matches.first() {
        return matched(*best);
    }
    let unproven = address_forms(&candidate.unproven_emails);
    if claims.iter().any(|claim| matches_claim(claim, &unproven, &[]).is_some()) {
        let message = "The credential matches only an e-mail address that someone gave for the person earlier, and the address is not proven.";
        return Check::warning(ID, Code::RecipientUnproven, message);
    }
    if is_comparable(&claims, candidate, &dids) {
        return Check::fail(ID, Code::RecipientMismatch, "The credential was issued to someone other than the person named.");
    }
    by_name(&claims, candidate.name.as_deref()).unwrap_or_else(|| unknowable(&claims))
}

fn matched(best: Match) -> Check {
    let pass = |code, message| Check::new(ID, CheckStatus::Pass, code, message);
    let check = match best {
        Match::Did => pass(Code::RecipientMatchedDid, "The person proved that the identifier in the credential is theirs."),
        Match::Email(Form::WithoutTag) | Match::Hash { form: Form::WithoutTag, .. } => {
            let message = "The credential matches the person's e-mail address only without the part after the plus sign.";
            Check::warning(ID, Code::RecipientMatchedVariant, message)
        }
        Match::Email(form) => {
            with_form_finding(pass(Code::RecipientMatchedEmail, "The credential names the person's e-mail address."), form)
        }
        Match::Hash { form, .. } => with_form_finding(
            pass(Code::RecipientMatchedHash, "The credential names the person's e-mail address in a hidden form (a hash)."),
            form,
        ),
    };
    with_hash_findings(check, best)
}

fn with_form_finding(check: Check, form: Form) -> Check {
    match form {
        Form::LowerCase => {
            check.finding(Finding::new(Code::MatchedLowerCase, "The e-mail address matched when capital letters were ignored."))
        }
        Form::AsGiven | Form::WithoutTag => check,
    }
}

fn with_hash_findings(mut check: Check, best: Match) -> Check {
    if let Match::Hash { md5, salted, .. } = best {
        if md5 {
            check = check.finding(Finding::new(Code::WeakHash, "The e-mail address is protected by an outdated hash (MD5)."));
        }
        if !salted {
            let detail = "The hash of the e-mail address has no salt, so anyone who knows the address can recognise it.";
            check = check.finding(Finding::new(Code::UnsaltedHash, detail));
        }
    }
    check
}

/// The addresses to try: as given, in lower case, without the plus tag; each once.
fn address_forms(emails: &[String]) -> Vec<(String, Form)> {
    let mut forms: Vec<(String, Form)> = Vec::new();
    for email in emails.iter().take(MAX_EMAILS) {
        let given = email.trim();
        let lower = given.to_lowercase();
        let untagged =
            lower.split_once('@').and_then(|(local, host)| local.split_once('+').map(|(name, _)| format!("{name}@{host}")));
        let tries = [(given.to_owned(), Form::AsGiven), (lower, Form::LowerCase)]
            .into_iter()
            .chain(untagged.map(|form| (form, Form::WithoutTag)));
        for (address, form) in tries {
            if !address.is_empty() && !forms.iter().any(|(known, _)| *known == address) {
                forms.push((address, form));
            }
        }
    }
    forms
}

fn matches_claim(claim: &Claim, forms: &[(String, Form)], dids: &[&str]) -> Option<Match> {
    match claim {
        Claim::Did(did) => dids.iter().any(|known| equal(known.as_bytes(), did.as_bytes())).then_some(Match::Did),
        Claim::Email(address) => best_form(forms, |form, tried| match form {
            Form::AsGiven => equal(tried.as_bytes(), address.as_bytes()),
            // The claim itself may be written with capitals.
            Form::LowerCase | Form::WithoutTag => equal(tried.as_bytes(), address.to_lowercase().as_bytes()),
        })
        .map(Match::Email),
        Claim::Hash { algorithm, hex, salt, is_email: true } => {
            let form = best_form(forms, |_, tried| equal(digest(*algorithm, tried, salt).as_bytes(), hex.as_bytes()))?;
            Some(Match::Hash { form, md5: *algorithm == HashAlgorithm::Md5, salted: !salt.is_empty() })
        }
        _ => None,
    }
}

/// Every form is tried, so that the time taken does not reveal the form that matches.
fn best_form(forms: &[(String, Form)], fits: impl Fn(Form, &str) -> bool) -> Option<Form> {
    let fitting: Vec<Form> = forms.iter().filter(|(tried, form)| fits(*form, tried)).map(|(_, form)| *form).collect();
    // An address that has no capitals is listed once, as given; a claim with capitals then needs the lower-case comparison.
    let lower = || forms.iter().find(|(tried, form)| *form == Form::AsGiven && fits(Form::LowerCase, &tried.to_lowercase()));
    fitting.into_iter().min().or_else(|| lower().map(|_| Form::LowerCase))
}

/// Lower-case hex of the hash over identifier and salt, the salt appended (Open Badges 3.0, IdentityHash).
fn digest(algorithm: HashAlgorithm, identifier: &str, salt: &str) -> String {
    let input = [identifier.as_bytes(), salt.as_bytes()].concat();
    match algorithm {
        HashAlgorithm::Sha256 => hex::encode(Sha256::digest(&input)),
        HashAlgorithm::Md5 => hex::encode(Md5::digest(&input)),
    }
}

fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Whether the credential holds a fact of a kind that is known about the person. If so, no match means another person.
fn is_comparable(claims: &[Claim], candidate: &CandidateHint, dids: &[&str]) -> bool {
    claims.iter().any(|claim| match claim {
        Claim::Email(_) | Claim::Hash { is_email: true, .. } => {
            !candidate.emails.is_empty() || !candidate.unproven_emails.is_empty()
        }
        Claim::Did(_) => !dids.is_empty() && !claims.iter().any(|other| matches!(other, Claim::UnknownHash)),
        _ => false,
    })
}

fn by_name(claims: &[Claim], name: Option<&str>) -> Option<Check> {
    let wanted = plain_name(name?);
    let names: Vec<String> =
        claims.iter().filter_map(|claim| if let Claim::Name(name) = claim { Some(plain_name(name)) } else { None }).collect();
    if names.is_empty() {
        return None;
    }
    let same = names.iter().any(|name| equal(name.as_bytes(), wanted.as_bytes()));
    Some(match same {
        true => Check::warning(ID, Code::RecipientNameOnly, "Only the name matches, and several people can have the same name."),
        false => Check::warning(ID, Code::RecipientNameDiffers, "The name in the credential differs from the person's name."),
    })
}

/// Lower case, single spaces, no punctuation.
fn plain_name(name: &str) -> String {
    let letters: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    letters.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unknowable(claims: &[Claim]) -> Check {
    if claims.is_empty() {
        return Check::warning(ID, Code::RecipientUnbound, "The credential does not say who it was issued to.");
    }
    if claims.iter().all(|claim| matches!(claim, Claim::Name(_))) {
        let message = "The credential identifies its owner only by name, and you gave no name to compare it with.";
        return Check::warning(ID, Code::RecipientUnknowable, message)
            .next("Compare the name in the credential with the candidate's name, or check again with the candidate's name.");
    }
    let message = "The credential names its owner in a way that can't be compared with what is known about the person.";
    Check::warning(ID, Code::RecipientUnknowable, message)
}

#[cfg(test)]
mod tests;
