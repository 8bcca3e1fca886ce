//! Search queries as users type them: `deploy "green light" from:ada in:lobby has:file`.

use super::{Invalid, Terms, Timestamp, text::fold_username};

/// Maximum number of characters in a query.
const QUERY_CHARS: usize = 256;
/// Maximum number of names after `from:`, and of names after `in:`.
const NAMES: usize = 16;

/// A parsed search query.
///
/// A message must meet all conditions. It must match one of the authors and one of the rooms, if any are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words and phrases that the text must contain.
    pub terms: Terms,
    /// Authors of the message.
    pub from: Vec<Wrote>,
    /// Rooms of the message, by name or number.
    pub rooms: Vec<String>,
    /// Upper limit of the creation time, exclusive.
    pub before: Option<Timestamp>,
    /// Lower limit of the creation time, inclusive.
    pub after: Option<Timestamp>,
    /// Whether the message must have a file.
    pub has_file: bool,
}

/// Author in a `from:` filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// The user who searches.
    Me,
    /// The user with this name, folded by [`fold_username`].
    User(String),
}

/// One word of a query, with the length in bytes of the part before the first quotation mark.
#[derive(Default)]
struct QueryWord {
    text: String,
    unquoted: usize,
    has_quote: bool,
}

impl SearchQuery {
    /// Parses a query.
    ///
    /// White space separates words, and quotation marks enclose a phrase. An unclosed quotation mark extends
    /// the phrase to the end. A word that only resembles a filter, such as `https://…` or `10:30`, is plain
    /// text.
    ///
    /// # Errors
    /// [`Invalid`] for the field `q` if the query is too long, is empty, or has an invalid filter.
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
        for word in split_words(text) {
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

    /// Adds a filter. Returns `false` if no filter has this name.
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
                let at = parse_time(name, value)?;
                self.before = Some(self.before.map_or(at, |other| other.min(at)));
            }
            "after" => {
                let at = parse_time(name, value)?;
                self.after = Some(self.after.map_or(at, |other| other.max(at)));
            }
            "has" if value.eq_ignore_ascii_case("file") => self.has_file = true,
            "has" => return Err(invalid("has a has: that is not has:file")),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn parse_time(name: &str, value: &str) -> Result<Timestamp, Invalid> {
    Timestamp::parse(value).ok_or_else(|| {
        invalid(format!(
            "has a {name}: that is neither a date (2026-11-23) nor a time (2026-11-23T10:00:00Z)"
        ))
    })
}

fn invalid(detail: impl Into<String>) -> Invalid {
    Invalid::new("q", detail)
}

fn split_words(text: &str) -> Vec<QueryWord> {
    let (mut words, mut word, mut inside) = (Vec::new(), QueryWord::default(), false);
    let mut finish = |word: &mut QueryWord| {
        if !word.text.is_empty() {
            words.push(std::mem::take(word));
        }
        *word = QueryWord::default();
    };
    for c in text.chars() {
        match c {
            // A quotation mark opens a phrase only at the start of a word or of a filter's value. Elsewhere it
            // is an ordinary character, as in 5"disk.
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
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> SearchQuery {
        SearchQuery::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn words_and_phrases_are_distinguished() {
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
    fn filters_are_removed_from_the_text() {
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
    fn invalid_query_names_field_q() {
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn arbitrary_query_parses_or_names_q(
            text in r#"(from|in|has|before|after|:|"|file|@|me|2023-11-1|T|Z|\+|[0-9]|[ -~]| |ü|\PC){0,60}"#
        ) {
            match SearchQuery::parse(&text) {
                Ok(query) => {
                    for term in query.terms.as_slice() {
                        prop_assert!(!term.trim().is_empty());
                        prop_assert!(text.len() >= term.len() / 4, "a term comes from the text");
                    }
                }
                Err(error) => prop_assert_eq!(error.field, "q"),
            }
        }
    }
}
