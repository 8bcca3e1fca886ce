// QR codes (ISO/IEC 18004) of short texts: byte mode, error correction level M, versions 1 to 9.

/** For each version: bytes of data, check bytes a block, blocks. */
const VERSIONS = [
  [16, 10, 1],
  [28, 16, 1],
  [44, 26, 1],
  [64, 18, 2],
  [86, 24, 2],
  [108, 16, 4],
  [124, 18, 4],
  [154, 22, 4],
  [182, 22, 5],
];
/** The centres of the alignment patterns. */
const ALIGNED = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46]];
const MASKS = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => ((row >> 1) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/** The field of 256 elements in which the check bytes are reckoned: powers of 2, and logarithms. */
const POWERS = new Uint8Array(255);
const LOGS = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  POWERS[power] = value;
  LOGS[value] = power;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}
const times = (a, b) => (a === 0 || b === 0 ? 0 : POWERS[(LOGS[a] + LOGS[b]) % 255]);

/** The remainder of `bytes` by the polynomial whose roots are the first `count` powers. */
function checkBytes(bytes, count) {
  let divisor = [1];
  for (let power = 0; power < count; power += 1) {
    const next = [...divisor, 0];
    divisor.forEach((factor, at) => (next[at + 1] ^= times(factor, POWERS[power])));
    divisor = next;
  }
  const rest = [...bytes, ...new Array(count).fill(0)];
  for (let at = 0; at < bytes.length; at += 1) {
    const factor = rest[at];
    divisor.forEach((of, behind) => (rest[at + behind] ^= times(of, factor)));
  }
  return rest.slice(bytes.length);
}

/** The text as the bytes of a version: mode, length, text, end, filling. */
function dataOf(text, size) {
  const bits = [];
  const put = (value, count) => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
  };
  put(4, 4);
  put(text.length, 8);
  for (const byte of text) put(byte, 8);
  put(0, Math.min(4, size * 8 - bits.length));
  while (bits.length % 8 > 0) bits.push(0);
  const bytes = [];
  for (let at = 0; at < bits.length; at += 8) bytes.push(parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let filling = 0xec; bytes.length < size; filling ^= 0xec ^ 0x11) bytes.push(filling);
  return bytes;
}

/** Data and check bytes as they are drawn: a byte of each block in turn. */
function interleaved(data, checks, blocks) {
  const short = Math.floor(data.length / blocks);
  const longer = data.length % blocks;
  const parts = [];
  for (let block = 0, from = 0; block < blocks; block += 1) {
    const to = from + short + (block >= blocks - longer ? 1 : 0);
    parts.push(data.slice(from, to));
    from = to;
  }
  const woven = (lists) => Array.from({ length: Math.max(...lists.map(({ length }) => length)) }, (_, at) => lists.map((list) => list[at])).flat();
  return [...woven(parts), ...woven(parts.map((part) => checkBytes(part, checks)))].filter((byte) => byte !== undefined);
}

/** `value` with its remainder by `divisor` behind it. */
function guarded(value, divisor, bits) {
  let rest = value << bits;
  for (let at = 31 - Math.clz32(rest); at >= bits; at = 31 - Math.clz32(rest)) {
    if (rest === 0) break;
    rest ^= divisor << (at - bits);
  }
  return (value << bits) | rest;
}

/** A square in which every field is dark, light or, before it is drawn, undefined. */
class Square {
  constructor(version) {
    this.size = 17 + 4 * version;
    this.rows = Array.from({ length: this.size }, () => new Array(this.size));
    this.#finder(3, 3);
    this.#finder(3, this.size - 4);
    this.#finder(this.size - 4, 3);
    const centres = ALIGNED[version - 1];
    for (const row of centres) for (const column of centres) if (this.rows[row][column] === undefined) this.#rings(row, column, 2, (ring) => ring !== 1);
    for (let at = 8; at < this.size - 8; at += 1) {
      this.rows[6][at] ??= at % 2 === 0;
      this.rows[at][6] ??= at % 2 === 0;
    }
    this.format(0);
    if (version >= 7) this.#version(version);
  }

  #finder(row, column) {
    this.#rings(row, column, 4, (ring) => ring !== 2 && ring !== 4);
  }

  #rings(row, column, reach, isDark) {
    for (let down = -reach; down <= reach; down += 1) {
      for (let right = -reach; right <= reach; right += 1) {
        const line = this.rows[row + down];
        if (line && column + right >= 0 && column + right < this.size) line[column + right] = isDark(Math.max(Math.abs(down), Math.abs(right)));
      }
    }
  }

  /** Level M and the mask, twice. */
  format(mask) {
    const bits = guarded(mask, 0x537, 10) ^ 0x5412;
    const bit = (at) => ((bits >> at) & 1) === 1;
    for (let at = 0; at < 15; at += 1) {
      const down = at < 6 ? at : at < 8 ? at + 1 : this.size - 15 + at;
      const left = at < 8 ? this.size - 1 - at : at === 8 ? 7 : 14 - at;
      this.rows[down][8] = bit(at);
      this.rows[8][left] = bit(at);
    }
    this.rows[this.size - 8][8] = true;
  }

  #version(version) {
    const bits = guarded(version, 0x1f25, 12);
    for (let at = 0; at < 18; at += 1) {
      const [near, far] = [Math.floor(at / 3), this.size - 11 + (at % 3)];
      this.rows[near][far] = this.rows[far][near] = ((bits >> at) & 1) === 1;
    }
  }

  /** The fields that are still free, in the order in which data fills them. */
  *free() {
    const before = this.rows.map((row) => [...row]);
    for (let right = this.size - 1, up = true; right > 0; right -= 2, up = !up) {
      if (right === 6) right -= 1;
      for (let step = 0; step < this.size; step += 1) {
        const row = up ? this.size - 1 - step : step;
        for (const column of [right, right - 1]) if (before[row][column] === undefined) yield [row, column];
      }
    }
  }

  /** How hard it is to read: long runs of one colour, plain squares, too much of one colour. */
  get penalty() {
    let sum = 0;
    const lines = [...this.rows, ...this.rows.map((_, column) => this.rows.map((row) => row[column]))];
    for (const line of lines) for (const [run] of line.map(Number).join("").matchAll(/0{5,}|1{5,}/gu)) sum += run.length - 2;
    let dark = 0;
    this.rows.forEach((row, down) =>
      row.forEach((field, right) => {
        dark += field;
        const below = this.rows[down + 1];
        if (below && right + 1 < this.size && field === row[right + 1] && field === below[right] && field === below[right + 1]) sum += 3;
      }),
    );
    return sum + 10 * Math.floor(Math.abs((dark * 20) / this.size ** 2 - 10));
  }
}

/** The rows of a QR code, `true` for dark, without its margin of 4; null for a text that is too long. */
export function qrCode(text) {
  const bytes = new TextEncoder().encode(text);
  const index = VERSIONS.findIndex(([size]) => bytes.length + 2 <= size);
  if (index < 0) return null;
  const [size, checks, blocks] = VERSIONS[index];
  const words = interleaved(dataOf(bytes, size), checks, blocks);
  const drawn = MASKS.map((isTurned, mask) => {
    const square = new Square(index + 1);
    const fields = [...square.free()];
    fields.forEach(([row, column], at) => {
      const bit = ((words[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
      square.rows[row][column] = (bit === 1) !== isTurned(row, column);
    });
    square.format(mask);
    return square;
  });
  return drawn.reduce((best, square) => (square.penalty < best.penalty ? square : best)).rows;
}
