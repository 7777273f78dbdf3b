//! Which lanes the messages of one connection speak of, and which of them are being delivered. Pure.
//! Comes in: messages. Goes out: persons whose lanes should be claimed, in the order of the messages, and receipts to settle.

use crate::model::ids::CandidateRef;
use crate::queue::{Message, Receipt};
use std::collections::{HashMap, VecDeque};

type Receipts = Vec<Box<dyn Receipt>>;

#[derive(Default)]
pub struct Hints {
    /// Not yet claimed, in order.
    line: VecDeque<CandidateRef>,
    /// Messages of lanes in the line.
    waiting: HashMap<CandidateRef, Receipts>,
    /// Lanes that are being claimed or delivered.
    held: HashMap<CandidateRef, Held>,
    count: usize,
}

#[derive(Default)]
struct Held {
    receipts: Receipts,
    /// Another message came meanwhile. Its delivery may have been made after the lane was read for the last time.
    look_again: bool,
}

impl Hints {
    /// Returns the receipt of a message that need not wait: its lane is being delivered, and is looked at again afterwards.
    pub fn join(&mut self, message: Message) -> Option<Box<dyn Receipt>> {
        let about = message.event.partitionkey;
        if let Some(held) = self.held.get_mut(&about) {
            held.look_again = true;
            return Some(message.receipt);
        }
        let receipts = self.waiting.entry(about.clone()).or_default();
        if receipts.is_empty() && !self.line.contains(&about) {
            self.line.push_back(about);
        }
        receipts.push(message.receipt);
        self.count += 1;
        None
    }

    /// Messages that wait for their lane to be claimed.
    pub fn waiting(&self) -> usize {
        self.count
    }

    /// Lanes that stand in the line.
    pub fn line(&self) -> usize {
        self.line.len()
    }

    /// The first lanes of the line, to be claimed; so many that no more than `most` are held.
    pub fn take(&mut self, most: usize) -> Vec<CandidateRef> {
        let count = most.saturating_sub(self.held.len()).min(self.line.len());
        let taken: Vec<CandidateRef> = self.line.drain(..count).collect();
        for about in &taken {
            let receipts = self.waiting.remove(about).unwrap_or_default();
            self.count -= receipts.len();
            self.held.insert(about.clone(), Held { receipts, look_again: false });
        }
        taken
    }

    /// Lanes that could not be claimed now stand in the line again, before all others.
    pub fn put_back(&mut self, asked: Vec<CandidateRef>) {
        for about in asked.into_iter().rev() {
            let receipts = self.held.remove(&about).map(|held| held.receipts).unwrap_or_default();
            self.count += receipts.len();
            self.waiting.entry(about.clone()).or_default().extend(receipts);
            self.line.push_front(about);
        }
    }

    /// Ends a lane that was not for us, or that was delivered; returns the receipts of its messages.
    pub fn done(&mut self, about: &CandidateRef) -> Receipts {
        let Some(held) = self.held.remove(about) else { return Vec::new() };
        if held.look_again {
            self.line.push_back(about.clone());
        }
        held.receipts
    }

    pub fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }

    /// Lanes that are being claimed or delivered.
    pub fn held(&self) -> Vec<CandidateRef> {
        self.held.keys().cloned().collect()
    }

    /// The remaining messages at the end.
    pub fn into_receipts(self) -> Receipts {
        let held = self.held.into_values().flat_map(|held| held.receipts);
        self.waiting.into_values().flatten().chain(held).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::QueueError;

    struct NoReceipt;

    #[async_trait::async_trait]
    impl Receipt for NoReceipt {
        async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
            Ok(())
        }
        async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
            Ok(())
        }
    }

    fn message(about: &str, number: u32) -> Message {
        let event = serde_json::json!({"specversion": "1.0", "id": format!("{about}-{number}"), "source": "/tenants/default/gateway",
            "type": "org.skillgate.skill.asserted.v1", "subject": "candidates/x", "time": "2026-06-01T12:00:00Z",
            "datacontenttype": "application/json", "dataschema": "urn:x", "tenantid": "default", "partitionkey": about,
            "sequence": format!("{number:010}"), "privacymode": "pseudonymous", "data": {}});
        Message { event: crate::model::event::Envelope::read(&event.to_string()).unwrap(), receipt: Box::new(NoReceipt) }
    }

    fn names(lanes: &[CandidateRef]) -> Vec<&str> {
        lanes.iter().map(CandidateRef::as_str).collect()
    }

    #[test]
    fn a_person_stands_in_the_line_once_and_no_more_lanes_are_held_than_allowed() {
        let mut hints = Hints::default();
        for (about, number) in [("ada", 1), ("ada", 2), ("bob", 1), ("cleo", 1)] {
            assert!(hints.join(message(about, number)).is_none());
        }
        assert_eq!(hints.waiting(), 4);
        assert_eq!(names(&hints.take(2)), ["ada", "bob"]);
        assert_eq!((hints.take(2).len(), hints.waiting()), (0, 1));
        assert_eq!(hints.done(&CandidateRef::from("ada")).len(), 2);
        assert_eq!(names(&hints.take(2)), ["cleo"]);
    }

    #[test]
    fn a_message_about_a_lane_in_delivery_does_not_wait_and_the_lane_is_looked_at_again() {
        let mut hints = Hints::default();
        assert!(hints.join(message("ada", 1)).is_none());
        hints.take(8);
        assert!(hints.join(message("ada", 2)).is_some(), "it takes no place of others");
        assert!(hints.take(8).is_empty());
        assert_eq!(hints.done(&CandidateRef::from("ada")).len(), 1);
        assert_eq!(names(&hints.take(8)), ["ada"]);
    }

    #[test]
    fn lanes_that_could_not_be_claimed_stand_before_all_others() {
        let mut hints = Hints::default();
        for about in ["ada", "bob", "cleo"] {
            assert!(hints.join(message(about, 1)).is_none());
        }
        let asked = hints.take(2);
        hints.put_back(asked);
        assert_eq!((hints.waiting(), hints.holds_any()), (3, false));
        assert_eq!(names(&hints.take(8)), ["ada", "bob", "cleo"]);
        assert_eq!(hints.into_receipts().len(), 3);
    }
}
