//! Who a text names: `@ada`, `@room`.

/// Names that one message can address; more are just text.
const MOST: usize = 50;
/// What names the whole room, and so is nobody's name.
pub(super) const EVERYBODY: &str = "room";

/// Who a text names, as it was typed: not yet looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MentionTokens {
    /// Usernames in their folded spelling, each once.
    pub usernames: Vec<String>,
    /// Whether the whole room is meant.
    pub room: bool,
}

impl MentionTokens {
    /// Finds the names in a message's text. What stands in code (between back-ticks, and in blocks
    /// between fences) or in a quote (lines that begin with `>`) addresses nobody.
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
            // A fence that is never closed is text, and so is any that only a like one could close.
            let fence = Fence::opened_by(text);
            let fence = fence.filter(|fence| !endless.iter().any(|other| other.covers(fence)));
            if let Some(fence) = fence {
                if let Some(behind) = fence.behind(after) {
                    rest = behind;
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
                let (ticks, behind) = run(from, '`');
                // Up to as many back-ticks again; those without a partner are just characters.
                rest = behind_code(behind, ticks).unwrap_or(behind);
                before = Some('`');
                continue;
            }
            let from = &from[1..];
            let end = from.find(|c| !is_name(c)).unwrap_or(from.len());
            // "mail@example.org" names nobody.
            if !before.is_some_and(|c| is_name(c) || c == '@' || c == '/') {
                self.add_all(&from[..end]);
            }
            before = from[..end].chars().next_back().or(Some('@'));
            rest = &from[end..];
        }
    }

    /// A full stop ends a sentence, or a name: which of them it is only the members can tell.
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
        } else if !name.is_empty() && self.usernames.len() < MOST && !self.usernames.contains(&name)
        {
            self.usernames.push(name);
        }
    }

    /// Whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.usernames.is_empty() && !self.room
    }
}

/// What begins a block of code, and what ends it: at least so many of the same.
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// Three or more back-ticks or tildes, and at most the name of a language behind them, as the
    /// page reads them.
    fn opened_by(text: &str) -> Option<Self> {
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let (length, language) = run(text, mark);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '#' | '.' | '-');
        (length >= 3 && language.trim().chars().all(fits)).then_some(Self { mark, length })
    }

    /// Whether whatever ends the other one ends this one, too.
    fn covers(&self, other: &Self) -> bool {
        self.mark == other.mark && self.length <= other.length
    }

    /// What stands behind the block, if there is an end to it.
    fn behind<'t>(&self, text: &'t str) -> Option<&'t str> {
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

/// The line without the few spaces that may stand before a fence or a quote.
fn unindented(line: &str) -> &str {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        line
    } else {
        text
    }
}

/// How often a text begins with that character, and what follows.
fn run(text: &str, mark: char) -> (usize, &str) {
    let rest = text.trim_start_matches(mark);
    (text.len() - rest.len(), rest)
}

/// What stands behind the next run of exactly so many back-ticks.
fn behind_code(text: &str, ticks: usize) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let (length, behind) = run(&rest[at..], '`');
        if length == ticks {
            return Some(behind);
        }
        rest = behind;
    }
    None
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Vec<String> {
        MentionTokens::find(body).usernames
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        assert_eq!(names("@ada hi"), ["ada"]);
        assert_eq!(names("hi @Ada, and (@bob-1)."), ["ada", "bob-1"]);
        assert_eq!(names("ask @ada or @bob--."), ["ada", "bob", "bob--."]);
        assert_eq!(names("ask @ada."), ["ada", "ada."]);
        assert_eq!(names("@ada @ADA @a.b"), ["ada", "a.b"]);
        assert_eq!(names("one\n@ada\ntwo @bob"), ["ada", "bob"]);
        assert!(MentionTokens::find("@room, look").room);
    }

    #[test]
    fn code_quotes_and_addresses_name_nobody() {
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
    fn no_more_than_so_many_are_named() {
        let users: Vec<String> = (0..80).map(|number| format!("@user{number}")).collect();
        assert_eq!(names(&users.join(" ")).len(), MOST);
    }
}
