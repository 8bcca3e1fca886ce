//! `/api/admin/users/{id}/admin`: who administers the server.

use serde_json::{Value, json};

use crate::support::{TestServer, User};

fn flag(user: &User) -> String {
    format!("/api/admin/users/{}/admin", user.id)
}

async fn is_admin(user: &User) -> Value {
    user.get("/api/me").await.expect(200)["admin"].clone()
}

#[tokio::test]
async fn first_account_is_admin_and_grants_admin() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    assert_eq!(
        (is_admin(&ana).await, is_admin(&ben).await),
        (json!(true), json!(false))
    );
    for _ in 0..2 {
        ana.put(&flag(&ben), Value::Null).await.expect(204);
    }
    assert_eq!(is_admin(&ben).await, true);
    ben.delete(&flag(&ana)).await.expect(204);
    assert_eq!(is_admin(&ana).await, false);
    // A right that is taken away is gone at once, though the login goes on.
    ana.put(&flag(&ana), Value::Null)
        .await
        .refused(403, "forbidden");
    server.stopped().await;
}

#[tokio::test]
async fn last_admin_cannot_be_revoked() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    ana.delete(&flag(&ana)).await.refused(409, "last_admin");
    ana.put(&flag(&ben), Value::Null).await.expect(204);
    let (one, two) = (flag(&ana), flag(&ben));
    let (one, two) = tokio::join!(ana.delete(&one), ben.delete(&two));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{one:?} {two:?}");
    server.stopped().await;
}

#[tokio::test]
async fn non_admins_get_403_and_no_details() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    // To own a room is another thing.
    ben.create_room("lobby").await;
    for path in [flag(&ana), flag(&ben), "/api/admin/users/999/admin".into()] {
        ben.put(&path, Value::Null).await.refused(403, "forbidden");
        ben.delete(&path).await.refused(403, "forbidden");
    }
    ben.get("/api/admin/audit").await.refused(403, "forbidden");
    for path in ["/api/admin/users/999/admin", "/api/admin/users/x/admin"] {
        ana.put(path, Value::Null).await.refused(404, "not_found");
        ana.delete(path).await.refused(404, "not_found");
    }
    server.stopped().await;
}

#[tokio::test]
async fn admin_right_opens_no_private_room() {
    let server = TestServer::start().await;
    let (admin, ben) = (server.user("ana").await, server.user("ben").await);
    let room = ben.create_room("not for admins").await;
    ben.send_message(&room, "between us").await;
    let room = format!("/api/rooms/{}", room.id);
    for path in [
        room.clone(),
        format!("{room}/messages"),
        format!("{room}/members"),
    ] {
        admin.get(&path).await.refused(404, "not_found");
    }
    admin.delete(&room).await.refused(404, "not_found");
    server.stopped().await;
}

#[tokio::test]
async fn grants_and_revocations_are_audited() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    ana.put(&flag(&ben), Value::Null).await.expect(204);
    ana.put(&flag(&ben), Value::Null).await.expect(204);
    ana.delete(&flag(&ben)).await.expect(204);
    ana.delete(&flag(&ana)).await.refused(409, "last_admin");
    let log = ana.get("/api/admin/audit").await.expect(200);
    let seen: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert_eq!(
                entry["actor"],
                json!({ "id": ana.id, "username": "ana" }),
                "{entry}"
            );
            assert_eq!(
                entry["target"],
                json!({ "id": ben.id, "username": "ben" }),
                "{entry}"
            );
            assert_eq!(entry["address"], "127.0.0.1", "{entry}");
            assert!(entry["at"].as_str().unwrap().ends_with('Z'), "{entry}");
            entry["action"].clone()
        })
        .collect();
    assert_eq!(seen, ["admin_revoke", "admin_grant"], "{log}");
    server.stopped().await;
}
