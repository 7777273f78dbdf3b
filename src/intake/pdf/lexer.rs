//! The words of a content stream or a character map (ISO 32000-2, 7.8.2): numbers, names, strings, operators.
//! Comes in: unpacked bytes. Goes out: one word after the other, in one pass.
//! Must not know: the meaning of an operator. Inline pictures are skipped.

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word<'a> {
    Number(f64),
    Name(&'a [u8]),
    String(Vec<u8>),
    /// `[` and `]`
    Open,
    Close,
    Operator(&'a [u8]),
}

pub(super) struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// `(text (in) brackets \) )`, with its escapes read.
    fn literal(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut open = 1;
        let mut at = 1;
        while let Some(&byte) = self.rest.get(at) {
            at += 1;
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\\' => {
                    at += escaped(self.rest.get(at..).unwrap_or_default(), &mut text);
                    continue;
                }
                _ => {}
            }
            if open == 0 {
                break;
            }
            text.push(byte);
        }
        self.take(at);
        text
    }

    fn hex(&mut self) -> Vec<u8> {
        let length = self.rest.iter().position(|byte| *byte == b'>').map_or(self.rest.len(), |end| end + 1);
        let digits = self.take(length).iter().filter_map(|byte| char::from(*byte).to_digit(16));
        let digits: Vec<u8> = digits.filter_map(|digit| u8::try_from(digit).ok()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
    }

    /// Skips an inline picture: from behind `ID` to behind `EI`.
    fn skip_picture(&mut self) {
        let end = self
            .rest
            .windows(4)
            .position(|window| window[0].is_ascii_whitespace() && window[1..3] == *b"EI" && window[3].is_ascii_whitespace());
        self.take(end.map_or(self.rest.len(), |end| end + 3));
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            let skipped = self.rest.iter().take_while(|byte| is_space(**byte)).count();
            self.take(skipped);
            match self.rest.first()? {
                b'%' => {
                    let line = self.rest.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
                    self.take(line);
                }
                b'(' => return Some(Word::String(self.literal())),
                b'<' if !self.rest.starts_with(b"<<") => return Some(Word::String(self.hex())),
                b'/' => {
                    let length = 1 + self.rest[1..].iter().take_while(|byte| is_regular(**byte)).count();
                    return Some(Word::Name(&self.take(length)[1..]));
                }
                byte if is_regular(*byte) => {
                    let length = self.rest.iter().take_while(|byte| is_regular(**byte)).count();
                    let word = self.take(length);
                    if word == b"ID" {
                        self.skip_picture();
                        continue;
                    }
                    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
                    return Some(number.filter(|number: &f64| number.is_finite()).map_or(Word::Operator(word), Word::Number));
                }
                b'[' | b']' => return Some(if self.take(1) == b"[" { Word::Open } else { Word::Close }),
                _ => drop(self.take(1)),
            }
        }
    }
}

/// Reads the escape after a backslash; returns the number of bytes used.
fn escaped(rest: &[u8], text: &mut Vec<u8>) -> usize {
    let Some(&byte) = rest.first() else { return 0 };
    let octal = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    if octal > 0 {
        text.push(rest[..octal].iter().fold(0_u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit - b'0')));
        return octal;
    }
    match byte {
        b'n' => text.push(b'\n'),
        b'r' => text.push(b'\r'),
        b't' => text.push(b'\t'),
        b'\r' if rest.get(1) == Some(&b'\n') => return 2,
        b'\r' | b'\n' => {}
        other => text.push(other),
    }
    1
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let data = br"/F1 12 Tf [(a\(b\)(c)\101) -20.5 <48 69>]TJ % note
BI /W 1 ID xx EIx EI Q";
        let words: Vec<Word<'_>> = Words::new(data).collect();
        let expected = [
            Word::Name(b"F1"),
            Word::Number(12.0),
            Word::Operator(b"Tf"),
            Word::Open,
            Word::String(b"a(b)(c)A".to_vec()),
            Word::Number(-20.5),
            Word::String(b"Hi".to_vec()),
            Word::Close,
            Word::Operator(b"TJ"),
            Word::Operator(b"BI"),
            Word::Name(b"W"),
            Word::Number(1.0),
            Word::Operator(b"Q"),
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn unfinished_words_end_with_the_data() {
        for data in [&b"(abc"[..], b"<12", b"/", b"(\\", b"<<", b"ID x", b"(\\1"] {
            assert!(Words::new(data).count() <= 1, "{}", String::from_utf8_lossy(data));
        }
    }
}
