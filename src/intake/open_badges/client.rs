//! (module client)
