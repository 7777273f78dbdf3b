//! Text as the matcher sees it. Comes in: a label in any script. Goes out: its normal form, its words, its runs of characters and
//! their hashes. Must not know: taxonomies.

use icu_normalizer::ComposingNormalizerBorrowed;

/// Longest text that is looked at, in characters: names of skills are shorter, and the text is foreign.
pub const MAX_CHARACTERS: usize = 200;
/// Characters that carry meaning in names such as `C++`, `C#`, `.NET`, `TCP/IP` and `R&D`.
const KEPT: &[char] = &['+', '#', '.', '/', '&', '\'', '-'];

/// NFKC, lower case, single spaces; of punctuation only what [`KEPT`] lists, and only inside words.
pub fn normal(text: &str) -> String {
    let cut: String = text.chars().take(MAX_CHARACTERS).collect();
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(&cut).to_lowercase();
    let plain: String = composed
        .chars()
        .map(|character| match character {
            '\u{2019}' => '\'',
            '\u{2010}'..='\u{2014}' => '-',
            other if other.is_alphanumeric() || KEPT.contains(&other) => other,
            _ => ' ',
        })
        .collect();
    let words = plain.split(' ').map(trimmed).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Marks at the ends of a word say nothing, apart from `c++`, `c#` and `.net`.
fn trimmed(word: &str) -> &str {
    let end = word.trim_end_matches(['.', '/', '&', '\'', '-']);
    let start = end.trim_start_matches(['+', '#', '/', '&', '\'', '-']);
    let start = if start.starts_with("..") { start.trim_start_matches('.') } else { start };
    if start.chars().any(char::is_alphanumeric) { start } else { "" }
}

/// The words of a normal form; `tcp/ip` is two.
pub fn words(normal: &str) -> impl Iterator<Item = &str> {
    normal.split([' ', '/', '&']).filter(|word| !word.is_empty())
}

/// The start of a word that inflection leaves alone: `manag` of manage, managing and management.
pub fn stem(word: &str) -> &str {
    let length = word.chars().count();
    let kept = if length > 5 { (length - 3).clamp(4, 6) } else { length.min(4) };
    word.char_indices().nth(kept).map_or(word, |(end, _)| &word[..end])
}

/// FNV-1a, 64 bits: stable, since compiled taxonomies hold it.
pub fn hash(text: &str, seed: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Calls `take` with each run of 2, 3 and 4 characters of each word, the space before and after it included, packed into
/// a number, with the length of the run.
pub fn runs(normal: &str, mut take: impl FnMut(u64, usize)) {
    for word in normal.split(' ').filter(|word| !word.is_empty()) {
        let (mut window, mut seen) = (0u64, 0usize);
        for character in std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')) {
            window = (window << 16) | (u64::from(u32::from(character)) & 0xffff);
            seen += 1;
            for length in 2..=4usize {
                if seen >= length {
                    let mask = if length == 4 { u64::MAX } else { (1 << (16 * length)) - 1 };
                    take(window & mask, length);
                }
            }
        }
    }
}

/// As [`runs`], in the same order; but of the runs that end at one character the longer ones are given only while `take` knows the shorter:
/// a text that holds a run of 4 characters holds its last 2 and 3 as well.
pub fn runs_while(normal: &str, mut take: impl FnMut(u64) -> bool) {
    for word in normal.split(' ').filter(|word| !word.is_empty()) {
        let (mut window, mut seen) = (0u64, 0usize);
        for character in std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')) {
            window = (window << 16) | (u64::from(u32::from(character)) & 0xffff);
            seen += 1;
            let known = seen >= 2 && take(window & 0xffff_ffff) && seen >= 3 && take(window & 0xffff_ffff_ffff) && seen >= 4;
            if known {
                take(window);
            }
        }
    }
}

/// The length of a packed run.
pub fn run_length(run: u64) -> usize {
    match run {
        run if run >> 48 != 0 => 4,
        run if run >> 32 != 0 => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_marks_that_carry_meaning() {
        for (text, expected) in [
            ("  Agile ) ", "agile"),
            ("C++", "c++"),
            ("C#,", "c#"),
            (".NET Security", ".net security"),
            ("TCP/IP", "tcp/ip"),
            ("Artificial Intelligence (AI)", "artificial intelligence ai"),
            ("ＳＱＬ – Grundlagen", "sql grundlagen"),
            ("- / & '", ""),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
        assert_eq!(normal(&"a".repeat(10_000)).len(), MAX_CHARACTERS);
    }

    #[test]
    fn runs_stay_inside_words_and_tell_their_length() {
        let mut seen = Vec::new();
        runs("ab c", |run, length| seen.push((run_length(run), length)));
        assert_eq!(seen.iter().filter(|(_, length)| *length == 2).count(), 5);
        assert!(seen.iter().all(|(told, length)| told == length));
    }

    #[test]
    fn known_runs_are_the_same_whichever_way_they_are_found() {
        let mut known = std::collections::BTreeSet::new();
        runs("arc welding of pipes", |run, _| {
            known.insert(run);
        });
        for label in ["welding", "arc weld", "pipe fitting", "geld", "ß", "", "wel ding arc", "aaaa arcarc"] {
            let (mut plain, mut short) = (Vec::new(), Vec::new());
            runs(label, |run, _| plain.extend(known.get(&run).copied()));
            runs_while(label, |run| {
                short.extend(known.get(&run).copied());
                known.contains(&run)
            });
            assert_eq!(plain, short, "{label}");
        }
    }

    #[test]
    fn inflection_leaves_the_stem_alone() {
        assert_eq!(stem("manage"), stem("manag"));
        assert_eq!((stem("sql"), stem("für"), stem("analysing")), ("sql", "für", "analys"));
    }
}
