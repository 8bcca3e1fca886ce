//! A page as the parts that a test looks at. Joined again, the parts are the page.

use std::fmt::Write;

/// A command with its output, as in a `console` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Example {
    pub command: String,
    pub output: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Lines that no test looks at.
    Text(String),
    /// A `console` block.
    Examples(Vec<Example>),
    /// `<!-- run: COMMAND -->` runs a command that readers do not see.
    Run(String),
    /// `<!-- set NAME = … {/pointer} … -->` sets a variable from the JSON answer of the command before it.
    Set { name: String, template: String },
    /// `<!-- generated: METHOD /path -->` begins text that is generated, up to `<!-- end -->`.
    Generated { operation: String, text: String },
}

const CONSOLE: &str = "```console";
const FENCE: &str = "```";
const END: &str = "<!-- end -->";

/// Returns the text between `<!-- NAME` and `-->` on that line.
fn directive<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let rest = line.strip_prefix("<!-- ")?.strip_prefix(name)?;
    rest.strip_suffix(" -->").map(str::trim)
}

/// Splits a page into its parts.
pub(super) fn parse(page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut lines = page.lines();
    let mut is_fenced = false;
    while let Some(line) = lines.next() {
        let part = if line == CONSOLE {
            Part::Examples(examples(lines.by_ref()))
        } else if let Some(operation) = directive(line, "generated:") {
            Part::Generated {
                operation: operation.to_owned(),
                text: upto(END, lines.by_ref()),
            }
        } else if let Some(command) = directive(line, "run:") {
            Part::Run(command.to_owned())
        } else if let Some(setting) = directive(line, "set ") {
            let (name, template) = setting.split_once(" = ").expect("set NAME = TEMPLATE");
            Part::Set {
                name: name.to_owned(),
                template: template.to_owned(),
            }
        } else {
            is_fenced ^= line.starts_with(FENCE);
            plain.push_str(line);
            plain.push('\n');
            continue;
        };
        assert!(!is_fenced, "{line:?} inside another block");
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(part);
    }
    assert!(!is_fenced, "a block without an end");
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

/// Joins the lines before `end`, which is taken as well.
fn upto<'l>(end: &str, lines: impl Iterator<Item = &'l str>) -> String {
    let mut text = String::new();
    for line in lines {
        if line == end {
            return text;
        }
        text.push_str(line);
        text.push('\n');
    }
    panic!("no {end:?} after {text:?}");
}

fn examples<'l>(lines: impl Iterator<Item = &'l str>) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for line in upto(FENCE, lines).lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example {
                command: command.to_owned(),
                output: String::new(),
            });
        } else {
            let example = examples.last_mut().expect("a command before its output");
            example.output.push_str(line);
            example.output.push('\n');
        }
    }
    assert!(!examples.is_empty(), "a console block without a command");
    examples
}

/// Joins parts to a page.
pub(super) fn render(parts: &[Part]) -> String {
    let mut page = String::new();
    for part in parts {
        let written = match part {
            Part::Text(text) => page.write_str(text),
            Part::Run(command) => writeln!(page, "<!-- run: {command} -->"),
            Part::Set { name, template } => writeln!(page, "<!-- set {name} = {template} -->"),
            Part::Generated { operation, text } => {
                writeln!(page, "<!-- generated: {operation} -->\n{text}{END}")
            }
            Part::Examples(examples) => {
                let examples = examples.iter();
                let lines = examples.map(|one| format!("$ {}\n{}", one.command, one.output));
                writeln!(page, "{CONSOLE}\n{}{FENCE}", lines.collect::<String>())
            }
        };
        written.unwrap();
    }
    page
}

#[test]
fn parts_of_a_page_join_to_the_page() {
    let page = "# A\n\n<!-- generated: GET /a -->\n| a |\n<!-- end -->\n\n```console\n$ curl a\n{}\n$ curl b\n```\n\
                <!-- set B = x {/b} -->\n<!-- run: true -->\n```json\n{}\n```\n";
    let parts = parse(page);
    assert_eq!(render(&parts), page);
    assert_eq!(parts.len(), 7, "{parts:?}");
    let Part::Examples(examples) = &parts[3] else {
        panic!("{parts:?}")
    };
    assert_eq!(
        (examples[0].output.as_str(), examples[1].output.as_str()),
        ("{}\n", "")
    );
}
