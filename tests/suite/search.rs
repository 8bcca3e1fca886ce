//! Finding what was said.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Reply, Room, TestServer, User, execute};

async fn search(user: &User, parameters: &[(&str, &str)]) -> Reply {
    let url = format!("http://{}/api/search", user.address);
    let url = reqwest::Url::parse_with_params(&url, parameters).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    user.get(&path).await
}

/// The answer to a query.
async fn answer(user: &User, q: &str) -> Value {
    search(user, &[("q", q)]).await.expect(200)
}

fn bodies(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|item| item["message"]["body"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the texts that a query finds, newest first.
pub(crate) async fn found(user: &User, q: &str) -> Vec<String> {
    bodies(&answer(user, q).await)
}

/// Waits until a query finds that, newest first.
pub(crate) async fn assert_search(user: &User, q: &str, wanted: &[&str]) {
    let mut last = Vec::new();
    let reached = async {
        while last != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
            last = found(user, q).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
    assert!(reached.is_ok(), "{q:?} finds {last:?} and not {wanted:?}");
}

/// Says it all, in that order, and waits until the last of it is in the index.
pub(crate) async fn post_all(user: &User, room: &Room, texts: &[&str]) {
    for text in texts {
        user.send_message(room, text).await;
    }
    let last = texts.last().unwrap();
    assert_search(user, &format!("\"{last}\" in:{}", room.id), &[last]).await;
}

#[tokio::test]
async fn parts_of_words_are_found_in_any_script() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let texts = [
        "Deployment is green",
        "東京都へようこそ",
        "我们明天在上海见面",
        "Die Straße ist gesperrt. ÄRGER!",
        "ΟΔΟΣ και οδός",
        "C++ 👍🏽, a \"quoted\" word: 100% (x*y)",
        "one\n\ntwo   three",
    ];
    post_all(&ana, &room, &texts).await;
    for (q, at, ranges) in [
        ("ploy", 0, json!([[2, 6]])),
        ("DEPLOY is", 0, json!([[0, 6], [11, 13]])),
        ("東京都", 1, json!([[0, 3]])),
        ("京都", 1, json!([[1, 3]])),
        ("よう", 1, json!([[4, 6]])),
        ("上海", 2, json!([[5, 7]])),
        ("海", 2, json!([[6, 7]])),
        ("面", 2, json!([[8, 9]])),
        ("STRASSE", 3, json!([[4, 10]])),
        ("ärger", 3, json!([[25, 30]])),
        ("οδος", 4, json!([[0, 4]])),
        ("c++", 5, json!([[0, 3]])),
        ("++", 5, json!([[1, 3]])),
        ("👍", 5, json!([[4, 5]])),
        ("\"QUOTED", 5, json!([[11, 17]])),
        ("(x*y)", 5, json!([[30, 35]])),
        ("%", 5, json!([[28, 29]])),
        ("\"one two\"", 6, json!([[0, 8]])),
        ("three two", 6, json!([[5, 8], [11, 16]])),
    ] {
        let answer = answer(&ben, q).await;
        assert_eq!(bodies(&answer), [texts[at]], "{q}");
        assert_eq!(answer["items"][0]["ranges"], ranges, "{q}: {answer}");
        assert_eq!(answer["next"], Value::Null, "{q}");
    }
    for q in [
        "\"two one\"",
        "deployments",
        "京東",
        "green gesperrt",
        "zq",
        "§",
    ] {
        assert!(found(&ben, q).await.is_empty(), "{q}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn query_words_are_never_syntax() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    post_all(&ana, &room, &["cats and dogs", "body:x NEAR(y) ^z -w"]).await;
    for q in [
        "cats OR dogs",
        "cats NOT dogs",
        "cats* dogs",
        "body:cats",
        "room:1",
        "cats\" OR \"dogs",
        "NEAR(cats dogs)",
        "{body}: cats",
        "'; drop table messages; --",
        "\u{e001}\u{f0000}\u{f0001}",
        "\u{e004}\u{f0000}\u{f0000}",
        "any",
        "%%%",
        "___",
        "\\",
        "\"\"\"",
    ] {
        let found = search(&ana, &[("q", q)]).await;
        assert!(matches!(found.status, 200 | 422), "{q}: {found:?}");
        if found.status == 200 {
            assert!(bodies(&found.json()).is_empty(), "{q}: {}", found.text);
        }
    }
    assert_eq!(found(&ana, "dogs AND cats").await, ["cats and dogs"]);
    assert_eq!(
        found(&ana, "near(y) body:x").await,
        ["body:x NEAR(y) ^z -w"]
    );
    server.stopped().await;
}

#[tokio::test]
async fn filters_restrict_a_search() {
    let server = TestServer::start().await;
    let (lobby, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let green = ana.create_room("Green room").await;
    ben.join(&green.code).await.expect(200);
    post_all(&ana, &lobby, &["tea in the lobby"]).await;
    post_all(&ben, &green, &["tea in green"]).await;
    post_all(&ana, &green, &["no coffee, tea"]).await;
    let (first, second, third) = ("tea in the lobby", "tea in green", "no coffee, tea");
    for (q, wanted) in [
        ("tea", vec![third, second, first]),
        ("tea from:ana", vec![third, first]),
        ("tea from:BEN", vec![second]),
        ("tea from:me", vec![third, first]),
        ("tea from:@ben from:ana", vec![third, second, first]),
        ("tea from:nobody", vec![]),
        ("tea in:lobby", vec![first]),
        ("tea in:#LOBBY", vec![first]),
        ("tea in:\"green ROOM\"", vec![third, second]),
        (
            "tea in:\"green room\" in:lobby from:ana",
            vec![third, first],
        ),
        ("te in:lobby", vec![first]),
        ("te from:ben", vec![second]),
        (
            "tea after:2020-01-01 before:2100-01-01",
            vec![third, second, first],
        ),
        ("tea before:2020-01-01", vec![]),
        ("tea after:2100-01-01", vec![]),
        ("from:ben", vec![second]),
        ("in:lobby", vec![first]),
        ("in:lobby -from:ben", vec![]),
        ("has:file", vec![]),
        ("tea has:file", vec![]),
    ] {
        assert_eq!(found(&ana, q).await, wanted, "{q}");
    }
    let by_id = format!("tea in:{}", green.id);
    assert_eq!(found(&ana, &by_id).await, [third, second]);
    // A time is a boundary to the millisecond: what was made then is after it.
    let hits = answer(&ana, "tea").await;
    let made = hits["items"][1]["message"]["created_at"].as_str().unwrap();
    let q = format!("tea after:{made}");
    assert_eq!(found(&ana, &q).await, [third, second]);
    let q = format!("tea before:{made}");
    assert_eq!(found(&ana, &q).await, [first]);
    server.stopped().await;
}

#[tokio::test]
async fn hit_links_to_its_place_in_the_history() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let said = ana.send_message(&room, "the needle").await;
    assert_search(&ben, "needle", &["the needle"]).await;
    let answer = answer(&ben, "needle").await;
    let hit = &answer["items"][0];
    assert_eq!(
        (&hit["room_id"], &hit["room_name"]),
        (&json!(room.id), &json!("lobby"))
    );
    assert_eq!(hit["message"], said);
    let path = format!("/api/rooms/{}/messages?around={}", room.id, said["seq"]);
    let page = ben.get(&path).await.expect(200);
    assert!(page["items"].as_array().unwrap().contains(&said), "{page}");
    server.stopped().await;
}

#[tokio::test]
async fn direct_room_in_results_is_named_after_its_members() {
    let server = TestServer::start().await;
    let (_, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let ids = json!({ "user_ids": [cid.id, ben.id] });
    let direct = ana.post("/api/dms", ids).await.expect(201);
    let room = Room {
        id: direct["id"].as_i64().unwrap(),
        code: String::new(),
    };
    post_all(&ana, &room, &["a secret"]).await;
    for (reader, name) in [(&ana, "ben, cid"), (&cid, "ana, ben")] {
        let answer = answer(reader, &format!("secret in:\"{name}\"")).await;
        assert_eq!(answer["items"][0]["room_name"], name, "{answer}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn cursor_traverses_all_hits_newest_first() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    let other = ana.create_room("other").await;
    let said: Vec<String> = (0..23).map(|n| format!("leaf {n}")).collect();
    for (n, text) in said.iter().enumerate() {
        ana.send_message(if n % 3 == 0 { &other } else { &room }, text)
            .await;
    }
    post_all(&ana, &room, &["the end here"]).await;
    post_all(&ana, &other, &["the end there"]).await;
    for (q, limit) in [
        ("leaf", "5"),
        ("le", "23"),
        ("a from:ana le", "1"),
        ("leaf", "50"),
    ] {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut parameters = vec![("q", q), ("limit", limit)];
            parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = search(&ana, &parameters).await.expect(200);
            let found = bodies(&page);
            assert!(
                found.len() <= limit.parse().unwrap() && !found.is_empty(),
                "{page}"
            );
            all.extend(found);
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert!(all.iter().eq(said.iter().rev()), "{q}: {all:?}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn invalid_search_is_explained() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let secret = ben.create_room("secret").await;
    ana.send_message(&room, "hello").await;
    let long = "x".repeat(257);
    let secret = format!("hello in:{}", secret.id);
    for (parameters, pointer) in [
        (vec![], "/q"),
        (vec![("q", "")], "/q"),
        (vec![("q", "  ")], "/q"),
        (vec![("q", &*long)], "/q"),
        (vec![("q", "a\0b")], "/q"),
        (vec![("q", "from: x")], "/q"),
        (vec![("q", "x before:soon")], "/q"),
        (vec![("q", "x after:2026-02-30")], "/q"),
        (vec![("q", "x has:wings")], "/q"),
        (vec![("q", "x in:nowhere")], "/q"),
        // A room that is not one's own looks the same as none.
        (vec![("q", "hello in:secret")], "/q"),
        (vec![("q", &*secret)], "/q"),
        (vec![("q", "x"), ("limit", "0")], "/limit"),
        (vec![("q", "x"), ("limit", "51")], "/limit"),
        (vec![("q", "x"), ("limit", "many")], "/limit"),
        (vec![("q", "x"), ("cursor", "tomorrow")], "/cursor"),
    ] {
        let problem = search(&ana, &parameters).await.refused(422, "invalid");
        let told = &problem["errors"][0]["pointer"];
        assert_eq!(told, pointer, "{parameters:?}: {problem}");
    }
    let url = server.url("/api/search?q=hello");
    Reply::of(reqwest::Client::new().get(url))
        .await
        .refused(401, "unauthenticated");
    server.stopped().await;
}

#[tokio::test]
async fn search_covers_only_current_rooms() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let cleo = server.user("cleo").await;
    let open = json!({ "name": "agora", "kind": "public" });
    let open = ana.post("/api/rooms", open).await.expect(201);
    post_all(&ana, &room, &["the word is swordfish"]).await;
    let path = format!("/api/rooms/{}/messages", open["id"]);
    let body = json!({ "body": "swordfish in public" });
    ana.post(&path, body).await.expect(201);
    assert_search(
        &ana,
        "swordfish",
        &["swordfish in public", "the word is swordfish"],
    )
    .await;
    assert_eq!(found(&ben, "swordfish").await, ["the word is swordfish"]);
    for q in ["swordfish", "sw", "from:ana", "s"] {
        assert!(found(&cleo, q).await.is_empty(), "{q}");
    }
    cleo.join(&room.code).await.expect(200);
    assert_eq!(found(&cleo, "swordfish").await, ["the word is swordfish"]);
    cleo.leave(&room).await;
    ana.kick(&room, &ben).await;
    for user in [&ben, &cleo] {
        for q in ["swordfish", "sw", "from:ana"] {
            assert!(found(user, q).await.is_empty(), "{q}");
        }
    }
    ana.delete(&format!("/api/rooms/{}", room.id))
        .await
        .expect(204);
    assert_eq!(found(&ana, "swordfish").await, ["swordfish in public"]);
    server.stopped().await;
}

#[tokio::test]
async fn system_messages_are_not_found() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    post_all(&ana, &room, &["ben joined us yesterday"]).await;
    assert_eq!(found(&ana, "joined").await, ["ben joined us yesterday"]);
    server.stopped().await;
}

/// Changes made directly in the database are indexed like new messages.
#[tokio::test]
async fn message_is_found_by_its_current_text_only() {
    let server = TestServer::start().await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    let texts = ["apples and pears", "apples and plums", "apples and nuts"];
    post_all(&ana, &room, &texts).await;
    execute(
        &server.folder(),
        "update messages set body = 'cherries' where body = 'apples and pears';
         update messages set body = '', deleted_at = 1 where body = 'apples and plums';",
    )
    .await;
    assert_eq!(found(&ana, "apples").await, ["apples and nuts"]);
    assert_eq!(found(&ana, "nd").await, ["apples and nuts"]);
    server.stopped().await;
}
