//! Isolation: a batch that the store refuses is halved until the one event that may be at fault is alone.

use crate::FailureClass;

/// A chunk that failed this often for an unclear reason is split: perhaps one event is at fault.
const SPLIT_AFTER: u32 = 3;

/// Items that are recorded together.
#[derive(Debug)]
pub(crate) struct Chunk<I> {
    pub(crate) items: Vec<I>,
    /// Failures in a row that were neither clearly the content's nor clearly the store's.
    unclear: u32,
}

/// What happens to a chunk that failed.
#[derive(Debug)]
pub(crate) enum Next<I> {
    /// It is recorded again, after a pause.
    Wait(Chunk<I>),
    /// Its halves are recorded, one after the other.
    Halves([Chunk<I>; 2]),
    /// This one item may be at fault.
    Suspect(I),
}

impl<I> Chunk<I> {
    pub(crate) fn new(items: Vec<I>) -> Self {
        Self { items, unclear: 0 }
    }

    /// An item that was isolated: its next failure is judged at once.
    pub(crate) fn alone(item: I) -> Self {
        Self { items: vec![item], unclear: SPLIT_AFTER }
    }

    /// What a failure of this class leads to.
    pub(crate) fn failed(mut self, class: FailureClass) -> Next<I> {
        match class {
            // However long it lasts: nothing of the batch is at fault.
            FailureClass::Infrastructure => return Next::Wait(self),
            FailureClass::Unclear => {
                self.unclear += 1;
                if self.unclear < SPLIT_AFTER {
                    return Next::Wait(self);
                }
            }
            FailureClass::Data => {}
        }
        if self.items.len() == 1
            && let Some(item) = self.items.pop()
        {
            return Next::Suspect(item);
        }
        let right = self.items.split_off(self.items.len() / 2);
        // One failure more is enough to halve a half again.
        Next::Halves([self.items, right].map(|items| Self { items, unclear: SPLIT_AFTER - 1 }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The items at fault are found, whichever they are, and every other item is recorded once.
        #[test]
        fn those_at_fault_are_found(bad in prop::collection::vec(any::<bool>(), 1..200), clear in any::<bool>()) {
            let class = if clear { FailureClass::Data } else { FailureClass::Unclear };
            let mut chunks = vec![Chunk::new((0..bad.len()).collect())];
            let (mut recorded, mut found) = (Vec::new(), Vec::new());
            while let Some(chunk) = chunks.pop() {
                if !chunk.items.iter().any(|item| bad[*item]) {
                    recorded.extend(chunk.items);
                    continue;
                }
                match chunk.failed(class) {
                    Next::Wait(chunk) => chunks.push(chunk),
                    Next::Halves([left, right]) => chunks.extend([right, left]),
                    Next::Suspect(item) => found.push(item),
                }
            }
            prop_assert_eq!(found, (0..bad.len()).filter(|item| bad[*item]).collect::<Vec<_>>());
            prop_assert_eq!(recorded, (0..bad.len()).filter(|item| !bad[*item]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_outage_splits_nothing() {
        let mut chunk = Chunk::new(vec![1, 2]);
        for _ in 0..100 {
            chunk = match chunk.failed(FailureClass::Infrastructure) {
                Next::Wait(chunk) => chunk,
                other => panic!("{other:?}"),
            };
        }
    }
}
