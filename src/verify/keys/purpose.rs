//! What a signature claims about its key, in the words of Controlled Identifiers 1.0. Plain data.

/// What a key is used for: the verification relationships of Controlled Identifiers 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    AssertionMethod,
    Authentication,
}
