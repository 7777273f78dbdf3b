//! The shapes that a page draws: many programs draw a QR code as black squares, not as a picture (ISO 32000-2, 8.5).
//! Comes in: content streams. Goes out: the filled shapes in shades of grey, on white paper.
//! Must not know: QR codes. Only shapes with straight sides are drawn, as the box around them; that is enough for squares.

use super::lexer::{Word, Words};
use crate::intake::budget::Budget;
use crate::intake::picture::Grey;

/// Side of the sheet in pixels, and the most pixels that all shapes together may paint.
const SIDE: usize = 1_600;
const MAX_PAINTED: usize = 40_000_000;
/// The fewest shapes of a QR code.
const FEWEST_SHAPES: usize = 60;
const MAX_SHAPES: usize = 200_000;
/// Deepest stack of graphics states.
const MAX_STATES: usize = 64;

/// `[a b c d e f]` of the operator `cm`.
type Matrix = [f64; 6];

#[derive(Clone, Copy)]
struct Shape {
    left: f64,
    low: f64,
    right: f64,
    high: f64,
    shade: u8,
}

#[derive(Clone, Copy)]
struct State {
    matrix: Matrix,
    shade: u8,
}

/// `None` when the page draws too few shapes for a QR code.
pub(super) fn draw(content: &[u8], budget: &Budget) -> Option<Grey> {
    let shapes = shapes(content);
    if shapes.len() < FEWEST_SHAPES || !budget.take_pixels(SIDE, SIDE) {
        return None;
    }
    let dark = || shapes.iter().filter(|shape| shape.shade < 128);
    let edge = |edge: fn(&Shape) -> f64, least: bool| {
        dark().map(edge).fold(if least { f64::MAX } else { f64::MIN }, if least { f64::min } else { f64::max })
    };
    let (left, right) = (edge(|shape| shape.left, true), edge(|shape| shape.right, false));
    let (low, high) = (edge(|shape| shape.low, true), edge(|shape| shape.high, false));
    let extent = (right - left).max(high - low);
    if !extent.is_finite() || extent <= 0.0 {
        return None;
    }
    // A white margin around the dark shapes.
    let scale = SIDE as f64 * 0.9 / extent;
    let shift = SIDE as f64 * 0.05;
    let mut pixels = vec![u8::MAX; SIDE * SIDE];
    let mut painted = 0;
    for shape in &shapes {
        let across = [(shape.left - left) * scale + shift, (shape.right - left) * scale + shift].map(pixel);
        let down = [(high - shape.high) * scale + shift, (high - shape.low) * scale + shift].map(pixel);
        painted += across[1].saturating_sub(across[0]) * down[1].saturating_sub(down[0]);
        if painted > MAX_PAINTED {
            return None;
        }
        for row in pixels.chunks_exact_mut(SIDE).take(down[1]).skip(down[0]) {
            row.get_mut(across[0]..across[1]).unwrap_or_default().fill(shape.shade);
        }
    }
    Grey::new(SIDE, SIDE, pixels)
}

/// Nearest edge of a pixel, inside the sheet.
fn pixel(place: f64) -> usize {
    place.round().clamp(0.0, SIDE as f64) as usize
}

fn shapes(content: &[u8]) -> Vec<Shape> {
    let mut states = vec![State { matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], shade: 0 }];
    let mut path: Vec<Shape> = Vec::new();
    let mut shapes = Vec::new();
    let mut numbers: Vec<f64> = Vec::new();
    for word in Words::new(content) {
        let operator = match word {
            Word::Number(number) => {
                numbers.push(number);
                continue;
            }
            Word::Operator(operator) => operator,
            _ => continue,
        };
        let current = states.last().copied();
        match operator {
            b"q" if states.len() < MAX_STATES => states.extend(current),
            b"Q" if states.len() > 1 => drop(states.pop()),
            _ => {}
        }
        let Some(state) = states.last_mut() else { break };
        match (operator, numbers.as_slice()) {
            (b"cm", [a, b, c, d, e, f]) => state.matrix = product([*a, *b, *c, *d, *e, *f], state.matrix),
            (b"g" | b"sc" | b"scn", [grey]) => state.shade = shade(*grey),
            (b"rg" | b"sc" | b"scn", [red, green, blue]) => state.shade = shade(red * 0.3 + green * 0.59 + blue * 0.11),
            (b"k" | b"sc" | b"scn", [cyan, magenta, yellow, black]) => {
                state.shade = shade((1.0 - black) * (1.0 - (cyan + magenta + yellow) / 3.0));
            }
            (b"re", [x, y, width, height]) => {
                let corners = [(*x, *y), (x + width, y + height)];
                path.push(around(&corners.map(|corner| placed(corner, state.matrix)), 0));
            }
            (b"m", [x, y]) => path.push(around(&[placed((*x, *y), state.matrix)], 0)),
            (b"l", [x, y]) => {
                let point = placed((*x, *y), state.matrix);
                if let Some(open) = path.last_mut() {
                    *open = around(&[(open.left, open.low), (open.right, open.high), point], 0);
                }
            }
            (b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*", _) => {
                let shade = state.shade;
                shapes.extend(path.drain(..).map(|shape| Shape { shade, ..shape }));
            }
            (b"n" | b"s" | b"S", _) => path.clear(),
            _ => {}
        }
        numbers.clear();
        if shapes.len() + path.len() > MAX_SHAPES {
            break;
        }
    }
    shapes
}

fn product(inner: Matrix, outer: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = inner;
    let [p, q, r, s, t, u] = outer;
    [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u]
}

fn placed((x, y): (f64, f64), [a, b, c, d, e, f]: Matrix) -> (f64, f64) {
    (a * x + c * y + e, b * x + d * y + f)
}

fn around(points: &[(f64, f64)], shade: u8) -> Shape {
    let empty = Shape { left: f64::MAX, low: f64::MAX, right: f64::MIN, high: f64::MIN, shade };
    points.iter().fold(empty, |shape, (x, y)| Shape {
        left: shape.left.min(*x),
        low: shape.low.min(*y),
        right: shape.right.max(*x),
        high: shape.high.max(*y),
        shade,
    })
}

fn shade(light: f64) -> u8 {
    (light.clamp(0.0, 1.0) * 255.0).round() as u8
}
