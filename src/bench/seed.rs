//! Users, rooms and messages that exist before the server starts. They are written through the store, because a
//! sign-up costs a password hash, which no row measures.

use std::{io, path::Path, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    domain::{
        AccessCode, Body, Draft, Key, MentionTokens, Registration, RoomId, RoomKind, RoomLimit,
        RoomName, SessionOrigin, Timestamp, TokenName, TokenScope, TokenSecret, Topic, User,
        UserSummary, Username,
    },
    server::DATABASE,
    store::{
        Append, AppendOutcome, CreateTokenOutcome, JoinOutcome, NewRoom, NewToken, NewUser,
        PendingAppend, SignUpOutcome, Store, StoreOptions,
    },
};

/// Maximum writes in flight, which share transactions.
const AT_ONCE: usize = 512;
const WRITE_QUEUE: usize = 8192;
const MAX_ROOMS: i64 = 1_000_000;
/// No user signs in by password.
const NO_PASSWORD: &str = "!";

/// Users and rooms.
pub(super) struct Fixture {
    /// A personal token of each user, without expiry.
    pub(super) tokens: Vec<String>,
    /// Ids of the rooms.
    pub(super) rooms: Vec<i64>,
    /// Access codes of the rooms.
    pub(super) codes: Vec<AccessCode>,
    authors: Vec<UserSummary>,
}

/// Writes to a store while no server runs on its folder.
pub(super) struct FixtureWriter {
    pub(super) store: Store,
}

/// Returns a runtime whose threads run on the caller's core.
pub(super) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}

/// Creates users, and rooms with these members. The first member of a room is its owner.
pub(super) fn fixture(folder: &Path, users: usize, rooms: &[Vec<usize>]) -> io::Result<Fixture> {
    runtime()?.block_on(async {
        let writer = FixtureWriter::open(folder).await?;
        let fixture = writer.fixture(users, rooms).await?;
        writer.store.close().await;
        Ok(fixture)
    })
}

impl FixtureWriter {
    pub(super) async fn open(folder: &Path) -> io::Result<Self> {
        let options = StoreOptions {
            path: folder.join(DATABASE),
            write_queue: WRITE_QUEUE,
            rooms_per_user: MAX_ROOMS,
            max_mb: 0,
        };
        let (store, mut commits) = Store::open(options).await.map_err(io::Error::other)?;
        // There are no clients to notify.
        tokio::spawn(async move { while commits.next().await.is_some() {} });
        Ok(Self { store })
    }

    pub(super) async fn fixture(&self, users: usize, rooms: &[Vec<usize>]) -> io::Result<Fixture> {
        let people: Vec<(User, String)> = stream::iter(0..users)
            .map(|number| self.user(number))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let authors: Vec<UserSummary> = people.iter().map(|(user, _)| user.author()).collect();
        let made: Vec<(i64, AccessCode)> = stream::iter(rooms.iter().enumerate())
            .map(|(number, members)| self.room(number, authors[members[0]].clone()))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let joins = rooms.iter().zip(&made).flat_map(|(members, (_, code))| {
            members[1..]
                .iter()
                .map(move |member| (*member, code.clone()))
        });
        stream::iter(joins.map(Ok))
            .try_for_each_concurrent(AT_ONCE, |(member, code)| {
                self.join(authors[member].clone(), code)
            })
            .await?;
        let (rooms, codes) = made.into_iter().unzip();
        Ok(Fixture {
            tokens: people.into_iter().map(|(_, token)| token).collect(),
            rooms,
            codes,
            authors,
        })
    }

    async fn user(&self, number: usize) -> io::Result<(User, String)> {
        let now = Timestamp::now();
        let origin = SessionOrigin {
            user_agent: "parlor bench".to_owned(),
            address: "127.0.0.1".to_owned(),
        };
        let name = format!("user{number}");
        let new = NewUser {
            username: Username::parse(&name).map_err(io::Error::other)?,
            display_name: name,
            password_hash: NO_PASSWORD.to_owned(),
            code: None,
            registration: Registration::Open,
            origin: origin.clone(),
            session_ttl: Duration::from_hours(24),
        };
        let signed_up = self.store.sign_up(new, now).await;
        let SignUpOutcome::Done { user, session, .. } = signed_up.map_err(io::Error::other)? else {
            return Err(io::Error::other("a user could not be made"));
        };
        let secret = TokenSecret::generate(TokenSecret::PERSONAL).map_err(io::Error::other)?;
        let new = NewToken {
            user: user.id,
            by: session,
            name: TokenName::parse("bench").map_err(io::Error::other)?,
            scope: TokenScope::Write,
            rooms: RoomLimit::default(),
            digest: secret.digest(),
            expires_at: None,
            origin,
        };
        match self.store.create_token(new, 1, now).await {
            Ok(CreateTokenOutcome::Done(_)) => Ok((user, secret.as_str().to_owned())),
            Ok(_) => Err(io::Error::other("a token could not be made")),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    async fn room(&self, number: usize, owner: UserSummary) -> io::Result<(i64, AccessCode)> {
        let code = AccessCode::generate().map_err(io::Error::other)?;
        let new = NewRoom {
            name: RoomName::parse(&format!("room {number}")).map_err(io::Error::other)?,
            topic: Topic::parse("").map_err(io::Error::other)?,
            kind: RoomKind::Private,
            code: code.clone(),
            owner,
        };
        let made = self.store.create_room(new, Timestamp::now()).await;
        let made = made.map_err(io::Error::other)?;
        let made = made.ok_or_else(|| io::Error::other("a room could not be made"))?;
        Ok((made.room.id.0, code))
    }

    async fn join(&self, user: UserSummary, code: AccessCode) -> io::Result<()> {
        match self.store.join_by_code(user, code, Timestamp::now()).await {
            Ok(JoinOutcome::In(_)) => Ok(()),
            Ok(_) => Err(io::Error::other("somebody could not join")),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Queues a message.
    pub(super) fn append(
        &self,
        fixture: &Fixture,
        room: usize,
        author: usize,
        body: &str,
        key: Option<u64>,
    ) -> io::Result<PendingAppend> {
        let key = key.map(|key| Key::parse(&format!("{key:016}")));
        let draft = Draft {
            body: Body::parse(body, usize::MAX).map_err(io::Error::other)?,
            key: key.transpose().map_err(io::Error::other)?,
            reply_to: None,
            named: MentionTokens::default(),
            files: Vec::new(),
        };
        let append = Append {
            room: RoomId(fixture.rooms[room]),
            author: fixture.authors[author].id,
            draft,
            at: Timestamp::now(),
        };
        self.store.append(append).map_err(io::Error::other)
    }
}

/// Waits until a message is on disk.
pub(super) async fn stored(pending: PendingAppend) -> io::Result<()> {
    match pending.done().await {
        Ok(AppendOutcome::New(_)) => Ok(()),
        Ok(_) => Err(io::Error::other("a message was not taken")),
        Err(error) => Err(io::Error::other(error)),
    }
}
