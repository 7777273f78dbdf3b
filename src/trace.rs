//! The trace that a piece of work belongs to (W3C Trace Context), from a request to the deliveries of its events.
//! Comes in: a `traceparent` header, or the member of an event. Goes out: the `traceparent` of the work that is being done.
//! Must not know: who collects the spans. Without a collector every span of [`TARGET`] is off, and nothing here has an effect.

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of the spans that a collector gets; the log does not show them. Their fields hold ids, names of routes and connectors,
/// and results: never a name, an address or a path with an id of a person.
pub const TARGET: &str = "skillgate::trace";

/// <https://www.w3.org/TR/trace-context/#traceparent-header>
pub const TRACEPARENT: &str = "traceparent";

/// The `traceparent` of the innermost span; `None` when nobody collects spans.
pub fn current() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes the span a part of the trace that a `traceparent` names. A value of another form, as a stranger may send it, changes nothing.
/// Call it before the span is entered.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent.filter(|_| !span.is_disabled()) else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    if span.set_parent(TraceContextPropagator::new().extract(&carrier)).is_err() {
        tracing::debug!("a span had begun before its trace was known");
    }
}

/// Names a span that has begun: the route of a request, for example, is known only at its end.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn with_collector<T>(work: impl FnOnce() -> T) -> T {
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let subscriber = tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));
        tracing::subscriber::with_default(subscriber, work)
    }

    #[test]
    fn a_span_continues_the_trace_that_it_is_told_and_is_itself_the_parent_of_what_follows() {
        with_collector(|| {
            let span = tracing::info_span!(target: TARGET, "work");
            continue_from(&span, Some(PARENT));
            let told = span.in_scope(current).unwrap();
            let parts: Vec<&str> = told.split('-').collect();
            assert_eq!((parts[0], parts[1]), ("00", "4bf92f3577b34da6a3ce929d0e0e4736"));
            assert_ne!(parts[2], "00f067aa0ba902b7");
        });
    }

    #[test]
    fn a_value_that_is_no_traceparent_begins_a_trace_of_its_own() {
        for hostile in ["", "00-zz-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(100_000)] {
            with_collector(|| {
                let span = tracing::info_span!(target: TARGET, "work");
                continue_from(&span, Some(hostile));
                let told = span.in_scope(current).unwrap();
                assert!(!told.contains("4bf92f3577b34da6"), "{told}");
            });
        }
    }

    #[test]
    fn without_a_collector_there_is_no_trace() {
        let span = tracing::info_span!(target: TARGET, "work");
        continue_from(&span, Some(PARENT));
        assert_eq!(span.in_scope(current), None);
    }
}
