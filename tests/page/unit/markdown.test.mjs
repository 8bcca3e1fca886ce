import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlain, needsParser, parse as parseWith, plainText as plainWith } from "../../../static/lib/markdown.js";
import { parseBlocks } from "../../../static/lib/markdown-parser.js";

const parse = (text) => parseWith(text, parseBlocks);
const plain = (text) => plainWith(text, parseBlocks);

/** A tree in a form that reads: `<strong>a<em>b</em></strong>`. */
function shown(pieces) {
  return pieces
    .map((piece) => {
      if (typeof piece === "string") return piece;
      const inside = piece.children ? shown(piece.children) : (piece.text ?? piece.name);
      const more = piece.href ? ` ${piece.href}` : "";
      return `<${piece.type}${more}>${inside}</${piece.type}>`;
    })
    .join("");
}

/** The pieces of a text that is one block. */
function inline(text) {
  const found = parse(text);
  assert.deepEqual(
    found.map(({ type }) => type),
    ["text"],
    text,
  );
  return found[0].children;
}

test("emphasis, code and what only looks like it", () => {
  const cases = {
    "a **bold *and* move** b": "a <strong>bold <em>and</em> move</strong> b",
    "_so_ ~~not~~": "<em>so</em> <strike>not</strike>",
    "snake_case_name and 2 * 3 * 4": "snake_case_name and 2 * 3 * 4",
    "__init__ and __proto__": "__init__ and __proto__",
    "**open": "**open",
    "*a **b* c**": "<em>a <em><em>b</em> c</em></em>",
    "***both*** and **bold *then both***":
      "<em><strong>both</strong></em> and <strong>bold <em>then both</em></strong>",
    "2*3*4 and \\*no\\* *shrug": "2<em>3</em>4 and *no* *shrug",
    "a  \nb\nc": "a  \nb\nc",
    "*a\nb*": "<em>a\nb</em>",
    "`**x**` and ``a`b`` \\\\": "<code>**x**</code> and <code>a`b</code> \\",
    "`open": "`open",
  };
  for (const [text, wanted] of Object.entries(cases)) assert.equal(shown(inline(text)), wanted, text);
});

test("a text without its marks is one line", () => {
  assert.equal(plain("**long** _table_ @ada `x`"), "long table @ada x");
  assert.equal(
    plain("> said\n\n- one\n- *two*\n```\ncode\n```\nsee https://a.example/b"),
    "said one two code see https://a.example/b",
  );
  assert.equal(plain("just words"), "just words");
  assert.equal(plain("# Plan\n\n|a|b|\n|-|-|\n|*1*|@ada|\n\n- [x] done\n  1. in it"), "Plan a b 1 @ada done in it");
});

test("addresses end where the sentence goes on", () => {
  const cases = {
    "see https://a.example/x_y_z.": "see <link https://a.example/x_y_z>https://a.example/x_y_z</link>.",
    "(https://a.example/b_(c))": "(<link https://a.example/b_(c)>https://a.example/b_(c)</link>)",
    "[the docs](https://a.example/)": "<link https://a.example/>the docs</link>",
    "[no](javascript:alert(1))": "[no](javascript:alert(1))",
    "[no](data:text/html,x) [no](/x) [no](//a.example) [no]( javascript:x) [no](javascript&colon;x)":
      "[no](data:text/html,x) [no](/x) [no](//a.example) [no]( javascript:x) [no](javascript&colon;x)",
    '[*all* of it](https://a.example/?a=b&amp;c "title")': "<link https://a.example/?a=b&c><em>all</em> of it</link>",
    "**https://a.example/**, *https://b.example/x*y*":
      "<strong><link https://a.example/>https://a.example/</link></strong>, <em><link https://b.example/x*y>https://b.example/x*y</link></em>",
    "[https://a.example/](https://b.example/) @ada":
      "<link https://b.example/>https://a.example/</link> <mention>ada</mention>",
    "xhttps://a.example HTTPS://a.example": "xhttps://a.example HTTPS://a.example",
    "javascript:alert(1) data:text/html,x https://": "javascript:alert(1) data:text/html,x https://",
    "mailto:a@b.example, ok": "<link mailto:a@b.example>mailto:a@b.example</link>, ok",
  };
  for (const [text, wanted] of Object.entries(cases)) assert.equal(shown(inline(text)), wanted, text);
});

test("mentions stand alone", () => {
  assert.equal(
    shown(inline("@ada, ask @bob.b. not c@d or `@eve`")),
    "<mention>ada</mention>, ask <mention>bob.b</mention>. not c@d or <code>@eve</code>",
  );
  assert.equal(
    shown(inline("**@ada_l** and *@_x_*")),
    "<strong><mention>ada_l</mention></strong> and <em><mention>_x_</mention></em>",
  );
});

test("markup and images stay text", () => {
  for (const text of ["<b>*</b> <img src=x onerror=y> &amp; &lt;", "<div>\n**\n</div>", "<!-- ** -->"])
    assert.equal(shown(parse(text)), `<text>${text}</text>`);
  assert.equal(shown(inline("![cat](https://a.example/cat.png)")), "!<link https://a.example/cat.png>cat</link>");
});

test("addresses and mentions need no parser", () => {
  for (const text of [
    "see https://a.example/x_y_z/*a*#b~c, @ada_l!",
    "mailto:a@b.example and @bob",
    "2 * 3, a-b, snake_case, C:\\dir, #tag, 1.5, a | b, x > y",
  ]) {
    assert.equal(needsParser(text), false, text);
    assert.deepEqual(
      parseWith(text, () => assert.fail("it was called")),
      parseWith(text),
    );
  }
  for (const text of [
    "*a*",
    "_a_",
    "~~a~~",
    "`a`",
    "> a",
    "# a",
    "- a",
    "1. a",
    "a|b\n-|-",
    "---",
    "[a](https://b.example)",
    "@ada *is*",
  ]) {
    assert.equal(needsParser(text), true, text);
    assert.equal(isPlain(text), false, text);
  }
  assert.equal(
    shown(parseWith("**@ada** https://a.example")[0].children),
    "**<mention>ada</mention>** <link https://a.example>https://a.example</link>",
  );
});

test("blocks", () => {
  const text = "Hello\n\n> a quote\n> > in it\n\n- one\n- *two*\n\n3. three\n```rust\nfn x() {}\n```\nbye";
  const words = (...children) => ({ type: "text", children });
  const item = (...children) => ({ done: null, children });
  assert.deepEqual(parse(text), [
    words("Hello"),
    { type: "quote", children: [words("a quote"), { type: "quote", children: [words("in it")] }] },
    {
      type: "list",
      ordered: false,
      start: 1,
      items: [item(words("one")), item(words({ type: "em", children: ["two"] }))],
    },
    { type: "list", ordered: true, start: 3, items: [item(words("three"))] },
    { type: "code", lang: "rust", text: "fn x() {}" },
    words("bye"),
  ]);
  assert.deepEqual(parse("```\nnever closed\n  *x*"), [{ type: "code", lang: "", text: "never closed\n  *x*" }]);
  assert.deepEqual(parse("*two*\n\nlines"), [words({ type: "em", children: ["two"] }), words("lines")]);
  assert.deepEqual(parse("    *far*\n---\n[a]: https://a.example"), [
    words({ type: "em", children: ["far"] }),
    { type: "rule" },
    words("[a]: ", { type: "link", href: "https://a.example", children: ["https://a.example"] }),
  ]);
});

test("headings, nested lists and tasks", () => {
  assert.deepEqual(parse("# One\n### *Three* #\n#none"), [
    { type: "heading", level: 1, children: ["One"] },
    { type: "heading", level: 3, children: [{ type: "em", children: ["Three"] }] },
    { type: "text", children: ["#none"] },
  ]);
  const list = (ordered, start, ...items) => ({ type: "list", ordered, start, items });
  const item = (done, text, ...more) => ({ done, children: [{ type: "text", children: [text] }, ...more] });
  assert.deepEqual(parse("- a\n  1. b\n     - c\n- [ ] d\n- [x] e\n- [] f"), [
    list(
      false,
      1,
      item(null, "a", list(true, 1, item(null, "b", list(false, 1, item(null, "c"))))),
      item(false, "d"),
      item(true, "e"),
      item(null, "[] f"),
    ),
  ]);
});

test("tables", () => {
  assert.deepEqual(parse("| a | *b* | c |\n|---|:-:|--:|\n| 1 | `x\\|y` |\n| @ada | 2 | 3 | 4 |\n\nend"), [
    {
      type: "table",
      align: ["", "center", "right"],
      rows: [
        [["a"], [{ type: "em", children: ["b"] }], ["c"]],
        [["1"], [{ type: "code", text: "x|y" }], []],
        [[{ type: "mention", name: "ada" }], ["2"], ["3"]],
      ],
    },
    { type: "text", children: ["end"] },
  ]);
});

test("nothing disappears in what is nested too deeply, nor in a table of too many cells", () => {
  const deep = `${"> ".repeat(60)}*deep*`;
  assert.deepEqual(parse(deep), [{ type: "text", children: [deep] }]);
  const table = `${"|a".repeat(100)}|\n${"|-".repeat(100)}|\n${"|x\n".repeat(500)}`;
  assert.deepEqual(parse(table), [{ type: "text", children: [table] }]);
  assert.equal(plain("> ".repeat(15) + "*deep*").trim(), "deep");
});

const NASTY = [
  "*",
  "_",
  "`",
  "[",
  "]",
  "!",
  "<",
  ">",
  "|",
  "~",
  "\\",
  "#",
  "-",
  "+",
  "@",
  ":",
  "&",
  "(",
  "\n",
  " ",
  "=",
  "**a",
  "[a](",
  "![",
  "[[a]](",
  "~~",
  "~~a",
  "> ",
  "> a\n",
  "@a",
  "https://(",
  "https://",
  "```\n",
  "```",
  "`a``",
  "- ",
  "- a\n",
  "  - a\n",
  "1. ",
  "1. a\n",
  "*a_b**c~~",
  "*a_",
  "*a **",
  "***a",
  "a**b",
  "a*b_c",
  "[a]: b\n",
  "a|b\n-|-\n",
  "|a",
  "|-",
  "<div>\n",
  "<!--",
  "&#",
  "&a;",
  "\\*",
  ">- ",
  "    a\n",
  "a     ",
  '[a](b "',
  "[a](<b",
  "www.a.",
  "a@b.c@",
  "[ ] ",
  "- [ ] ",
  "# ",
  "-\n",
  "--- ",
  "a\n=",
  "*a\n",
];

/** The least processor time, in milliseconds, that a parse of `part` takes, repeated to that length. */
function cost(part, length) {
  const text = part.repeat(Math.ceil(length / part.length)).slice(0, length);
  let least = Infinity;
  for (let round = 0; round < 15; round += 1) {
    const before = process.cpuUsage();
    parse(text);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
    if (round >= 4 && least < 1) break;
  }
  return least;
}

test("no text takes long, and four times as much takes about four times as long", () => {
  for (const part of NASTY) {
    const [short, long] = [cost(part, 4_000), cost(part, 16_000)];
    assert.ok(short < 15, `4,000 letters of ${JSON.stringify(part)} took ${short} ms`);
    assert.ok(
      long < 8 * short + 4,
      `of ${JSON.stringify(part)}, 4,000 letters took ${short} ms and 16,000 took ${long} ms`,
    );
  }
});
