//! From checks to an outcome: one small table.
//! Comes in: checks in any order, perhaps not all. Goes out: exactly one check per id, in order, and the outcome.
//! Must not know: how a check is made.

use crate::model::report::{Check, CheckId, CheckStatus, Outcome};

/// The outcome that a check's status leads to. Bad inner credentials need a person's attention; every other failure rejects the
/// credential. (The schema check fails only for a document of another kind than it says; a deviation is a warning.)
pub fn weigh(check: &Check) -> Outcome {
    match (check.id, check.status) {
        (_, CheckStatus::Pass | CheckStatus::NotApplicable) => Outcome::Accepted,
        (CheckId::Nested, CheckStatus::Fail) => Outcome::Attention,
        (_, CheckStatus::Fail) => Outcome::Rejected,
        (_, CheckStatus::Warning | CheckStatus::CouldNotCheck) => Outcome::Attention,
    }
}

/// The worst of all checks.
pub fn of(checks: &[Check]) -> Outcome {
    checks.iter().map(weigh).max().unwrap_or(Outcome::Rejected)
}

/// One check per id, in order. Of several checks with one id, the worst counts; a missing check becomes `not_applicable`.
pub fn complete(checks: Vec<Check>) -> Vec<Check> {
    let mut worst = CheckId::ALL.map(|id| (id, None::<Check>));
    for check in checks {
        let slot = worst.iter_mut().find(|(id, _)| *id == check.id).map(|(_, slot)| slot);
        if let Some(slot) = slot.filter(|slot| slot.as_ref().is_none_or(|known| severity(&check) > severity(known))) {
            *slot = Some(check);
        }
    }
    let missing = |id| Check::not_applicable(id, "There was nothing to check.");
    worst.into_iter().map(|(id, check)| check.unwrap_or_else(|| missing(id))).collect()
}

fn severity(check: &Check) -> u8 {
    match check.status {
        CheckStatus::NotApplicable => 0,
        CheckStatus::Pass => 1,
        CheckStatus::Warning => 2,
        CheckStatus::CouldNotCheck => 3,
        CheckStatus::Fail => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::code::Code;

    #[test]
    fn the_worst_check_decides() {
        let pass = Check::pass(CheckId::Proof, "x");
        let warning = Check::warning(CheckId::IssuerTrust, Code::IssuerUnknown, "x");
        let expired = Check::fail(CheckId::Validity, Code::Expired, "x");
        assert_eq!(of(std::slice::from_ref(&pass)), Outcome::Accepted);
        assert_eq!(of(&[pass.clone(), warning.clone()]), Outcome::Attention);
        assert_eq!(of(&[pass, warning, expired]), Outcome::Rejected);
        assert_eq!(of(&[]), Outcome::Rejected);
    }

    #[test]
    fn bad_inner_credentials_never_reject() {
        for id in CheckId::ALL {
            let expected = if id == CheckId::Nested { Outcome::Attention } else { Outcome::Rejected };
            assert_eq!(of(&[Check::fail(id, Code::Malformed, "x")]), expected, "{id:?}");
            assert_eq!(of(&[Check::could_not_check(id, Code::KeyUnavailable, "x")]), Outcome::Attention, "{id:?}");
        }
    }

    #[test]
    fn every_report_has_every_check_once_in_order() {
        let checks = complete(vec![
            Check::fail(CheckId::Status, Code::Revoked, "x"),
            Check::pass(CheckId::Format, "x"),
            Check::warning(CheckId::Format, Code::LegacyFormat, "x"),
        ]);
        assert_eq!(checks.iter().map(|check| check.id).collect::<Vec<_>>(), CheckId::ALL);
        assert_eq!((checks[0].code, checks[7].code), (Code::LegacyFormat, Code::Revoked));
    }
}
