// Syntax highlighting: comments, strings, numbers and keywords. It follows the syntax of most
// languages, and unknown parts stay plain.

/** @type {Record<string, string>} */
const KEYWORDS = {
  c: "auto bool break case char class const continue default delete do double else enum extern false float for goto if inline int long namespace new nullptr private protected public return short signed sizeof static struct switch template this throw true try typedef union unsigned using virtual void volatile while",
  go: "break case chan const continue default defer else fallthrough false for func go goto if import interface map nil package range return select struct switch true type var",
  java: "abstract boolean break byte case catch char class const continue default do double else enum extends false final finally float for if implements import instanceof int interface long native new null package private protected public record return short static super switch synchronized this throw throws true try var void volatile while",
  js: "async await break case catch class const continue debugger default delete do else enum export extends false finally for from function get if import in instanceof interface let new null of return set static super switch this throw true try type typeof undefined var void while with yield",
  py: "and as assert async await break class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return True try while with yield",
  rs: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type union unsafe use where while",
  sh: "case do done elif else esac export fi for function if in local return set shift then until while",
  sql: "all and as asc begin between by case commit create delete desc distinct drop else end exists from group having in index inner insert into is join left like limit not null on or order outer primary references select set table then union unique update values when where with",
};
/** @type {Record<string, string>} */
const ALIASES = {
  "c++": "c",
  cpp: "c",
  h: "c",
  cs: "java",
  kotlin: "java",
  kt: "java",
  swift: "java",
  golang: "go",
  javascript: "js",
  jsx: "js",
  mjs: "js",
  ts: "js",
  tsx: "js",
  typescript: "js",
  json: "js",
  python: "py",
  rust: "rs",
  bash: "sh",
  shell: "sh",
  zsh: "sh",
  console: "sh",
  postgres: "sql",
  sqlite: "sql",
};
const HASH_COMMENTS = new Set(["py", "sh", "toml", "yaml", "yml", "rb", "ini"]);
const MAX_CHARS = 20_000;

/**
 * `[{kind, text}]`, with `comment`, `string`, `number`, `word` or nothing as the kind.
 * @param {string} text
 * @param {string} lang
 */
export function highlight(text, lang) {
  const name = ALIASES[lang] ?? lang;
  if (text.length > MAX_CHARS || (!(name in KEYWORDS) && !HASH_COMMENTS.has(name))) return [{ kind: "", text }];
  const words = new Set((KEYWORDS[name] ?? "true false null").split(" "));
  const line = HASH_COMMENTS.has(name) ? "#[^\\n]*" : name === "sql" ? "--[^\\n]*" : "//[^\\n]*|/\\*[^]*?\\*/";
  const pattern = new RegExp(
    `(?<comment>${line})|(?<string>"(?:\\\\.|[^"\\\\\\n])*"|'(?:\\\\.|[^'\\\\\\n])*'|\`[^\`]*\`)|(?<number>\\b\\d[\\w.]*)|(?<name>[A-Za-z_]\\w*)`,
    "gu",
  );
  /** @type {{ kind: string; text: string }[]} */
  const pieces = [];
  /**
   * @param {string} kind
   * @param {string} part
   */
  const put = (kind, part) => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += part;
    else if (part !== "") pieces.push({ kind, text: part });
  };
  let at = 0;
  for (const { 0: part, index, groups = {} } of text.matchAll(pattern)) {
    put("", text.slice(at, index));
    at = index + part.length;
    const known = name === "sql" ? part.toLowerCase() : part;
    const kind = groups.comment
      ? "comment"
      : groups.string
        ? "string"
        : groups.number
          ? "number"
          : words.has(known)
            ? "word"
            : "";
    put(kind, part);
  }
  put("", text.slice(at));
  return pieces;
}
