//! The schemas that a credential names itself (`credentialSchema`).
