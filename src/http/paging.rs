//! Lists: `limit` and `after` in, `items` and `next` out.

use super::problem::{Code, Problem};
use crate::model::record::Page;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

pub const DEFAULT_LIMIT: u32 = 50;
pub const MAX_LIMIT: u32 = 500;
const MAX_CURSOR_BYTES: usize = 128;

/// The query of a list without filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    limit: Option<u32>,
    after: Option<String>,
}

impl PageQuery {
    pub fn page(&self) -> Result<Page, Problem> {
        page(self.limit, self.after.as_deref())
    }
}

/// Checks `limit` and `after`. One more row than asked for is read, to know whether there is a next page.
pub fn page(limit: Option<u32>, after: Option<&str>) -> Result<Page, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::new(Code::InvalidQuery, format!("limit must be between 1 and {MAX_LIMIT}.")));
    }
    let is_cursor = |text: &&str| crate::model::ids::is_identifier(text) && text.len() <= MAX_CURSOR_BYTES;
    if after.is_some_and(|after| !is_cursor(&after)) {
        return Err(Problem::new(Code::InvalidQuery, "after must be the `next` of the page before."));
    }
    Ok(Page { limit: limit + 1, after: after.map(str::to_owned) })
}

/// A filter of a list by an identifier.
pub fn filter<T: From<String>>(name: &str, value: Option<String>) -> Result<Option<T>, Problem> {
    match value {
        Some(text) if !crate::model::ids::is_identifier(&text) => {
            Err(Problem::new(Code::InvalidQuery, format!("{name} is not an identifier.")))
        }
        other => Ok(other.map(T::from)),
    }
}

#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Answers a list; `rows` may hold one row more than the page, which then becomes the sign of a next page.
pub fn list<T: Serialize>(page: &Page, mut rows: Vec<T>, cursor: impl Fn(&T) -> String) -> HttpResponse {
    let next = cut(page, &mut rows).then(|| rows.last().map(cursor)).flatten();
    HttpResponse::Ok().json(List { items: rows, next })
}

/// Cuts the extra row off; true when there was one.
pub fn cut<T>(page: &Page, rows: &mut Vec<T>) -> bool {
    let asked = page.limit.saturating_sub(1) as usize;
    let more = rows.len() > asked;
    rows.truncate(asked);
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_cursors_out_of_range_are_refused() {
        assert_eq!(page(None, None).unwrap().limit, DEFAULT_LIMIT + 1);
        assert!(page(Some(0), None).is_err());
        assert!(page(Some(MAX_LIMIT + 1), None).is_err());
        assert!(page(None, Some("a\0")).is_err());
    }

    #[test]
    fn the_extra_row_only_tells_that_there_is_more() {
        let page = page(Some(2), None).unwrap();
        let mut rows = vec![1, 2, 3];
        assert!(cut(&page, &mut rows));
        assert_eq!(rows, [1, 2]);
        assert!(!cut(&page, &mut rows));
    }
}
