//! Execution of JSON commands.

use super::{Reader, ReaderStopped};
use crate::socket::{
    events::{ConnectionEvent, Disconnect},
    frame_encoder::FrameEncoder,
};
use crate::{
    chat::{Changed, ChatError},
    domain::{Emoji, Key, ReceiptStep, RoomId, TokenScope},
    protocol::{CloseReason, Command, CommandError, ErrorFrame, SendCommand, ServerEvent},
};

impl Reader {
    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    pub(super) async fn command(&mut self, text: &str) -> Result<(), ReaderStopped> {
        let command = Command::parse(text);
        if let Err((key, error)) = self.admit(&command) {
            return self.refuse(key, None, &error).await;
        }
        match command {
            Ok(Command::Send(send)) => self.send(send).await,
            Ok(Command::Edit {
                key,
                room_id,
                seq,
                body,
            }) => {
                let (chat, caller) = (self.context.chat.clone(), self.encoder.caller().clone());
                self.alter(key, room_id, |key| async move {
                    let key = Some(key);
                    chat.edit_message(&caller, room_id, seq, &body, key).await
                })
                .await
            }
            Ok(Command::Delete { key, room_id, seq }) => {
                let (chat, caller) = (self.context.chat.clone(), self.encoder.caller().clone());
                self.alter(key, room_id, |key| async move {
                    chat.delete_message(&caller, room_id, seq, Some(key)).await
                })
                .await
            }
            Ok(Command::React {
                key,
                room_id,
                seq,
                emoji,
                on,
            }) => {
                let (chat, caller) = (self.context.chat.clone(), self.encoder.caller().clone());
                self.alter(key, room_id, |key| async move {
                    let emoji = Emoji::parse(&emoji)?;
                    chat.react(&caller, room_id, seq, emoji, on, Some(key))
                        .await
                })
                .await
            }
            Ok(Command::Typing { room_id, on }) => {
                let typing = if self.is_subscribed(room_id) {
                    let caller = self.encoder.caller();
                    self.context.chat.typing(caller, room_id, on).await
                } else {
                    Err(ChatError::NotFound("room"))
                };
                match typing {
                    Ok(()) => Ok(()),
                    Err(error) => self.refuse(None, Some(room_id), &error).await,
                }
            }
            Ok(Command::Read {
                room_id,
                seq,
                force,
                read_generation,
            }) => {
                let step = ReceiptStep::new(seq, force, read_generation);
                self.mark_read(room_id, step).await
            }
            Ok(Command::Sync { rooms, epoch }) => {
                if let Err(error) = self.context.chat.check_epoch(epoch.as_deref()) {
                    return self.refuse(None, None, &error).await;
                }
                if rooms.len() > self.context.limits.rooms_per_user {
                    let max_rooms = self.context.limits.rooms_per_user;
                    let detail = format!("rooms must name at most {max_rooms} rooms");
                    return self.say(malformed(None, "malformed", detail)).await;
                }
                self.post(ConnectionEvent::Sync(rooms.into_iter().collect()))
                    .await
            }
            Ok(Command::Ping {}) => self.say(ServerEvent::Pong.encode()).await,
            Err(error) => {
                if self.record_violation() {
                    return self.end(Disconnect::Close(CloseReason::TooFast)).await;
                }
                self.say(malformed(error.key, error.code, error.detail))
                    .await
            }
        }
    }

    /// Moves the receipt in a room. A receipt that moved is sent to all connections of the user, this one included.
    async fn mark_read(&mut self, room_id: RoomId, step: ReceiptStep) -> Result<(), ReaderStopped> {
        let receipt = if self.is_subscribed(room_id) {
            let (chat, caller) = (&self.context.chat, self.encoder.caller());
            chat.mark_read(caller, room_id, step).await
        } else {
            Err(ChatError::NotFound("room"))
        };
        match receipt {
            Ok(receipt) if receipt.moved => Ok(()),
            Ok(receipt) => {
                let read = ServerEvent::Read {
                    room_id,
                    read_seq: receipt.read_seq,
                    unread: receipt.unread,
                    mentions: receipt.mentions,
                    read_generation: receipt.generation,
                };
                self.say(read.encode()).await
            }
            Err(error) => self.refuse(None, Some(room_id), &error).await,
        }
    }

    /// Checks the scope and the rate limit of a command. A refusal contains the command's key.
    fn admit(
        &self,
        command: &Result<Command, CommandError>,
    ) -> Result<(), (Option<String>, ChatError)> {
        let key = || match command {
            Ok(command) => command.key().map(str::to_owned),
            Err(error) => error.key.clone(),
        };
        if command.as_ref().is_ok_and(Command::changes) {
            self.encoder
                .caller()
                .require(TokenScope::Write)
                .map_err(|error| (key(), error))?;
        }
        // Messages have their own rate limit.
        if matches!(command, Ok(Command::Send(_))) {
            return Ok(());
        }
        let admitted = self.context.chat.admit(self.encoder.caller());
        admitted.map_err(|error| (key(), error))
    }

    /// Starts a change and continues to read. The ack follows when the change is on disk.
    async fn alter<F>(
        &mut self,
        key: String,
        room_id: RoomId,
        change: impl FnOnce(Key) -> F,
    ) -> Result<(), ReaderStopped>
    where
        F: Future<Output = Result<Changed, ChatError>> + Send + 'static,
    {
        let key = match Key::parse(&key) {
            Ok(key) => key,
            Err(error) => return self.refuse(None, Some(room_id), &error.into()).await,
        };
        if !self.is_subscribed(room_id) {
            let (key, error) = (key.into_string(), ChatError::NotFound("room"));
            return self.refuse(Some(key), Some(room_id), &error).await;
        }
        let change = change(key.clone());
        self.in_flight.push(Box::pin(async move {
            let key = key.into_string();
            Some(match change.await {
                Ok(changed) => ServerEvent::Ack {
                    key: &key,
                    room_id,
                    seq: changed.message.seq,
                    rev: changed.rev,
                }
                .encode(),
                Err(error) => FrameEncoder::refused(Some(key), Some(room_id), &error),
            })
        }));
        Ok(())
    }

    /// Queues a message and continues to read. The ack follows when the message is on disk.
    async fn send(&mut self, send: SendCommand) -> Result<(), ReaderStopped> {
        let SendCommand {
            key,
            room_id,
            body,
            reply_to,
            files,
        } = send;
        let draft = if self.is_subscribed(room_id) {
            let (chat, files) = (&self.context.chat, files.unwrap_or_default());
            chat.draft_with(&body, Some(&key), reply_to, files)
        } else {
            Err(ChatError::NotFound("room"))
        };
        let pending = match self.submit(room_id, draft) {
            Ok(pending) => pending,
            Err(error) => return self.refuse(Some(key), Some(room_id), &error).await,
        };
        self.refusals = self.refusals.saturating_sub(1);
        self.in_flight.push(Box::pin(async move {
            Some(match pending.done().await {
                Ok(posted) => {
                    let (seq, rev) = (posted.message.seq, posted.rev);
                    ServerEvent::Ack {
                        key: &key,
                        room_id,
                        seq,
                        rev,
                    }
                    .encode()
                }
                Err(error) => FrameEncoder::refused(Some(key), Some(room_id), &error),
            })
        }));
        Ok(())
    }
}

fn malformed(key: Option<String>, code: &'static str, detail: String) -> String {
    ServerEvent::Error(ErrorFrame {
        key,
        room_id: None,
        code,
        detail,
        retry_after_ms: None,
    })
    .encode()
}
