//! The codes of verification: the closed list of results that a check or a finding can have.
//! Comes in: nothing. Goes out: [`Code`], with its checks, usual status, problem type, sentence and next step.
//! Must not know: the checks' code, the pages.

mod table;
mod texts;

use super::report::{CheckId, CheckStatus};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
pub use table::Code;

/// Base of the problem types that no standard names; relative to the gateway (RFC 9457 §3.1.1).
const OWN: &str = "/problems/";

/// The source of a code's problem type.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Untyped,
    Own,
    /// The URI that a standard defines.
    Standard(&'static str),
}

/// A row of the table.
struct Row {
    code: &'static str,
    checks: &'static [CheckId],
    status: CheckStatus,
    kind: Kind,
    sentence: &'static str,
    /// Empty: no next step.
    next_step: &'static str,
    /// Problem type and next step for an embedded proof.
    embedded: Option<(Kind, &'static str)>,
}

/// The row's own value, else its group's value.
const fn last<T: Copy>(values: &[T]) -> T {
    values[values.len() - 1]
}

macro_rules! checks {
    ([All]) => { &$crate::model::report::CheckId::ALL };
    ([$($check:ident),+]) => { &[$($crate::model::report::CheckId::$check),+] };
}

macro_rules! codes {
    ($($checks:tt $status:ident $kind:ident $next:ident {
        $($variant:ident $code:literal $(in $own_checks:tt)? $(as $own_status:ident)? $(of $own_kind:ident)?
            $sentence:literal $(=> $own_next:tt)? $(embedded $embedded_kind:ident $embedded_next:tt)?,)+
    })+) => {
        /// The code of a check or a finding: stable, snake_case in JSON, never changed after a release.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($($variant),+),+ }

        impl Code {
            /// In the order in which a report shows the checks.
            pub const ALL: &'static [Code] = &[$($(Self::$variant),+),+];

            pub(super) const fn row(self) -> super::Row {
                use $crate::model::report::CheckStatus;
                match self {
                    $($(Self::$variant => super::Row {
                        code: $code,
                        checks: super::last(&[super::checks!($checks) as &[_] $(, super::checks!($own_checks) as &[_])?]),
                        status: super::last(&[CheckStatus::$status $(, CheckStatus::$own_status)?]),
                        kind: super::last(&[$kind $(, $own_kind)?]),
                        sentence: $sentence,
                        next_step: super::last(&[$next $(, $own_next)?]),
                        embedded: super::last(&[None $(, Some(($embedded_kind, $embedded_next)))?]),
                    }),+),+
                }
            }

            pub(super) fn parse(text: &str) -> Option<Self> {
                match text { $($($code => Some(Self::$variant),)+)+ _ => None }
            }
        }
    };
}
use {checks, codes};

impl Code {
    pub const fn as_str(self) -> &'static str {
        self.row().code
    }

    /// The checks that can give the code.
    pub const fn checks(self) -> &'static [CheckId] {
        self.row().checks
    }

    /// The usual status of a check with the code.
    pub const fn status(self) -> CheckStatus {
        self.row().status
    }

    /// The code's meaning, as plain text. A check gives the same meaning with the details of the case.
    pub const fn sentence(self) -> &'static str {
        self.row().sentence
    }

    /// The reader's next step.
    pub fn next_step(self) -> Option<&'static str> {
        Some(self.row().next_step).filter(|next| !next.is_empty())
    }

    /// The problem type URI (RFC 9457): a standard's or our own; `None` for a code without a problem type.
    pub fn problem_type(self) -> Option<String> {
        self.typed(self.row().kind)
    }

    /// [`Code::next_step`] for an embedded proof.
    pub fn embedded_next_step(self) -> Option<&'static str> {
        self.row().embedded.map_or_else(|| self.next_step(), |(_, next)| Some(next))
    }

    /// [`Code::problem_type`] for an embedded proof (VC Data Integrity 1.0 §4.7).
    pub fn embedded_problem_type(self) -> Option<String> {
        let row = self.row();
        self.typed(row.embedded.map_or(row.kind, |(kind, _)| kind))
    }

    fn typed(self, kind: Kind) -> Option<String> {
        match kind {
            Kind::Untyped => None,
            Kind::Own => Some(format!("{OWN}{self}")),
            Kind::Standard(uri) => Some(uri.to_owned()),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is not a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a verification code")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::parse(text).ok_or_else(|| UnknownCode(text.chars().take(64).collect()))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_unique_snake_case_and_reads_as_a_sentence() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            let name = code.as_str();
            assert!(seen.insert(name), "{name} twice");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
            assert!(!code.checks().is_empty(), "{name}");
            let texts = [Some(code.sentence()), code.next_step(), code.embedded_next_step()];
            for text in texts.into_iter().flatten() {
                assert!(text.ends_with('.') && text.starts_with(|c: char| c.is_ascii_uppercase()), "{name}: {text}");
            }
        }
    }

    #[test]
    fn a_code_is_written_and_read_back_as_its_name() {
        for code in Code::ALL {
            let written = serde_json::to_value(code).unwrap();
            assert_eq!(written, code.as_str());
            assert_eq!(serde_json::from_value::<Code>(written).unwrap(), *code);
        }
        assert!("no_such_code".parse::<Code>().is_err());
    }

    #[test]
    fn whatever_fails_or_needs_a_look_says_what_to_do() {
        // Findings that stand beside a check leave the next step to it.
        let beside = |code: &Code| {
            let checks = [Code::SchemaViolation, Code::SchemaUnusable, Code::ImageEmbedded, Code::RecipientContradictory];
            let notes = [Code::ExtensionInvalid, Code::ContextEdition, Code::PolicyAdjusted];
            checks.contains(code) || notes.contains(code)
        };
        for code in Code::ALL.iter().filter(|code| code.status() == CheckStatus::Fail && !beside(code)) {
            assert!(code.next_step().is_some(), "{code}");
        }
    }

    #[test]
    fn an_embedded_proof_has_the_types_of_its_own_standard() {
        let ends = |kind: Option<String>, end: &str| kind.is_some_and(|kind| kind.ends_with(end));
        assert!(ends(Code::SignatureInvalid.problem_type(), "#CRYPTOGRAPHIC_SECURITY_ERROR"));
        assert!(ends(Code::SignatureInvalid.embedded_problem_type(), "#PROOF_VERIFICATION_ERROR"));
        assert_eq!(Code::Expired.problem_type().as_deref(), Some("/problems/expired"));
        assert_eq!(Code::Revoked.problem_type(), None);
    }
}
