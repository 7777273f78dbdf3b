//! Characters that a reader does not see. Comes in: a character. Goes out: whether it may stand in a name that is shown or sent on.
//! Must not know: whose name it is.

/// Control characters, and those that change how the text around them is shown: direction marks, zero-width ones, line separators.
pub fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::misleads;

    #[test]
    fn text_of_all_scripts_is_visible_and_what_turns_it_around_is_not() {
        assert!(!"Čertifikát 🏅 Ada שלום مرحبا".chars().any(misleads));
        for c in ['\n', '\u{202E}', '\u{2067}', '\u{200F}', '\u{061C}', '\u{FEFF}', '\u{7f}', '\u{2028}'] {
            assert!(misleads(c), "{c:?}");
        }
    }
}
