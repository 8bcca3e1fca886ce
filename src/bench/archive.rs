//! A long history: 200 rooms of two users, with a million messages by Zipf's law.

use std::{
    io,
    process::{Command, Stdio},
    time::Instant,
};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    Bench,
    corpus::Corpus,
    folder::TempFolder,
    interrupt,
    rng::Zipf,
    seed::{Fixture, FixtureWriter, runtime, stored},
};

const ROOMS: usize = 200;
/// Number of rooms that the second user is in, too.
const FEW: usize = 10;
/// Authors: the first and the third user, who are in every room.
const AUTHORS: [usize; 2] = [0, 2];
/// Maximum messages in flight.
const AT_ONCE: usize = 2000;
/// Number of messages between two lines of progress.
const TOLD: usize = 100_000;

/// A data folder with a history, and facts about it.
pub(super) struct Archive {
    pub(super) folder: TempFolder,
    pub(super) fixture: Fixture,
    pub(super) corpus: Corpus,
    /// Number of messages of each room.
    pub(super) lengths: Vec<u64>,
    pub(super) messages: usize,
    /// Messages per second while the search index was built.
    pub(super) indexed: f64,
}

impl Archive {
    /// Returns the token of a user who is in every room.
    pub(super) fn everywhere(&self) -> &str {
        &self.fixture.tokens[0]
    }

    /// Returns the token of a user who is in ten rooms.
    pub(super) fn in_few(&self) -> &str {
        &self.fixture.tokens[1]
    }
}

impl Bench<'_> {
    /// Returns the history, which is written on first use.
    pub(super) fn archive(&mut self) -> io::Result<Archive> {
        match self.archive.take() {
            Some(archive) => Ok(archive),
            None => self.write_archive(),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "three steps that share their variables"
    )]
    fn write_archive(&self) -> io::Result<Archive> {
        let messages = self
            .options
            .messages
            .unwrap_or(self.plan.size(1_000_000, 30_000));
        let folder = self.folder()?;
        let mut corpus = Corpus::new();
        let mut lengths = vec![0; ROOMS];
        let fixture = runtime()?.block_on(async {
            let writer = FixtureWriter::open(folder.path()).await?;
            let rooms: Vec<Vec<usize>> = (0..ROOMS)
                .map(|room| {
                    if room < FEW {
                        vec![0, 1, 2]
                    } else {
                        vec![0, 2]
                    }
                })
                .collect();
            let fixture = writer.fixture(3, &rooms).await?;
            let zipf = Zipf::of(ROOMS);
            stream::iter(0..messages)
                .map(|number| {
                    let room = zipf.draw(&mut corpus.rng);
                    lengths[room] += 1;
                    if number.is_multiple_of(TOLD) {
                        let (now, all) = (number / 1000, messages / 1000);
                        self.progress
                            .show(&format!("{now} of {all} thousand messages written"));
                    }
                    let author = AUTHORS[number % AUTHORS.len()];
                    writer.append(&fixture, room, author, &corpus.message(), None)
                })
                .map_ok(stored)
                .map(|pending| async { pending?.await })
                .buffered(AT_ONCE)
                .try_collect::<()>()
                .await?;
            writer.store.close().await;
            io::Result::Ok(fixture)
        })?;

        self.progress.show("the index of searches is built");
        let start = Instant::now();
        let status = interrupt::start(|| {
            Command::new(&self.options.program)
                .arg("reindex")
                .arg("--data")
                .arg(folder.path())
                .current_dir(folder.path())
                .env_clear()
                .stdout(Stdio::null())
                .status()
        })?;
        if !status.success() {
            return Err(io::Error::other("the index was not built"));
        }
        Ok(Archive {
            folder,
            fixture,
            corpus,
            lengths,
            messages,
            indexed: super::report::number(messages as u64) / start.elapsed().as_secs_f64(),
        })
    }
}
