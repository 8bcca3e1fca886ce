//! What somebody looks for, as they type it: `deploy "green light" from:ada in:lobby has:file`.

use super::{Invalid, Terms, Timestamp, text::fold_username};

/// Characters in a query.
const QUERY_CHARS: usize = 256;
/// Names that a query may list after each of `from:` and `in:`.
const NAMES: usize = 16;

/// What to look for. All of it must hold; of several authors or rooms, one must.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What must be in the text.
    pub terms: Terms,
    /// Who wrote it.
    pub from: Vec<Wrote>,
    /// The room it is in, by its name or number.
    pub rooms: Vec<String>,
    /// It was made before that moment.
    pub before: Option<Timestamp>,
    /// It was made at that moment or later.
    pub after: Option<Timestamp>,
    /// It has at least one file.
    pub has_file: bool,
}

/// Whose messages are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// The searcher's own.
    Me,
    /// Those of the user of that name, as [`fold_username`] writes it.
    User(String),
}

/// One word of a query: its text, and how much of it, counted in bytes, stood before any quote.
#[derive(Default)]
struct Word {
    text: String,
    unquoted: usize,
    has_quote: bool,
}

impl SearchQuery {
    /// Reads a query. Words stand apart by white space, a phrase stands in quotes; what has the look
    /// of a filter and is none (`https://…`, `10:30`) is text. A quote that is never closed goes on
    /// to the end.
    ///
    /// # Errors
    /// [`Invalid`] of `q` if it is too long, asks for nothing, or has a filter that cannot be read.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().nth(QUERY_CHARS).is_some() {
            return Err(invalid(format!(
                "must be at most {QUERY_CHARS} characters long"
            )));
        }
        if text.contains('\0') {
            return Err(invalid("must not hold a NUL character"));
        }
        let mut query = Self::default();
        for word in words(text) {
            let filter = word.text[..word.unquoted].split_once(':');
            match filter.map(|(name, _)| name.to_ascii_lowercase()) {
                Some(name) => {
                    let value = &word.text[name.len() + 1..];
                    if !query.filter(&name, value.trim())? {
                        query.terms.add(&word.text);
                    }
                }
                None => query.terms.add(&word.text),
            }
        }
        if query == Self::default() {
            return Err(invalid("must name something to look for"));
        }
        if query.from.len() > NAMES || query.rooms.len() > NAMES {
            return Err(invalid(format!("may list {NAMES} names at most")));
        }
        Ok(query)
    }

    /// Takes a filter; `false` if there is none of that name.
    fn filter(&mut self, name: &str, value: &str) -> Result<bool, Invalid> {
        match name {
            "from" => {
                let value = value.strip_prefix('@').unwrap_or(value);
                self.from.push(match value {
                    "" => return Err(invalid("has a from: without a name")),
                    me if me.eq_ignore_ascii_case("me") => Wrote::Me,
                    name => Wrote::User(fold_username(name)),
                });
            }
            "in" => match value {
                "" => return Err(invalid("has an in: without a room")),
                room => self.rooms.push(room.to_owned()),
            },
            "before" => {
                let at = moment(name, value)?;
                self.before = Some(self.before.map_or(at, |other| other.min(at)));
            }
            "after" => {
                let at = moment(name, value)?;
                self.after = Some(self.after.map_or(at, |other| other.max(at)));
            }
            "has" if value.eq_ignore_ascii_case("file") => self.has_file = true,
            "has" => return Err(invalid("has a has: that is not has:file")),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn moment(name: &str, value: &str) -> Result<Timestamp, Invalid> {
    Timestamp::parse(value).ok_or_else(|| {
        invalid(format!(
            "has a {name}: that is neither a date (2026-11-23) nor a time (2026-11-23T10:00:00Z)"
        ))
    })
}

fn invalid(detail: impl Into<String>) -> Invalid {
    Invalid::new("q", detail)
}

fn words(text: &str) -> Vec<Word> {
    let (mut words, mut word, mut inside) = (Vec::new(), Word::default(), false);
    let mut finish = |word: &mut Word| {
        if !word.text.is_empty() {
            words.push(std::mem::take(word));
        }
        *word = Word::default();
    };
    for c in text.chars() {
        match c {
            // A quote opens a phrase at the start of a word or of a filter's value; elsewhere it is
            // a character like any other, as in 5"disk.
            '"' if inside => {
                finish(&mut word);
                inside = false;
            }
            '"' if word.text.is_empty() || word.text.ends_with(':') && !word.has_quote => {
                word.has_quote = true;
                inside = true;
            }
            c if c.is_whitespace() && !inside => finish(&mut word),
            c => {
                word.text.push(c);
                if !word.has_quote {
                    word.unquoted = word.text.len();
                }
            }
        }
    }
    finish(&mut word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> SearchQuery {
        SearchQuery::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn words_and_phrases_are_told_apart() {
        for (text, terms) in [
            ("Deploy green", vec!["deploy", "green"]),
            ("\"Green  Light\" go", vec!["green light", "go"]),
            ("\"never closed on", vec!["never closed on"]),
            ("\"\" x", vec!["x"]),
            ("5\"disk", vec!["5\"disk"]),
            ("https://a.b/c?d 10:30", vec!["https://a.b/c?d", "10:30"]),
            ("\"from:ada\"", vec!["from:ada"]),
            (
                "a AND b* OR (c NEAR d)",
                vec!["a", "and", "b*", "or", "(c", "near", "d)"],
            ),
            ("東京", vec!["東京"]),
        ] {
            let query = parsed(text);
            assert_eq!(query.terms.as_slice(), terms, "{text}");
            assert!(query.from.is_empty() && query.rooms.is_empty(), "{query:?}");
        }
    }

    #[test]
    fn filters_are_taken_out_of_the_text() {
        let query = parsed("x from:Ada FROM:me from:@bob in:lobby in:\"Green room\" in:7 has:file");
        let user = |name: &str| Wrote::User(name.to_owned());
        assert_eq!(query.terms.as_slice(), ["x"]);
        assert_eq!(query.from, [user("ada"), Wrote::Me, user("bob")]);
        assert_eq!(query.rooms, ["lobby", "Green room", "7"]);
        assert!(query.has_file);
        let query = parsed("after:2023-11-14 after:2023-11-15 before:2023-11-16T01:00:00+01:00");
        assert_eq!(query.after, Some(Timestamp(1_700_006_400_000)));
        assert_eq!(query.before, Some(Timestamp(1_700_092_800_000)));
    }

    #[test]
    fn what_cannot_be_looked_for_names_q() {
        for text in [
            "",
            " \u{3000} ",
            "\"\"",
            "from:",
            "in:\"\"",
            "has:wings",
            "before:yesterday",
            "after:2023-13-01",
            "before:2023-1-1",
            "a\0b",
            &"in:1 ".repeat(17),
            &"x".repeat(257),
        ] {
            let error = SearchQuery::parse(text).unwrap_err();
            assert_eq!(error.field, "q", "{text}");
        }
    }
}
