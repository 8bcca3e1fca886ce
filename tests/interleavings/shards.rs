//! A listener that has joined receives every later event, and no listener joins a task that ends.

use loom::{
    sync::{Arc, Mutex, atomic::AtomicUsize, atomic::Ordering::SeqCst},
    thread,
};

use crate::shard::Shard;

/// Number of events that a listener received, and whether it has left.
#[derive(Default)]
struct Listener {
    received: AtomicUsize,
    closed: Mutex<bool>,
}

/// Task of a shard, as `hub::fanout::ShardTask`.
struct Task {
    shard: Arc<Shard<Arc<Listener>>>,
    listeners: Vec<Arc<Listener>>,
}

impl Task {
    fn deliver(&mut self) {
        self.shard.admit_joined(&mut self.listeners);
        for listener in &self.listeners {
            listener.received.fetch_add(1, SeqCst);
        }
    }

    /// Returns whether the task may end.
    fn remove_closed(&mut self) -> bool {
        self.shard.admit_joined(&mut self.listeners);
        self.listeners
            .retain(|listener| !*listener.closed.lock().unwrap());
        self.shard.is_closed()
    }
}

fn leave(shard: &Shard<Arc<Listener>>, listener: &Listener) {
    *listener.closed.lock().unwrap() = true;
    shard.leave();
}

#[test]
fn joined_listener_receives_an_event_published_after_the_join() {
    crate::model(|| {
        let shard = Arc::new(Shard::new(Arc::new(Listener::default()), 8));
        let mut task = Task {
            shard: shard.clone(),
            listeners: Vec::new(),
        };
        let published = Arc::new(AtomicUsize::new(0));
        let joiner = {
            let published = published.clone();
            thread::spawn(move || {
                let listener = Arc::new(Listener::default());
                assert!(shard.join(|| listener.clone()));
                // The member reads the position from which live events follow.
                let position = published.load(SeqCst);
                (listener, position)
            })
        };
        for _ in 0..2 {
            published.fetch_add(1, SeqCst);
            task.deliver();
        }
        let (listener, position) = joiner.join().unwrap();
        let received = listener.received.load(SeqCst);
        assert!(received >= 2 - position, "{received} from {position}");
        assert!(received <= 2, "no event twice");
    });
}

#[test]
fn listener_never_joins_a_task_that_ends() {
    crate::model(|| {
        let first = Arc::new(Listener::default());
        let shard = Arc::new(Shard::new(first.clone(), 8));
        let mut task = Task {
            shard: shard.clone(),
            listeners: Vec::new(),
        };
        let leaver = {
            let shard = shard.clone();
            thread::spawn(move || leave(&shard, &first))
        };
        let joiner = {
            let shard = shard.clone();
            thread::spawn(move || {
                let listener = Arc::new(Listener::default());
                shard.join(|| listener.clone()).then_some(listener)
            })
        };
        let has_ended = task.remove_closed();
        leaver.join().unwrap();
        let newcomer = joiner.join().unwrap();
        let ends = task.remove_closed();
        assert!(ends || !has_ended, "a closed shard stays closed");
        assert_eq!(
            newcomer.is_none(),
            ends,
            "the task ends without listeners only"
        );
        if let Some(listener) = newcomer {
            task.deliver();
            assert_eq!(listener.received.load(SeqCst), 1);
        }
    });
}

#[test]
fn leaving_does_not_end_the_subscription_of_another() {
    crate::model(|| {
        let listeners: [_; 3] = std::array::from_fn(|_| Arc::new(Listener::default()));
        let shard = Arc::new(Shard::new(listeners[0].clone(), 8));
        for listener in &listeners[1..] {
            assert!(shard.join(|| listener.clone()));
        }
        let leavers = [0, 1].map(|at| {
            let (shard, listener) = (shard.clone(), listeners[at].clone());
            thread::spawn(move || leave(&shard, &listener))
        });
        let mut task = Task {
            shard,
            listeners: Vec::new(),
        };
        assert!(!task.remove_closed());
        for leaver in leavers {
            leaver.join().unwrap();
        }
        assert!(!task.remove_closed());
        task.deliver();
        let received = listeners
            .each_ref()
            .map(|listener| listener.received.load(SeqCst));
        assert_eq!(received, [0, 0, 1]);
    });
}

#[test]
fn full_shard_admits_one_of_two_listeners() {
    crate::model(|| {
        let shard = Arc::new(Shard::new(Arc::new(Listener::default()), 2));
        let joiners: [_; 2] = std::array::from_fn(|_| {
            let shard = shard.clone();
            thread::spawn(move || shard.join(Arc::default))
        });
        let joined = joiners.map(|joiner| usize::from(joiner.join().unwrap()));
        assert_eq!(joined.iter().sum::<usize>(), 1);
    });
}

#[test]
fn listener_that_joins_a_failing_task_learns_of_the_failure() {
    crate::model(|| {
        let shard = Arc::new(Shard::new(Arc::new(Listener::default()), 8));
        let joiner = {
            let shard = shard.clone();
            thread::spawn(move || shard.join(Arc::default))
        };
        // As the task does when it is dropped.
        shard.close();
        let mut told = Vec::new();
        shard.admit_joined(&mut told);
        let has_joined = joiner.join().unwrap();
        assert_eq!(told.len(), 1 + usize::from(has_joined));
    });
}
