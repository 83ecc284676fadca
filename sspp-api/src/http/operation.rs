//! An operation: its route, who may use it, what it is for, and what handles it, declared in one place. The document, the route
//! table and the guard read it here; inputs and answers follow from the handler's signature.

use std::future::Future;

use futures_util::future::{BoxFuture, FutureExt as _};
use poem::Response;
use poem::http::Method;

use super::answer::Answer;
use super::call::{Call, Input};
use super::documentation::Documentation;
use super::guard::Scopes;
use super::problem::Problem;

/// Who may use an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everyone: probes, the documentation.
    Open,
    /// Everyone who asks this process without a proxy: metrics. Behind a proxy there is no such path.
    Direct,
    /// Callers whose key has one of these scopes.
    Needs(Scopes),
}

/// What one folder of the API offers.
pub(crate) struct Feature {
    /// The heading under which the document shows its operations.
    pub(crate) tag: &'static str,
    pub(crate) description: &'static str,
    pub(crate) operations: Vec<Operation>,
    /// JSON, recorded from a running service, by operation id: `request` by content type, `response` by status (and by content type,
    /// where there are several).
    pub(crate) examples: &'static str,
}

type Handle = dyn Fn(Call) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync;

/// One method of one route.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// Without the prefix; a part in braces is a parameter.
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) access: Access,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    /// What the successful answer means, where its type does not say it.
    pub(crate) result: Option<&'static str>,
    /// Whether it takes events: those it refuses are counted, and senders of webhooks may ask first.
    pub(crate) takes_events: bool,
    /// Whether it also answers without the prefix.
    pub(crate) bare: bool,
    fails: &'static [u16],
    document: fn(&mut Documentation),
    handle: Box<Handle>,
}

impl Operation {
    pub(crate) fn new<I, H: Handler<I>>(
        method: Method,
        path: &'static str,
        id: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        Self {
            method,
            path,
            id,
            access,
            summary: "",
            description: "",
            result: None,
            takes_events: false,
            bare: false,
            fails: &[],
            document: H::document,
            handle: Box::new(move |call| handler.clone().handle(call).boxed()),
        }
    }

    /// What it is for, in a few words and in Markdown.
    pub(crate) fn about(self, summary: &'static str, description: &'static str) -> Self {
        Self { summary, description, ..self }
    }

    /// Says what the successful answer means.
    pub(crate) fn result(self, meaning: &'static str) -> Self {
        Self { result: Some(meaning), ..self }
    }

    /// Adds statuses by which it may fail, besides those of its inputs.
    pub(crate) fn fails(self, statuses: &'static [u16]) -> Self {
        Self { fails: statuses, ..self }
    }

    /// Marks it as one that takes events.
    pub(crate) fn takes_events(self) -> Self {
        Self { takes_events: true, ..self }
    }

    /// Lets it answer without the prefix too.
    pub(crate) fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// What the document says of its inputs and answers.
    pub(crate) fn documentation(&self) -> Documentation {
        let mut documentation = Documentation::default();
        (self.document)(&mut documentation);
        documentation.fails(self.fails);
        if let (Some(meaning), Some(answer)) = (self.result, documentation.answers.first_mut()) {
            answer.description = meaning;
        }
        documentation
    }

    pub(crate) fn handle(&self, call: Call) -> BoxFuture<'static, Result<Response, Problem>> {
        (self.handle)(call)
    }
}

/// An async function from a call, and up to two inputs of it, to an answer.
pub(crate) trait Handler<Inputs>: Clone + Send + Sync + 'static {
    /// Adds its inputs and answers to the document.
    fn document(to: &mut Documentation);

    fn handle(self, call: Call) -> impl Future<Output = Result<Response, Problem>> + Send + 'static;
}

impl<F, R> Handler<()> for F
where
    F: Fn(Call) -> R + Clone + Send + Sync + 'static,
    R: Future<Output: Answer> + Send + 'static,
{
    fn document(to: &mut Documentation) {
        R::Output::document(to);
    }

    async fn handle(self, call: Call) -> Result<Response, Problem> {
        self(call).await.respond()
    }
}

impl<F, A, R> Handler<(A,)> for F
where
    F: Fn(Call, A) -> R + Clone + Send + Sync + 'static,
    A: Input,
    R: Future<Output: Answer> + Send + 'static,
{
    fn document(to: &mut Documentation) {
        A::document(to);
        R::Output::document(to);
    }

    async fn handle(self, mut call: Call) -> Result<Response, Problem> {
        let input = A::read(&mut call).await?;
        self(call, input).await.respond()
    }
}

impl<F, A, B, R> Handler<(A, B)> for F
where
    F: Fn(Call, A, B) -> R + Clone + Send + Sync + 'static,
    A: Input,
    B: Input,
    R: Future<Output: Answer> + Send + 'static,
{
    fn document(to: &mut Documentation) {
        A::document(to);
        B::document(to);
        R::Output::document(to);
    }

    async fn handle(self, mut call: Call) -> Result<Response, Problem> {
        let first = A::read(&mut call).await?;
        let second = B::read(&mut call).await?;
        self(call, first, second).await.respond()
    }
}
