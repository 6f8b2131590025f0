//! A bounded queue that serves its networks in turn.

use std::collections::{HashMap, VecDeque};

use super::network::ClientNetwork;

/// Items that wait, at most so many in all and so many of one network. Networks are served in
/// turn, one item each, so that one that asks for much makes only itself wait.
pub(super) struct FairQueue<T> {
    limit: usize,
    limit_per_network: usize,
    length: usize,
    next_number: u64,
    /// Networks with waiting items, the next to be served first; each once.
    turns: VecDeque<ClientNetwork>,
    /// The items of every network in `turns`, the oldest first; never empty.
    waiting: HashMap<ClientNetwork, VecDeque<(u64, T)>>,
}

/// A place in the queue, by which an item can be taken out before its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    network: ClientNetwork,
    number: u64,
}

impl<T> FairQueue<T> {
    pub(super) fn new(limit: usize, limit_per_network: usize) -> Self {
        Self {
            limit,
            limit_per_network,
            length: 0,
            next_number: 0,
            turns: VecDeque::new(),
            waiting: HashMap::new(),
        }
    }

    /// How many items wait.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Adds an item, or gives it back where the queue has no place for it.
    pub(super) fn push(&mut self, network: ClientNetwork, item: T) -> Result<Ticket, T> {
        let of_network = self.waiting.get(&network).map_or(0, VecDeque::len);
        if self.length >= self.limit || of_network >= self.limit_per_network {
            return Err(item);
        }
        if of_network == 0 {
            self.turns.push_back(network);
        }
        let number = self.next_number;
        self.next_number += 1;
        self.length += 1;
        let items = self.waiting.entry(network).or_default();
        items.push_back((number, item));
        Ok(Ticket { network, number })
    }

    /// Takes the oldest item of the network whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let network = self.turns.pop_front()?;
        let items = self.waiting.get_mut(&network)?;
        let (_, item) = items.pop_front()?;
        self.length -= 1;
        if items.is_empty() {
            self.waiting.remove(&network);
        } else {
            self.turns.push_back(network);
        }
        Some(item)
    }

    /// Takes an item out before its turn; nothing where it is no longer waiting.
    pub(super) fn cancel(&mut self, ticket: Ticket) -> Option<T> {
        let items = self.waiting.get_mut(&ticket.network)?;
        let index = items
            .iter()
            .position(|(number, _)| *number == ticket.number)?;
        let (_, item) = items.remove(index)?;
        self.length -= 1;
        if items.is_empty() {
            self.waiting.remove(&ticket.network);
            self.turns.retain(|network| *network != ticket.network);
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    fn network(last: u8) -> ClientNetwork {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn drain<T>(queue: &mut FairQueue<T>) -> Vec<T> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn serves_networks_in_turn() {
        let mut queue = FairQueue::new(64, 4);
        for (last, item) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1")] {
            queue.push(network(last), item).unwrap();
        }
        assert_eq!(queue.pop(), Some("a1"));
        queue.push(network(2), "b2").unwrap();
        assert_eq!(drain(&mut queue), ["b1", "c1", "a2", "b2", "a3"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn bounds_each_network_and_all() {
        let mut queue = FairQueue::new(5, 2);
        for last in [1, 1, 2, 2] {
            queue.push(network(last), ()).unwrap();
        }
        assert_eq!(queue.push(network(1), ()), Err(()));
        queue.push(network(3), ()).unwrap();
        assert_eq!(queue.push(network(4), ()), Err(()));
        queue.pop().unwrap();
        queue.push(network(4), ()).unwrap();
    }

    #[test]
    fn cancelled_item_gives_its_place_back() {
        let mut queue = FairQueue::new(2, 2);
        let first = queue.push(network(1), 'a').unwrap();
        queue.push(network(2), 'b').unwrap();
        assert_eq!(queue.cancel(first), Some('a'));
        assert_eq!(queue.cancel(first), None);
        let again = queue.push(network(1), 'c').unwrap();
        assert_eq!(drain(&mut queue), ['b', 'c']);
        assert_eq!(queue.cancel(again), None);
    }

    proptest! {
        /// Whatever is done with it, the queue neither loses nor repeats an item, and keeps its limits.
        #[test]
        fn keeps_count(steps in prop::collection::vec((0_u8..4, 0_u8..5), 0..200)) {
            let mut queue = FairQueue::new(6, 3);
            let mut present = HashSet::new();
            let mut tickets = Vec::new();
            for (item, (action, last)) in steps.into_iter().enumerate() {
                match action {
                    0 | 1 => if let Ok(ticket) = queue.push(network(last), item) {
                        present.insert(item);
                        tickets.push(ticket);
                    },
                    2 => if let Some(item) = queue.pop() {
                        prop_assert!(present.remove(&item));
                    } else {
                        prop_assert!(present.is_empty());
                    },
                    _ => if let Some(ticket) = tickets.pop()
                        && let Some(item) = queue.cancel(ticket)
                    {
                        prop_assert!(present.remove(&item));
                    },
                }
                prop_assert_eq!(queue.len(), present.len());
                prop_assert!(queue.len() <= 6);
                prop_assert_eq!(queue.turns.len(), queue.waiting.len());
                prop_assert!(queue.waiting.values().all(|items| (1..=3).contains(&items.len())));
            }
        }
    }
}
