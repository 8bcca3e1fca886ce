//! Reporting a message, and what admins see of it.

use serde_json::{Value, json};

use crate::support::{Reply, Room, TestServer, User};

fn address(room: &Room, seq: &Value) -> String {
    format!("/api/rooms/{}/messages/{seq}/report", room.id)
}

async fn reports(admin: &User) -> Vec<Value> {
    let body = admin.get("/api/admin/reports").await.expect(200);
    body["items"].as_array().unwrap().clone()
}

async fn report(user: &User, room: &Room, said: &Value, reason: &str) -> Reply {
    let body = json!({ "reason": reason });
    user.post(&address(room, &said["seq"]), body).await
}

#[tokio::test]
async fn admins_see_only_the_reported_message() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let said = ana.send_message(&room, "you are all fools").await;
    ana.send_message(&room, "between us").await;
    for _ in 0..2 {
        report(&ben, &room, &said, " rude \n again ")
            .await
            .expect(204);
    }
    // A reason is welcome, not wanted.
    cleo.post(&address(&room, &said["seq"]), json!({}))
        .await
        .expect(204);
    let seen = reports(&admin).await;
    let [second, first] = seen.as_slice() else {
        panic!("one for each who reported: {seen:?}")
    };
    assert_eq!(second["reason"], "", "{second}");
    for (name, wanted) in [
        ("room", json!({ "id": room.id, "name": "lobby" })),
        ("seq", said["seq"].clone()),
        (
            "reporter",
            json!({ "id": ben.id, "username": "ben", "display_name": "ben", "avatar": null }),
        ),
        ("reason", json!("rude \n again")),
    ] {
        assert_eq!(first[name], wanted, "{name} of {first}");
    }
    for name in [
        "kind",
        "author",
        "body",
        "created_at",
        "edited_at",
        "deleted_at",
    ] {
        assert_eq!(first["message"][name], said[name], "{name} of {first}");
    }
    assert!(!format!("{seen:?}").contains("between us"), "{seen:?}");
    // Those whom it is about do not learn of it.
    let history = ana.history(&room).await;
    assert_eq!(history.last().unwrap()["body"], "between us");
    admin
        .get(&format!("/api/rooms/{}/messages", room.id))
        .await
        .refused(404, "not_found");
    let log = admin
        .get("/api/admin/audit?action=report")
        .await
        .expect(200);
    let entries = log["items"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "{log}");
    for entry in entries {
        assert_eq!(
            (
                &entry["seq"],
                &entry["target"]["username"],
                &entry["detail"]
            ),
            (&said["seq"], &json!("ana"), &Value::Null),
            "{entry}"
        );
    }
    server.stopped().await;
}

#[tokio::test]
async fn non_member_cannot_report() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let stranger = server.user("eve").await;
    let said = ana.send_message(&room, "hi").await;
    for outsider in [&admin, &stranger] {
        report(outsider, &room, &said, "")
            .await
            .refused(404, "not_found");
    }
    for seq in ["999", "0", "-1", "x"] {
        let path = address(&room, &json!(seq)).replace('"', "");
        ben.post(&path, json!({})).await.refused(404, "not_found");
    }
    for reason in [json!("x".repeat(501)), json!("\0"), json!(7)] {
        let path = address(&room, &said["seq"]);
        let problem = ben
            .post(&path, json!({ "reason": reason }))
            .await
            .refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/reason", "{problem}");
    }
    report(&ben, &room, &said, &"é".repeat(500))
        .await
        .expect(204);
    assert_eq!(reports(&admin).await.len(), 1);
    server.stopped().await;
}

#[tokio::test]
async fn only_admins_close_reports() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let said = ana.send_message(&room, "hi").await;
    report(&ben, &room, &said, "").await.expect(204);
    let id = reports(&admin).await[0]["id"].clone();
    let path = format!("/api/admin/reports/{id}");
    for user in [&ana, &ben] {
        user.get("/api/admin/reports")
            .await
            .refused(403, "forbidden");
        user.delete(&path).await.refused(403, "forbidden");
    }
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.refused(404, "not_found");
    admin
        .delete("/api/admin/reports/x")
        .await
        .refused(404, "not_found");
    assert_eq!(reports(&admin).await, Vec::<Value>::new());
    // It may have become worse.
    report(&ben, &room, &said, "").await.expect(204);
    assert_eq!(reports(&admin).await.len(), 1);
    let log = admin.get("/api/admin/audit").await.expect(200);
    let actions: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["report", "report_close", "report"]);
    server.stopped().await;
}

#[tokio::test]
async fn reports_have_pages_and_outlive_their_room() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    for body in ["one", "two"] {
        let said = ana.send_message(&room, body).await;
        report(&ben, &room, &said, body).await.expect(204);
    }
    ana.delete(&format!("/api/rooms/{}", room.id))
        .await
        .expect(204);
    let (mut seen, mut before) = (Vec::new(), i64::MAX);
    for has_before in [true, false] {
        let path = format!("/api/admin/reports?limit=1&before={before}");
        let page = admin.get(&path).await.expect(200);
        assert_eq!(page["has_before"], has_before, "{page}");
        before = page["items"][0]["id"].as_i64().unwrap();
        seen.push(page["items"][0]["reason"].clone());
    }
    assert_eq!(seen, ["two", "one"]);
    for limit in ["0", "101", "x"] {
        let path = format!("/api/admin/reports?limit={limit}");
        let problem = admin.get(&path).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/limit", "{problem}");
    }
    server.stopped().await;
}
