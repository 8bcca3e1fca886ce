import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { setLanguage } from "../../../static/lib/i18n.js";
import { invitationText, isExpired, registrationOf, nextStep } from "../../../static/lib/invitation.js";

before(() =>
  setLanguage("en", JSON.parse(readFileSync(new URL("../../../static/lang/en.json", import.meta.url), "utf8"))),
);

const room = { name: "Garden", kind: "private", member_count: 3 };
const said = (look) => {
  const { lead, name, rest } = invitationText(look);
  return `${lead}${name && ` ${name}`}${rest}`;
};

test("an invitation says where it leads, or that it is over, or no more than is known", () => {
  assert.equal(said({ room }), "You are invited to Garden, a private room with 3 members.");
  assert.equal(
    said({ room: { ...room, kind: "public", member_count: 1 } }),
    "You are invited to Garden, a public room with 1 member.",
  );
  assert.match(said({ problem: { code: "bad_code" } }), /expired or already used/u);
  for (const look of [{}, { problem: { code: "rate_limited" } }, { problem: { code: "network" } }]) {
    assert.equal(said(look), "You are invited to a room.");
    assert.equal(isExpired(look), false);
  }
});

test("what one can do about an invitation", () => {
  assert.equal(nextStep({ room }, "invite"), "Create an account or sign in to join.");
  assert.equal(nextStep({ room }, "closed"), "Sign in to join.");
  assert.equal(nextStep({ problem: { code: "bad_code" } }, "open"), "");
});

test("who may make an account", () => {
  for (const registration of ["open", "invite", "closed"]) {
    assert.equal(registrationOf({ registration, needs_first_account: false }), registration);
    assert.equal(registrationOf({ registration, needs_first_account: true }), "open", "somebody must be the first");
  }
  assert.equal(registrationOf(null), "open", "until the server has said it");
});
