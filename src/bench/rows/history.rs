//! Reads and searches of a long history: latency of one request after the other over a keep-alive connection.

use std::{io, time::Duration};

use crate::bench::{
    Bench,
    archive::Archive,
    client::{HttpPool, get},
    histogram::Histogram,
    report::{Row, number},
    rng::{Rng, Zipf},
};

/// Warm-up requests, which read the database into memory.
const WARMING: u64 = 50;
/// Number of least frequent words that count as rare.
const RARE: usize = 1000;
const DEPTH: u64 = 100_000;

pub(super) fn measure(bench: &mut Bench<'_>) -> io::Result<()> {
    let archive = bench.archive()?;
    let rows = rows(bench, &archive)?;
    bench.push(rows);
    bench.archive = Some(archive);
    Ok(())
}

#[expect(clippy::too_many_lines, reason = "one row for each kind of request")]
fn rows(bench: &Bench<'_>, archive: &Archive) -> io::Result<Vec<Row>> {
    let requests = bench.plan.size(1000, 100);
    let server = bench.server(archive.folder.path())?;
    let mut http = HttpPool::connect(server.address, 1)?;
    let mut rng = Rng::new(3);
    let mut rows = Vec::new();
    let mut send_command = |what: &str, note: &str, path: &mut dyn FnMut(&mut Rng) -> String| {
        bench.progress.show(what);
        let mut next = || get(&path(&mut rng), archive.everywhere());
        http.send_repeatedly(Duration::MAX, WARMING, &mut next)?;
        let times = http
            .send_repeatedly(Duration::MAX, requests, &mut next)?
            .times;
        rows.extend(timed(archive.messages, what, note, &times));
        io::Result::Ok(())
    };

    let zipf = Zipf::of(archive.lengths.len());
    let longest = archive.lengths.iter().copied().max().unwrap_or_default();
    let depth = DEPTH.min(longest / 2);
    let room = |at: usize| format!("/api/rooms/{}/messages", archive.fixture.rooms[at]);
    send_command("newest page", "a room drawn by Zipf's law", &mut |rng| {
        room(zipf.draw(rng))
    })?;
    let note = format!("{depth} messages before the newest, 50 a page");
    send_command("page at depth", &note, &mut |rng| {
        let before = longest - depth + rng.below(1000) as u64;
        format!("{}?before={before}", room(0))
    })?;
    send_command("around", "any message of a room drawn", &mut |rng| {
        let at = zipf.draw(rng);
        let length = usize::try_from(archive.lengths[at]).unwrap_or(usize::MAX);
        format!("{}?around={}", room(at), 1 + rng.below(length.max(1)))
    })?;
    let note = format!("`GET /api/rooms`, {} rooms", archive.fixture.rooms.len());
    send_command("unread", &note, &mut |_| "/api/rooms".to_owned())?;

    let corpus = &archive.corpus;
    let rare = corpus.rarest(5, RARE);
    let common = corpus.words(3, |words| words as usize > archive.messages / 50);
    let search = |query: &str| {
        let query = query.replace('"', "%22").replace(' ', "%20");
        format!("/api/search?q={query}")
    };
    send_command("search, a rare word", "", &mut |rng| {
        search(rng.pick(&rare))
    })?;
    send_command("search, a common word", "", &mut |rng| {
        search(rng.pick(&common))
    })?;
    send_command("search, both", "", &mut |rng| {
        search(&format!("{} {}", rng.pick(&common), rng.pick(&rare)))
    })?;
    send_command("search, a phrase", "", &mut |rng| {
        search(&format!("\"{} {}\"", rng.pick(&common), rng.pick(&common)))
    })?;
    send_command("search, two letters", "", &mut |rng| {
        search(corpus.part(rng, 2))
    })?;

    let name = format!("history, {} messages: indexing", archive.messages);
    let mut row = Row::rate(name, "messages/s");
    row.ours(archive.indexed);
    rows.push(row);
    Ok(rows)
}

fn timed(messages: usize, what: &str, note: &str, times: &Histogram) -> [Row; 2] {
    let [p50, p99, _] = times.percentiles();
    let mut rows = [("p50", p50), ("p99", p99)].map(|(name, value)| {
        let mut row = Row::cost(
            format!("history, {messages} messages: {what}: {name}"),
            "ms",
        );
        row.ours(value);
        row
    });
    if !note.is_empty() {
        rows[0].note(note);
    }
    let all = number(times.count());
    rows[1].note(format!("of {all} requests"));
    rows
}
