//! Members that hold a single value or a list of values, which JSON-LD allows everywhere.
//! Comes in: a member's value. Goes out: its values, one after the other.

use serde_json::Value;
use std::slice;

/// Most values of one member that [`each`] gives.
pub const MAX_VALUES: usize = 64;

/// Every value of a member: the elements of a list, or the single value, which may be `null`. A missing member has no value.
pub fn entries(member: Option<&Value>) -> slice::Iter<'_, Value> {
    match member {
        None => [].iter(),
        Some(Value::Array(items)) => items.iter(),
        Some(single) => slice::from_ref(single).iter(),
    }
}

/// The first [`MAX_VALUES`] values of `object["member"]`, where a missing member and `null` have no value.
pub fn each(member: &Value) -> slice::Iter<'_, Value> {
    match member {
        Value::Null => [].iter(),
        Value::Array(items) => items[..items.len().min(MAX_VALUES)].iter(),
        single => slice::from_ref(single).iter(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_VALUES, each, entries};
    use serde_json::{Value, json};

    #[test]
    fn a_single_value_reads_like_a_list_of_one() {
        for (value, count) in [(json!("a"), 1), (json!({"a": 1}), 1), (json!([]), 0), (json!(["a", null]), 2)] {
            assert_eq!(each(&value).count(), count, "{value}");
            assert_eq!(entries(Some(&value)).count(), count, "{value}");
        }
    }

    #[test]
    fn a_null_is_an_entry_for_rules_that_refuse_it_and_nothing_elsewhere() {
        assert_eq!(entries(Some(&Value::Null)).count(), 1);
        assert_eq!(each(&Value::Null).count(), 0);
        assert_eq!(entries(None).count(), 0);
        assert_eq!(each(&json!(vec![0; MAX_VALUES + 1])).count(), MAX_VALUES);
    }
}
