//! What a condition may say: CEL without macros that loop, with known variables and functions.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::cel_host::parser;
use super::document::one_line;
use super::explanation::shortened;
use super::paths::Root;

/// The longest condition, in bytes.
const MAX_BYTES: usize = 4 << 10;
/// How deeply a condition may nest: the interpreter recurses, and a chain of `+` copies its operands at every level.
const MAX_DEPTH: usize = 40;

/// Virtual memory, touched only as far as an expression nests.
const PARSER_STACK_BYTES: usize = 64 << 20;

/// Functions that are called by name, with the number of their arguments.
const FUNCTIONS: [(&str, usize); 9] = [
    ("truthy", 1),
    ("num", 1),
    ("size", 1),
    ("string", 1),
    ("double", 1),
    ("int", 1),
    ("uint", 1),
    ("bool", 1),
    ("matches", 2),
];
/// Functions that are called on a value, with the number of further arguments.
const METHODS: [(&str, usize); 5] =
    [("size", 0), ("contains", 1), ("startsWith", 1), ("endsWith", 1), ("matches", 1)];
/// Macros that loop over a list, once or nested: their cost is not linear in the expression.
const LOOPS: [&str; 8] =
    ["all", "exists", "exists_one", "existsOne", "map", "filter", "optMap", "optFlatMap"];

/// Parses a condition and notes everything that it must not say.
pub(super) fn parse(source: &str) -> Result<IdedExpr, Vec<String>> {
    if source.len() > MAX_BYTES {
        return Err(vec![format!("has {} bytes; at most {MAX_BYTES} are allowed", source.len())]);
    }
    // Four KiB of nested brackets take the parser more stack than a worker thread has.
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(PARSER_STACK_BYTES);
        let parsed =
            parser.spawn_scoped(scope, || parse_here(source)).map(std::thread::ScopedJoinHandle::join);
        match parsed {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(vec!["is not valid CEL".to_owned()]),
            Err(error) => Err(vec![format!("could not be parsed: no thread for it: {error}")]),
        }
    })
}

fn parse_here(source: &str) -> Result<IdedExpr, Vec<String>> {
    let expression = parser().parse(source).map_err(|errors| vec![syntax_error(&errors)])?;
    if depth(&expression) > MAX_DEPTH {
        return Err(vec![too_deep()]);
    }
    let mut faults = Vec::new();
    check(&expression, &mut faults);
    if faults.is_empty() { Ok(expression) } else { Err(faults) }
}

fn syntax_error(errors: &cel::ParseErrors) -> String {
    let Some(first) = errors.errors.first() else { return "is not CEL".to_owned() };
    if first.msg.contains("Recursion limit") {
        return too_deep();
    }
    let (line, column) = first.pos;
    // What the parser expected instead is a list of all the tokens there are.
    let message = first.msg.split(" expecting ").next().unwrap_or_default();
    let message = message.trim_start_matches("Syntax error: ");
    format!("is not CEL at line {line} column {column}: {}", shortened(&one_line(message), 200))
}

fn too_deep() -> String {
    format!("nests more than {MAX_DEPTH} levels deep")
}

/// The expressions directly inside an expression.
pub(super) fn children(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        _ => Vec::new(),
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}

fn depth(expression: &IdedExpr) -> usize {
    1 + children(expression).into_iter().map(depth).max().unwrap_or(0)
}

fn check(expression: &IdedExpr, faults: &mut Vec<String>) {
    let refused = match &expression.expr {
        Expr::Ident(name) if Root::of(name).is_none() => {
            Some(format!("does not know the variable '{name}'; known are {}", Root::NAMES.join(", ")))
        }
        Expr::Call(call) => check_call(call),
        Expr::Struct(structure) => Some(format!("cannot make a '{}'", structure.type_name)),
        Expr::Comprehension(_) | Expr::Unspecified => Some("must not loop".to_owned()),
        _ => None,
    };
    match refused {
        Some(fault) if !faults.contains(&fault) => faults.push(fault),
        Some(_) => {}
        None => children(expression).into_iter().for_each(|child| check(child, faults)),
    }
}

fn check_call(call: &CallExpr) -> Option<String> {
    let name = call.func_name.as_str();
    if LOOPS.contains(&name) {
        return Some(format!("must not use the macro '{name}': macros that loop are refused"));
    }
    let known: &[(&str, usize)] = if call.target.is_some() { &METHODS } else { &FUNCTIONS };
    match known.iter().find(|(known, _)| *known == name) {
        Some((_, arguments)) if *arguments != call.args.len() => {
            Some(format!("must call '{name}' with {arguments} arguments, not {}", call.args.len()))
        }
        // A pattern from an event would be compiled for every event, at an unknown cost.
        Some(_) if name == "matches" && !call.args.last().is_some_and(is_text) => {
            Some("must call 'matches' with a string literal as its pattern".to_owned())
        }
        None if !is_operator(name) => {
            let names: Vec<_> = known.iter().map(|(known, _)| *known).collect();
            Some(format!("does not know the function '{name}'; known are {}", names.join(", ")))
        }
        _ => None,
    }
}

fn is_text(expression: &IdedExpr) -> bool {
    matches!(expression.expr, Expr::Literal(LiteralValue::String(_)))
}

/// Operators have names that cannot be written.
fn is_operator(name: &str) -> bool {
    name == operators::IN
        || name == operators::CONDITIONAL
        || name.contains('_') && !is_word(name)
        || matches!(name, operators::LOGICAL_NOT | operators::NEGATE)
}

fn is_word(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The root and the members of an expression that is a path: `a.b`, `a["b"]`, `has(a.b)`.
pub(super) fn path_of(expression: &IdedExpr) -> Option<(Root, Vec<String>)> {
    match &expression.expr {
        Expr::Ident(name) => Some((Root::of(name)?, Vec::new())),
        Expr::Select(select) => extend(&select.operand, &select.field),
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }] => {
                extend(operand, name.inner())
            }
            _ => None,
        },
        _ => None,
    }
}

fn extend(operand: &IdedExpr, member: &str) -> Option<(Root, Vec<String>)> {
    let (root, mut members) = path_of(operand)?;
    members.push(member.to_owned());
    Some((root, members))
}

/// Every path that an expression reads, in the order in which it names them.
pub(super) fn paths_in(expression: &IdedExpr, visit: &mut impl FnMut(Root, Vec<String>)) {
    match path_of(expression) {
        Some((root, members)) => visit(root, members),
        None => children(expression).into_iter().for_each(|child| paths_in(child, visit)),
    }
}
