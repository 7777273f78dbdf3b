//! Applies the policy's own status to a check.
//! Comes in: a check and the status that the policy sets for it. Goes out: the check with that status, where that is allowed.
//! Must not know: rules, registries.

use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};

/// The check under the policy named `policy`.
pub(super) fn adjusted(mut check: Check, to: CheckStatus, policy: &str) -> Check {
    if to == check.status || (weight(to) < weight(check.status) && is_locked(&check)) {
        return check;
    }
    let detail = format!("The policy \"{policy}\" counts this as {}.", plain(to));
    check.findings.push(Finding::new(Code::PolicyAdjusted, detail));
    check.status = to;
    check
}

fn weight(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Pass | CheckStatus::NotApplicable => 0,
        CheckStatus::Warning | CheckStatus::CouldNotCheck => 1,
        CheckStatus::Fail => 2,
    }
}

fn is_locked(check: &Check) -> bool {
    match check.id {
        CheckId::Format | CheckId::Context | CheckId::Proof | CheckId::Controller | CheckId::Integrity => true,
        CheckId::Status => check.status == CheckStatus::Fail,
        CheckId::Recipient => check.status == CheckStatus::Fail || check.code == Code::HolderUnbound,
        CheckId::IssuerTrust => check.code == Code::IssuerDenied,
        CheckId::Schema | CheckId::Validity | CheckId::Nested => false,
    }
}

fn plain(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "passed",
        CheckStatus::Fail => "failed",
        CheckStatus::Warning => "a warning",
        CheckStatus::NotApplicable => "not applicable",
        CheckStatus::CouldNotCheck => "not checked",
    }
}
