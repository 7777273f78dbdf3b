//! (module presentation)
