//! The README is the crate's documentation, as a page.
//!
//! After a change of `src/guide.md`: `SSPP_WRITE_README=1 cargo nextest run -p sspp-client readme`.

const GUIDE: &str = include_str!("../../src/guide.md");

/// Headings a level down, hidden lines of examples left out, links to items as plain code.
fn render(guide: &str) -> String {
    let mut page = String::from("# sspp-client\n\n");
    let mut inside = false;
    for line in guide.lines() {
        if let Some(attributes) = line.strip_prefix("```") {
            inside = !inside;
            page += if inside { "```rust" } else { "```" };
            page += if attributes.is_empty() { "" } else { "," };
            page += attributes;
        } else if inside && (line.starts_with("# ") || line == "#") {
            continue;
        } else if !inside && line.starts_with("# ") {
            page += "#";
            page += line;
        } else if inside {
            page += line;
        } else {
            page += &without_item_links(line);
        }
        page += "\n";
    }
    page
}

/// "[`Client`]" and "[`emit`](Client::emit)" become the code in them: only rustdoc knows where they lead.
fn without_item_links(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("[`") {
        plain += before;
        let (code, after) = after.split_once("`]").unwrap_or((after, ""));
        plain.extend(["`", code, "`"]);
        rest =
            after.strip_prefix('(').and_then(|target| target.split_once(')')).map_or(after, |(_, rest)| rest);
    }
    plain + rest
}

#[test]
fn the_readme_is_the_guide() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let rendered = render(GUIDE);
    if std::env::var_os("SSPP_WRITE_README").is_some() {
        std::fs::write(path, &rendered).unwrap();
    }
    let readme = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        readme == rendered,
        "README.md is stale: SSPP_WRITE_README=1 cargo nextest run -p sspp-client readme"
    );
}
