//! The exact requests that settings of a connector make for a sample event, and how they differ from those of a stored connection.
//! Comes in: fields and overrides, as somebody edits them. Goes out: lines. Nothing is sent, and no stored secret is read.

use super::connections::find;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::ports::Planned;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::event::EventType;
use crate::model::ids::{ConnectionId, is_identifier};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longer plans are shown without the differences, in lines.
const LONGEST_COMPARED: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    mapping: Map<String, Value>,
    /// The sample event; absent: the connector's first.
    event_type: Option<EventType>,
    /// A stored connection with which the requests are compared.
    connection_id: Option<String>,
}

#[derive(Serialize)]
struct Plan {
    lines: Vec<Line>,
}

/// A line of the requests.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    change: Change,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Same,
    /// Not in the requests of the stored settings.
    Added,
    /// Only in the requests of the stored settings.
    Removed,
}

/// `POST /v1/connectors/{name}/plan`
pub async fn plan(
    state: web::Data<State>,
    caller: Caller,
    name: Id<String>,
    body: web::Json<Question>,
) -> Result<HttpResponse, Problem> {
    let Question { fields, mapping, event_type, connection_id } = body.into_inner();
    let connectors = state.connectors.list();
    if !connectors.iter().any(|known| known.name == name.0) {
        return Err(Problem::not_found("connector"));
    }
    let stored = match connection_id {
        Some(id) if is_identifier(&id) => Some(find(&state, &caller, &ConnectionId::from(id)).await?),
        Some(_) => return Err(Problem::new(Code::InvalidField, "connection_id is not an identifier.")),
        None => None,
    };
    if stored.as_ref().is_some_and(|stored| stored.connector != name.0) {
        return Err(Problem::invalid_field("connection_id", "is a connection of another connector"));
    }
    let planned = Planned { connector: name.0, fields, mapping, event_type };
    let new = requests(&state, &planned).await?;
    let old = match stored {
        Some(stored) => Some(requests(&state, &Planned { fields: stored.fields, mapping: stored.mapping, ..planned }).await?),
        None => None,
    };
    Ok(HttpResponse::Ok().json(Plan { lines: compared(old.as_deref().unwrap_or(&new), &new) }))
}

async fn requests(state: &State, planned: &Planned) -> Result<String, Problem> {
    state.connectors.plan(planned).await.map_err(|error| Problem::invalid_fields(vec![error]))
}

/// The longest common subsequence of lines, and what differs from it.
fn compared(old: &str, new: &str) -> Vec<Line> {
    let line = |change: Change, text: &&str| Line { change, text: (*text).to_owned() };
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if old == new || old.len().max(new.len()) > LONGEST_COMPARED {
        return new.iter().map(|text| line(Change::Same, text)).collect();
    }
    // `common[i][j]`: lines that the rests from `i` and `j` on have in common.
    let mut common = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    let at = |common: &Vec<Vec<usize>>, i: usize, j: usize| common.get(i).and_then(|row| row.get(j)).copied().unwrap_or_default();
    for (i, before) in old.iter().enumerate().rev() {
        for (j, after) in new.iter().enumerate().rev() {
            let longest =
                if before == after { at(&common, i + 1, j + 1) + 1 } else { at(&common, i + 1, j).max(at(&common, i, j + 1)) };
            if let Some(cell) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = longest;
            }
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::with_capacity(new.len()));
    loop {
        match (old.get(i), new.get(j)) {
            (Some(before), Some(after)) if before == after => {
                lines.push(line(Change::Same, after));
                (i, j) = (i + 1, j + 1);
            }
            (Some(before), after) if after.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                lines.push(line(Change::Removed, before));
                i += 1;
            }
            (_, Some(after)) => {
                lines.push(line(Change::Added, after));
                j += 1;
            }
            (_, None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_marked_and_the_rest_stays() {
        let shown: Vec<String> = compared("POST /a\nx: 1\nbody", "POST /b\nx: 1\nbody\nmore")
            .into_iter()
            .map(|line| format!("{:?} {}", line.change, line.text))
            .collect();
        assert_eq!(shown, ["Removed POST /a", "Added POST /b", "Same x: 1", "Same body", "Added more"]);
        assert!(compared("a\nb", "a\nb").iter().all(|line| line.change == Change::Same));
        assert_eq!(compared("a", "").len(), 1);
        assert_eq!(compared("", "a\nb").len(), 2);
    }
}
