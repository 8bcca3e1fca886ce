//! Reading what was said: pages, changes, and how far one has read.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Reply, Room, TestServer, User};

/// A room of `ana` and `ben` with as many messages, the first two being the room's own.
async fn room_with(server: &TestServer, count: usize) -> (Room, [User; 2]) {
    let (room, users) = server.room_of(["ana", "ben"]).await;
    for n in 3..=count {
        users[0].send_message(&room, &format!("message {n}")).await;
    }
    (room, users)
}

async fn page(user: &User, room: &Room, query: &str) -> Reply {
    let reply = user
        .get(&format!("/api/rooms/{}/messages?{query}", room.id))
        .await;
    reply.expect(200);
    reply
}

fn seqs(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["seq"].as_i64().unwrap())
        .collect()
}

/// The address that a `Link` names.
fn link(reply: &Reply, rel: &str) -> Option<String> {
    let lines = reply.headers.get_all("link").iter();
    let mut lines = lines.map(|line| line.to_str().unwrap());
    let line = lines.find(|line| line.ends_with(&format!("rel=\"{rel}\"")))?;
    let (address, _) = line.strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned())
}

#[tokio::test]
async fn page_is_ascending_and_states_neighbours() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = room_with(&server, 10).await;
    for (query, expected, before, after) in [
        ("", (1..=10).collect(), false, false),
        ("limit=3", vec![8, 9, 10], true, false),
        ("limit=10", (1..=10).collect(), false, false),
        ("before=8&limit=3", vec![5, 6, 7], true, true),
        ("before=3&limit=3", vec![1, 2], false, true),
        ("before=1&limit=3", vec![], false, true),
        ("before=100&limit=2", vec![9, 10], true, false),
        ("after=0&limit=3", vec![1, 2, 3], false, true),
        ("after=7&limit=3", vec![8, 9, 10], true, false),
        ("after=6&limit=3", vec![7, 8, 9], true, true),
        ("after=10&limit=3", vec![], true, false),
        ("around=5&limit=3", vec![4, 5, 6], true, true),
        ("around=5&limit=1", vec![5], true, true),
    ] {
        let page = page(&ana, &room, query).await.json();
        assert_eq!(seqs(&page), expected, "{query}: {page}");
        assert_eq!(
            (&page["has_before"], &page["has_after"]),
            (&json!(before), &json!(after)),
            "{query}: {page}"
        );
        assert_eq!(page["head"], json!({ "seq": 10, "rev": 10 }), "{query}");
    }
    for around in [1, 2, 9, 10] {
        let page = page(&ana, &room, &format!("around={around}&limit=5"))
            .await
            .json();
        assert!(seqs(&page).contains(&around), "{around}: {page}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn links_traverse_the_whole_history() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = room_with(&server, 10).await;
    for (start, rel, expected) in [
        (
            "limit=4",
            "prev",
            vec![vec![7, 8, 9, 10], vec![3, 4, 5, 6], vec![1, 2]],
        ),
        (
            "after=0&limit=4",
            "next",
            vec![vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9, 10]],
        ),
        (
            "changed_since=0&limit=4",
            "next",
            vec![vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9, 10]],
        ),
    ] {
        let mut reply = page(&ana, &room, start).await;
        let mut seen = vec![seqs(&reply.json())];
        while let Some(next) = link(&reply, rel) {
            reply = ana.get(&next).await;
            seen.push(seqs(&reply.expect(200)));
            assert!(seen.len() <= 10, "{seen:?}");
        }
        assert_eq!(seen, expected, "{start}");
    }
    let whole = page(&ana, &room, "limit=200").await;
    assert!(whole.header("link").is_none(), "{whole:?}");
    server.stopped().await;
}

#[tokio::test]
async fn page_has_50_messages_by_default_and_200_at_most() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    let (user, place) = (&ana, &room);
    let sends = (0..210).map(|n| async move { user.send_message(place, &format!("{n}")).await });
    futures_util::future::join_all(sends).await;
    assert_eq!(seqs(&page(&ana, &room, "").await.json()).len(), 50);
    assert_eq!(
        seqs(&page(&ana, &room, "limit=200").await.json()).len(),
        200
    );
    let changed = page(&ana, &room, "changed_since=0&limit=1000").await.json();
    assert_eq!(seqs(&changed).len(), 212);
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=many", "/limit"),
        ("changed_since=0&limit=1001", "/limit"),
        ("before=x", "/before"),
        ("before=-5", "/before"),
        ("after=-5", "/after"),
        ("around=-5", "/around"),
        ("changed_since=-5", "/changed_since"),
        ("after=", "/after"),
        ("before=5&after=3", "/before"),
        ("around=5&changed_since=3", "/before"),
    ] {
        let path = format!("/api/rooms/{}/messages?{query}", room.id);
        let problem = ana.get(&path).await.refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{query}: {problem}"
        );
    }
    for query in ["before=0", "around=99999"] {
        page(&ana, &room, query).await;
    }
    server.stopped().await;
}

#[tokio::test]
async fn changes_since_a_rev_are_in_order() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = room_with(&server, 6).await;
    for (since, expected) in [(0, (1..=6).collect()), (4, vec![5, 6]), (6, vec![])] {
        let page = page(&ana, &room, &format!("changed_since={since}"))
            .await
            .json();
        let revs: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["rev"].as_i64().unwrap())
            .collect();
        assert_eq!(revs, expected, "{since}: {page}");
        assert_eq!(
            (&page["head"], &page["has_after"]),
            (&json!({ "seq": 6, "rev": 6 }), &json!(false))
        );
    }
    server.stopped().await;
}

async fn read(user: &User, room: &Room, body: Value) -> Reply {
    user.put(&format!("/api/rooms/{}/read", room.id), body)
        .await
}

#[tokio::test]
async fn receipt_only_advances_unless_forced() {
    let server = TestServer::start().await;
    let (room, [_ana, ben]) = room_with(&server, 6).await;
    let answer = |read_seq: i64, unread: i64, generation: i64| json!({ "read_seq": read_seq, "unread": unread, "mentions": 0, "read_generation": generation });
    for (body, expected) in [
        (json!({ "seq": 2 }), answer(2, 4, 0)),
        (json!({ "seq": 4 }), answer(4, 2, 0)),
        (json!({ "seq": 3 }), answer(4, 2, 0)),
        (json!({ "seq": 0 }), answer(4, 2, 0)),
        (json!({ "seq": 3, "force": true }), answer(3, 3, 1)),
        (json!({ "seq": 0, "force": true }), answer(0, 4, 2)),
        (json!({ "seq": 6 }), answer(6, 0, 2)),
        (json!({ "seq": 6 }), answer(6, 0, 2)),
    ] {
        assert_eq!(
            read(&ben, &room, body.clone()).await.expect(200),
            expected,
            "{body}"
        );
        let rooms = ben.get("/api/rooms").await.expect(200);
        assert_eq!(
            (&rooms[0]["read_seq"], &rooms[0]["unread"]),
            (&expected["read_seq"], &expected["unread"]),
            "{body}"
        );
    }
    // Messages that do not exist cannot be read.
    assert_eq!(
        read(&ben, &room, json!({ "seq": 999 })).await.expect(200),
        answer(6, 0, 2)
    );
    for body in [json!({}), json!({ "seq": "6" }), json!({ "seq": null })] {
        let problem = read(&ben, &room, body).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/seq", "{problem}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn own_and_system_messages_are_never_unread() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = room_with(&server, 5).await;
    let unread = async |user: &User| user.get("/api/rooms").await.expect(200)[0]["unread"].clone();
    assert_eq!(
        (unread(&ana).await, unread(&ben).await),
        (json!(0), json!(3))
    );
    ben.send_message(&room, "here I am").await;
    assert_eq!(
        (unread(&ana).await, unread(&ben).await),
        (json!(1), json!(0))
    );
    let rename = json!({ "name": "agora" });
    let path = format!("/api/rooms/{}", room.id);
    Reply::of(ana.request(Method::PATCH, &path).json(&rename))
        .await
        .expect(200);
    assert_eq!(
        (unread(&ana).await, unread(&ben).await),
        (json!(1), json!(0))
    );
    server.stopped().await;
}

#[tokio::test]
async fn receipt_reaches_other_devices_of_the_user() {
    let server = TestServer::start().await;
    let (room, [_ana, ben]) = room_with(&server, 5).await;
    let phone = ben.sign_in_again().await;
    let (mut socket, _) = phone.connect().await;
    read(&ben, &room, json!({ "seq": 4 })).await.expect(200);
    let frame = socket.next_of("read").await;
    assert_eq!(
        frame,
        json!({ "type": "read", "room_id": room.id, "read_seq": 4, "unread": 1, "mentions": 0, "read_generation": 0 })
    );
    server.stopped().await;
}

#[tokio::test]
async fn late_receipt_does_not_undo_a_forced_move() {
    let server = TestServer::start().await;
    let (room, [_ana, ben]) = room_with(&server, 6).await;
    let (mut phone, ready) = ben.connect().await;
    let (mut laptop, _) = ben.connect().await;
    assert_eq!(ready["rooms"][0]["read_generation"], 0, "{ready}");
    let standing = |read_seq: i64, unread: i64, generation: i64| json!({ "read_seq": read_seq, "unread": unread, "mentions": 0, "read_generation": generation });
    let framed = |mut standing: Value| {
        standing["type"] = json!("read");
        standing["room_id"] = json!(room.id);
        standing
    };
    let over_socket = |seq: i64, generation: i64| json!({ "type": "read", "room_id": room.id, "seq": seq, "read_generation": generation });

    // The automatic receipt comes first: the forced move takes it back.
    phone.send(over_socket(6, 0)).await;
    assert_eq!(phone.next_of("read").await, framed(standing(6, 0, 0)));
    let forced = read(&ben, &room, json!({ "seq": 3, "force": true })).await;
    assert_eq!(forced.expect(200), standing(3, 3, 1));
    assert_eq!(phone.next_of("read").await, framed(standing(3, 3, 1)));

    // The automatic receipt comes second, over a socket or over HTTP: it moves nothing and is answered.
    phone.send(over_socket(6, 0)).await;
    assert_eq!(phone.next_of("read").await, framed(standing(3, 3, 1)));
    let late = json!({ "seq": 6, "read_generation": 0 });
    let late = read(&ben, &room, late).await.expect(200);
    assert_eq!(late, standing(3, 3, 1));

    // The receipt is at the wanted place already, as the server has not heard of more: a new generation all the same.
    let forced = json!({ "type": "read", "room_id": room.id, "seq": 3, "force": true });
    phone.send(forced).await;
    assert_eq!(phone.next_of("read").await, framed(standing(3, 3, 2)));
    phone.send(over_socket(6, 1)).await;
    assert_eq!(phone.next_of("read").await, framed(standing(3, 3, 2)));

    // The other device was told of each move, and of nothing that did not move.
    for expected in [standing(6, 0, 0), standing(3, 3, 1), standing(3, 3, 2)] {
        assert_eq!(laptop.next_of("read").await, framed(expected));
    }
    // With the present generation, or with none, a receipt advances.
    laptop.send(over_socket(4, 2)).await;
    assert_eq!(laptop.next_of("read").await, framed(standing(4, 2, 2)));
    let advanced = read(&ben, &room, json!({ "seq": 5 })).await.expect(200);
    assert_eq!(advanced, standing(5, 1, 2));
    let rooms = ben.get("/api/rooms").await.expect(200);
    assert_eq!(rooms[0]["read_generation"], 2, "{rooms}");
    server.stopped().await;
}

/// The newest page, and how its last message reads.
async fn newest(user: &User, room: &Room) -> Value {
    let page = page(user, room, "").await.json();
    page["items"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn known_change_is_on_the_newest_page() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = room_with(&server, 3).await;
    // Others read without a pause, so that what they read is at hand all the time.
    let readers: Vec<_> = [&ana, &ben]
        .map(|user| {
            let (user, room) = (user.clone(), room.clone());
            tokio::spawn(async move {
                loop {
                    newest(&user, &room).await;
                }
            })
        })
        .into();
    for round in 0..25 {
        let said = ana.send_message(&room, &format!("round {round}")).await;
        assert_eq!(newest(&ben, &room).await, said);
        let path = format!("/api/rooms/{}/messages/{}", room.id, said["seq"]);
        let edited = ana.patch(&path, json!({ "body": "edited" })).await;
        let edited = edited.expect(200);
        assert_eq!(newest(&ben, &room).await, edited);
        ben.put(&format!("{path}/reactions/🎉"), Value::Null)
            .await
            .expect(204);
        assert_eq!(
            newest(&ana, &room).await["reactions"],
            json!({ "🎉": [ben.id] })
        );
        let name = format!("Ana {round}");
        ana.patch("/api/me", json!({ "display_name": name }))
            .await
            .expect(200);
        assert_eq!(newest(&ben, &room).await["author"]["display_name"], name);
        ana.delete(&path).await.expect(204);
        assert_eq!(newest(&ben, &room).await["body"], "");
    }
    for reader in readers {
        reader.abort();
        let _ = reader.await;
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newest_page_is_not_found_for_former_members() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = room_with(&server, 5).await;
    let path = format!("/api/rooms/{}/messages", room.id);
    for _ in 0..10 {
        // At hand for both of them.
        for user in [&ana, &ben, &ana, &ben] {
            user.get(&path).await.expect(200);
        }
        ana.kick(&room, &ben).await;
        ben.get(&path).await.refused(404, "not_found");
        ana.get(&path).await.expect(200);
        ben.get(&path).await.refused(404, "not_found");
        ben.join(&room.code).await.expect(200);
    }
    server.stopped().await;
}
