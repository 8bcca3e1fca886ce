//! Fenced blocks of a page by their language.

/// Returns the texts of the blocks of that language, in order.
pub(super) fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let opening = format!("\n```{language}\n");
    let after = page.split(opening.as_str()).skip(1);
    after
        .map(|rest| &rest[..rest.find("```").expect("an end")])
        .collect()
}

/// Returns the text of the only block of that language.
pub(super) fn block<'p>(page: &'p str, language: &str) -> &'p str {
    let [block] = blocks(page, language)[..] else {
        panic!("not one block of {language}")
    };
    block
}
