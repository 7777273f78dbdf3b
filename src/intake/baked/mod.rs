//! Credentials baked into images (Open Badges baking, 2.x and 3.0; CLR 2.0).
//! Comes in: the bytes of a picture. Goes out: the texts that were baked into it, unread.
//! The picture itself is never decoded: only its container is walked.

pub mod png;
pub mod svg;

/// The badges in a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The first badge of each kind (Open Badges 2, Open Badges 3, CLR), in the order found.
    pub payloads: Vec<String>,
    /// Further ones of a kind already found; the specification lets the first one count.
    pub repeated: usize,
    /// Why the picture could not be read to its end.
    pub damage: Option<String>,
}
