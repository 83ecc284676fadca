//! Makes an expression ready for the interpreter: lazy arguments for `truthy` and `num`, orderings that know NaN.
//!
//! The interpreter evaluates a function's arguments before it calls it, so a missing member would fail the whole
//! condition before `truthy` could say "false". Therefore the argument of `truthy` and `num` is taken out of the
//! expression; the function is called with its number and evaluates it itself.

use std::cmp::Ordering;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

/// The arguments of `truthy` and `num`, taken out of the expressions of a model.
#[derive(Debug, Default)]
pub(super) struct Hoisted(pub(super) Vec<IdedExpr>);

impl Hoisted {
    /// Makes an expression ready for the interpreter.
    pub(super) fn rewrite(&mut self, mut expression: IdedExpr) -> IdedExpr {
        match &mut expression.expr {
            Expr::Call(call) => self.rewrite_call(call),
            Expr::Select(select) => self.rewrite_in_place(&mut select.operand),
            Expr::List(list) => list.elements.iter_mut().for_each(|element| self.rewrite_in_place(element)),
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        self.rewrite_in_place(&mut entry.key);
                        self.rewrite_in_place(&mut entry.value);
                    }
                }
            }
            _ => {}
        }
        expression
    }

    fn rewrite_in_place(&mut self, expression: &mut IdedExpr) {
        *expression = self.rewrite(std::mem::take(expression));
    }

    fn rewrite_call(&mut self, call: &mut CallExpr) {
        if let Some(target) = &mut call.target {
            self.rewrite_in_place(target);
        }
        call.args.iter_mut().for_each(|argument| self.rewrite_in_place(argument));
        if let Some(ordering) = ORDERINGS.iter().find(|ordering| ordering.operator == call.func_name) {
            ordering.function.clone_into(&mut call.func_name);
        } else if matches!(call.func_name.as_str(), "truthy" | "num") && call.target.is_none() {
            for argument in &mut call.args {
                let number = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
                let place =
                    IdedExpr { id: argument.id, expr: Expr::Literal(LiteralValue::Int(number.into())) };
                self.0.push(std::mem::replace(argument, place));
            }
        }
    }
}

/// An ordering operator, and the function that stands for it: the interpreter's own fails for NaN.
pub(super) struct OrderingFunction {
    pub(super) operator: &'static str,
    pub(super) function: &'static str,
    pub(super) accepts: fn(Ordering) -> bool,
}

pub(super) const ORDERINGS: [OrderingFunction; 4] = [
    OrderingFunction { operator: operators::LESS, function: "@less", accepts: Ordering::is_lt },
    OrderingFunction { operator: operators::LESS_EQUALS, function: "@less_equals", accepts: Ordering::is_le },
    OrderingFunction { operator: operators::GREATER, function: "@greater", accepts: Ordering::is_gt },
    OrderingFunction {
        operator: operators::GREATER_EQUALS,
        function: "@greater_equals",
        accepts: Ordering::is_ge,
    },
];
