//! Registry of the rooms' channels. The first subscriber of a room creates its channel, and the last one removes it.

/// Map of channels whose entries are locked while they are used.
pub(crate) trait ChannelMap {
    /// Identifies a room.
    type Room: Copy;
    /// Channel of a room.
    type Channel: Channel;

    /// Calls `f` with the channel of a room, which `create` creates if there is none. The entry is locked meanwhile.
    fn with<R>(
        &self,
        room: Self::Room,
        create: impl FnOnce() -> Self::Channel,
        f: impl FnOnce(&mut Self::Channel) -> R,
    ) -> R;

    /// Removes the channel of a room if `f` says so. The entry is locked meanwhile.
    fn remove_if(&self, room: Self::Room, f: impl FnOnce(&Self::Channel) -> bool);
}

/// Channel of a room.
pub(crate) trait Channel {
    /// Returns whether the channel has no subscribers.
    fn is_empty(&self) -> bool;
}

/// Receives the beginning and the end of a room's channel.
pub(crate) trait ChannelObserver<Room> {
    /// The room has its first subscriber.
    fn attach(&self, room: Room);
    /// The room has no subscribers.
    fn detach(&self, room: Room);
}

/// Calls `f` to subscribe to the channel of a room, which is created if necessary.
pub(crate) fn open<M: ChannelMap, R>(
    map: &M,
    observer: &impl ChannelObserver<M::Room>,
    room: M::Room,
    create: impl FnOnce() -> M::Channel,
    f: impl FnOnce(&mut M::Channel) -> R,
) -> R {
    let create = || {
        observer.attach(room);
        create()
    };
    map.with(room, create, f)
}

/// Removes the channel of a room if it has no subscribers.
///
/// The check, the detach and the removal happen under the entry's lock. So no subscriber comes between them, and the
/// attach for a new subscriber cannot come before the detach.
pub(crate) fn release<M: ChannelMap>(
    map: &M,
    observer: &impl ChannelObserver<M::Room>,
    room: M::Room,
) {
    map.remove_if(room, |channel| {
        let is_empty = channel.is_empty();
        if is_empty {
            observer.detach(room);
        }
        is_empty
    });
}
