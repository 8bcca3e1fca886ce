//! Rooms with one publisher and many listeners: on this server, on peers and on the baseline.

use std::{
    cell::RefCell,
    io::{self, Write},
    net::TcpStream,
    ops::Range,
    time::{Duration, Instant},
};

use crate::bench::{
    Bench,
    baseline::{self, Baseline, SPEAKER, chunk},
    client::{ClientPool, Marker, PeerProtocol, SocketRequest, now},
    comparison::{Contender, Sample, Subject},
    folder::TempFolder,
    machine,
    peer::{self, Peer, RunningPeer},
    program::TestedServer,
    report::number,
    seed,
};

/// Number of users, who have several sockets each.
const USERS: usize = 10;
pub(super) const BODY: usize = 200;

/// Number of rooms and of sockets in each.
#[derive(Clone, Copy)]
pub(super) struct LoadShape {
    pub(super) rooms: usize,
    pub(super) listeners: usize,
}

/// A system under load.
pub(super) trait LoadTarget {
    /// Publishes messages `first..first + count` in a room.
    fn publish(&mut self, room: usize, first: u64, count: u64) -> io::Result<()>;
    /// Sends buffered messages.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn pool(&mut self) -> &mut ClientPool;
    fn process(&self) -> u32;
}

/// Keeps a server running.
enum LoadHost {
    Ours(TestedServer),
    Other(Box<dyn RunningPeer>),
}

/// A server with sockets in its rooms. The first socket of a room publishes.
pub(super) struct RoomLoad {
    pool: ClientPool,
    rooms: Vec<i64>,
    shape: LoadShape,
    host: LoadHost,
    _folder: TempFolder,
}

/// The baseline with equal rooms.
pub(super) struct BaselineRooms {
    pool: ClientPool,
    baseline: baseline::RunningBaseline,
    speaker: TcpStream,
    /// A frame of the server, into which the markers are written.
    frame: Vec<u8>,
    mark: usize,
    /// Frames of one `write`.
    pub(super) frames_per_write: u64,
    held: Vec<u8>,
}

impl RoomLoad {
    pub(super) fn ours(bench: &Bench<'_>, shape: LoadShape) -> io::Result<Self> {
        let folder = bench.folder()?;
        let rooms: Vec<Vec<usize>> = (0..shape.rooms)
            .map(|room| (0..USERS).map(|user| (room + user) % USERS).collect())
            .collect();
        let fixture = seed::fixture(folder.path(), USERS, &rooms)?;
        let server = bench.server(folder.path())?;
        let mut pool = ClientPool::new(PeerProtocol::Parlor)?;
        let sockets = fixture.rooms.iter().flat_map(|room| {
            let tokens = fixture.tokens.iter().cycle().take(shape.listeners);
            tokens.map(|token| SocketRequest::at(*room, token))
        });
        pool.open(server.address, sockets)?;
        Ok(Self {
            pool,
            rooms: fixture.rooms,
            shape,
            host: LoadHost::Ours(server),
            _folder: folder,
        })
    }

    pub(super) fn of(bench: &Bench<'_>, peer: &dyn Peer, shape: LoadShape) -> io::Result<Self> {
        let folder = bench.folder()?;
        let running = peer::start(peer, folder.path())?;
        let mut pool = ClientPool::new(peer.dialect())?;
        let rooms: Vec<i64> = (1..).take(shape.rooms).collect();
        let sockets = rooms.iter().flat_map(|room| {
            let seats = std::iter::repeat_n(*room, shape.listeners);
            seats.map(|room| SocketRequest::at(room, "anybody"))
        });
        pool.open(running.address(), sockets)?;
        Ok(Self {
            pool,
            rooms,
            shape,
            host: LoadHost::Other(running),
            _folder: folder,
        })
    }
}

impl BaselineRooms {
    /// Starts a baseline with frames like those that `room_load` received.
    pub(super) fn like(bench: &Bench<'_>, room_load: &RoomLoad) -> io::Result<Self> {
        let baseline = bench.baseline(Baseline::Broadcast)?;
        let connect = |room: u32| {
            let mut stream = TcpStream::connect(baseline.address)?;
            stream.set_nodelay(true)?;
            stream.write_all(&room.to_be_bytes())?;
            io::Result::Ok(stream)
        };
        let speaker = connect(SPEAKER)?;
        let mut pool = ClientPool::new(PeerProtocol::Parlor)?;
        for (room, _) in (0..).zip(&room_load.rooms) {
            for _ in 0..room_load.shape.listeners {
                pool.add(connect(room)?)?;
            }
        }
        pool.all_live()?;
        let (frame, mark) = room_load.pool.sample();
        Ok(Self {
            pool,
            baseline,
            speaker,
            frame,
            mark,
            frames_per_write: u64::MAX,
            held: Vec::new(),
        })
    }
}

impl RoomLoad {
    fn publish_due_at(&mut self, room: usize, numbers: Range<u64>, at: u64) -> io::Result<()> {
        let sender = room * self.shape.listeners;
        let markers = numbers.map(|number| Marker { number, sender, at });
        self.pool.publish(sender, self.rooms[room], markers, BODY)
    }
}

impl LoadTarget for RoomLoad {
    fn publish(&mut self, room: usize, first: u64, count: u64) -> io::Result<()> {
        self.publish_due_at(room, first..first + count, now())
    }

    fn pool(&mut self) -> &mut ClientPool {
        &mut self.pool
    }

    fn process(&self) -> u32 {
        match &self.host {
            LoadHost::Ours(server) => server.process(),
            LoadHost::Other(peer) => peer.process(),
        }
    }
}

impl LoadTarget for BaselineRooms {
    fn publish(&mut self, room: usize, first: u64, count: u64) -> io::Result<()> {
        let room_number = u32::try_from(room).map_err(io::Error::other)?;
        let (end, at) = (first + count, now());
        let mut next = first;
        while next < end {
            let mut frames = Vec::new();
            let until = end.min(next.saturating_add(self.frames_per_write));
            for number in next..until {
                let sender = room;
                let mark = self.frame.len() - self.mark;
                Marker { number, sender, at }.write(&mut self.frame[mark..]);
                frames.extend(&self.frame);
            }
            self.held.extend(chunk(room_number, &frames));
            next = until;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.speaker.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }

    fn pool(&mut self) -> &mut ClientPool {
        &mut self.pool
    }

    fn process(&self) -> u32 {
        self.baseline.process()
    }
}

/// Chooses the next rooms and their numbers of messages.
pub(super) type RoomSchedule<'a> = &'a mut dyn FnMut(&mut Vec<(usize, u64)>);

/// Runs samples on a target and continues the numbers of each room.
pub(super) struct LoadRunner<S> {
    pub(super) stage: S,
    next: Vec<u64>,
    listeners: u64,
    wanted: u64,
}

/// Result of one sample.
pub(super) struct LoadResult {
    pub(super) rate: f64,
    /// Processor time of the server per delivery, in microseconds.
    pub(super) cost: f64,
    /// Share of a core that the client used.
    pub(super) client: f64,
    /// Frames per read of the client, which is at least the number per write of the server.
    pub(super) frames_per_write: f64,
}

impl<S: LoadTarget> LoadRunner<S> {
    pub(super) fn new(stage: S, shape: LoadShape) -> Self {
        Self {
            stage,
            next: vec![0; shape.rooms],
            listeners: shape.listeners as u64,
            wanted: 0,
        }
    }

    /// Publishes what the schedule chooses for this time, each burst once all listeners have received the last.
    pub(super) fn play(
        &mut self,
        time: Duration,
        script: RoomSchedule<'_>,
    ) -> io::Result<LoadResult> {
        let process = self.stage.process();
        let counts = &self.stage.pool().counts;
        let (heard, reads) = (counts.deliveries, counts.reads);
        let cpu = machine::cpu_time(process)?;
        let idle = self.stage.pool().idle();
        let start = Instant::now();
        while start.elapsed() < time {
            self.burst(script)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let counts = &self.stage.pool().counts;
        let deliveries = number(counts.deliveries - heard);
        let frames_per_write = deliveries / number(counts.reads - reads).max(1.0);
        let cpu = machine::cpu_time(process)?.saturating_sub(cpu);
        let idle = self.stage.pool().idle().saturating_sub(idle);
        Ok(LoadResult {
            rate: deliveries / seconds,
            cost: cpu.as_secs_f64() * 1e6 / deliveries,
            client: 1.0 - idle.as_secs_f64() / seconds,
            frames_per_write,
        })
    }

    /// Publishes one burst and waits until all listeners have received it.
    pub(super) fn burst(&mut self, script: RoomSchedule<'_>) -> io::Result<()> {
        let mut burst = Vec::new();
        script(&mut burst);
        for (room, count) in burst {
            self.stage.publish(room, self.next[room], count)?;
            self.next[room] += count;
            self.wanted += count * self.listeners;
        }
        self.stage.flush()?;
        self.all_received()
    }

    /// Waits until all listeners have received all messages.
    pub(super) fn all_received(&mut self) -> io::Result<()> {
        let wanted = self.wanted;
        let pool = self.stage.pool();
        pool.until("messages to be heard", |counts| counts.deliveries == wanted)
    }

    pub(super) fn rooms(&self) -> usize {
        self.next.len()
    }
}

impl LoadRunner<RoomLoad> {
    /// Publishes one message that was due at this time.
    pub(super) fn say_due(&mut self, room: usize, due: Instant) -> io::Result<()> {
        let late = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
        let at = now().saturating_sub(late);
        let first = self.next[room];
        self.next[room] += 1;
        self.wanted += self.listeners;
        self.stage.publish_due_at(room, first..first + 1, at)
    }
}

/// Returns a runner as a contender. Metrics: deliveries per second, processor time per delivery.
pub(super) fn contender<'a, S: LoadTarget>(
    who: Subject,
    player: &'a RefCell<LoadRunner<S>>,
    time: Duration,
    free: bool,
    mut script: impl FnMut(&mut Vec<(usize, u64)>) + 'a,
) -> Contender<'a> {
    Contender::new(who, move || {
        let mut player = player.borrow_mut();
        let process = player.stage.process();
        if free {
            machine::set_free(process, true)?;
        }
        let slice = player.play(time, &mut script)?;
        if free {
            machine::set_free(process, false)?;
        }
        Ok(Sample {
            figures: vec![slice.rate, slice.cost],
            client: if free { 0.0 } else { slice.client },
        })
    })
}

/// Number of systems that have listeners at the same time: the baseline, our server and the peers.
pub(super) fn systems_with_listeners(bench: &Bench<'_>) -> usize {
    2 + bench.peers.iter().filter(|peer| peer.publishes()).count()
}

/// Returns the loads of all peers that take part. Reports and leaves out a peer that is not available.
pub(super) fn others(
    bench: &mut Bench<'_>,
    shape: LoadShape,
) -> Vec<(String, RefCell<LoadRunner<RoomLoad>>)> {
    let mut room_loads = Vec::new();
    for peer in bench.peers {
        if !peer.publishes() {
            continue;
        }
        match RoomLoad::of(bench, &**peer, shape) {
            Ok(room_load) => {
                let player = LoadRunner::new(room_load, shape);
                room_loads.push((peer.name().to_owned(), RefCell::new(player)));
            }
            Err(error) => {
                let told = format!("{} is left out: {error}", peer.name());
                bench.progress.print_line(&told);
                bench.report.remark(format!("{told}."));
            }
        }
    }
    room_loads
}
