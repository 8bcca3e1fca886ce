use super::*;

const GRACE: Duration = Duration::from_secs(5);
const ROOM: RoomId = RoomId(1);

fn author(id: i64) -> UserSummary {
    UserSummary {
        id: UserId(id),
        username: format!("user{id}"),
        display_name: format!("User {id}"),
        avatar: None,
    }
}

/// Adds a connection of user `id`, in `rooms`.
fn enter(presence: &Presence, id: i64, rooms: &[RoomId]) -> PresenceGuard {
    let guard = presence.enter(author(id));
    assert!(guard.join_rooms(guard.membership_epoch(), rooms.iter().copied()));
    guard
}

/// Returns the ids that came and went in `ROOM`, and the number of users online there.
fn told(presence: &Presence) -> Option<(Vec<i64>, Vec<i64>, usize)> {
    let flush = presence.flush(Instant::now());
    presence.check_invariants();
    flush
        .diffs
        .into_iter()
        .find(|(room, _)| *room == ROOM)
        .map(|(_, diff)| {
            let came = diff.online.iter().map(|who| who.id.0).collect();
            let went = diff.offline.iter().map(|(who, _)| who.id.0).collect();
            (came, went, diff.online_count)
        })
}

#[tokio::test(start_paused = true)]
async fn three_connections_count_as_one_user() {
    let presence = Presence::new(GRACE);
    let tabs = [(); 3].map(|()| enter(&presence, 1, &[ROOM]));
    assert_eq!(told(&presence), Some((vec![1], vec![], 1)));
    let [first, second, third] = tabs;
    drop((first, second));
    tokio::time::advance(GRACE * 2).await;
    assert_eq!(told(&presence), None);
    drop(third);
    assert_eq!(told(&presence), None, "gone before the grace is over");
    tokio::time::advance(GRACE).await;
    assert_eq!(
        presence.pending_last_seen(Instant::now()).len(),
        2,
        "once for coming and once for going"
    );
    assert_eq!(told(&presence), Some((vec![], vec![1], 0)));
    assert_eq!(presence.online_users(), 0);
    assert!(presence.inner.lock().rooms.is_empty());
}

#[tokio::test(start_paused = true)]
async fn return_within_grace_period_is_no_change() {
    let presence = Presence::new(GRACE);
    drop(enter(&presence, 1, &[ROOM]));
    assert_eq!(told(&presence), Some((vec![1], vec![], 1)));
    tokio::time::advance(GRACE / 2).await;
    let back = enter(&presence, 1, &[ROOM]);
    tokio::time::advance(GRACE).await;
    assert_eq!(told(&presence), None);
    assert!(presence.is_online(UserId(1)));
    drop(back);
}

#[tokio::test(start_paused = true)]
async fn panicking_task_leaves_no_user_online() {
    let presence = Presence::new(GRACE);
    let guard = enter(&presence, 1, &[ROOM]);
    let task = tokio::spawn(async move {
        let _guard = guard;
        panic!("as planned");
    });
    assert!(task.await.is_err());
    tokio::time::advance(GRACE).await;
    let _ = presence.flush(Instant::now());
    assert_eq!(presence.online_users(), 0);
}

#[tokio::test(start_paused = true)]
async fn join_and_leave_update_the_room_index() {
    let presence = Presence::new(GRACE);
    let guard = enter(&presence, 1, &[]);
    presence.join(UserId(1), ROOM);
    assert_eq!(told(&presence), Some((vec![1], vec![], 1)));
    presence.leave(UserId(1), ROOM);
    assert_eq!(told(&presence), None);
    assert_eq!(presence.in_room(ROOM, 10).0, 0);
    presence.join(UserId(1), ROOM);
    presence.clear_room(ROOM);
    presence.check_invariants();
    drop(guard);
}

#[tokio::test(start_paused = true)]
async fn room_list_read_before_a_removal_is_ignored() {
    let presence = Presence::new(GRACE);
    let guard = presence.enter(author(1));
    let mark = guard.membership_epoch();
    presence.leave(UserId(1), ROOM);
    assert!(!guard.join_rooms(mark, [ROOM]), "removed in between");
    let mark = guard.membership_epoch();
    presence.clear_room(ROOM);
    assert!(!guard.join_rooms(mark, [ROOM]), "deleted in between");
    assert_eq!(presence.in_room(ROOM, 10).0, 0);
    assert!(guard.join_rooms(guard.membership_epoch(), [RoomId(2)]));
    presence.check_invariants();
}
