//! Claimed mails that wait for their turn: a lane a domain, and the lanes in turn, so that one with many mails holds
//! up no other.

use std::collections::{HashMap, VecDeque};

use crate::service::notice::Sendable;

/// The mails, by domain.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<String, VecDeque<Sendable>>,
    turns: VecDeque<String>,
    count: usize,
}

impl Lanes {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn push(&mut self, mail: Sendable) {
        let lane = self.lanes.entry(mail.domain.clone()).or_insert_with(|| {
            self.turns.push_back(mail.domain.clone());
            VecDeque::new()
        });
        self.count += 1;
        if mail.urgent {
            lane.push_front(mail);
        } else {
            lane.push_back(mail);
        }
    }

    /// The next mail of a lane that may go on, the lanes in turn.
    pub(super) fn next(&mut self, mut may_go_on: impl FnMut(&str) -> bool) -> Option<Sendable> {
        for _ in 0..self.turns.len() {
            let domain = self.turns.pop_front()?;
            if !may_go_on(&domain) {
                self.turns.push_back(domain);
                continue;
            }
            let lane = self.lanes.get_mut(&domain)?;
            let mail = lane.pop_front();
            if lane.is_empty() {
                self.lanes.remove(&domain);
            } else {
                self.turns.push_back(domain);
            }
            self.count -= usize::from(mail.is_some());
            return mail;
        }
        None
    }

    /// The domains that have so many mails waiting, or more.
    pub(super) fn domains_with(&self, mails: usize) -> impl Iterator<Item = &String> {
        self.lanes.iter().filter(move |(_, lane)| lane.len() >= mails).map(|(domain, _)| domain)
    }

    /// Mails of a domain.
    pub(super) fn waiting(&self, domain: &str) -> usize {
        self.lanes.get(domain).map_or(0, VecDeque::len)
    }

    /// Takes every mail of a domain out.
    pub(super) fn take(&mut self, domain: &str) -> Vec<Sendable> {
        self.turns.retain(|other| other != domain);
        let mails = self.lanes.remove(domain).unwrap_or_default();
        self.count -= mails.len();
        mails.into()
    }

    /// Takes every mail out.
    pub(super) fn take_all(&mut self) -> Vec<Sendable> {
        self.turns.clear();
        self.count = 0;
        self.lanes.drain().flat_map(|(_, lane)| lane).collect()
    }
}
