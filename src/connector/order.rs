//! The order of a form: that of the fields and secrets in the manifest's text, which maps by name don't keep.
//! Comes in: the manifest as YAML. Goes out: names. Must not know: what the names stand for.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// Names of the connection's fields and secrets, as the manifest lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormOrder {
    pub fields: Vec<String>,
    pub secrets: Vec<String>,
}

impl FormOrder {
    /// Empty for a text that is no manifest.
    pub fn of(source: &str) -> Self {
        let connection = serde_saphyr::from_str::<Manifest>(source).unwrap_or_default().connection;
        Self { fields: connection.fields.0, secrets: connection.secrets.0 }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manifest {
    connection: Connection,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Connection {
    fields: Keys,
    secrets: Keys,
}

/// The keys of a map in the order of the text.
#[derive(Default)]
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_the_text() {
        let text = "connector: x\nconnection:\n  fields:\n    zone: {title: Zone}\n    account: {title: Account}\n  secrets:\n    token: {title: T}\n    key: {title: K}\n";
        let order = FormOrder::of(text);
        assert_eq!(order.fields, ["zone", "account"]);
        assert_eq!(order.secrets, ["token", "key"]);
        assert_eq!(FormOrder::of("nonsense"), FormOrder::default());
    }
}
