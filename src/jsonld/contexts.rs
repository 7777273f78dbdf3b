//! The contexts that are built in, and those that an operator adds. Nothing is loaded from the network.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Known contexts by URL. Cheap to clone.
#[derive(Clone, Default)]
pub struct Contexts {
    pub(crate) added: Arc<HashMap<String, Value>>,
}

impl Contexts {
    /// Only what is built in.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// Built-in contexts plus others; one that is built in is never replaced.
    pub fn with_added(added: HashMap<String, Value>) -> Self {
        Self { added: Arc::new(added) }
    }
}
