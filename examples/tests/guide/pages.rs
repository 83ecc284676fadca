//! The pages of the guide, the README of the repository, and the code blocks in them.

use std::path::{Path, PathBuf};

/// The folder of the pages.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sspp-core/docs/guide/src")
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its path below the folder.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A code block: its mark, such as `sh,no_run`, and its lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block<'p> {
    pub(crate) mark: &'p str,
    pub(crate) code: &'p str,
}

/// Every page and the README, by name.
pub(crate) fn all() -> Vec<Page> {
    let (mut pages, mut folders) = (Vec::new(), vec![folder()]);
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                let name = path.strip_prefix(folder()).unwrap().display().to_string();
                pages.push(Page { name, text: std::fs::read_to_string(path).unwrap() });
            }
        }
    }
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    pages.push(Page { name: "README.md".to_owned(), text: std::fs::read_to_string(readme).unwrap() });
    pages.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(pages.len() > 40, "{} pages", pages.len());
    pages
}

impl Page {
    /// Its code blocks, in their order.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut rest = self.text.as_str();
        while let Some((_, opened)) = rest.split_once("\n```") {
            let (mark, after) = opened.split_once('\n').unwrap();
            // A block may be empty, so its end may follow at once.
            let end = if after.starts_with("```") { Some(0) } else { after.find("\n```").map(|at| at + 1) };
            let end = end.unwrap_or_else(|| panic!("{}: a code block does not end", self.name));
            blocks.push(Block { mark, code: &after[..end] });
            rest = &after[end + "```".len()..];
        }
        blocks
    }

    /// The blocks with this mark.
    pub(crate) fn marked<'p>(&'p self, mark: &'p str) -> impl Iterator<Item = Block<'p>> {
        self.blocks().into_iter().filter(move |block| block.mark == mark)
    }

    /// The arguments with which its server starts: those of a comment `<!-- serve: ARGUMENTS -->`.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        let comment = self.text.split_once("<!-- serve: ").and_then(|(_, rest)| rest.split_once(" -->"));
        comment.map_or_else(Vec::new, |(arguments, _)| arguments.split_whitespace().collect())
    }
}

impl<'p> Block<'p> {
    /// The name of the file that the block is, where its first line is `# NAME.toml`.
    pub(crate) fn file(&self) -> Option<&'p str> {
        let name = self.code.lines().next()?.strip_prefix("# ")?;
        name.strip_suffix(".toml").filter(|stem| !stem.contains(' ')).map(|_| name)
    }
}

#[test]
fn blocks_are_found_with_their_marks() {
    let text = "# Page\n\n```sh\na\n\nb\n```\n\ntext\n\n```toml\n# m.toml\nx = 1\n```\n```text\n```\n<!-- serve: --model m.toml -->\n";
    let page = Page { name: "page.md".to_owned(), text: text.to_owned() };
    let block = |mark, code| Block { mark, code };
    assert_eq!(
        page.blocks(),
        [block("sh", "a\n\nb\n"), block("toml", "# m.toml\nx = 1\n"), block("text", "")]
    );
    assert_eq!(page.marked("toml").next().unwrap().file(), Some("m.toml"));
    assert_eq!(page.arguments(), ["--model", "m.toml"]);
}
