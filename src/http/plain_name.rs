//! Makes a name that a client chose fit to be stored and shown.
//! Comes in: any text. Goes out: its last path segment without characters that mislead a reader.

use crate::document::visible::misleads;

const MAX_CHARS: usize = 120;

/// A client's file name reduced to its last segment, without control or direction characters, at most 120 characters.
pub fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !misleads(*c)).collect();
    let trimmed = visible.trim();
    let length = trimmed.chars().count();
    match trimmed {
        "" | "." | ".." => "file".to_owned(),
        // Keep the end: it has the extension.
        long if length > MAX_CHARS => {
            let kept: String = long.chars().skip(length - MAX_CHARS + 1).collect();
            format!("…{kept}")
        }
        short => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_reduced_to_something_plain() {
        for (given, plain) in [
            ("ada.png", "ada.png"),
            ("../../etc/passwd", "passwd"),
            (r"C:\badges\ada.png", "ada.png"),
            ("Čertifikát 🏅.json", "Čertifikát 🏅.json"),
            ("a\0\r\nb.png", "ab.png"),
            ("gpj.\u{202E}exe", "gpj.exe"),
            ("..", "file"),
            ("dir/", "file"),
        ] {
            assert_eq!(plain_name(given), plain, "{given:?}");
        }
        let long = plain_name(&format!("{}.png", "x".repeat(500)));
        assert_eq!(long.chars().count(), MAX_CHARS);
        assert!(long.ends_with(".png"));
    }
}
