// A room server on Bun's own publish and subscribe, which speaks the frames of docs/protocol/socket.md as far
// as the load needs them: ready, send, ack, message. In memory, or with one SQLite transaction a message
// (WAL, FULL) if a file is named.
//
//   bun server.ts [FILE]
//
// It prints where it listens.

import { Database } from "bun:sqlite";

type Seat = { room: number; user: number };

const file = process.argv[2];
const heads = new Map<number, number>();
let users = 0;

function store(path: string) {
  const db = new Database(path, { create: true });
  db.exec("pragma journal_mode = wal");
  db.exec("pragma synchronous = full");
  db.exec(
    `create table messages (id integer primary key, room_id integer not null, seq integer not null,
       author_id integer not null, body text not null, key text, created_at integer not null,
       unique (room_id, seq))`,
  );
  const insert = db.prepare(
    "insert into messages (room_id, seq, author_id, body, key, created_at) values (?, ?, ?, ?, ?, ?)",
  );
  // A statement by itself is a transaction.
  return (room: number, seq: number, user: number, body: string, key: string, at: number) =>
    insert.run(room, seq, user, body, key, at);
}

const keep = file ? store(file) : () => {};

const server = Bun.serve<Seat>({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const room = Number(new URL(request.url).pathname.split("/")[2] ?? 0);
    const data = { room, user: ++users };
    const headers = { "sec-websocket-protocol": "parlor.v1.json" };
    if (server.upgrade(request, { data, headers })) return;
    return new Response("a socket is wanted", { status: 426 });
  },
  websocket: {
    idleTimeout: 0,
    maxPayloadLength: 1024 * 1024,
    backpressureLimit: 64 * 1024 * 1024,
    perMessageDeflate: false,
    publishToSelf: true,
    open(socket) {
      socket.subscribe(`room ${socket.data.room}`);
      socket.send(`{"type":"ready","rooms":[${socket.data.room}]}`);
    },
    message(socket, text) {
      const { type, key, room_id: room, body } = JSON.parse(text as string);
      if (type !== "send") return;
      const { user } = socket.data;
      const seq = (heads.get(room) ?? 0) + 1;
      const now = Date.now();
      heads.set(room, seq);
      keep(room, seq, user, body, key, now);
      const name = `user${user % 10}`;
      const message = {
        room_id: room, seq, rev: seq, kind: "text",
        author: { id: user, username: name, display_name: name },
        body, mentions: [], reply_to: null, files: [], reactions: {}, key,
        created_at: new Date(now).toISOString(), edited_at: null, deleted_at: null,
      };
      server.publish(`room ${room}`, JSON.stringify({ type: "message", room_id: room, rev: seq, message }));
      socket.send(JSON.stringify({ type: "ack", key, room_id: room, seq, rev: seq }));
    },
  },
});

console.log(`127.0.0.1:${server.port}`);
