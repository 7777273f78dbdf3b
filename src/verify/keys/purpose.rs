//! The purposes of keys, in the words of Controlled Identifiers 1.0. Plain data.

/// The use of a key: the verification relationships of Controlled Identifiers 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    AssertionMethod,
    Authentication,
}
