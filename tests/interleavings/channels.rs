//! A room's channel exists exactly while it has subscribers.

use loom::{
    sync::{Arc, Mutex, atomic::AtomicUsize, atomic::Ordering::SeqCst},
    thread,
};

use crate::room_channels::{self, ChannelMap, ChannelObserver};

/// Channel that counts its subscribers.
#[derive(Clone, Default)]
struct Channel(Arc<AtomicUsize>);

impl room_channels::Channel for Channel {
    fn is_empty(&self) -> bool {
        self.0.load(SeqCst) == 0
    }
}

/// Map of one room.
#[derive(Default)]
struct Map(Mutex<Option<Channel>>);

impl ChannelMap for Map {
    type Room = ();
    type Channel = Channel;

    fn with<R>(
        &self,
        (): (),
        create: impl FnOnce() -> Channel,
        f: impl FnOnce(&mut Channel) -> R,
    ) -> R {
        f(self.0.lock().unwrap().get_or_insert_with(create))
    }

    fn remove_if(&self, (): (), f: impl FnOnce(&Channel) -> bool) {
        let mut channel = self.0.lock().unwrap();
        if channel.as_ref().is_some_and(f) {
            *channel = None;
        }
    }
}

/// Records the calls of attach and detach.
#[derive(Default)]
struct Calls(Mutex<Vec<&'static str>>);

impl ChannelObserver<()> for Calls {
    fn attach(&self, (): ()) {
        self.0.lock().unwrap().push("attach");
    }

    fn detach(&self, (): ()) {
        self.0.lock().unwrap().push("detach");
    }
}

#[derive(Default)]
struct Hub {
    map: Map,
    calls: Calls,
}

impl Hub {
    fn subscribe(&self) -> Channel {
        room_channels::open(&self.map, &self.calls, (), Channel::default, |channel| {
            channel.0.fetch_add(1, SeqCst);
            channel.clone()
        })
    }

    /// Drops the receiver and then releases the channel, as `Subscription` does.
    fn unsubscribe(&self, channel: &Channel) {
        channel.0.fetch_sub(1, SeqCst);
        room_channels::release(&self.map, &self.calls, ());
    }

    /// Returns whether a message reaches this channel.
    fn reaches(&self, channel: &Channel) -> bool {
        let current = self.map.0.lock().unwrap();
        current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(&current.0, &channel.0))
    }
}

#[test]
fn subscriber_never_has_a_removed_channel() {
    crate::model(|| {
        let hub = Arc::new(Hub::default());
        let first = hub.subscribe();
        let leaver = {
            let hub = hub.clone();
            thread::spawn(move || hub.unsubscribe(&first))
        };
        let second = hub.subscribe();
        assert!(hub.reaches(&second), "beside the leaver");
        leaver.join().unwrap();
        assert!(hub.reaches(&second), "after the leaver");
        hub.unsubscribe(&second);
        assert!(!hub.reaches(&second));
    });
}

#[test]
fn attach_and_detach_alternate() {
    crate::model(|| {
        let hub = Arc::new(Hub::default());
        let threads: [_; 2] = std::array::from_fn(|_| {
            let hub = hub.clone();
            thread::spawn(move || {
                let channel = hub.subscribe();
                assert!(hub.reaches(&channel));
                hub.unsubscribe(&channel);
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        let calls = hub.calls.0.lock().unwrap();
        assert!(!calls.is_empty());
        assert!(
            calls.chunks(2).all(|pair| pair == ["attach", "detach"]),
            "{calls:?}"
        );
    });
}
