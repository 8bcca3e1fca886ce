//! Messages on disk: acks a second to senders that each have one message on its way.
//!
//! Each sender has a room of its own, so that the row is about the disk and not about fan-out. The
//! floor writes equal bytes and waits for the disk once for all of them. Beside them stands what the
//! store alone takes, without sockets, from as many senders.

use std::{
    cell::RefCell,
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::hall::BODY;
use crate::bench::{
    Bench,
    client::{Crowd, Dialect, Marker, Opening, body, now},
    contest::{Entrant, Metric, Turn, Who, contest},
    floor::Log,
    folder::Folder,
    machine,
    peer::{self, Peer, RunningPeer},
    program::Server,
    report::number,
    seed::{self, Town, Writer, stored},
};

const USERS: usize = 8;
/// The columns and the key that are stored beside a body of this size.
const RECORD: usize = BODY + 56;
const WARMING: Duration = Duration::from_millis(300);

pub(super) fn one(bench: &mut Bench<'_>) -> io::Result<()> {
    measure(bench, 1)
}

pub(super) fn sixteen(bench: &mut Bench<'_>) -> io::Result<()> {
    measure(bench, 16)
}

pub(super) fn many(bench: &mut Bench<'_>) -> io::Result<()> {
    measure(bench, 256)
}

/// The server that the senders send to.
enum Host {
    Ours(Server),
    Other(Box<dyn RunningPeer>),
}

/// Senders that never rest.
struct Senders {
    crowd: Crowd,
    rooms: Vec<i64>,
    sent: Vec<u64>,
    host: Host,
    _folder: Folder,
}

fn measure(bench: &mut Bench<'_>, count: usize) -> io::Result<()> {
    let mut log = Log::within(bench.folder()?)?;
    let alone = Alone::open(bench, count)?;
    let mut others = Vec::new();
    for peer in bench.peers.iter().filter(|peer| peer.is_durable()) {
        match Senders::of(bench, &**peer, count) {
            Ok(senders) => others.push((peer.name().to_owned(), senders)),
            Err(error) => {
                let told = format!("{} is left out: {error}", peer.name());
                bench.progress.tell(&told);
                bench.report.remark(format!("{told}."));
            }
        }
    }

    let senders = RefCell::new(Senders::ours(bench, count)?);
    let slice = bench.plan.slice;
    let mut entrants = vec![
        Entrant::new(Who::Floor, || {
            let (rate, _) = log.write(RECORD, count, slice / 2)?;
            Ok(Turn {
                figures: vec![rate],
                client: 0.0,
            })
        }),
        Entrant::new(Who::Ours, || senders.borrow_mut().turn(slice, false)),
        Entrant::new(Who::Other("the store alone".to_owned()), || {
            alone.turn(slice)
        }),
    ];
    if !bench.plan.quick {
        let who = Who::Other("Parlor on both cores".to_owned());
        entrants.push(Entrant::new(who, || senders.borrow_mut().turn(slice, true)));
    }
    for (name, senders) in &mut others {
        let who = Who::Other(name.clone());
        entrants.push(Entrant::new(who, || senders.turn(slice, false)));
    }
    let metrics = [
        Metric::rate("", "acked/s"),
        Metric::cost(": processor", "µs/message"),
    ];
    let name = match count {
        1 => "durable sends, 1 sender".to_owned(),
        _ => format!("durable sends, {count} senders"),
    };
    let mut rows = contest(bench, &name, &metrics, entrants)?;
    rows[0].note(format!(
        "floor: `pwrite` and `fdatasync` of {count} × {RECORD} bytes"
    ));
    bench.push(rows);
    Ok(())
}

impl Senders {
    fn ours(bench: &Bench<'_>, count: usize) -> io::Result<Self> {
        let folder = bench.folder()?;
        let rooms: Vec<Vec<usize>> = (0..count).map(|room| vec![room % USERS]).collect();
        let town = seed::town(folder.path(), USERS, &rooms)?;
        let server = bench.server(folder.path())?;
        let tokens = town.tokens.iter().map(String::as_str).cycle();
        let address = server.address;
        let crowd = Crowd::new(Dialect::Parlor)?;
        let sockets = town.rooms.iter().zip(tokens);
        let sockets: Vec<_> = sockets
            .map(|(room, token)| Opening::at(*room, token))
            .collect();
        Self {
            crowd,
            rooms: town.rooms.clone(),
            sent: vec![0; count],
            host: Host::Ours(server),
            _folder: folder,
        }
        .begin(address, sockets)
    }

    fn of(bench: &Bench<'_>, peer: &dyn Peer, count: usize) -> io::Result<Self> {
        let folder = bench.folder()?;
        let running = peer::start(peer, folder.path())?;
        let address = running.address();
        let rooms: Vec<i64> = (1..).take(count).collect();
        let sockets: Vec<_> = rooms
            .iter()
            .map(|room| Opening::at(*room, "anybody"))
            .collect();
        Self {
            crowd: Crowd::new(peer.dialect())?,
            rooms: rooms.clone(),
            sent: vec![0; count],
            host: Host::Other(running),
            _folder: folder,
        }
        .begin(address, sockets)
    }

    fn begin(
        mut self,
        address: std::net::SocketAddr,
        sockets: Vec<Opening<'_>>,
    ) -> io::Result<Self> {
        self.crowd.open(address, sockets)?;
        for at in 0..self.sent.len() {
            self.send(at)?;
        }
        self.work(WARMING)?;
        Ok(self)
    }

    fn process(&self) -> u32 {
        match &self.host {
            Host::Ours(server) => server.process(),
            Host::Other(peer) => peer.process(),
        }
    }

    fn turn(&mut self, time: Duration, free: bool) -> io::Result<Turn> {
        let process = self.process();
        if free {
            machine::set_free(process, true)?;
        }
        let cpu = machine::cpu_time(process)?;
        let idle = self.crowd.idle();
        let start = Instant::now();
        let acks = number(self.work(time)?);
        let seconds = start.elapsed().as_secs_f64();
        let cpu = machine::cpu_time(process)?.saturating_sub(cpu);
        let idle = self.crowd.idle().saturating_sub(idle);
        if free {
            machine::set_free(process, false)?;
        }
        Ok(Turn {
            figures: vec![acks / seconds, cpu.as_secs_f64() * 1e6 / acks],
            client: if free {
                0.0
            } else {
                1.0 - idle.as_secs_f64() / seconds
            },
        })
    }

    /// Goes on for that long, and answers how many messages were acked.
    fn work(&mut self, time: Duration) -> io::Result<u64> {
        let start = Instant::now();
        let mut acked = 0;
        while start.elapsed() < time {
            self.crowd
                .until("an ack", |counts| !counts.acks.is_empty())?;
            while let Some(at) = self.crowd.counts.acks.pop_front() {
                acked += 1;
                self.send(at)?;
            }
        }
        Ok(acked)
    }

    fn send(&mut self, at: usize) -> io::Result<()> {
        let marker = Marker {
            number: self.sent[at],
            sender: at,
            at: now(),
        };
        self.sent[at] += 1;
        let markers = std::iter::once(marker);
        self.crowd.say(at, self.rooms[at], markers, BODY)
    }
}

/// The store in this process, on the server's core, and nothing else.
struct Alone {
    runtime: tokio::runtime::Runtime,
    writer: Writer,
    town: Town,
    senders: usize,
    next: AtomicU64,
    _folder: Folder,
}

impl Alone {
    fn open(bench: &Bench<'_>, senders: usize) -> io::Result<Self> {
        let folder = bench.folder()?;
        let rooms: Vec<Vec<usize>> = (0..senders).map(|room| vec![room % USERS]).collect();
        machine::on_server_core(|| {
            let runtime = seed::runtime()?;
            let (writer, town) = runtime.block_on(async {
                let writer = Writer::open(folder.path()).await?;
                let town = writer.town(USERS, &rooms).await?;
                io::Result::Ok((writer, town))
            })?;
            Ok(Self {
                runtime,
                writer,
                town,
                senders,
                next: AtomicU64::new(0),
                _folder: folder,
            })
        })
    }

    fn turn(&self, time: Duration) -> io::Result<Turn> {
        machine::on_server_core(|| {
            let cpu = machine::cpu_time(std::process::id())?;
            let start = Instant::now();
            let sending = (0..self.senders).map(|sender| self.send(sender, start, time));
            let acked = self
                .runtime
                .block_on(futures_util::future::try_join_all(sending))?;
            let acked = number(acked.iter().sum());
            let seconds = start.elapsed().as_secs_f64();
            let cpu = machine::cpu_time(std::process::id())?.saturating_sub(cpu);
            Ok(Turn {
                figures: vec![acked / seconds, cpu.as_secs_f64() * 1e6 / acked],
                client: 0.0,
            })
        })
    }

    async fn send(&self, sender: usize, start: Instant, time: Duration) -> io::Result<u64> {
        let mut acked = 0;
        while start.elapsed() < time {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let at = now();
            let body = body(Marker { number, sender, at }, BODY);
            let pending =
                self.writer
                    .append(&self.town, sender, sender % USERS, &body, Some(number))?;
            stored(pending).await?;
            acked += 1;
        }
        Ok(acked)
    }
}
