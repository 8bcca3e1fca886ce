//! Tokens of the index and expressions to look them up.
//!
//! Terms of three characters or more are looked up by their trigrams, in a table that FTS5 tokenizes. Terms of one or
//! two characters are looked up in a second table, whose tokens are made here. Neither table knows positions: a
//! message with all trigrams of a term only probably contains the term, and is compared afterwards.
//!
//! Each message also has tokens for its room, its author and its files. FTS5 intersects them with the words, so that a
//! search in a quiet room does not visit the messages of all others. A text that contains such a token only makes its
//! message a candidate.

use std::{collections::BTreeSet, fmt::Write};

use crate::domain::{RoomId, UserId};

/// Maximum number of trigrams looked up for one query. Each visits all its messages, and the rarest few select nearly
/// as well as all.
const MAX_TRIGRAMS: usize = 4;
/// Maximum number of short terms looked up for one query.
const MAX_SHORT: usize = 8;

/// The table that serves a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// Terms of three characters or more.
    Trigrams,
    /// Terms of one or two characters.
    Short,
}

/// A property of a message that has a token.
#[derive(Clone, Copy, Debug)]
pub(super) enum DocumentTag {
    Room(RoomId),
    Author(UserId),
    File,
    /// Every message has it: for queries without any term in the index.
    Any,
}

impl DocumentTag {
    /// Returns the token of the tag in a table.
    pub(super) fn token(self, table: Table) -> String {
        match table {
            Table::Trigrams => self.trigram(),
            // Longer than any token of a text.
            Table::Short => match self {
                Self::Room(RoomId(id)) => format!("room{id}"),
                Self::Author(UserId(id)) => format!("user{id}"),
                Self::File => "file".to_owned(),
                Self::Any => "any".to_owned(),
            },
        }
    }

    /// Returns three private-use characters: the kind of tag and a number of two digits. Numbers beyond 2³⁰ share
    /// tags; candidates are compared anyway.
    fn trigram(self) -> String {
        let (sort, number) = match self {
            Self::Room(RoomId(id)) => ('\u{e001}', id),
            Self::Author(UserId(id)) => ('\u{e002}', id),
            Self::File => ('\u{e003}', 0),
            Self::Any => ('\u{e004}', 0),
        };
        let digit = |number: i64| {
            let digit = u32::try_from(number & 0x7fff).unwrap_or_default();
            char::from_u32(0xf_0000 + digit).unwrap_or('\u{f0000}')
        };
        [sort, digit(number >> 15), digit(number)].iter().collect()
    }
}

/// Returns the tokens of one and two characters of a folded text, for the second table.
pub(super) fn short_tokens(folded: &str) -> String {
    let mut tokens = BTreeSet::new();
    let mut before = None;
    for c in folded.chars() {
        if c == ' ' {
            before = None;
            continue;
        }
        tokens.insert((c, None));
        if let Some(before) = before.replace(c) {
            tokens.insert((before, Some(c)));
        }
    }
    let mut words = String::with_capacity(tokens.len() * 3);
    for (one, other) in tokens {
        words.push(letter(one));
        words.extend(other.map(letter));
        words.push(' ');
    }
    words
}

/// Maps a character to a private-use one, because the tokenizer drops punctuation.
fn letter(c: char) -> char {
    if c.is_ascii() && !c.is_ascii_alphanumeric() {
        char::from_u32(0xe000 + u32::from(c)).unwrap_or(c)
    } else {
        c
    }
}

/// Returns the table that serves these terms, and the tokens that a message must have there: the least `common`
/// trigrams.
pub(super) fn lookup(terms: &[String], common: impl Fn(&str) -> u16) -> (Table, Vec<String>) {
    let (long, short): (Vec<_>, Vec<_>) =
        terms.iter().partition(|term| term.chars().nth(2).is_some());
    if long.is_empty() && !short.is_empty() {
        let tokens = short.iter().map(|term| term.chars().map(letter).collect());
        return (Table::Short, tokens.take(MAX_SHORT).collect());
    }
    // Short terms beside long ones are only compared.
    let mut tokens: Vec<String> = Vec::new();
    for term in long {
        let chars: Vec<char> = term.chars().collect();
        for trigram in chars.windows(3) {
            let token = trigram.iter().collect();
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
    }
    tokens.sort_by_cached_key(|token| common(token));
    tokens.truncate(MAX_TRIGRAMS);
    (Table::Trigrams, tokens)
}

/// Returns an expression that requires one token of each group. Each token is quoted, so that none acts as an
/// operator.
pub(super) fn expression(groups: &[Vec<String>]) -> String {
    let mut text = String::new();
    for group in groups.iter().filter(|group| !group.is_empty()) {
        text.push_str(if text.is_empty() { "(" } else { " AND (" });
        for (at, token) in group.iter().enumerate() {
            let or = if at == 0 { "" } else { " OR " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{or}\"{}\"", token.replace('"', "\"\""));
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::SearchQuery;

    fn of(terms: &[&str]) -> (Table, Vec<String>) {
        let terms: Vec<_> = terms.iter().map(|term| (*term).to_owned()).collect();
        lookup(&terms, |token| u16::from(token.contains('e')))
    }

    #[test]
    fn term_uses_its_rarest_trigrams() {
        let (table, tokens) = of(&["deploy"]);
        assert_eq!(table, Table::Trigrams);
        assert_eq!(tokens, ["plo", "loy", "dep", "epl"]);
        assert_eq!(
            of(&["every", "hope", "zoo"]).1,
            ["hop", "zoo", "eve", "ver"]
        );
        assert_eq!(
            of(&["東京都", "x"]),
            (Table::Trigrams, vec!["東京都".to_owned()])
        );
        assert_eq!(of(&["aaaaa"]).1, ["aaa"]);
    }

    #[test]
    fn short_terms_have_own_tokens() {
        assert_eq!(short_tokens("ab c+").trim(), "\u{e02b} a ab b c c\u{e02b}");
        assert_eq!(
            of(&["c+", "東"]),
            (Table::Short, vec!["c\u{e02b}".into(), "東".into()])
        );
        assert_eq!(of(&[]), (Table::Trigrams, vec![]));
    }

    #[test]
    fn token_cannot_escape_its_quotes() {
        let groups = [
            vec!["a\"b".to_owned()],
            vec![],
            vec!["x".to_owned(), "y".to_owned()],
        ];
        assert_eq!(expression(&groups), "(\"a\"\"b\") AND (\"x\" OR \"y\")");
    }

    #[test]
    fn document_tags_are_single_trigrams() {
        for mark in [
            DocumentTag::Room(RoomId(i64::MAX)),
            DocumentTag::Author(UserId(70_000)),
            DocumentTag::File,
            DocumentTag::Any,
        ] {
            assert_eq!(mark.trigram().chars().count(), 3, "{mark:?}");
        }
        let room = |id| DocumentTag::Room(RoomId(id)).trigram();
        assert_ne!(room(1), room(1 << 15));
        assert_ne!(room(1), DocumentTag::Author(UserId(1)).trigram());
    }

    proptest! {
        #[test]
        fn sqlite_accepts_the_expression_of_every_query(
            text in r#"([ -~]|"|\*|\^|:|\(|\)|AND|OR|NOT|NEAR| |ü|東|\PC){1,40}"#
        ) {
            let Ok(query) = SearchQuery::parse(&text) else { return Ok(()) };
            let (table, tokens) = lookup(query.terms.as_slice(), |_| 0);
            let tag = DocumentTag::Any.token(table);
            let mut groups: Vec<_> = tokens.into_iter().map(|token| vec![token]).collect();
            groups.push(vec![tag]);
            let count = INDEX.with(|(runtime, pool)| {
                let table = match table {
                    Table::Trigrams => "long",
                    Table::Short => "short",
                };
                let sql = format!("select count(*) from {table} where {table} match ?1");
                let count = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql)).bind(expression(&groups));
                runtime.block_on(count.fetch_one(pool))
            });
            prop_assert_eq!(count.map_err(|error| error.to_string()), Ok(0), "{:?}", groups);
        }
    }

    thread_local! {
        /// Empty tables with the tokenizers of the index.
        static INDEX: (tokio::runtime::Runtime, sqlx::SqlitePool) = {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let pool = runtime.block_on(async {
                let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
                let pool = options.connect("sqlite::memory:").await.unwrap();
                let tables = "create virtual table long using fts5(body, tokenize='trigram case_sensitive 1');
                    create virtual table short using fts5(tokens, tokenize='ascii')";
                sqlx::raw_sql(tables).execute(&pool).await.unwrap();
                pool
            });
            (runtime, pool)
        };
    }
}
