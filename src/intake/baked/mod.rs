//! Credentials baked into images (Open Badges baking, 2.x and 3.0; CLR 2.0).
//! Comes in: the bytes of a picture. Goes out: the baked texts, unread.
//! Only the picture's container is read; its pixels are never decoded here.

pub mod png;
pub mod svg;

/// The badges in a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The first badge of each kind (Open Badges 2, Open Badges 3, CLR), in file order.
    pub payloads: Vec<String>,
    /// The number of further badges of the same kinds. By the specification, the first badge counts.
    pub repeated: usize,
    /// The reason why the picture could not be read to its end.
    pub damage: Option<String>,
}
