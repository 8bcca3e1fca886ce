//! Lines of a terminal: messages and slash commands.

use super::{Reader, ReaderStopped};
use crate::socket::{events::ConnectionEvent, frame_encoder, lines, terminal::TerminalState};
use crate::{
    chat::{Caller, Chat, ChatError, Member, RoomEdit},
    domain::{
        Emoji, Key, MuteDuration, RoomId, Seq, TimeZone, Timestamp, TokenScope, Topic, UserId,
    },
    protocol::line::{self, HELP, Line},
};

impl Reader {
    pub(super) async fn line(&mut self, room: RoomId, text: &str) -> Result<(), ReaderStopped> {
        let line = Line::parse(text);
        if line.changes()
            && let Err(error) = self.encoder.caller().require(TokenScope::Write)
        {
            return self.refuse_line(text, &error).await;
        }
        match line {
            // Messages have their own rate limit.
            Line::Nothing => return Ok(()),
            Line::Say(body) | Line::Me(body) => return self.say_line(room, body, None).await,
            Line::Quit => {
                // The refusal is shown before the close.
                self.await_writes().await;
                return self.post(ConnectionEvent::Quit).await;
            }
            _ => {}
        }
        if let Err(error) = self.context.chat.admit(self.encoder.caller()) {
            return self.refuse_line(text, &error).await;
        }
        match line {
            Line::Reply(seq, body) => self.say_line(room, body, Some(seq)).await,
            Line::History(count) => self.post(ConnectionEvent::History(room, count)).await,
            Line::Wrong(words) => self.say(format!("! {words}")).await,
            line => {
                let (chat, encoder) = (self.context.chat.clone(), self.encoder.clone());
                let Some(terminal) = encoder.terminal() else {
                    return Ok(());
                };
                match execute(&chat, encoder.caller(), terminal, room, line).await {
                    Ok(lines) => self.say_all(lines).await,
                    Err(error) => {
                        let (words, text) =
                            (frame_encoder::error_text(&error), line::excerpt(text));
                        self.say(format!("! {words} (“{text}”)")).await
                    }
                }
            }
        }
    }

    async fn say_line(
        &mut self,
        room: RoomId,
        body: &str,
        reply_to: Option<Seq>,
    ) -> Result<(), ReaderStopped> {
        self.lines += 1;
        let key = self.encoder.line_key(self.lines);
        let key = key.as_ref().map(Key::as_str);
        let draft = self.context.chat.draft(body, key, reply_to);
        match self.submit(room, draft) {
            Ok(pending) => {
                self.refusals = self.refusals.saturating_sub(1);
                let excerpt = line::excerpt(body);
                self.in_flight.push(Box::pin(async move {
                    let refusal = pending.done().await.err()?;
                    Some(frame_encoder::not_sent(&excerpt, &refusal))
                }));
                Ok(())
            }
            Err(error) => self.refuse_line(body, &error).await,
        }
    }

    async fn refuse_line(&mut self, text: &str, error: &ChatError) -> Result<(), ReaderStopped> {
        let answer = frame_encoder::not_sent(&line::excerpt(text), error);
        self.say_refusal(error, answer).await
    }

    async fn say_all(&mut self, lines: Vec<String>) -> Result<(), ReaderStopped> {
        for line in lines {
            self.say(line).await?;
        }
        Ok(())
    }
}

/// Executes a command and returns the lines to show. Changes reach the terminal through its gate.
#[expect(clippy::too_many_lines, reason = "one arm for each command")]
async fn execute(
    chat: &Chat,
    caller: &Caller,
    terminal: &TerminalState,
    room: RoomId,
    line: Line<'_>,
) -> Result<Vec<String>, ChatError> {
    match line {
        Line::Help => Ok(HELP.map(|line| format!("* {line}")).into()),
        Line::Rooms => lines::rooms(chat, caller).await,
        Line::Pins => lines::pins(chat, caller, terminal, room).await,
        Line::Search(words) => lines::search(chat, caller, terminal, words).await,
        Line::ShowZone => Ok(vec![lines::zone(&terminal.zone(), Timestamp::now())]),
        Line::Zone(name) => {
            let (zone, now) = (TimeZone::parse(name)?, Timestamp::now());
            let answer = lines::zone(&zone, now);
            terminal.set_zone(zone, now);
            Ok(vec![answer])
        }
        Line::Invite => lines::invite(chat, caller, room).await,
        Line::Who => {
            let member = chat.member(caller, room).await?;
            Ok(vec![format!("* {}", lines::describe_user(chat, &member))])
        }
        Line::Msg(user, body) => {
            let draft = chat.draft(body, None, None)?;
            let direct = chat.direct_room_with(caller, user).await?.room();
            chat.submit(caller, direct, draft)?.done().await?;
            let user = line::printable(user);
            Ok(vec![format!("* said to {user} alone, in /ws/{direct}")])
        }
        Line::Edit(seq, body) => {
            chat.edit_message(caller, room, seq, body, None).await?;
            Ok(Vec::new())
        }
        Line::Delete(seq) => {
            chat.delete_message(caller, room, seq, None).await?;
            Ok(Vec::new())
        }
        Line::React(seq, emoji) => {
            let emoji = Emoji::parse(emoji)?;
            let message = chat.message(caller, room, seq).await?;
            let on = !message.has_reaction(emoji, caller.user());
            chat.react(caller, room, seq, emoji, on, None).await?;
            let done = if on { "reacted" } else { "took back" };
            Ok(vec![format!("* {done} {} on #{seq}", emoji.as_str())])
        }
        Line::ShowTopic => {
            let member = chat.member(caller, room).await?;
            Ok(vec![lines::topic(&member)])
        }
        Line::Topic(topic) => {
            let member = chat.member(caller, room).await?;
            let topic = Topic::parse(topic)?;
            let edit = RoomEdit {
                topic: Some(topic),
                ..RoomEdit::default()
            };
            chat.edit_room(&member, edit).await?;
            Ok(Vec::new())
        }
        Line::Kick(user) => {
            let (member, user) = of_room(chat, caller, room, user).await?;
            chat.kick(&member, user).await?;
            Ok(Vec::new())
        }
        Line::Ban(user) => {
            let (member, user) = of_room(chat, caller, room, user).await?;
            chat.ban(&member, user).await?;
            Ok(Vec::new())
        }
        Line::Unban(name) => {
            let member = chat.member(caller, room).await?;
            let user = chat.banned(&member, name).await?;
            chat.unban(&member, user).await?;
            let name = line::printable(name);
            Ok(vec![format!("* {name} may come in again")])
        }
        Line::Mute(name, seconds) => {
            let (member, user) = of_room(chat, caller, room, name).await?;
            let name = line::printable(name);
            if seconds == 0 {
                chat.unmute(&member, user).await?;
                return Ok(vec![format!("* {name} may speak again")]);
            }
            chat.mute(&member, user, MuteDuration::parse(seconds)?)
                .await?;
            Ok(vec![format!("* {name} is silent for {} min", seconds / 60)])
        }
        Line::Leave => {
            // The driver closes the connection.
            let member = chat.member(caller, room).await?;
            chat.leave(&member).await?;
            Ok(Vec::new())
        }
        Line::Nothing
        | Line::Say(_)
        | Line::Me(_)
        | Line::Reply(..)
        | Line::History(_)
        | Line::Quit
        | Line::Wrong(_) => Ok(Vec::new()),
    }
}

/// Returns the caller as a member of the room, and the user of that name.
async fn of_room(
    chat: &Chat,
    caller: &Caller,
    room: RoomId,
    username: &str,
) -> Result<(Member, UserId), ChatError> {
    let member = chat.member(caller, room).await?;
    Ok((member, chat.user_named(caller, username).await?))
}
