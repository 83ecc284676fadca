//! Scoring models, and signals that name them.

use crate::builders::{dead_letter, model, signal};
use crate::contract::StoreFixture;
use sspp_engine::{FailureClass, Models as _, Record, Recorded, SignalStats, Signals as _, StoreError};

/// A model is kept as it first came under its digest.
pub async fn models_are_kept_by_digest(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.model(model(1).digest).await.unwrap(), None);
    store.put_model(&model(1)).await.unwrap();
    store.put_model(&model(2)).await.unwrap();
    let mut changed = model(1);
    changed.name = String::from("another");
    store.put_model(&changed).await.unwrap();
    assert_eq!(store.model(model(1).digest).await.unwrap(), Some(model(1)));
    assert_eq!(store.model(model(2).digest).await.unwrap(), Some(model(2)));
}

/// A store that was restored from an older backup has forgotten models: no signal is recorded that nothing can explain.
pub async fn a_signal_without_its_model_is_not_recorded(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let mut orphan = signal(2).build();
    orphan.model = model(7).digest;
    let orphan = Record::Signal { signal: orphan, payload: "x".into() };
    let batch = vec![signal(1).record(), orphan.clone(), Record::DeadLetter(dead_letter(3))];
    for import in [false, true] {
        let error =
            if import { store.import(batch.clone()).await } else { store.record(batch.clone()).await };
        let error = error.unwrap_err();
        assert!(matches!(error, StoreError::MissingModel { digest } if digest == model(7).digest), "{error}");
        assert_eq!(error.class(), FailureClass::Infrastructure);
        assert_eq!(store.stats().await.unwrap(), SignalStats::default());
    }
    store.put_model(&model(7)).await.unwrap();
    let answers = store.record(batch).await.unwrap();
    assert!(matches!(answers[..], [Recorded::Signal(_), Recorded::Signal(_), Recorded::DeadLetter(_)]));
}
