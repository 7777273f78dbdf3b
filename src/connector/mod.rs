//! (module connector)
