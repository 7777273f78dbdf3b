//! JSON Canonicalization Scheme (RFC 8785).
//! Comes in: a JSON value. Goes out: its canonical text.
//! Must not know: the purpose of the text.

use serde_json::Value;

pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            // RFC 8785 §3.2.3: by UTF-16 code units.
            sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(name, out);
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", letter as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// ECMAScript's `Number::toString` (RFC 8785 §3.2.2.3) of the nearest double.
pub fn number_text(number: &serde_json::Number) -> String {
    let double = number.as_f64().unwrap_or(f64::NAN);
    if double == 0.0 {
        return "0".to_owned();
    }
    // Rust and ECMAScript choose the same shortest digits; only the layout differs.
    let scientific = format!("{:e}", double.abs());
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = digits.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let point = exponent + 1;
    let count = digits.len() as i32;
    let body = if (count..=21).contains(&point) {
        digits.clone() + &"0".repeat((point - count) as usize)
    } else if (1..=21).contains(&point) {
        format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", "0".repeat(-point as usize))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let fraction = if count > 1 { format!(".{}", &digits[1..]) } else { String::new() };
        format!("{}{fraction}e{sign}{}", &digits[..1], exponent.abs())
    };
    if double < 0.0 { format!("-{body}") } else { body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        let cases = [
            ("1.0", "1"),
            ("-0", "0"),
            ("100", "100"),
            ("1e21", "1e+21"),
            ("123456789012345680000", "123456789012345680000"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("1.5e-9", "1.5e-9"),
            ("-12.5", "-12.5"),
            ("4.50", "4.5"),
            ("2e-3", "0.002"),
            ("333333333.33333329", "333333333.3333333"),
            ("1E30", "1e+30"),
            ("9007199254740993", "9007199254740992"),
        ];
        for (written, expected) in cases {
            let value: Value = serde_json::from_str(written).unwrap();
            assert_eq!(canonical(&value), expected, "{written}");
        }
    }

    #[test]
    fn members_are_sorted_by_utf_16_code_units_and_texts_are_escaped_minimally() {
        let value: Value =
            serde_json::from_str(r#"{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":"a\u000f\n\u0080/","1":[true,null]}"#).unwrap();
        assert_eq!(canonical(&value), "{\"1\":[true,null],\"\u{20ac}\":\"a\\u000f\\n\u{80}/\",\"\u{1f600}\":2,\"\u{fb33}\":1}");
    }
}
