//! Durable messages: acks per second to senders with one message in flight each.
//!
//! Each sender has its own room, so that the row measures the disk and not the fan-out. The
//! baseline writes equal bytes with one fsync for all senders. The row also shows the store alone, with
//! as many senders but without sockets.

use std::{
    cell::RefCell,
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::room_load::BODY;
use crate::bench::{
    Bench,
    baseline::DiskBaseline,
    client::{ClientPool, Marker, PeerProtocol, SocketRequest, body, now},
    comparison::{Contender, Metric, Sample, Subject, compare},
    folder::TempFolder,
    machine,
    peer::{self, Peer, RunningPeer},
    program::TestedServer,
    report::number,
    seed::{self, Fixture, FixtureWriter, stored},
};

const USERS: usize = 8;
/// Stored bytes of a message with a body of this size: its columns and its key.
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

/// Server that receives the messages.
enum SenderHost {
    Ours(TestedServer),
    Other(Box<dyn RunningPeer>),
}

/// Senders that always have a message in flight.
struct SenderLoad {
    pool: ClientPool,
    rooms: Vec<i64>,
    sent: Vec<u64>,
    host: SenderHost,
    _folder: TempFolder,
}

fn measure(bench: &mut Bench<'_>, count: usize) -> io::Result<()> {
    let mut log = DiskBaseline::within(bench.folder()?)?;
    let alone = StoreOnly::open(bench, count)?;
    let mut others = Vec::new();
    for peer in bench.peers.iter().filter(|peer| peer.is_durable()) {
        match SenderLoad::of(bench, &**peer, count) {
            Ok(senders) => others.push((peer.name().to_owned(), senders)),
            Err(error) => {
                let told = format!("{} is left out: {error}", peer.name());
                bench.progress.print_line(&told);
                bench.report.remark(format!("{told}."));
            }
        }
    }

    let senders = RefCell::new(SenderLoad::ours(bench, count)?);
    let slice = bench.plan.slice;
    let mut contenders = vec![
        Contender::new(Subject::Baseline, || {
            let (rate, _) = log.write(RECORD, count, slice / 2)?;
            Ok(Sample {
                figures: vec![rate],
                client: 0.0,
            })
        }),
        Contender::new(Subject::Ours, || senders.borrow_mut().sample(slice, false)),
        Contender::new(Subject::Other("the store alone".to_owned()), || {
            alone.sample(slice)
        }),
    ];
    if !bench.plan.quick {
        let who = Subject::Other("Parlor on both cores".to_owned());
        contenders.push(Contender::new(who, || {
            senders.borrow_mut().sample(slice, true)
        }));
    }
    for (name, senders) in &mut others {
        let who = Subject::Other(name.clone());
        contenders.push(Contender::new(who, || senders.sample(slice, false)));
    }
    let metrics = [
        Metric::rate("", "acked/s"),
        Metric::cost(": processor", "µs/message"),
    ];
    let name = match count {
        1 => "durable sends, 1 sender".to_owned(),
        _ => format!("durable sends, {count} senders"),
    };
    let mut rows = compare(bench, &name, &metrics, contenders)?;
    rows[0].note(format!(
        "baseline: `pwrite` and `fdatasync` of {count} × {RECORD} bytes"
    ));
    bench.push(rows);
    Ok(())
}

impl SenderLoad {
    fn ours(bench: &Bench<'_>, count: usize) -> io::Result<Self> {
        let folder = bench.folder()?;
        let rooms: Vec<Vec<usize>> = (0..count).map(|room| vec![room % USERS]).collect();
        let fixture = seed::fixture(folder.path(), USERS, &rooms)?;
        let server = bench.server(folder.path())?;
        let tokens = fixture.tokens.iter().map(String::as_str).cycle();
        let address = server.address;
        let pool = ClientPool::new(PeerProtocol::Parlor)?;
        let sockets = fixture.rooms.iter().zip(tokens);
        let sockets: Vec<_> = sockets
            .map(|(room, token)| SocketRequest::at(*room, token))
            .collect();
        Self {
            pool,
            rooms: fixture.rooms.clone(),
            sent: vec![0; count],
            host: SenderHost::Ours(server),
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
            .map(|room| SocketRequest::at(*room, "anybody"))
            .collect();
        Self {
            pool: ClientPool::new(peer.dialect())?,
            rooms: rooms.clone(),
            sent: vec![0; count],
            host: SenderHost::Other(running),
            _folder: folder,
        }
        .begin(address, sockets)
    }

    fn begin(
        mut self,
        address: std::net::SocketAddr,
        sockets: Vec<SocketRequest<'_>>,
    ) -> io::Result<Self> {
        self.pool.open(address, sockets)?;
        for at in 0..self.sent.len() {
            self.send(at)?;
        }
        self.work(WARMING)?;
        Ok(self)
    }

    fn process(&self) -> u32 {
        match &self.host {
            SenderHost::Ours(server) => server.process(),
            SenderHost::Other(peer) => peer.process(),
        }
    }

    fn sample(&mut self, time: Duration, free: bool) -> io::Result<Sample> {
        let process = self.process();
        if free {
            machine::set_free(process, true)?;
        }
        let cpu = machine::cpu_time(process)?;
        let idle = self.pool.idle();
        let start = Instant::now();
        let acks = number(self.work(time)?);
        let seconds = start.elapsed().as_secs_f64();
        let cpu = machine::cpu_time(process)?.saturating_sub(cpu);
        let idle = self.pool.idle().saturating_sub(idle);
        if free {
            machine::set_free(process, false)?;
        }
        Ok(Sample {
            figures: vec![acks / seconds, cpu.as_secs_f64() * 1e6 / acks],
            client: if free {
                0.0
            } else {
                1.0 - idle.as_secs_f64() / seconds
            },
        })
    }

    /// Sends for this time and returns the number of acked messages.
    fn work(&mut self, time: Duration) -> io::Result<u64> {
        let start = Instant::now();
        let mut acked = 0;
        while start.elapsed() < time {
            self.pool
                .until("an ack", |counts| !counts.acks.is_empty())?;
            while let Some(at) = self.pool.counts.acks.pop_front() {
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
        self.pool.publish(at, self.rooms[at], markers, BODY)
    }
}

/// The store alone, in this process on the server's core.
struct StoreOnly {
    runtime: tokio::runtime::Runtime,
    writer: FixtureWriter,
    fixture: Fixture,
    senders: usize,
    next: AtomicU64,
    _folder: TempFolder,
}

impl StoreOnly {
    fn open(bench: &Bench<'_>, senders: usize) -> io::Result<Self> {
        let folder = bench.folder()?;
        let rooms: Vec<Vec<usize>> = (0..senders).map(|room| vec![room % USERS]).collect();
        machine::on_server_core(|| {
            let runtime = seed::runtime()?;
            let (writer, fixture) = runtime.block_on(async {
                let writer = FixtureWriter::open(folder.path()).await?;
                let fixture = writer.fixture(USERS, &rooms).await?;
                io::Result::Ok((writer, fixture))
            })?;
            Ok(Self {
                runtime,
                writer,
                fixture,
                senders,
                next: AtomicU64::new(0),
                _folder: folder,
            })
        })
    }

    fn sample(&self, time: Duration) -> io::Result<Sample> {
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
            Ok(Sample {
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
                    .append(&self.fixture, sender, sender % USERS, &body, Some(number))?;
            stored(pending).await?;
            acked += 1;
        }
        Ok(acked)
    }
}
