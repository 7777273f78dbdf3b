//! A report as text for a recruiter.

use super::{Entry, FileReport, explained};
use crate::model::report::{Check, CheckId, CheckStatus, Outcome};

const RESET: &str = "\u{1b}[0m";

pub fn render(report: &FileReport, colour: bool) -> String {
    let mut out = String::new();
    let paint = |text: &str, code: &str| if colour { format!("{code}{text}{RESET}") } else { text.to_owned() };
    let verdict = paint(verdict(report.outcome), shade(report.outcome));
    out.push_str(&format!("{}: {verdict}\n", plain(&report.file)));
    for entry in &report.credentials {
        credential(&mut out, entry, &paint);
    }
    for companion in &report.companions {
        out.push_str(&format!("  {}: {}\n", plain(&companion.name), plain(&companion.problem.message)));
    }
    for warning in &report.warnings {
        let next = warning.next_step.as_deref().unwrap_or_default();
        out.push_str(&format!("  {}: {} {}\n", paint("warning", "\u{1b}[33m"), plain(&warning.message), plain(next)));
    }
    out.push('\n');
    out
}

fn credential(out: &mut String, entry: &Entry, paint: &dyn Fn(&str, &str) -> String) {
    let report = &entry.report;
    let mut title = format!("  {}", report.format.title());
    if let Some(name) = &entry.name {
        title = format!("  {} ({})", plain(name), report.format.title());
    }
    if let Some(issuer) = &report.issuer_name {
        let vouched = issuer.registry.as_ref().map_or_else(
            || "the name is the issuer's own statement".to_owned(),
            |registry| format!("listed by {}", plain(registry)),
        );
        title = format!("{title}, issued by {} ({vouched})", plain(&issuer.name));
    }
    out.push_str(&format!("{title}: {}\n", verdict(report.outcome)));
    for check in report.checks.iter().filter(|check| check.status != CheckStatus::NotApplicable) {
        line(out, check, paint);
    }
    if let Some(normalized) = &entry.normalized
        && !normalized.skills.is_empty()
    {
        let skills: Vec<String> = normalized.skills.iter().map(|skill| plain(&skill.label.text)).collect();
        out.push_str(&format!("    skills: {}\n", skills.join(", ")));
    }
}

fn line(out: &mut String, check: &Check, paint: &dyn Fn(&str, &str) -> String) {
    let (mark, code) = match check.status {
        CheckStatus::Pass => ("ok  ", "\u{1b}[32m"),
        CheckStatus::Fail => ("FAIL", "\u{1b}[31m"),
        CheckStatus::Warning => ("note", "\u{1b}[33m"),
        CheckStatus::CouldNotCheck => ("?   ", "\u{1b}[33m"),
        CheckStatus::NotApplicable => ("-   ", ""),
    };
    out.push_str(&format!("    {} {:<10} {}\n", paint(mark, code), name(check.id), plain(&check.message)));
    if check.status != CheckStatus::Pass
        && let Some(next) = &check.next_step
    {
        out.push_str(&format!("         {:<10} {}\n", "", plain(next)));
    }
    if let Some(explained) = explained(check) {
        for row in explained.lines() {
            out.push_str(&format!("         | {}\n", plain(row)));
        }
    }
}

fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Attention => "needs attention",
        Outcome::Rejected => "REJECTED",
    }
}

fn shade(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "\u{1b}[1;32m",
        Outcome::Attention => "\u{1b}[1;33m",
        Outcome::Rejected => "\u{1b}[1;31m",
    }
}

fn name(id: CheckId) -> &'static str {
    match id {
        CheckId::Format => "format",
        CheckId::Context => "vocabulary",
        CheckId::Schema => "schema",
        CheckId::Proof => "signature",
        CheckId::Controller => "signer",
        CheckId::Integrity => "integrity",
        CheckId::Validity => "dates",
        CheckId::Status => "status",
        CheckId::IssuerTrust => "issuer",
        CheckId::Recipient => "recipient",
        CheckId::Nested => "contents",
    }
}

/// Foreign text without control characters, which could steer a terminal.
fn plain(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if steers(letter) { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::code::Code;
    use crate::model::credential::{Format, Securing};
    use crate::model::report::VerificationReport;

    fn report(file: &str, message: &str) -> FileReport {
        let check = Check::fail(CheckId::Proof, Code::SignatureInvalid, message).next("Ask for the original.");
        let report = VerificationReport {
            format: Format::OpenBadges3,
            secured_with: Securing::DataIntegrity,
            outcome: Outcome::Rejected,
            checks: vec![check],
            verified_at: chrono::DateTime::UNIX_EPOCH,
            issuer_id: None,
            issuer_name: None,
            policy: None,
            nested: Vec::new(),
        };
        let entry = Entry { name: None, report, normalized: None };
        FileReport {
            file: file.to_owned(),
            outcome: Outcome::Rejected,
            credentials: vec![entry],
            problem: None,
            warnings: Vec::new(),
            companions: Vec::new(),
        }
    }

    #[test]
    fn the_reason_and_the_next_step_are_printed() {
        let text = render(&report("badge.json", "The signature does not match."), false);
        assert!(text.starts_with("badge.json: REJECTED\n  Open Badges 3.0: REJECTED\n"), "{text}");
        assert!(text.contains("FAIL signature  The signature does not match."), "{text}");
        assert!(text.contains("Ask for the original."), "{text}");
    }

    #[test]
    fn colours_and_foreign_control_characters_stay_out() {
        let text = render(&report("bad\u{1b}[2J.json", "x\u{202e}y"), false);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
        assert!(render(&report("a", "b"), true).contains('\u{1b}'));
    }
}
