// Every screen before axe-core, in both themes, wide and narrow.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { faultsOf } from "./accessibility.mjs";
import { stage } from "./harness.mjs";
import { everyScreen } from "./walk.mjs";

const { world, story } = stage();

const VIEWS = [
  ["light", 1280, "no-preference"],
  ["light", 360, "no-preference"],
  ["dark", 1280, "no-preference"],
  ["dark", 360, "no-preference"],
  ["light", 360, "more"],
  ["dark", 1280, "more"],
  ["dark", 1280, "forced"],
];

describe("accessibility", () => {
  for (const [colorScheme, width, contrast] of VIEWS) {
    story(`axe finds no fault, ${colorScheme}, ${width} px, contrast: ${contrast}`, async () => {
      const faults = {};
      const forced = contrast === "forced" ? { forcedColors: "active" } : { contrast };
      const options = { colorScheme, ...forced, viewport: { width, height: 740 }, reducedMotion: "reduce" };
      await everyScreen(world, `axe.${colorScheme}.${width}.${contrast.slice(0, 2)}`, options, async (page, screen) => {
        const found = await faultsOf(page);
        if (found.length > 0) faults[screen] = found;
      });
      assert.deepEqual(faults, {});
    });
  }
});
