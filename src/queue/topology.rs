//! Names on the broker. Pure. With the prefix `skillgate`, `skillgate.events` is a topic exchange: to read a tenant's events, bind a
//! queue of your own to `<tenant>.#`, or to `<tenant>.org.skillgate.skill.*.v1`. schemas/asyncapi.yaml names it, too.

use crate::model::event::Envelope;
use crate::model::ids::{ConnectionId, TenantId};

/// Names under one prefix, so that several gateways can share a broker.
#[derive(Clone, Debug)]
pub struct Topology {
    prefix: String,
}

impl Topology {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Topic exchange that every event goes to.
    pub fn events(&self) -> String {
        format!("{}.events", self.prefix)
    }

    /// Topic exchange of dead letters, and the queue that keeps them.
    pub fn dead(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// The connection's queue.
    pub fn connection(&self, connection: &ConnectionId) -> String {
        format!("{}.connection.{connection}", self.prefix)
    }

    /// The binding key of the connection's queue.
    pub fn binding(tenant: &TenantId) -> String {
        format!("{}.#", word(tenant.as_str()))
    }

    pub fn routing_key(event: &Envelope) -> String {
        format!("{}.{}", word(event.tenantid.as_str()), event.event_type.as_str())
    }
}

/// One word of a routing key: no dot, and no wildcard.
fn word(text: &str) -> String {
    text.replace(['.', '*', '#'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_can_not_bind_to_another_ones_events() {
        assert_eq!(Topology::binding(&TenantId::from("default")), "default.#");
        assert_eq!(Topology::binding(&TenantId::from("#")), "_.#");
        assert_eq!(Topology::binding(&TenantId::from("a.b")), "a_b.#");
    }

    #[test]
    fn names_carry_the_prefix() {
        let topology = Topology::new("test7");
        assert_eq!((topology.events(), topology.dead()), ("test7.events".to_owned(), "test7.dead".to_owned()));
        assert_eq!(topology.connection(&ConnectionId::from("c1")), "test7.connection.c1");
    }
}
