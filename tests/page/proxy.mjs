// Stands between the page and the server, and may change what is answered.

import http from "node:http";
import net from "node:net";

export class Between {
  /** `change(path, text, headers)` returns the text that takes an answer's place, or undefined. */
  change = () => undefined;
  frozen = false;
  /** Both ends of the sockets that were upgraded. */
  sockets = new Set();

  static async start(server) {
    const between = new Between();
    between.server = server;
    between.listener = http.createServer((request, response) => between.#pass(request, response));
    between.listener.on("upgrade", (request, socket, head) => between.#upgrade(request, socket, head));
    await new Promise((resolve) => between.listener.listen(0, "127.0.0.1", resolve));
    between.base = `http://127.0.0.1:${between.listener.address().port}`;
    return between;
  }

  /** From now on nothing passes, in either direction, and nothing ends: what is open is half open for ever. */
  freeze() {
    this.frozen = true;
    for (const socket of this.sockets) {
      socket.unpipe();
      socket.removeAllListeners("close");
      socket.on("error", () => {});
      socket.pause();
    }
    this.sockets.clear();
  }

  /** Lets new connections pass again. */
  thaw() {
    this.frozen = false;
  }

  stop() {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
    this.listener.closeAllConnections();
  }

  #pass(request, response) {
    if (this.frozen) return;
    const { method, url, headers } = request;
    // As it is, so that its text can be changed; and never "not modified" of what was changed.
    const asked = { ...headers, "accept-encoding": "identity" };
    delete asked["if-none-match"];
    const inner = http.request(
      { host: "127.0.0.1", port: this.server.port, method, path: url, headers: asked },
      async (answer) => {
        const pieces = [];
        for await (const piece of answer) pieces.push(piece);
        let body = Buffer.concat(pieces);
        const outer = { ...answer.headers };
        const changed = this.change(url, body, outer);
        if (changed !== undefined) body = Buffer.from(changed);
        delete outer["transfer-encoding"];
        outer["content-length"] = body.length;
        response.writeHead(answer.statusCode, outer).end(body);
      },
    );
    inner.on("error", () => response.destroy());
    request.pipe(inner);
  }

  #upgrade({ method, url, rawHeaders }, socket, head) {
    if (this.frozen) {
      this.sockets.add(socket.pause());
      return;
    }
    const server = net.connect(this.server.port, "127.0.0.1", () => {
      const lines = [];
      for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
      server.write(`${method} ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      server.write(head);
      socket.pipe(server).pipe(socket);
    });
    for (const [one, other] of [
      [socket, server],
      [server, socket],
    ]) {
      this.sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}
