// Completion of the word before the caret: a name after `@`, an emoji after `:`, a command after `/`.

const NAME = /(?:^|[\s(])@([\p{L}\p{N}_.-]{0,32})$/u;
const EMOJI = /(?:^|\s):([\p{L}\p{N}_+-]{2,32})$/u;
const COMMAND = /^\/(\w{0,16})$/u;
/** @type {["/" | "@" | ":", RegExp][]} */
const PATTERNS = [
  ["/", COMMAND],
  ["@", NAME],
  [":", EMOJI],
];
const MAX_CHOICES = 8;

/**
 * `{kind, words, from}` for the text before the caret, or null: what is wanted, and where it begins.
 * @param {string} before
 * @returns {{ kind: "/" | "@" | ":"; words: string; from: number } | null}
 */
export function queryAtCaret(before) {
  for (const [kind, pattern] of PATTERNS) {
    const match = pattern.exec(before);
    if (match) return { kind, words: match[1].toLocaleLowerCase(), from: before.length - match[1].length - 1 };
  }
  return null;
}

/**
 * Returns the best of `choices` (each with its `names`): first those with a name that begins so.
 * @template {{ names: string[] }} Choice
 * @param {Choice[]} choices
 * @param {string} words
 */
export function bestMatches(choices, words) {
  /** @param {{ names: string[] }} choice */
  const rank = ({ names }) => {
    const found = names.map((name) => name.toLocaleLowerCase().indexOf(words)).filter((at) => at >= 0);
    if (found.length === 0) return Infinity;
    return found.includes(0) ? 0 : 1;
  };
  return choices
    .map((choice) => ({ choice, at: rank(choice) }))
    .filter(({ at }) => at < Infinity)
    .sort((a, b) => a.at - b.at)
    .slice(0, MAX_CHOICES)
    .map(({ choice }) => choice);
}
