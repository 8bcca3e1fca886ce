//! Mentions in a text: `@ada`, `@room`.

/// Maximum number of users that one message can mention. Further names are plain text.
const MAX_MENTIONS: usize = 50;
/// Name that mentions the whole room. No account can have it.
pub(super) const EVERYBODY: &str = "room";

/// Names that a text mentions, not yet matched with members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MentionTokens {
    /// Folded usernames without duplicates.
    pub usernames: Vec<String>,
    /// Whether the text mentions the whole room.
    pub room: bool,
}

impl MentionTokens {
    /// Finds the mentions in a message's text.
    ///
    /// Ignores code (between back-ticks, or in fenced blocks) and quotes (lines that begin with `>`).
    #[must_use]
    pub fn find(body: &str) -> Self {
        let mut named = Self::default();
        if !body.contains('@') {
            return named;
        }
        let mut rest = body;
        let mut endless: Vec<Fence> = Vec::new();
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = after;
            let text = unindented(line);
            // A fence that is never closed is text. So is any later one that only a similar line could close.
            // This check bounds the number of searches for a closing line.
            let fence = Fence::opened_by(text);
            let fence = fence.filter(|fence| !endless.iter().any(|other| other.covers(fence)));
            if let Some(fence) = fence {
                if let Some(after) = fence.after_marker(after) {
                    rest = after;
                    continue;
                }
                endless.push(fence);
            }
            if !text.starts_with('>') {
                named.read_line(line);
            }
        }
        named
    }

    fn read_line(&mut self, line: &str) {
        let mut rest = line;
        let mut before = None;
        while let Some(at) = rest.find(['@', '`']) {
            let (text, from) = rest.split_at(at);
            before = text.chars().next_back().or(before);
            if from.starts_with('`') {
                let (ticks, after) = run(from, '`');
                // A code span ends at a run of equally many back-ticks. A run without a partner is plain text.
                rest = behind_code(after, ticks).unwrap_or(after);
                before = Some('`');
                continue;
            }
            let from = &from[1..];
            let end = from.find(|c| !is_name(c)).unwrap_or(from.len());
            // An address such as "mail@example.org" is not a mention.
            if !before.is_some_and(|c| is_name(c) || c == '@' || c == '/') {
                self.add_all(&from[..end]);
            }
            before = from[..end].chars().next_back().or(Some('@'));
            rest = &from[end..];
        }
    }

    /// Adds a name with and without trailing dots and dashes. Only the list of members tells whether the
    /// punctuation is part of a name.
    fn add_all(&mut self, text: &str) {
        let name = text.trim_end_matches(['.', '-']);
        self.add(name);
        if name.len() < text.len() {
            self.add(text);
        }
    }

    fn add(&mut self, name: &str) {
        let name = super::fold_username(name);
        if name == EVERYBODY {
            self.room = true;
        } else if !name.is_empty()
            && self.usernames.len() < MAX_MENTIONS
            && !self.usernames.contains(&name)
        {
            self.usernames.push(name);
        }
    }

    /// Returns whether the text mentions no user and not the room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.usernames.is_empty() && !self.room
    }
}

/// Start of a fenced code block. A run of at least `length` of the same character closes it.
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// Returns the fence that a line opens, as the web client parses it: three or more back-ticks or tildes,
    /// followed by at most a language name.
    fn opened_by(text: &str) -> Option<Self> {
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let (length, language) = run(text, mark);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '#' | '.' | '-');
        (length >= 3 && language.trim().chars().all(fits)).then_some(Self { mark, length })
    }

    /// Returns whether every line that closes `other` also closes `self`.
    fn covers(&self, other: &Self) -> bool {
        self.mark == other.mark && self.length <= other.length
    }

    /// Returns the text after the block, or `None` if the block is never closed.
    fn after_marker<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            let (length, info) = run(line.trim(), self.mark);
            if length >= self.length && info.is_empty() {
                return Some(after);
            }
            rest = after;
        }
        None
    }
}

/// Removes up to three leading spaces, which may precede a fence or a quote.
fn unindented(line: &str) -> &str {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        line
    } else {
        text
    }
}

/// Returns the number of leading `mark` characters and the rest of the text.
fn run(text: &str, mark: char) -> (usize, &str) {
    let rest = text.trim_start_matches(mark);
    (text.len() - rest.len(), rest)
}

/// Returns the text after the next run of exactly `ticks` back-ticks.
fn behind_code(text: &str, ticks: usize) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let (length, after) = run(&rest[at..], '`');
        if length == ticks {
            return Some(after);
        }
        rest = after;
    }
    None
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(body: &str) -> Vec<String> {
        MentionTokens::find(body).usernames
    }

    #[test]
    fn mentions_are_found_anywhere_in_the_text() {
        assert_eq!(names("@ada hi"), ["ada"]);
        assert_eq!(names("hi @Ada, and (@bob-1)."), ["ada", "bob-1"]);
        assert_eq!(names("ask @ada or @bob--."), ["ada", "bob", "bob--."]);
        assert_eq!(names("ask @ada."), ["ada", "ada."]);
        assert_eq!(names("@ada @ADA @a.b"), ["ada", "a.b"]);
        assert_eq!(names("one\n@ada\ntwo @bob"), ["ada", "bob"]);
        assert!(MentionTokens::find("@room, look").room);
    }

    #[test]
    fn code_quotes_and_addresses_mention_no_user() {
        for body in [
            "mail ada@example.org",
            "`@ada`",
            "a `x` `@ada` b",
            "> @ada said",
            "```\n@ada\n```",
            "~~~ text\n```\n@ada\n~~~~",
            "  ```rust\n@ada\n  ```",
            "``@ada``",
            "``a ` @ada``",
            "```@ada```",
            "@",
            "@@ada",
            "https://x.y/@ada",
            "nobody at all",
        ] {
            assert!(MentionTokens::find(body).is_empty(), "{body}");
        }
        assert_eq!(names("`x` @ada `y`"), ["ada"]);
        assert_eq!(names("a lone ` and @ada"), ["ada"]);
        assert_eq!(names("```\n@bob\n```\n@ada"), ["ada"]);
        assert_eq!(names("```@bob```\n@ada"), ["ada"]);
        assert_eq!(names("````\n```\n@bob\n````\n@ada"), ["ada"]);
        assert_eq!(names("```\nnever closed: @ada"), ["ada"]);
        assert_eq!(names("`` and ` and @ada"), ["ada"]);
        assert_eq!(names("``` two words\n@ada\n```"), ["ada"]);
        assert_eq!(names("    > no quote, @ada"), ["ada"]);
    }

    #[test]
    fn number_of_mentions_is_limited() {
        let users: Vec<String> = (0..80).map(|number| format!("@user{number}")).collect();
        assert_eq!(names(&users.join(" ")).len(), MAX_MENTIONS);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn mentions_come_from_the_text_and_are_bounded(
            body in "(?s)(@|ada|Bob|room|`{1,4}|~{3}|\n|> |[ -~]|ü|\\.|-| ){0,80}"
        ) {
            let folded = body.to_lowercase();
            let found = names(&body);
            prop_assert!(found.len() <= MAX_MENTIONS);
            for name in found {
                prop_assert!(folded.contains(&format!("@{name}")), "{}", name);
            }
        }
    }
}
