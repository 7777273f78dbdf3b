//! Formats that are secured in ways of their own: Open Badges 1 and 2, the European Learning Model, LER-RS.
//! Comes in: a received credential of that format. Goes out: its checks and its content.

pub mod elm;
pub mod ler_rs;
pub mod open_badges_2;
