//! Who a text names: `@ada`, `@room`.

/// Names that one message can address; more are just text.
const MOST: usize = 50;

/// Who a text names, as it was typed: not yet looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Usernames in their folded spelling, each once.
    pub usernames: Vec<String>,
    /// Whether the whole room is meant.
    pub room: bool,
}

impl Named {
    /// Finds the names in a message's text. What stands in code (`` `…` `` and fenced blocks) or in a
    /// quote (lines that begin with `>`) addresses nobody.
    #[must_use]
    pub fn find(body: &str) -> Self {
        let mut named = Self::default();
        if !body.contains('@') {
            return named;
        }
        let mut fenced = false;
        for line in body.lines() {
            let text = line.trim_start();
            if text.starts_with("```") {
                fenced = !fenced;
                continue;
            }
            if !fenced && !text.starts_with('>') {
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
            if let Some(code) = from.strip_prefix('`') {
                // Up to the next back-tick; one without a partner is just a character.
                match code.find('`') {
                    Some(end) => rest = &code[end + 1..],
                    None => rest = code,
                }
                before = Some('`');
                continue;
            }
            let from = &from[1..];
            let end = from.find(|c| !is_name(c)).unwrap_or(from.len());
            // "mail@example.org" names nobody, and a full stop ends a sentence.
            let name = from[..end].trim_end_matches(['.', '-']);
            if !name.is_empty() && !before.is_some_and(|c| is_name(c) || c == '@' || c == '/') {
                self.add(name);
            }
            before = from[..end].chars().next_back().or(Some('@'));
            rest = &from[end..];
        }
    }

    fn add(&mut self, name: &str) {
        let name = super::fold_username(name);
        if name == "room" {
            self.room = true;
        } else if self.usernames.len() < MOST && !self.usernames.contains(&name) {
            self.usernames.push(name);
        }
    }

    /// Whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.usernames.is_empty() && !self.room
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Vec<String> {
        Named::find(body).usernames
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        assert_eq!(names("@ada hi"), ["ada"]);
        assert_eq!(names("hi @Ada, and (@bob-1)."), ["ada", "bob-1"]);
        assert_eq!(names("ask @ada."), ["ada"]);
        assert_eq!(names("@ada @ADA @a.b"), ["ada", "a.b"]);
        assert_eq!(names("one\n@ada\ntwo @bob"), ["ada", "bob"]);
        assert!(Named::find("@room, look").room);
    }

    #[test]
    fn code_quotes_and_addresses_name_nobody() {
        for body in [
            "mail ada@example.org",
            "`@ada`",
            "a `x` `@ada` b",
            "> @ada said",
            "```\n@ada\n```",
            "@",
            "@@ada",
            "https://x.y/@ada",
            "nobody at all",
        ] {
            assert!(Named::find(body).is_empty(), "{body}");
        }
        assert_eq!(names("`x` @ada `y`"), ["ada"]);
        assert_eq!(names("a lone ` and @ada"), ["ada"]);
        assert_eq!(names("```\n@bob\n```\n@ada"), ["ada"]);
    }

    #[test]
    fn no_more_than_so_many_are_named() {
        let users: Vec<String> = (0..80).map(|number| format!("@user{number}")).collect();
        assert_eq!(names(&users.join(" ")).len(), MOST);
    }
}
