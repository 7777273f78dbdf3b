//! Frameworks and the concepts in them.
