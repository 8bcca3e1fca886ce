import assert from "node:assert/strict";
import { test } from "node:test";
import { inline, parse, plain } from "../../../static/lib/markdown.js";

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

test("emphasis, code and what only looks like it", () => {
  const cases = {
    "a **bold *and* move** b": "a <strong>bold <em>and</em> move</strong> b",
    "_so_ ~~not~~": "<em>so</em> <strike>not</strike>",
    "snake_case_name and 2 * 3 * 4": "snake_case_name and 2 * 3 * 4",
    "__init__ and __proto__": "__init__ and __proto__",
    "**open": "**open",
    "*a **b* c**": "<em>a **b</em> c**",
    "****": "****",
    "`**x**` and ``a`b``": "<code>**x**</code> and <code>a`b</code>",
    "`open": "`open",
  };
  for (const [text, wanted] of Object.entries(cases)) assert.equal(shown(inline(text)), wanted, text);
});

test("a text without its marks is one line", () => {
  assert.equal(plain("**long** _table_ @ada `x`"), "long table @ada x");
  assert.equal(plain("> said\n\n- one\n- *two*\n```\ncode\n```\nsee https://a.example/b"), "said one two code see https://a.example/b");
  assert.equal(plain("just words"), "just words");
});

test("addresses end where the sentence goes on", () => {
  const cases = {
    "see https://a.example/x_y_z.": "see <link https://a.example/x_y_z>https://a.example/x_y_z</link>.",
    "(https://a.example/b_(c))": "(<link https://a.example/b_(c)>https://a.example/b_(c)</link>)",
    "[the docs](https://a.example/)": "<link https://a.example/>the docs</link>",
    "[no](javascript:alert(1))": "[no](javascript:alert(1))",
    "javascript:alert(1) data:text/html,x https://": "javascript:alert(1) data:text/html,x https://",
    "mailto:a@b.example, ok": "<link mailto:a@b.example>mailto:a@b.example</link>, ok",
  };
  for (const [text, wanted] of Object.entries(cases)) assert.equal(shown(inline(text)), wanted, text);
});

test("mentions stand alone", () => {
  assert.equal(shown(inline("@ada, ask @bob.b. not c@d or `@eve`")), "<mention>ada</mention>, ask <mention>bob.b</mention>. not c@d or <code>@eve</code>");
});

test("blocks", () => {
  const text = "Hello\n\n> a quote\n> > in it\n- one\n- *two*\n3. three\n```rust\nfn x() {}\n```\nbye";
  assert.deepEqual(parse(text), [
    { type: "text", children: ["Hello"] },
    { type: "quote", children: [{ type: "text", children: ["a quote"] }, { type: "quote", children: [{ type: "text", children: ["in it"] }] }] },
    { type: "list", ordered: false, start: 1, items: [["one"], [{ type: "em", children: ["two"] }]] },
    { type: "list", ordered: true, start: 3, items: [["three"]] },
    { type: "code", lang: "rust", text: "fn x() {}" },
    { type: "text", children: ["bye"] },
  ]);
  assert.deepEqual(parse("```\nnever closed"), [{ type: "text", children: ["```\nnever closed"] }]);
  assert.deepEqual(parse("two\n\nlines"), [{ type: "text", children: ["two\n\nlines"] }]);
});

test("no text takes long", () => {
  const texts = ["*", "_", "**a", "`", "[", "[a](", "~~", "> ", "@a", "https://(", "```\n", "- ", "*a_b**c~~"].map((part) => part.repeat(4000 / part.length));
  for (const text of texts) {
    const start = performance.now();
    parse(text);
    const took = performance.now() - start;
    assert.ok(took < 1_000, `${text.slice(0, 12)}… took ${took} ms`);
  }
});
