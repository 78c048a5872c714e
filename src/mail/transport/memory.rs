//! A transport that keeps what it is given, for tests of everything around it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mail::transport::{Delivery, MayGo, OutgoingMail};

/// Keeps every accepted mail, in order. Clones share what they keep.
#[derive(Clone, Debug, Default)]
pub struct MemoryTransport {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    accepted: Vec<OutgoingMail>,
    answers: VecDeque<Delivery>,
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("State").field("accepted", &self.accepted.len()).finish_non_exhaustive()
    }
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

    /// This happens when the next mail is about to be handed over.
    pub fn before_the_next(&self, meanwhile: impl FnOnce() + Send + 'static) {
        self.state().meanwhile = Some(Box::new(meanwhile));
    }

    pub(super) fn deliver(&self, mail: &OutgoingMail, may_go: &MayGo<'_>) -> Delivery {
        let meanwhile = self.state().meanwhile.take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        if !may_go() {
            return Delivery::Withheld;
        }
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
