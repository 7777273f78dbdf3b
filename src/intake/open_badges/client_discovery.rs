//! (module client_discovery)
