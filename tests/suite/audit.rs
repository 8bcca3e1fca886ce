//! `/api/admin/audit`: who did what to whom, when and from where.

use serde_json::{Value, json};

use crate::support::{TestServer, User};

async fn log(admin: &User, query: &str) -> Vec<Value> {
    let body = admin
        .get(&format!("/api/admin/audit{query}"))
        .await
        .expect(200);
    body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_action_is_audited_without_message_texts() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben, cleo, dan]) = server.room_of(["ana", "ben", "cleo", "dan"]).await;
    let path = format!("/api/rooms/{}", room.id);
    let of = |kind: &str, user: &User| format!("{path}/{kind}/{}", user.id);
    let said = ana
        .send_message(&room, "a word nobody else should read")
        .await;
    let own = ana.send_message(&room, "one's own to delete").await;
    ana.give_role(&room, &ben, "moderator").await;
    for (who, message) in [(&ana, &own), (&ben, &said)] {
        let message = format!("{path}/messages/{}", message["seq"]);
        who.delete(&message).await.expect(204);
    }
    ben.kick(&room, &cleo).await;
    ben.ban(&room, &dan).await;
    ben.unban(&room, &dan).await;
    dan.join(&room.code).await.expect(200);
    ben.put(&of("mutes", &dan), json!({ "seconds": 60 }))
        .await
        .expect(204);
    ben.delete(&of("mutes", &dan)).await.expect(204);
    for change in [
        json!({ "slow_mode_s": 30 }),
        json!({ "locked": true }),
        json!({ "locked": false }),
    ] {
        ben.patch(&path, change).await.expect(200);
    }
    ben.post(&format!("{path}/access_code"), Value::Null)
        .await
        .expect(200);
    ana.post(&format!("{path}/owner"), json!({ "user_id": ben.id }))
        .await
        .expect(204);
    // Refused actions and actions without effect have no entry.
    ben.patch(&path, json!({ "slow_mode_s": 30 }))
        .await
        .expect(200);
    ana.unban(&room, &dan).await;
    ana.delete(&of("mutes", &dan)).await.expect(204);
    dan.put(&of("bans", &ana), Value::Null)
        .await
        .refused(403, "forbidden");
    ben.delete(&path).await.expect(204);

    let entries = log(&admin, "").await;
    let seen: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            let target = entry["target"]["username"].as_str().unwrap_or("-");
            let detail = entry["detail"].as_str().unwrap_or("-");
            let actor = entry["actor"]["username"].as_str().unwrap();
            format!(
                "{actor} {} {target} {detail}",
                entry["action"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "ana role ben moderator",
            "ben delete_message ana -",
            "ben kick cleo -",
            "ben ban dan -",
            "ben unban dan -",
            "ben mute dan 60",
            "ben unmute dan -",
            "ben slow_mode - 30",
            "ben lock - -",
            "ben unlock - -",
            "ben access_code - -",
            "ana transfer ben -",
            "ben room_delete - -",
        ]
    );
    for entry in &entries {
        assert_eq!(entry["room_id"], room.id, "{entry}");
        assert_eq!(entry["address"], "127.0.0.1", "{entry}");
        assert!(entry["at"].as_str().unwrap().ends_with('Z'), "{entry}");
        assert!(!entry.to_string().contains("nobody else"), "{entry}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn audit_log_has_filters_and_pages() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let other = ben.create_room("other").await;
    cleo.join(&other.code).await.expect(200);
    ana.give_role(&room, &ben, "moderator").await;
    ben.ban(&room, &cleo).await;
    ben.ban(&other, &cleo).await;
    ben.unban(&other, &cleo).await;
    let actions = |entries: Vec<Value>| -> Vec<String> {
        let names = entries
            .iter()
            .map(|entry| entry["action"].as_str().unwrap().to_owned());
        names.collect()
    };
    for (query, wanted) in [
        (format!("?actor={}", ana.id), vec!["role"]),
        (format!("?actor={}", ben.id), vec!["unban", "ban", "ban"]),
        (format!("?target={}", ben.id), vec!["role"]),
        (format!("?room={}", other.id), vec!["unban", "ban"]),
        ("?action=ban".into(), vec!["ban", "ban"]),
        (
            format!(
                "?action=ban&room={}&actor={}&target={}",
                room.id, ben.id, cleo.id
            ),
            vec!["ban"],
        ),
        (format!("?actor={}", cleo.id), vec![]),
    ] {
        assert_eq!(actions(log(&admin, &query).await), wanted, "{query}");
    }
    let (mut all, mut before) = (Vec::new(), i64::MAX);
    for has_before in [true, true, true, false] {
        let path = format!("/api/admin/audit?limit=1&before={before}");
        let page = admin.get(&path).await.expect(200);
        assert_eq!(page["has_before"], has_before, "{page}");
        before = page["items"][0]["id"].as_i64().unwrap();
        all.extend(page["items"].as_array().unwrap().clone());
    }
    assert_eq!(actions(all), ["unban", "ban", "ban", "role"]);
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("action=dance", "/action"),
        ("actor=x", "/actor"),
    ] {
        let reply = admin.get(&format!("/api/admin/audit?{query}")).await;
        let problem = reply.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for user in [&ana, &ben] {
        user.get("/api/admin/audit").await.refused(403, "forbidden");
    }
    server.stopped().await;
}
