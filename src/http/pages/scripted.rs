//! Pages that a script fills from the API.

use super::Visit;
use crate::web::frame::Area;
use actix_web::HttpResponse;

/// `GET /skills`
pub async fn skills(visit: Visit) -> HttpResponse {
    visit.page("skills.html", Area::Skills, &())
}
