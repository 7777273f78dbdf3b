//! Tables for spreadsheets. Comes in: a head and rows. Goes out: a CSV file whose cells no spreadsheet takes for formulas.

use crate::http::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};

/// A download. `name`: plain letters, digits, dots and dashes.
pub fn file(name: &str, head: &[&str], rows: Vec<Vec<String>>) -> Result<HttpResponse, Problem> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(head).map_err(Problem::internal)?;
    for row in rows {
        writer.write_record(row.into_iter().map(plain)).map_err(Problem::internal)?;
    }
    let bytes = writer.into_inner().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .body(bytes))
}

/// A spreadsheet would run a cell that begins like a formula.
fn plain(cell: String) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(plain(cell.to_owned()).starts_with('\''), "{cell}");
        }
        assert_eq!(plain("a=1".to_owned()), "a=1");
    }
}
