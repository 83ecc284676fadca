//! Conditions made of `truthy`, `num`, comparisons, `&&`, `||` and `!`: evaluated without the interpreter.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::extraction::{Found, Slots};
use super::paths::{Path, PathTable, Root};
use super::syntax::path_of;

/// How two numbers are compared. A comparison with something that is not a number is false, except `NotEqual`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    fn of_operator(name: &str) -> Option<Self> {
        Some(match name {
            operators::LESS => Self::Less,
            operators::LESS_EQUALS => Self::LessOrEqual,
            operators::GREATER => Self::Greater,
            operators::GREATER_EQUALS => Self::GreaterOrEqual,
            operators::EQUALS => Self::Equal,
            operators::NOT_EQUALS => Self::NotEqual,
            _ => return None,
        })
    }

    /// The comparison with its sides exchanged.
    fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    #[expect(clippy::float_cmp, reason = "a condition says `==` and means it")]
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
        }
    }
}

/// A condition that needs no interpreter and cannot fail.
#[derive(Debug, PartialEq)]
pub(super) enum Native {
    Constant(bool),
    Truthy(usize),
    Compare { slot: usize, comparison: Comparison, literal: f64 },
    Not(Box<Native>),
    And(Box<Native>, Box<Native>),
    Or(Box<Native>, Box<Native>),
}

impl Native {
    /// The native form of an expression; `None` when it needs the interpreter.
    pub(super) fn of(expression: &IdedExpr, paths: &mut PathTable) -> Option<Self> {
        let call = match &expression.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => return Some(Self::Constant(*value.inner())),
            Expr::Call(call) if call.target.is_none() => call,
            _ => return None,
        };
        let mut side = |at: usize| Self::of(&call.args[at], paths).map(Box::new);
        match (call.func_name.as_str(), call.args.len()) {
            (operators::LOGICAL_AND, 2) => Some(Self::And(side(0)?, side(1)?)),
            (operators::LOGICAL_OR, 2) => Some(Self::Or(side(0)?, side(1)?)),
            (operators::LOGICAL_NOT, 1) => Some(Self::Not(side(0)?)),
            ("truthy", 1) => Some(Self::Truthy(slot_of(&call.args[0], paths)?)),
            (operator, 2) => Self::compare(call, Comparison::of_operator(operator)?, paths),
            _ => None,
        }
    }

    fn compare(call: &CallExpr, comparison: Comparison, paths: &mut PathTable) -> Option<Self> {
        let (number, comparison, literal) = match (literal(&call.args[0]), literal(&call.args[1])) {
            (None, Some(literal)) => (&call.args[0], comparison, literal),
            (Some(literal), None) => (&call.args[1], comparison.mirrored(), literal),
            _ => return None,
        };
        let Expr::Call(num) = &number.expr else { return None };
        if num.target.is_some() || num.func_name != "num" || num.args.len() != 1 {
            return None;
        }
        Some(Self::Compare { slot: slot_of(&num.args[0], paths)?, comparison, literal })
    }

    /// Whether the condition holds for what was found in an event.
    pub(super) fn holds(&self, slots: &Slots<'_>) -> bool {
        let found = |slot: usize| slots.get(slot).and_then(Option::as_ref);
        match self {
            Self::Constant(value) => *value,
            Self::Truthy(slot) => found(*slot).is_some_and(Found::truthy),
            Self::Compare { slot, comparison, literal } => {
                comparison.holds(found(*slot).map_or(f64::NAN, Found::number), *literal)
            }
            Self::Not(inner) => !inner.holds(slots),
            Self::And(left, right) => left.holds(slots) && right.holds(slots),
            Self::Or(left, right) => left.holds(slots) || right.holds(slots),
        }
    }
}

/// A member of the metadata, at any depth.
fn slot_of(expression: &IdedExpr, paths: &mut PathTable) -> Option<usize> {
    let (root, members) = path_of(expression)?;
    let is_member = root == Root::Metadata && !members.is_empty();
    is_member.then(|| paths.number_of(Path::new(root, members)))
}

#[expect(clippy::cast_precision_loss, reason = "CEL compares an int with a double as doubles, too")]
fn literal(expression: &IdedExpr) -> Option<f64> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Double(number)) => Some(*number.inner()),
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner() as f64),
        Expr::Call(call) if call.func_name == operators::NEGATE && call.args.len() == 1 => {
            // Only a plain literal: the negation of the least integer overflows in CEL.
            literal(&call.args[0]).filter(|number| number.is_sign_positive()).map(|number| -number)
        }
        _ => None,
    }
}
