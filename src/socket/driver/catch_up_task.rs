//! Catch-up: sends missed messages, after a gap or when the client asks for them.
//!
//! A task is a state of the driver, not a call. Each step reads a bounded amount and sends it; pings, control messages
//! and answers are sent in between. The room's gate is paused meanwhile, so that live messages follow the missed ones.

use std::time::Duration;

use tokio::time::Instant;

use super::{BUSY_RETRY, ConnectionDriver};
use crate::socket::{
    Scope, events::Disconnect, frame_encoder::FrameEncoder, lines, room_subscriptions::CatchUp,
};
use crate::{
    chat::{Caller, Changes, Chat, ChatError, PageLimit},
    domain::{Head, Message, Rev, RoomId, RoomKind, Seq, Window},
    hub::ControlMessage,
    protocol::{CloseReason, SYNC_LIMIT, ServerEvent},
};

/// Size of one step, which is in memory until the peer has received it.
const STEP: PageLimit = PageLimit {
    messages: 63,
    bytes: 64 * 1024,
};

/// Something to read from the store and send.
pub(super) enum CatchUpTask {
    /// The client asked for everything changed since `after`.
    Sync {
        room: RoomId,
        after: Rev,
        /// Number of messages sent so far; 0 if the task has not begun.
        sent: usize,
    },
    /// The gate found a gap.
    Repair {
        room: RoomId,
        /// Whether events other than messages were lost, such as presence or a new name.
        lagged: bool,
        /// Whether `rev` numbers are missing because later changes replaced the earlier ones.
        holes: bool,
    },
    /// The peer reads again: the gate sends its buffered events.
    Resume { room: RoomId },
    /// The user of a terminal asked for these messages.
    HistoryReplay(HistoryReplay),
}

/// A range of a room's history for a terminal.
pub(super) struct HistoryReplay {
    pub(super) room: RoomId,
    pub(super) after: Seq,
    pub(super) upto: Seq,
    /// Whether a command asked for it, and not the address.
    pub(super) by_command: bool,
    /// Whether none of the range was shown yet.
    pub(super) is_first: bool,
}

impl ConnectionDriver {
    /// Queues a task. A `sync` that has not begun is merged with an earlier one of the same room.
    pub(super) fn enqueue(&mut self, task: CatchUpTask) {
        if let CatchUpTask::Sync { room, after, .. } = task {
            let pending = self.tasks.iter_mut().find_map(|pending| match pending {
                CatchUpTask::Sync {
                    room: other,
                    after,
                    sent: 0,
                } if *other == room => Some(after),
                _ => None,
            });
            if let Some(pending) = pending {
                *pending = after.min(*pending);
                return;
            }
        }
        self.tasks.push_back(task);
    }

    /// Runs one step of the first task.
    pub(super) async fn run_task(&mut self) -> Result<(), Disconnect> {
        let Some(task) = self.tasks.pop_front() else {
            return Ok(());
        };
        let rest = match task {
            CatchUpTask::Sync { room, after, sent } => self.sync(room, after, sent).await?,
            CatchUpTask::Repair {
                room,
                lagged,
                holes,
            } => self.repair(room, lagged, holes).await?,
            CatchUpTask::Resume { room } => {
                self.outbound.drained().await?;
                self.resume_gate(room, Rev(0));
                None
            }
            CatchUpTask::HistoryReplay(replay) => self.replay(replay).await?,
        };
        if let Some(rest) = rest {
            self.tasks.push_front(rest);
        }
        Ok(())
    }

    /// Sends everything that changed after `after`, then resumes the gate.
    async fn sync(
        &mut self,
        room: RoomId,
        after: Rev,
        sent: usize,
    ) -> Result<Option<CatchUpTask>, Disconnect> {
        // The user may be in a room whose control message has not arrived yet.
        if !self.subscriptions.is_subscribed(room) && self.scope == Scope::All {
            self.handle_control(ControlMessage::Room(room)).await?;
        }
        // The gate is paused, so that live messages follow the missed ones.
        let changes = if let Some(gate) = self.subscriptions.gate(room) {
            gate.pause();
            let chat = self.context.chat.clone();
            let _permit = self.context.acquire_read_permit().await;
            changes(&chat, self.encoder.caller(), room, after, sent).await
        } else {
            Err(ChatError::NotFound("room"))
        };
        let changes = match changes {
            Ok(Ok(changes)) => changes,
            Ok(Err(head)) => {
                self.send(self.encoder.behind_event(room, after, head))
                    .await?;
                self.resume_gate(room, Rev(0));
                return Ok(None);
            }
            Err(
                error @ (ChatError::Overloaded | ChatError::NotFound(_) | ChatError::EpochChanged),
            ) => {
                self.send_text(&FrameEncoder::refused(None, Some(room), &error))
                    .await?;
                self.resume_gate(room, Rev(0));
                return Ok(None);
            }
            Err(error) => return Err(super::internal(&error)),
        };
        for message in &changes.items {
            self.send_missed(room, message).await?;
        }
        if let Some(last) = changes.items.last().filter(|_| changes.has_after) {
            return Ok(Some(CatchUpTask::Sync {
                room,
                after: last.rev,
                sent: sent + changes.items.len(),
            }));
        }
        self.send_synced(room, changes.head).await?;
        self.resume_gate(room, changes.head.rev);
        Ok(None)
    }

    /// Tells the client the head up to which it has everything.
    async fn send_synced(&self, room: RoomId, head: Head) -> Result<(), Disconnect> {
        let epoch = self.context.chat.epoch();
        self.send(self.encoder.synced(room, head, epoch)).await
    }

    /// Reads and sends one step of the messages that were missed in a room.
    async fn repair(
        &mut self,
        room: RoomId,
        lagged: bool,
        mut holes: bool,
    ) -> Result<Option<CatchUpTask>, Disconnect> {
        let stall = Duration::from_millis(self.context.timing.stall_ms);
        let since = *self.behind_since.get_or_insert_with(Instant::now);
        if since.elapsed() > stall {
            return Err(Disconnect::Close(CloseReason::TooSlow));
        }
        let again = |holes| {
            Ok(Some(CatchUpTask::Repair {
                room,
                lagged,
                holes,
            }))
        };
        let permit = self.context.acquire_read_permit().await;
        let caught_up = self.subscriptions.catch_up(room, STEP).await;
        drop(permit);
        match caught_up {
            Ok(CatchUp::Missed {
                after,
                messages,
                head,
                more,
            }) => {
                holes |= has_holes(after, &messages);
                for message in &messages {
                    self.send_missed(room, message).await?;
                }
                if more {
                    return again(holes);
                }
                // A client whose messages have missing `rev` numbers is told that it has everything.
                if holes {
                    self.send_synced(room, head).await?;
                }
                if lagged && !self.lossy.contains(&room) {
                    self.lossy.push(room);
                }
                self.resume_gate(room, head.rev);
                Ok(None)
            }
            Ok(CatchUp::Removed(reason)) => {
                self.on_left(room, reason).await?;
                Ok(None)
            }
            Err(ChatError::Overloaded) => {
                tokio::time::sleep(BUSY_RETRY).await;
                again(holes)
            }
            Err(error) => Err(super::internal(&error)),
        }
    }

    /// Shows one step of a room's history at a terminal.
    async fn replay(&mut self, replay: HistoryReplay) -> Result<Option<CatchUpTask>, Disconnect> {
        let HistoryReplay {
            room, after, upto, ..
        } = replay;
        let (chat, caller) = (self.context.chat.clone(), self.encoder.caller());
        let limit = PageLimit {
            messages: STEP.messages.min(upto.0.saturating_sub(after.0)),
            ..STEP
        };
        if limit.messages < 1 {
            self.resume_gate(room, Rev(0));
            return Ok(None);
        }
        if let Some(gate) = self.subscriptions.gate(room) {
            gate.pause();
        }
        let permit = self.context.acquire_read_permit().await;
        let page = chat
            .history(caller, room, Window::After(after), limit)
            .await;
        drop(permit);
        let page = match page {
            Ok(page) => page,
            // The gate reports the removal once it is resumed.
            Err(ChatError::NotFound(_)) => {
                self.resume_gate(room, Rev(0));
                return Ok(None);
            }
            Err(ChatError::Overloaded) => {
                tokio::time::sleep(BUSY_RETRY).await;
                return Ok(Some(CatchUpTask::HistoryReplay(replay)));
            }
            Err(error) => return Err(super::internal(&error)),
        };
        let mut is_first = replay.is_first;
        for message in &page.items {
            let shown = self.encoder.shown(message, replay.by_command, is_first);
            self.send(shown).await?;
            is_first = false;
        }
        let Some(last) = page.items.last() else {
            self.resume_gate(room, Rev(0));
            return Ok(None);
        };
        let after = last.seq;
        Ok(Some(CatchUpTask::HistoryReplay(HistoryReplay {
            after,
            is_first,
            ..replay
        })))
    }

    /// Sends a missed message.
    async fn send_missed(&self, room: RoomId, message: &Message) -> Result<(), Disconnect> {
        let Some(gate) = self.subscriptions.gate(room) else {
            return Ok(());
        };
        self.send(self.encoder.missed(message, gate.last_shown()))
            .await?;
        gate.mark_shown(message.seq);
        Ok(())
    }

    /// Starts to show the last `count` messages at a terminal.
    pub(super) async fn history(&mut self, room: RoomId, count: usize) -> Result<(), Disconnect> {
        let chat = self.context.chat.clone();
        match chat.member(self.encoder.caller(), room).await {
            Ok(member) => {
                let upto = member.standing().room.head.seq;
                let after = lines::start_of_last(count, upto);
                self.enqueue(CatchUpTask::HistoryReplay(HistoryReplay {
                    room,
                    after,
                    upto,
                    by_command: true,
                    is_first: true,
                }));
                Ok(())
            }
            Err(error @ (ChatError::NotFound(_) | ChatError::Overloaded)) => {
                self.send_text(&format!("! {error}")).await
            }
            Err(error) => Err(super::internal(&error)),
        }
    }

    /// Sends the state of a room again: its name and the online members.
    pub(super) async fn resend_room_state(&mut self, room: RoomId) -> Result<(), Disconnect> {
        if self.encoder.text_options().is_none() {
            return self.send_room(room).await;
        }
        let (timing, caller) = (self.context.timing.clone(), self.encoder.caller());
        let chat = self.context.chat.clone();
        match patiently!(timing, chat.member(caller, room)) {
            Ok(member) => {
                self.subscriptions
                    .announce(room, &member.standing().room.name);
                self.send_text(&format!("* {}", lines::describe_user(&chat, &member)))
                    .await
            }
            Err(ChatError::NotFound(_)) => Ok(()),
            Err(error) => Err(super::internal(&error)),
        }
    }

    /// Sends a room as it is now, because the user joined it or has a new role in it.
    pub(super) async fn send_room(&mut self, room: RoomId) -> Result<(), Disconnect> {
        if !self.subscriptions.is_subscribed(room) {
            return Ok(());
        }
        let (timing, caller) = (self.context.timing.clone(), self.encoder.caller());
        let chat = self.context.chat.clone();
        let member = match patiently!(timing, chat.member(caller, room)) {
            Ok(member) => member,
            // For an announced room, the gate reports the removal.
            Err(ChatError::NotFound(_)) => {
                if !self.subscriptions.is_announced(room) {
                    self.subscriptions.unsubscribe(room);
                }
                return Ok(());
            }
            Err(error) => return Err(super::internal(&error)),
        };
        let standing = member.standing();
        // A room that is new to this connection starts at its head; an announced one continues. A direct room
        // starts at its first message, which may precede the control message.
        let is_new = self.subscriptions.announce(room, &standing.room.name);
        let view = self.room_view(standing);
        self.send(self.encoder.json(&ServerEvent::Room { room: view }))
            .await?;
        let head = standing.room.head.rev;
        if is_new && standing.room.kind == RoomKind::Direct && head > Rev(0) {
            self.enqueue(CatchUpTask::Repair {
                room,
                lagged: false,
                holes: false,
            });
        } else if is_new {
            self.resume_gate(room, head);
        }
        Ok(())
    }
}

/// Reads one step of a `sync`. Returns the head instead if more changed than a `sync` sends.
async fn changes(
    chat: &Chat,
    caller: &Caller,
    room: RoomId,
    after: Rev,
    sent: usize,
) -> Result<Result<Changes, Head>, ChatError> {
    let remaining = i64::try_from(SYNC_LIMIT.saturating_sub(sent)).unwrap_or(0);
    // The first step counts without reading messages. If new changes come faster than the steps, the count of
    // sent messages ends the `sync`.
    if sent == 0 || remaining == 0 {
        let lag = chat.lag(caller, room, after, remaining).await?;
        if lag.exceeds_limit {
            return Ok(Err(lag.head));
        }
    }
    let changes = chat.changed_since(caller, room, after, STEP).await?;
    Ok(Ok(changes))
}

/// Returns whether the `rev` numbers of the messages do not directly follow `after` and each other.
fn has_holes(after: Rev, messages: &[Message]) -> bool {
    let wanted = std::iter::successors(Some(after.next()), |rev| Some(rev.next()));
    messages
        .iter()
        .zip(wanted)
        .any(|(message, wanted)| message.rev != wanted)
}
