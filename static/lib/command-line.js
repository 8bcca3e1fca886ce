// Parses lines that begin with `/` and finds the command that a mistyped one may mean.

/** Maximum number of different letters in a mistyped command, and at most half of them. */
const MAX_DISTANCE = 2;

/**
 * Returns `{name, rest}` for a line that begins with `/` and a letter or digit, and null for text.
 * @param {string} line
 * @returns {{ name: string; rest: string } | null}
 */
export function commandOf(line) {
  const [, name, rest] = /^\/([\p{L}\p{N}_]\S*)([\s\S]*)$/u.exec(line) ?? [];
  return name === undefined ? null : { name: name.toLowerCase(), rest: rest.trim() };
}

/**
 * Returns the name in `names` that `name` may have been meant for, or null.
 * @param {string} name
 * @param {string[]} names
 */
export function nearestCommand(name, names) {
  // The pattern matches any text.
  const [word] = /** @type {RegExpExecArray} */ (/^[\p{L}\p{N}_]*/u.exec(name));
  const ranked = names.map((known) => ({ known, at: distance(word, known) })).sort((a, b) => a.at - b.at);
  return ranked.length > 0 && ranked[0].at <= Math.min(MAX_DISTANCE, Math.floor(word.length / 2))
    ? ranked[0].known
    : null;
}

/**
 * Returns the line with `name` in place of its command.
 * @param {string} line
 * @param {string} name
 */
export const withCommand = (line, name) => line.replace(/^\/[\p{L}\p{N}_]+\s*/u, `/${name} `);

/**
 * The optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
 * @param {string} a
 * @param {string} b
 */
function distance(a, b) {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 1; j <= b.length; j += 1) rows[0][j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
