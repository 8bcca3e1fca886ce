import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { qrCode } from "../../../static/lib/qr.js";

const { default: jsQR } = createRequire(import.meta.url)("jsqr");

/** Draws a code for a reader: each module is four pixels wide, with a margin. */
function read(rows) {
  const scale = 4;
  const width = (rows.length + 8) * scale;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  rows.forEach((row, down) =>
    row.forEach((dark, right) => {
      if (!dark) return;
      for (let y = 0; y < scale; y += 1)
        for (let x = 0; x < scale; x += 1)
          pixels.fill(
            0,
            (((down + 4) * scale + y) * width + (right + 4) * scale + x) * 4,
            (((down + 4) * scale + y) * width + (right + 4) * scale + x) * 4 + 3,
          );
    }),
  );
  return jsQR(pixels, width, width);
}

test("a QR code of every size is read as what it says", () => {
  const versions = new Set();
  for (const length of [5, 14, 15, 26, 40, 60, 84, 100, 120, 150, 180]) {
    const text = `https://chat.example/i/${"5k8c-jkm4-0".repeat(20)}`.slice(0, length - 1);
    const found = read(qrCode(text));
    assert.equal(found?.data, text, `${length}`);
    versions.add(found.version);
  }
  assert.equal(read(qrCode("Grüße, 你好")).data, "Grüße, 你好");
  assert.deepEqual([...versions].sort(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("what is too long for it has none", () => {
  assert.equal(qrCode("x".repeat(181)), null);
  assert.notEqual(qrCode("x".repeat(180)), null);
});

test("every field is dark or light", () => {
  for (const row of qrCode("http://127.0.0.1:8000/i/5K8C-JKM4-KF6B-E79J"))
    for (const field of row) assert.equal(typeof field, "boolean");
});
