//! Explains a stored signal with the model that scored it.

use sspp_core::ScoringModel;

use super::explanation::ExplanationBody;
use super::read::{SignalNumber, find};
use crate::http::{Call, JsonBody, Path, Problem};

pub(super) async fn explain(
    call: Call,
    Path(id): Path<SignalNumber>,
) -> Result<JsonBody<ExplanationBody>, Problem> {
    let signal = find(&call, id).await?;
    let (model, metrics) = (call.state.model(signal.recorded.model).await?, &call.state.metrics);
    let explanation = model.explain(&signal.recorded.accepted.event).map_err(|unknown| {
        metrics.explanation_inconsistent();
        let detail = format!("Signal {} cannot be explained: {unknown}", signal.id);
        Problem::not_found(detail).with_cause("a stored signal's own model does not know its event type")
    })?;
    let mut body = ExplanationBody::new(&signal, &model, &explanation);
    if !body.consistent && model.digest() == ScoringModel::predecessor().digest() {
        // Nothing is broken: the predecessor knew more when it scored than it stored.
        let detail = "The predecessor scored this signal, and its score is kept; the steps follow its rules";
        body.detail = Some(detail.to_owned());
    } else if !body.consistent {
        metrics.explanation_inconsistent();
        tracing::error!(
            signal_id = signal.id.get(),
            model = %signal.recorded.model,
            detail = body.detail.as_deref(),
            "a stored score is not what its own model makes of the event"
        );
    }
    Ok(JsonBody(body))
}
