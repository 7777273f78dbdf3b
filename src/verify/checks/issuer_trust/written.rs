//! A rule more in a policy's text. Comes in: a policy as TOML or JSON, and an issuer. Goes out: the text with a rule about the issuer.

use super::policy::Verdict;
use serde_json::{Value, json};

/// The text with a rule that allows or denies the issuer. `id`: the rule's name; the first free number is added when it is taken.
/// What can't be read as JSON is taken for TOML; whoever uses the text parses it.
pub fn with_rule(text: &str, id: &str, verdict: Verdict, issuer: &str, name: Option<&str>) -> String {
    let decision = if verdict == Verdict::Deny { "deny" } else { "allow" };
    let kind = if issuer.starts_with("did:") { "did" } else { "url" };
    let id = free(text, id);
    if text.trim_start().starts_with('{')
        && let Ok(Value::Object(mut policy)) = serde_json::from_str(text)
    {
        let mut rule = json!({"id": id, "decision": decision, kind: issuer});
        if let Some(name) = name {
            rule["name"] = json!(name);
        }
        if let Value::Array(rules) = policy.entry("rule").or_insert_with(|| json!([])) {
            rules.push(rule);
        }
        return format!("{:#}\n", Value::Object(policy));
    }
    let name = name.map(|name| format!("name = {}\n", quoted(name))).unwrap_or_default();
    format!(
        "{}\n\n[[rule]]\nid = {}\ndecision = \"{decision}\"\n{kind} = [{}]\n{name}",
        text.trim_end(),
        quoted(&id),
        quoted(issuer)
    )
}

/// A string of JSON is a basic string of TOML, too (TOML 1.0), once DEL is escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn free(text: &str, id: &str) -> String {
    let numbered = std::iter::once(id.to_owned()).chain((2..).map(|number| format!("{id} {number}")));
    numbered.into_iter().find(|id| !text.contains(&quoted(id))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::checks::issuer_trust::TrustPolicy;

    #[test]
    fn a_rule_more_decides_about_the_issuer_and_nobody_else() {
        let toml = TrustPolicy::built_in().text().to_owned();
        let json = r#"{"name": "own", "rule": []}"#.to_owned();
        for text in [toml, json] {
            let once = with_rule(&text, "by hand", Verdict::Allow, "did:web:a.example.org", Some("A \"quoted\" \\ name\u{7f}\n"));
            let twice = with_rule(&once, "by hand", Verdict::Deny, "https://b.example.org/issuer", None);
            let policy = TrustPolicy::parse(&twice).unwrap();
            let allowed = policy.decide("did:web:a.example.org", &[], &[]);
            assert_eq!((allowed.verdict, allowed.rule.as_deref()), (Verdict::Allow, Some("by hand")));
            assert_eq!(allowed.name.unwrap().0, "A \"quoted\" \\ name\u{7f}\n");
            let denied = policy.decide("https://b.example.org/issuer", &[], &[]);
            assert_eq!((denied.verdict, denied.rule.as_deref()), (Verdict::Deny, Some("by hand 2")));
            assert_eq!(policy.decide("did:web:c.example.org", &[], &[]).verdict, Verdict::Attention);
        }
    }

    #[test]
    fn an_issuer_can_write_nothing_but_its_own_rule() {
        let hostile = "did:web:x\"]\ndecision = \"allow\"\n[[rule]]\nid = \"y\"\ndecision = \"allow\"\ndomain = [\"org";
        let text = with_rule(TrustPolicy::built_in().text(), "r", Verdict::Deny, hostile, Some(hostile));
        let policy = TrustPolicy::parse(&text).unwrap();
        assert_eq!(policy.decide("https://any.org", &[], &[]).verdict, Verdict::Attention);
        assert_eq!(policy.decide(hostile, &[], &[]).verdict, Verdict::Deny);
    }
}
