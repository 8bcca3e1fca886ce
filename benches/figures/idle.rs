//! A connection that does nothing: what the server's resident memory grows by for each.
//!
//! There is no floor: what the system itself keeps for a socket is not the process's memory.

use std::{io, time::Duration};

use crate::{
    Plan,
    client::{Crowd, body},
    machine,
    report::{Report, Row, number},
    server::{self, Room, Server, User},
};

const ROOMS: usize = 50;
/// Members of each room; each user is in as many rooms.
const MEMBERS: usize = 5;
const MESSAGES: u64 = 5;
/// Presence is told and buffers are given back within this.
const SETTLE: Duration = Duration::from_millis(1500);

pub(crate) fn measure(plan: Plan, report: &mut Report) -> io::Result<()> {
    let connections = if plan.quick { 2000 } else { 5000 };
    eprintln!("idle: {connections} connections come in");
    let folder = server::folder()?;
    let server = Server::start(folder.path())?;
    let (users, rooms) = furnish(&server)?;
    let mut crowd = Crowd::new()?;
    let socket = |at: usize| {
        let (room, member) = (at % ROOMS, at / ROOMS % MEMBERS);
        (
            rooms[room].id,
            users[(room + member) % ROOMS].token.as_str(),
        )
    };

    // One connection of each kind first: what is made once does not count.
    let first = ROOMS * MEMBERS;
    crowd.open(server.address, (0..first).map(socket))?;
    crowd.listen(SETTLE)?;
    let before = machine::resident_kib(server.process())?;
    crowd.open(server.address, (first..first + connections).map(socket))?;
    for number in 0..MESSAGES {
        for (room, user) in rooms.iter().zip(&users) {
            user.say(room, &body(number, 200))?;
        }
        let wanted = (number + 1) * crowd.len() as u64;
        crowd.until("everybody to hear", |counts| counts.deliveries == wanted)?;
    }
    crowd.listen(SETTLE)?;
    let after = machine::resident_kib(server.process())?;

    let mut row = Row::cost("idle connection", "KiB resident");
    row.ours((after - before) / number(connections as u64));
    row.note(format!(
        "{connections} at {ROOMS} rooms, after {MESSAGES} messages to each; {:.1} MiB in all",
        after / 1024.0
    ));
    report.push(row);
    Ok(())
}

/// Users and rooms, each room with some of the users.
fn furnish(server: &Server) -> io::Result<(Vec<User>, Vec<Room>)> {
    let mut users = Vec::new();
    for number in 0..ROOMS {
        users.push(server.user(&format!("user{number}"))?);
    }
    let mut rooms = Vec::new();
    for (number, user) in users.iter().enumerate() {
        rooms.push(user.create_room(&format!("room {number}"))?);
    }
    for (number, room) in rooms.iter().enumerate() {
        for member in 1..MEMBERS {
            users[(number + member) % ROOMS].join(room)?;
        }
    }
    Ok((users, rooms))
}
