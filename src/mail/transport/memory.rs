//! A transport that keeps what it is given, for tests of everything around it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mail::transport::{Delivery, OutgoingMail};

/// Keeps every accepted mail, in order. Clones share what they keep.
#[derive(Clone, Debug, Default)]
pub struct MemoryTransport {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    accepted: Vec<OutgoingMail>,
    answers: VecDeque<Delivery>,
}

impl MemoryTransport {
    /// What was accepted so far.
    pub fn accepted(&self) -> Vec<OutgoingMail> {
        self.state().accepted.clone()
    }

    /// The next mail that has no answer yet gets this one instead of being accepted.
    pub fn answer_next_with(&self, answer: Delivery) {
        self.state().answers.push_back(answer);
    }

    pub(super) fn deliver(&self, mail: &OutgoingMail) -> Delivery {
        let mut state = self.state();
        let answer =
            state.answers.pop_front().unwrap_or(Delivery::Accepted { response: "kept in memory".to_owned() });
        if matches!(answer, Delivery::Accepted { .. }) {
            state.accepted.push(mail.clone());
        }
        answer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it looked has not damaged a list.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
