//! The CEL interpreter's surroundings: the event's variables, `truthy`, `num`, and comparisons that take NaN calmly.

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{Expr, IdedExpr, operators};
use cel::common::types::{CelBool, CelDouble, CelInt, CelString, CelUInt};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::parser::Macro;
use cel::{Context, Env, ExecutionError, FunctionContext, Value};

use super::cel_value;
use super::rewrite::{Hoisted, ORDERINGS, OrderingFunction};
use sspp_events::{Event, Source};

/// The standard functions and `has`; without the other macros, and without optional values.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::default().with_optional_support(false).with_stdlib();
    let has = Macro::global("has", 1, |helper, _, arguments| match arguments.pop() {
        Some(IdedExpr { expr: Expr::Select(mut select), .. }) if !select.test => {
            select.test = true;
            Ok(Some(helper.next_expr(Expr::Select(select))))
        }
        other => {
            let place = other.as_ref().map_or(0, |argument| argument.id);
            Err(helper.new_error(place, "has() takes a member, as in has(metadata.amount)"))
        }
    });
    // A fresh environment has no macro of that name.
    let added = environment.add_macro(has);
    debug_assert!(added.is_ok(), "has() is declared once");
    Arc::new(environment)
});

/// A parser for conditions.
pub(super) fn parser() -> cel::parser::Parser {
    ENVIRONMENT.parser()
}

type HostFunction = Box<
    dyn for<'context, 'call> Fn(
            &mut FunctionContext<'context, 'call>,
        ) -> Result<CowVal<'context, 'call>, ExecutionError>
        + Send
        + Sync,
>;

/// The interpreter of one model.
pub(super) struct CelHost(Context<'static, 'static>);

impl fmt::Debug for CelHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CelHost")
    }
}

impl CelHost {
    pub(super) fn new(hoisted: Hoisted) -> Self {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        let arguments: Arc<[IdedExpr]> = hoisted.0.into();
        let shared = Arc::clone(&arguments);
        let truthy: HostFunction = Box::new(move |call| {
            let truth = argument(call, &shared)?.is_some_and(|value| cel_value::truthy(&*value));
            Ok(CowVal::owned(CelBool::from(truth)))
        });
        let num: HostFunction = Box::new(move |call| {
            let number = argument(call, &arguments)?.map_or(f64::NAN, |value| cel_value::number(&*value));
            Ok(CowVal::owned(CelDouble::from(number)))
        });
        let orderings = ORDERINGS.iter().map(|ordering| {
            let function: HostFunction = Box::new(|call| compare(call, ordering));
            (ordering.function, function)
        });
        for (name, function) in [("truthy", truthy), ("num", num)].into_iter().chain(orderings) {
            let added = context.add_function(name, function);
            debug_assert!(added.is_ok(), "no standard function is called {name}");
        }
        Self(context)
    }

    /// Whether a condition holds; an error says why that is unknown.
    pub(super) fn holds(&self, condition: &IdedExpr, variables: &Variables<'_>) -> Result<bool, String> {
        let mut context = self.0.new_inner_scope();
        context.set_variable_resolver(variables);
        let result = Value::resolve_val(condition, &context).map_err(|error| cel_value::describe(&error))?;
        match result.downcast_ref::<CelBool>() {
            Some(holds) => Ok(*holds.inner()),
            None => Err(format!("the condition is not a boolean but a {}", result.get_type().name())),
        }
    }
}

/// Evaluates the hoisted argument of a host function; what is missing is `None`.
fn argument<'a>(
    call: &FunctionContext<'a, 'a>,
    hoisted: &'a [IdedExpr],
) -> Result<Option<CowVal<'a, 'a>>, ExecutionError> {
    let number = call.args.first().and_then(|argument| argument.downcast_ref::<CelInt>());
    let expression = number
        .and_then(|number| usize::try_from(*number.inner()).ok())
        .and_then(|number| hoisted.get(number))
        .ok_or_else(|| call.error("has no argument"))?;
    match Value::resolve_val(expression, call.ptx) {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// No such key, no such element, or a member of something that has no members.
fn is_missing(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => true,
        ExecutionError::NoSuchOverload(overload) => matches!(overload.function(), "_._" | operators::INDEX),
        _ => false,
    }
}

fn compare<'context, 'call>(
    call: &FunctionContext<'context, 'call>,
    ordering: &OrderingFunction,
) -> Result<CowVal<'context, 'call>, ExecutionError> {
    let [left, right] = call.args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, call.args.len()));
    };
    let is_nan =
        |value: &CowVal<'_, '_>| value.downcast_ref::<CelDouble>().is_some_and(|number| number.is_nan());
    let holds = if (is_nan(left) && is_number(&**right)) || (is_nan(right) && is_number(&**left)) {
        false
    } else {
        let compared = left.as_comparer().map(|comparer| comparer.compare(&**right));
        let Some(Ok(found)) = compared else {
            let types = [left, right].map(|value| value.get_type().name().to_owned());
            return Err(ExecutionError::no_such_overload(ordering.operator, types.to_vec()));
        };
        (ordering.accepts)(found)
    };
    Ok(CowVal::owned(CelBool::from(holds)))
}

fn is_number(value: &dyn Val) -> bool {
    value.downcast_ref::<CelDouble>().is_some()
        || value.downcast_ref::<CelInt>().is_some()
        || value.downcast_ref::<CelUInt>().is_some()
}

/// What a condition can name, taken from one event.
pub(super) struct Variables<'a> {
    metadata: Box<dyn Val + 'a>,
    event: &'a Event,
}

impl<'a> Variables<'a> {
    pub(super) fn of(event: &'a Event) -> Result<Self, serde_json::Error> {
        Ok(Self { metadata: cel_value::read(event.metadata.as_str())?, event })
    }
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let text = match variable {
            "metadata" => return Some(CowVal::Borrowed(&*self.metadata)),
            "eventType" => self.event.event_type.as_str(),
            "accountId" => self.event.account_id.as_str(),
            "userId" => self.event.user_id.as_str(),
            "source" => self.event.source.as_ref().map_or("", Source::as_str),
            _ => return None,
        };
        Some(CowVal::owned(CelString::from(text)))
    }
}
