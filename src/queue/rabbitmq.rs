//! (module rabbitmq)
