//! Searching a million messages: what a client waits for an answer.
//!
//! The corpus is generated: words of syllables, drawn by Zipf's law, so that a few are in every other
//! message and most in a handful. It is written into the database itself, for what is measured here
//! is not how it came there; the index is built by the program.

use std::{
    collections::HashSet,
    io,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::json;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    Plan, machine,
    report::{Report, Row, number},
    server::{self, Server, User},
};

const MESSAGES: usize = 1_000_000;
const QUICK_MESSAGES: usize = 100_000;
const WORDS: usize = 50_000;
const ROOMS: usize = 50;
/// The room of somebody who is in no other: about a thousandth of all messages.
const QUIET_ROOM: usize = ROOMS - 1;
const REQUESTS: usize = 500;
/// Requests before those that count: they read the database into memory.
const WARMING: usize = 50;
/// A word in fewer messages is rare.
const RARE: u32 = 20;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        // Xorshift, by Marsaglia.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.roll() >> 16).unwrap_or_default() % most
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// The words and how often they were said.
struct Corpus {
    dice: Dice,
    words: Vec<String>,
    /// Sums of 1, 1/2, 1/3, …
    sums: Vec<f64>,
    said: Vec<u32>,
}

impl Corpus {
    fn new() -> Self {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let starts = "b c d f g h j k l m n p r s t v w z ch sh th st tr br pl qu sk gr";
        let starts: Vec<&str> = starts.split(' ').collect();
        let vowels = ["a", "e", "i", "o", "u", "ai", "ea", "ou", "y"];
        let ends = ["", "", "n", "r", "s", "t", "ng", "ck", "ld"];
        let (mut words, mut known) = (Vec::new(), HashSet::new());
        while words.len() < WORDS {
            // What is said often is short.
            let longest = if words.len() < 300 { 2 } else { 4 };
            let mut word = String::new();
            for _ in 0..=dice.below(longest) {
                word.push_str(dice.pick(&starts));
                word.push_str(dice.pick(&vowels));
            }
            word.push_str(dice.pick(&ends));
            if known.insert(word.clone()) {
                words.push(word);
            }
        }
        let mut sum = 0.0;
        let sums = (1..=WORDS as u64).map(|rank| {
            sum += 1.0 / number(rank);
            sum
        });
        let sums = sums.collect();
        let said = vec![0; WORDS];
        Self {
            dice,
            words,
            sums,
            said,
        }
    }

    fn word(&mut self) -> usize {
        let all = self.sums.last().copied().unwrap_or_default();
        let drawn = number(self.dice.roll() >> 11) / number(1 << 53) * all;
        self.sums.partition_point(|sum| *sum < drawn).min(WORDS - 1)
    }

    /// Mostly a line, at times a page.
    fn message(&mut self) -> String {
        let words = match self.dice.below(100) {
            0 => 100 + self.dice.below(400),
            1..20 => 20 + self.dice.below(30),
            _ => 1 + self.dice.below(15),
        };
        let mut text = String::new();
        for _ in 0..words {
            let word = self.word();
            self.said[word] += 1;
            text.push_str(&self.words[word]);
            text.push(' ');
        }
        text.truncate(text.len().saturating_sub(1).min(4000));
        text
    }

    /// Words of that many letters at least that were said so often.
    fn said(&self, letters: usize, often: impl Fn(u32) -> bool) -> Vec<&str> {
        let words = self.words.iter().zip(&self.said);
        let words = words.filter(|(word, said)| word.len() >= letters && often(**said));
        words.map(|(word, _)| word.as_str()).collect()
    }
}

pub(crate) fn measure(plan: Plan, report: &mut Report) -> io::Result<()> {
    let messages = if plan.quick { QUICK_MESSAGES } else { MESSAGES };
    let folder = server::folder()?;
    let mut corpus = Corpus::new();
    let (ana, ben) = furnish(folder.path(), messages, &mut corpus)?;

    eprintln!("search: the index is built");
    let start = Instant::now();
    let status = machine::on_server_core(|| {
        Command::new(env!("CARGO_BIN_EXE_parlor"))
            .arg("reindex")
            .arg("--data")
            .arg(folder.path())
            .stdout(Stdio::null())
            .status()
    })?;
    if !status.success() {
        return Err(io::Error::other("the index was not built"));
    }
    let mut row = Row::rate("indexing, at once", "messages/s");
    row.ours(number(messages as u64) / start.elapsed().as_secs_f64());
    row.note(format!("{messages} messages"));
    report.push(row);

    let server = Server::start(folder.path())?;
    let (ana, ben) = (ana.at(&server), ben.at(&server));
    let rare = corpus.said(5, |said| (1..RARE).contains(&said));
    let common = corpus.said(3, |said| said as usize > messages / 50);
    let between = messages / 5000..messages / 500;
    let between = corpus.said(4, |said| between.contains(&(said as usize)));
    let part = |dice: &mut Dice, letters: usize| {
        let word = &corpus.words[dice.below(WORDS)];
        word[..letters.min(word.len())].to_owned()
    };
    let both = |dice: &mut Dice| format!("{} {}", dice.pick(&common), dice.pick(&rare));
    let phrase = |dice: &mut Dice| format!("\"{} {}\"", dice.pick(&common), dice.pick(&common));
    let one_of = |words: &[&str]| queries(|dice| dice.pick(words).to_owned());
    for (kind, user, queries) in [
        ("a rare word", &ana, one_of(&rare)),
        ("a common word", &ana, one_of(&common)),
        ("a word in between", &ana, one_of(&between)),
        ("a rare and a common word", &ana, queries(both)),
        ("a phrase", &ana, queries(phrase)),
        ("three letters", &ana, queries(|dice| part(dice, 3))),
        ("two letters", &ana, queries(|dice| part(dice, 2))),
        ("one letter", &ana, queries(|dice| part(dice, 1))),
        ("a common word in a quiet room", &ben, one_of(&common)),
    ] {
        for row in answers(kind, user, &queries)? {
            report.push(row);
        }
    }
    Ok(())
}

fn queries(mut query: impl FnMut(&mut Dice) -> String) -> Vec<String> {
    let mut dice = Dice(7);
    (0..WARMING + REQUESTS).map(|_| query(&mut dice)).collect()
}

/// The median and the 99th percentile of many answers.
fn answers(kind: &str, user: &User, queries: &[String]) -> io::Result<[Row; 2]> {
    eprintln!("search: {kind}");
    let (mut times, mut hits) = (Vec::new(), 0);
    for (turn, query) in queries.iter().enumerate() {
        let start = Instant::now();
        let answer = user.get(&format!("/api/search?q={}", encoded(query)))?;
        if turn >= WARMING {
            times.push(start.elapsed().as_secs_f64() * 1e3);
            hits += answer["items"].as_array().map_or(0, Vec::len);
        }
    }
    times.sort_by(f64::total_cmp);
    let mut rows = [("p50", 50), ("p99", 99)].map(|(name, percent)| {
        let mut row = Row::cost(format!("search, {kind}: {name}"), "ms");
        row.ours(times[times.len() * percent / 100]);
        row
    });
    let each = number(hits as u64) / number(times.len() as u64);
    rows[0].note(format!("{each:.1} hits"));
    Ok(rows)
}

fn encoded(query: &str) -> String {
    query.replace('"', "%22").replace(' ', "%20")
}

/// Two users and their rooms, made by the server, and messages, made by nobody. The first user is in
/// every room, the second in the quiet one.
fn furnish(folder: &Path, messages: usize, corpus: &mut Corpus) -> io::Result<(User, User)> {
    let server = Server::start(folder)?;
    let (ana, ben) = (server.user("ana")?, server.user("ben")?);
    let mut rooms = Vec::new();
    for room in 0..ROOMS {
        rooms.push(ana.create_room(&format!("room {room}"))?);
    }
    ben.join(&rooms[QUIET_ROOM])?;
    let ids: Vec<i64> = rooms.iter().map(|room| room.id).collect();
    drop(server);
    eprintln!("search: {messages} messages are written");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let written = runtime.block_on(write(folder, &ids, messages, corpus));
    written.map_err(io::Error::other)?;
    Ok((ana, ben))
}

async fn write(
    folder: &Path,
    rooms: &[i64],
    messages: usize,
    corpus: &mut Corpus,
) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(folder.join("parlor.db"));
    let mut connection = options.connect().await?;
    // Seq, rev and the count of texts, after what the room said of itself.
    let mut heads = vec![(2_i64, 0_i64); rooms.len()];
    let mut batch = Vec::new();
    for (n, at) in (0..messages).zip((1_700_000_000_000_i64..).step_by(1000)) {
        // Half of all in the first room, a quarter in the second; a thousandth in the quiet one.
        let room = match corpus.dice.below(1000) {
            0 => QUIET_ROOM,
            _ => (corpus.dice.roll() | 1 << 40).trailing_zeros() as usize % QUIET_ROOM,
        };
        let head = &mut heads[room];
        *head = (head.0 + 1, head.1 + 1);
        let body = corpus.message();
        batch.push(json!([rooms[room], head.0, 1 + n % 2, body, head.1, at]));
        if batch.len() == 5000 || n + 1 == messages {
            insert(
                &mut connection,
                &serde_json::Value::from(std::mem::take(&mut batch)),
            )
            .await?;
        }
    }
    for (room, (seq, count)) in rooms.iter().zip(heads) {
        let update = "update rooms set last_seq = ?2, last_rev = ?2, text_count = ?3 where id = ?1";
        let update = sqlx::query(update).bind(room).bind(seq).bind(count);
        update.execute(&mut connection).await?;
    }
    connection.close().await
}

async fn insert(
    connection: &mut SqliteConnection,
    rows: &serde_json::Value,
) -> Result<(), sqlx::Error> {
    let insert = "insert into messages (room_id, seq, rev, kind, author_id, body, text_count, created_at)
         select value ->> 0, value ->> 1, value ->> 1, 'text', value ->> 2, value ->> 3, value ->> 4,
                value ->> 5 from json_each(?1)";
    let insert = sqlx::query(insert).bind(rows.to_string());
    insert.execute(connection).await?;
    Ok(())
}
