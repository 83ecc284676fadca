//! A modifier's condition, compiled once: natively where possible, else for the CEL interpreter.

use cel::IdedExpr;

use super::native::Native;
use super::paths::{Path, PathTable};
use super::rewrite::Hoisted;
use super::syntax;

/// A compiled condition.
#[derive(Debug)]
pub(super) enum Condition {
    Native(Native),
    Cel(Box<IdedExpr>),
}

/// What compiling the conditions of one model gathers.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    pub(super) paths: PathTable,
    pub(super) hoisted: Hoisted,
    /// Leaves everything to the interpreter, so that a test can compare.
    #[cfg(test)]
    pub(super) interpret_all: bool,
}

impl Compiler {
    /// Compiles a condition; also says which paths it reads, by their numbers.
    pub(super) fn compile(&mut self, source: &str) -> Result<(Condition, Vec<usize>), Vec<String>> {
        let expression = syntax::parse(source)?;
        let mut inputs = Vec::new();
        syntax::paths_in(&expression, &mut |root, members| {
            let number = self.paths.number_of(Path::new(root, members));
            if !inputs.contains(&number) {
                inputs.push(number);
            }
        });
        let condition = match self.native(&expression) {
            Some(native) => Condition::Native(native),
            None => Condition::Cel(Box::new(self.hoisted.rewrite(expression))),
        };
        Ok((condition, inputs))
    }

    fn native(&mut self, expression: &IdedExpr) -> Option<Native> {
        #[cfg(test)]
        if self.interpret_all {
            return None;
        }
        Native::of(expression, &mut self.paths)
    }
}
