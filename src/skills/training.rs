//! Learns the weights of the combiner from judged pairs. Comes in: candidates with the right concepts marked. Goes out: weights.
//! The same pairs give the same weights: no chance takes part (L-BFGS on a convex loss).

use super::candidates::Candidates;
use super::combiner::Combiner;
use super::numbers::{OfCandidate, OfNone};

/// Keeps weights small where few pairs speak.
const DECAY: f64 = 0.01;
const ITERATIONS: usize = 150;
/// Steps that the curvature is estimated from.
const MEMORY: usize = 8;

const WIDTH: usize = OfCandidate::NAMES.len() + OfNone::NAMES.len();

/// A judged text, in the scale of the training.
struct Row {
    /// One list of numbers for each candidate.
    candidates: Vec<Vec<f64>>,
    none: Vec<f64>,
    /// Places of the right candidates; empty: no concept is right, or none was found.
    right: Vec<usize>,
}

/// `judged`: candidates, with the places of the right ones.
pub fn train(judged: &[(&Candidates, Vec<usize>)]) -> Combiner {
    let scale = scales(judged);
    let rows: Vec<Row> = judged
        .iter()
        .map(|(candidates, right)| {
            let scaled = |values: &[f32], from: usize| {
                values.iter().enumerate().map(|(at, value)| f64::from(*value) / scale[from + at]).collect::<Vec<f64>>()
            };
            let all = candidates.all.iter().map(|one| scaled(&one.numbers.values(), 0)).collect();
            Row { candidates: all, none: scaled(&candidates.none.values(), OfCandidate::NAMES.len()), right: right.clone() }
        })
        .collect();
    let weights = minimise(|weights| loss(&rows, weights));
    let unscaled: Vec<f64> = weights.iter().zip(&scale).map(|(weight, scale)| weight / scale).collect();
    Combiner::of_places(&unscaled)
}

/// The spread of each number, so that the decay treats all alike.
fn scales(judged: &[(&Candidates, Vec<usize>)]) -> Vec<f64> {
    let mut sums = vec![(0.0f64, 0.0f64, 0.0f64); WIDTH];
    let mut add = |at: usize, value: f32| {
        let (count, sum, squares) = &mut sums[at];
        (*count, *sum, *squares) = (*count + 1.0, *sum + f64::from(value), *squares + f64::from(value) * f64::from(value));
    };
    for (candidates, _) in judged {
        for one in &candidates.all {
            one.numbers.values().into_iter().enumerate().for_each(|(at, value)| add(at, value));
        }
        candidates.none.values().into_iter().enumerate().for_each(|(at, value)| add(OfCandidate::NAMES.len() + at, value));
    }
    let spread = |(count, sum, squares): (f64, f64, f64)| {
        let mean = sum / count.max(1.0);
        let deviation = (squares / count.max(1.0) - mean * mean).max(0.0).sqrt();
        if deviation > 1e-6 { deviation } else { 1.0 }
    };
    sums.into_iter().map(spread).collect()
}

/// Mean surprise over the right answers, and its slope.
fn loss(rows: &[Row], weights: &[f64]) -> (f64, Vec<f64>) {
    let (of_candidate, of_none) = weights.split_at(OfCandidate::NAMES.len());
    let mut slope = vec![0.0; weights.len()];
    let mut total = 0.0;
    let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    for row in rows {
        let mut scores: Vec<f64> = row.candidates.iter().map(|numbers| dot(of_candidate, numbers)).collect();
        scores.push(dot(of_none, &row.none));
        let none = scores.len() - 1;
        let largest = scores.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let all: f64 = weights.iter().sum();
        let is_right = |at: usize| if row.right.is_empty() { at == none } else { row.right.contains(&at) };
        let right: f64 = weights.iter().enumerate().filter(|(at, _)| is_right(*at)).map(|(_, weight)| weight).sum();
        total -= (right / all).max(1e-300).ln();
        for (at, weight) in weights.iter().enumerate() {
            let pull = weight / all - if is_right(at) { weight / right.max(1e-300) } else { 0.0 };
            let (numbers, from) = if at == none { (&row.none, OfCandidate::NAMES.len()) } else { (&row.candidates[at], 0) };
            slope[from..].iter_mut().zip(numbers).for_each(|(slope, number)| *slope += pull * number);
        }
    }
    let count = rows.len().max(1) as f64;
    let decay: f64 = weights.iter().map(|weight| weight * weight).sum::<f64>() * DECAY / 2.0;
    slope.iter_mut().zip(weights).for_each(|(slope, weight)| *slope = *slope / count + DECAY * weight);
    (total / count + decay, slope)
}

/// L-BFGS with a backtracking search.
fn minimise(loss: impl Fn(&[f64]) -> (f64, Vec<f64>)) -> Vec<f64> {
    let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    let mut at = vec![0.0; WIDTH];
    let (mut value, mut slope) = loss(&at);
    let mut past: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    for _ in 0..ITERATIONS {
        let mut direction = slope.clone();
        let mut shares = Vec::with_capacity(past.len());
        for (moved, turned) in past.iter().rev() {
            let share = dot(moved, &direction) / dot(moved, turned);
            direction.iter_mut().zip(turned).for_each(|(to, turned)| *to -= share * turned);
            shares.push(share);
        }
        if let Some((moved, turned)) = past.last() {
            let scale = dot(moved, turned) / dot(turned, turned);
            direction.iter_mut().for_each(|to| *to *= scale);
        }
        for ((moved, turned), share) in past.iter().zip(shares.into_iter().rev()) {
            let back = share - dot(turned, &direction) / dot(moved, turned);
            direction.iter_mut().zip(moved).for_each(|(to, moved)| *to += back * moved);
        }
        let downhill = dot(&direction, &slope);
        if downhill <= 1e-12 {
            break;
        }
        let mut step = 1.0;
        let found = std::iter::repeat_with(|| {
            let next: Vec<f64> = at.iter().zip(&direction).map(|(at, direction)| at - step * direction).collect();
            let (value, slope) = loss(&next);
            let tried = step;
            step /= 2.0;
            (tried, next, value, slope)
        })
        .take(30)
        .find(|(step, _, reached, _)| *reached <= value - 1e-4 * step * downhill);
        let Some((_, next, reached, next_slope)) = found else { break };
        let moved: Vec<f64> = next.iter().zip(&at).map(|(next, at)| next - at).collect();
        let turned: Vec<f64> = next_slope.iter().zip(&slope).map(|(next, slope)| next - slope).collect();
        if dot(&moved, &turned) > 1e-12 {
            past.push((moved, turned));
            if past.len() > MEMORY {
                past.remove(0);
            }
        }
        let gained = value - reached;
        (at, value, slope) = (next, reached, next_slope);
        if gained < 1e-9 {
            break;
        }
    }
    at
}
