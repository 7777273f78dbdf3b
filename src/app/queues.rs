//! Picks the queue that `queue.url` names.

use super::AppError;
use crate::config::Settings;
use crate::queue::Queue;
use crate::queue::memory::MemoryQueue;
#[cfg(feature = "rabbitmq")]
use crate::queue::rabbitmq::RabbitQueue;
use std::sync::Arc;

/// Connects to the queue: `memory:` or `amqp(s)://…`.
pub async fn connect_queue(settings: &Settings) -> Result<Arc<dyn Queue>, AppError> {
    let url = settings.queue.url.expose();
    match url.split(':').next() {
        Some("memory") => Ok(Arc::new(MemoryQueue::new())),
        #[cfg(feature = "rabbitmq")]
        Some("amqp" | "amqps") => {
            let authorities = Some(settings.queue.authorities_file.as_path()).filter(|file| !file.as_os_str().is_empty());
            Ok(Arc::new(RabbitQueue::connect(url, authorities, &settings.queue.prefix).await?))
        }
        _ => Err(AppError::Settings("queue.url must be memory: or amqp://USER:PASSWORD@HOST:5672/VHOST".into())),
    }
}
