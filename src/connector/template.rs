//! Expressions and templates of manifests and mappings: minijinja without files, environment or network.
//! Comes in: text of a manifest or of a tenant's mapping, and JSON values. Goes out: JSON values or a plain error.
//! Two readings: strict for requests (a missing value is an error), lenient for foreign answers (a missing value is empty).

use super::filters;
use super::values::{MAX_DEPTH, ParkSignal, TemplateError, shown, to_json};
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Expression, UndefinedBehavior};
use moka::sync::Cache;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json};
use std::sync::{Arc, LazyLock};

/// About 200,000 steps or 12 MB of data for one expression.
const FUEL: u64 = 200_000;
const MAX_OUTPUT_BYTES: usize = 1 << 20;
const MAX_SOURCE_BYTES: usize = 16 * 1024;
/// An object member with this value is left out.
const OMIT: &str = "\u{0}omit";

/// Compiled expressions that are kept, in bytes of their text: the manifests of all connectors are a tenth of it.
const MAX_COMPILED_BYTES: u64 = 2 << 20;

/// Evaluates expressions and templates. All values of the type share what was compiled.
#[derive(Clone, Copy, Default)]
pub struct Templates;

/// A missing value is an error.
static STRICT: LazyLock<Reader> = LazyLock::new(|| Reader::new(environment(UndefinedBehavior::Strict)));
/// A missing value is empty.
static LENIENT: LazyLock<Reader> = LazyLock::new(|| Reader::new(environment(UndefinedBehavior::Chainable)));
/// Strict, and every value is percent-encoded.
static PATH: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut path = environment(UndefinedBehavior::Strict);
    path.set_formatter(|out, _, value| {
        if value.is_undefined() || value.is_none() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let text = value.to_string();
        out.write_str(&utf8_percent_encode(&text, IDENTIFIER).to_string()).map_err(Error::from)
    });
    path
});

/// One way of reading, and the expressions that were compiled for it.
struct Reader {
    environment: Environment<'static>,
    compiled: Cache<String, Arc<Expression<'static, 'static>>>,
}

impl Reader {
    fn new(environment: Environment<'static>) -> Self {
        let weight = |expression: &String, _: &Arc<Expression<'static, 'static>>| {
            u32::try_from(expression.len()).unwrap_or(u32::MAX).saturating_add(64)
        };
        Self { environment, compiled: Cache::builder().max_capacity(MAX_COMPILED_BYTES).weigher(weight).build() }
    }

    fn evaluate(&'static self, expression: &str, context: &Value) -> Result<Value, TemplateError> {
        let compiled = match self.compiled.get(expression) {
            Some(compiled) => compiled,
            None => {
                let compiled = self.environment.compile_expression_owned(expression.to_owned());
                let compiled = Arc::new(compiled.map_err(|error| failed(expression, error))?);
                self.compiled.insert(expression.to_owned(), compiled.clone());
                compiled
            }
        };
        compiled.eval(context.clone()).map_err(|error| failed(expression, error))
    }

    /// Text without any mark of a template is what it is; text that is one expression needs no template around it.
    fn text(&'static self, source: &str, context: &Value) -> Result<String, TemplateError> {
        if !source.contains('{') && !source.ends_with('\n') {
            return Ok(source.to_owned());
        }
        if let Some(expression) = single_expression(source).filter(|_| source.starts_with("{{") && source.ends_with("}}")) {
            let value = self.evaluate(expression, context)?;
            if !matches!(value.kind(), ValueKind::Undefined | ValueKind::Invalid) {
                return Ok(value.to_string());
            }
        }
        self.environment.render_str(source, context.clone()).map_err(|error| failed(source, error))
    }
}

/// The characters that a path segment holds unencoded (RFC 3986 §2.3).
pub const IDENTIFIER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

fn environment(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(undefined);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_DEPTH);
    // It prints the whole context.
    environment.remove_global("debug");
    environment.add_global("omit", OMIT);
    filters::register(&mut environment);
    environment
}

impl Templates {
    /// Checks the syntax of a template without values.
    pub fn check_template(&self, source: &str) -> Result<(), TemplateError> {
        bounded(source)?;
        let parsed = match single_expression(source) {
            Some(expression) => STRICT.environment.compile_expression_owned(expression.to_owned()).map(drop),
            None => STRICT.environment.template_from_str(source).map(drop),
        };
        parsed.map_err(|error| failed(source, error))
    }

    /// Checks the syntax of an expression without values.
    pub fn check_expression(&self, source: &str) -> Result<(), TemplateError> {
        bounded(source)?;
        STRICT.environment.compile_expression_owned(source.to_owned()).map(drop).map_err(|error| failed(source, error))
    }

    /// A template as text; a missing value is an error.
    pub fn text(&self, source: &str, context: &Value) -> Result<String, TemplateError> {
        bounded(source)?;
        let rendered = STRICT.text(source, context)?;
        if rendered.len() > MAX_OUTPUT_BYTES {
            return Err(TemplateError::Failed { expression: shown(source), cause: "the result is larger than 1 MB".into() });
        }
        Ok(rendered)
    }

    /// A template of a path: every value in it is percent-encoded; a missing one is an error.
    pub fn path(&self, source: &str, context: &Value) -> Result<String, TemplateError> {
        bounded(source)?;
        let rendered = PATH.render_str(source, context.clone()).map_err(|error| failed(source, error))?;
        let stays = !rendered.split('/').any(|segment| matches!(segment, "." | ".."));
        if stays {
            Ok(rendered)
        } else {
            Err(TemplateError::Failed { expression: shown(source), cause: "a path may not go up".into() })
        }
    }

    /// A template as a value: text that is one `{{ expression }}` keeps the expression's type.
    pub fn value(&self, source: &str, context: &Value) -> Result<Value, TemplateError> {
        bounded(source)?;
        let Some(expression) = single_expression(source) else {
            return self.text(source, context).map(Value::from);
        };
        let value = STRICT.evaluate(expression, context)?;
        if value.is_undefined() {
            return Err(TemplateError::Failed { expression: shown(source), cause: "the value is missing".into() });
        }
        Ok(value)
    }

    /// Every text inside `json` as a template. Members and elements that give `omit` are left out.
    pub fn json(&self, json: &Json, context: &Value) -> Result<Json, TemplateError> {
        Ok(match json {
            Json::String(source) => to_json(&self.value(source, context)?, source)?,
            Json::Array(items) => {
                let items = items.iter().map(|item| self.json(item, context)).collect::<Result<Vec<_>, _>>()?;
                Json::Array(items.into_iter().filter(|item| !is_omitted(item)).collect())
            }
            Json::Object(members) => {
                let mut rendered = Map::new();
                for (name, member) in members {
                    let member = self.json(member, context)?;
                    if !is_omitted(&member) {
                        rendered.insert(name.clone(), member);
                    }
                }
                Json::Object(rendered)
            }
            other => other.clone(),
        })
    }

    /// An expression over our own values; a missing value is an error.
    pub fn strict(&self, expression: &str, context: &Value) -> Result<Value, TemplateError> {
        bounded(expression)?;
        STRICT.evaluate(expression, context)
    }

    /// An expression over a foreign answer; a missing value is none.
    pub fn lenient(&self, expression: &str, context: &Value) -> Result<Value, TemplateError> {
        bounded(expression)?;
        LENIENT.evaluate(expression, context)
    }

    /// A text with foreign values in it; a missing value is empty.
    pub fn lenient_text(&self, source: &str, context: &Value) -> Result<String, TemplateError> {
        bounded(source)?;
        LENIENT.environment.render_str(source, context.clone()).map_err(|error| failed(source, error))
    }
}

/// The inside of a text that is one `{{ expression }}` and nothing else.
fn single_expression(source: &str) -> Option<&str> {
    let inside = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let plain = !inside.contains("{{") && !inside.contains("}}") && !inside.contains("{%");
    plain.then(|| inside.trim_matches('-').trim())
}

fn bounded(source: &str) -> Result<(), TemplateError> {
    if source.len() <= MAX_SOURCE_BYTES {
        return Ok(());
    }
    Err(TemplateError::Failed { expression: shown(source), cause: "a template may not be longer than 16 KB".into() })
}

fn failed(source: &str, error: Error) -> TemplateError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if let Some(TemplateError::Park { reason, message }) = current.downcast_ref::<TemplateError>() {
            return TemplateError::Park { reason: reason.clone(), message: message.clone() };
        }
        if let Some(signal) = current.downcast_ref::<ParkSignal>() {
            return TemplateError::Park { reason: signal.reason.clone(), message: signal.message.clone() };
        }
        cause = current.source();
    }
    let cause = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it takes more work than one expression may".to_owned(),
        (ErrorKind::UndefinedError, _) => "a value that it needs is missing".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    TemplateError::Failed { expression: shown(source), cause }
}

pub fn is_omitted(json: &Json) -> bool {
    json.as_str() == Some(OMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::values::from_json;
    use serde_json::json;

    fn context(json: Json) -> Value {
        from_json(&json)
    }

    #[test]
    fn a_single_expression_keeps_its_type_and_text_around_it_makes_text() {
        let templates = Templates;
        let context = context(json!({"a": {"n": 3, "list": ["x", "y"]}}));
        let rendered = templates.json(&json!({"n": "{{ a.n }}", "l": "{{ a.list }}", "t": "n={{ a.n }}"}), &context).unwrap();
        assert_eq!(rendered.to_string(), json!({"n": 3, "l": ["x", "y"], "t": "n=3"}).to_string());
    }

    #[test]
    fn a_missing_value_is_an_error_in_what_is_sent_and_none_in_what_is_read() {
        let templates = Templates;
        let context = context(json!({"json": {}}));
        assert!(templates.json(&json!({"x": "{{ json.absent }}"}), &context).is_err());
        assert!(templates.text("{{ json.absent }}", &context).is_err());
        assert!(!templates.lenient("json.error.code == 429", &context).unwrap().is_true());
    }

    #[test]
    fn omitted_members_are_left_out() {
        let templates = Templates;
        let context = context(json!({"a": {}}));
        let rendered = templates.json(&json!({"x": "{{ a.b | default(omit) }}", "y": 1}), &context).unwrap();
        assert_eq!(rendered.to_string(), r#"{"y":1}"#);
    }

    #[test]
    fn markup_in_values_is_left_alone_and_never_evaluated_again() {
        let templates = Templates;
        let context = context(json!({"name": "<b>{{ secrets.key }}</b>"}));
        assert_eq!(templates.text("{{ name }}", &context).unwrap(), "<b>{{ secrets.key }}</b>");
    }

    #[test]
    fn a_greedy_expression_runs_out_of_fuel() {
        let templates = Templates;
        let context = context(json!({}));
        assert!(
            templates.text("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", &context).is_err()
        );
        assert!(templates.strict("'x' * 100000000", &context).is_err());
    }

    #[test]
    fn no_file_environment_or_context_dump_is_reachable() {
        let templates = Templates;
        let context = context(json!({"secret": "s3cret"}));
        assert!(templates.text("{% include '/etc/passwd' %}", &context).is_err());
        assert!(templates.text("{{ debug() }}", &context).is_err());
        assert!(templates.text("{{ env('HOME') }}", &context).is_err());
    }
}
