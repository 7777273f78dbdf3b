//! Finds the end of a JSON value in its text.
//! Comes in: text, and the start of a value. Goes out: the place behind the value. Linear in the length of the value.
//! Must not know: the value's meaning. Other code checks that the text is well-formed JSON.

/// The first place from `at` on that is not JSON white space.
pub fn after_space(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// The place behind the value that begins at `at`, in well-formed JSON.
pub fn end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    match bytes.get(at) {
        Some(b'{' | b'[') => end_of_container(text, at).unwrap_or(bytes.len()),
        Some(b'"') => end_of_string(bytes, at).unwrap_or(bytes.len()),
        _ => {
            let rest = bytes.get(at..).unwrap_or_default();
            at + rest.iter().take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n')).count()
        }
    }
}

/// The place behind the object or list that begins at `at`; `None` without a closing bracket.
pub fn end_of_container(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (at, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = end_of_string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open = open.checked_sub(1)?;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn end_of_string(bytes: &[u8], quote: usize) -> Option<usize> {
    let mut at = quote + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_text_ends() {
        for (text, at, expected) in [
            (r#"{"a":"}"} x"#, 0, r#"{"a":"}"}"#),
            (r#"["\"]", [1]] "#, 0, r#"["\"]", [1]]"#),
            (r#"[1.5e3, true]"#, 1, "1.5e3"),
            (r#"{"a":null}"#, 5, "null"),
            (r#"["a\\", "b"]"#, 1, r#""a\\""#),
        ] {
            assert_eq!(text.get(at..end(text, at)), Some(expected), "{text}");
        }
        assert_eq!(after_space(" \r\n\tx", 0), 4);
    }

    #[test]
    fn what_is_not_closed_has_no_end() {
        for text in ["{", "[\"]", "{\"a\":[}", "[\"\\"] {
            assert_eq!(end_of_container(text, 0), None, "{text}");
        }
    }
}
