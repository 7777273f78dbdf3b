//! The parts of a text that its vector is made of: words, pairs of words, and runs of characters inside words, so that a word that
//! no label holds still gets a direction from its parts.

use super::ROWS;
use crate::taxonomy::words::words;

/// Most words of a text that count.
const MAX_WORDS: usize = 40;

/// Calls `take` with the row of each feature.
pub fn features(normal: &str, mut take: impl FnMut(u32)) {
    let mut before: Option<&str> = None;
    let mut buffer = String::with_capacity(64);
    for word in words(normal).take(MAX_WORDS) {
        take(row(b'w', word));
        if let Some(before) = before.replace(word) {
            buffer.clear();
            buffer.push_str(before);
            buffer.push(' ');
            buffer.push_str(word);
            take(row(b'p', &buffer));
        }
        buffer.clear();
        buffer.push('<');
        buffer.push_str(word);
        buffer.push('>');
        let edges: Vec<usize> = buffer.char_indices().map(|(at, _)| at).chain([buffer.len()]).collect();
        if edges.len() < 5 {
            continue;
        }
        for length in 3..=5 {
            for window in edges.windows(length + 1) {
                if let (Some(start), Some(end)) = (window.first(), window.last()) {
                    take(row(b'c', &buffer[*start..*end]));
                }
            }
        }
    }
}

fn row(kind: u8, text: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(text.as_bytes());
    hasher.finalize() % ROWS as u32
}
