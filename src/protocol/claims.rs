//! Whether a credential discloses what a request asks it for: claims paths of DCQL (OpenID4VP 1.0 §7).
//! Comes in: the claims of a credential, as its holder disclosed them. Goes out: whether a value stands at a path.
//! Must not know: where the claims come from, whether they are genuine.

use crate::model::exchange::ClaimQuery;
use serde_json::Value;

/// Longest path, and most claims of one request.
pub const MAX_PATH: usize = 16;
pub const MAX_CLAIMS: usize = 20;

/// The first claim of the list that is not there.
pub fn missing<'a>(claims: &'a [ClaimQuery], document: &Value) -> Option<&'a ClaimQuery> {
    claims.iter().find(|claim| {
        let found = select(document, &claim.path);
        let fits = |value: &&Value| claim.values.is_empty() || claim.values.contains(value);
        !found.iter().any(fits)
    })
}

/// The path, for people.
pub fn spelled(claim: &ClaimQuery) -> String {
    let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
    claim.path.iter().map(step).collect::<Vec<_>>().join(" / ")
}

/// The values at a path.
fn select<'a>(document: &'a Value, path: &[Value]) -> Vec<&'a Value> {
    let mut selected = vec![document];
    for step in path.iter().take(MAX_PATH) {
        selected = selected.into_iter().flat_map(|value| inside(value, step)).collect();
    }
    selected
}

fn inside<'a>(value: &'a Value, step: &Value) -> Vec<&'a Value> {
    match (step, value) {
        (Value::String(name), Value::Object(members)) => members.get(name).into_iter().collect(),
        (Value::Number(place), Value::Array(items)) => {
            let place = place.as_u64().and_then(|place| usize::try_from(place).ok());
            place.and_then(|place| items.get(place)).into_iter().collect()
        }
        (Value::Null, Value::Array(items)) => items.iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether a request may ask for this. The error is a plain sentence.
pub fn check(claims: &[ClaimQuery]) -> Result<(), String> {
    if claims.len() > MAX_CLAIMS {
        return Err(format!("must hold at most {MAX_CLAIMS} claims"));
    }
    let is_step = |step: &Value| step.is_string() || step.is_null() || step.as_u64().is_some();
    let is_value = |value: &Value| value.is_string() || value.is_boolean() || value.as_i64().is_some();
    let is_fine = |claim: &ClaimQuery| {
        (1..=MAX_PATH).contains(&claim.path.len()) && claim.path.iter().all(is_step) && claim.values.iter().all(is_value)
    };
    match claims.iter().all(is_fine) {
        true => Ok(()),
        false => {
            Err("must have paths of names, places and nulls, and values that are texts, whole numbers or true and false"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claim(path: Value, values: Value) -> ClaimQuery {
        serde_json::from_value(json!({"path": path, "values": values})).unwrap()
    }

    #[test]
    fn a_path_leads_through_members_lists_and_every_item_of_a_list() {
        let document = json!({"name": "Ada", "degrees": [{"type": "Bachelor"}, {"type": "Master"}], "of_age": true});
        for (path, values, found) in [
            (json!(["name"]), json!([]), true),
            (json!(["name"]), json!(["Ada", "Grace"]), true),
            (json!(["name"]), json!(["Grace"]), false),
            (json!(["degrees", 1, "type"]), json!(["Master"]), true),
            (json!(["degrees", 0, "type"]), json!(["Master"]), false),
            (json!(["degrees", null, "type"]), json!(["Master"]), true),
            (json!(["degrees", 7]), json!([]), false),
            (json!(["degrees", "type"]), json!([]), false),
            (json!(["of_age"]), json!([true]), true),
            (json!(["surname"]), json!([]), false),
        ] {
            let claims = [claim(path, values)];
            assert_eq!(missing(&claims, &document).is_none(), found, "{claims:?}");
        }
    }

    #[test]
    fn a_request_for_something_else_than_claims_is_refused() {
        assert_eq!(check(&[claim(json!(["a", 0, null]), json!(["x", 1, true]))]), Ok(()));
        for (path, values) in
            [(json!([]), json!([])), (json!([-1]), json!([])), (json!([{}]), json!([])), (json!(["a"]), json!([1.5]))]
        {
            assert!(check(&[claim(path, values)]).is_err());
        }
        assert!(check(&vec![claim(json!(["a"]), json!([])); MAX_CLAIMS + 1]).is_err());
    }
}
