// Every screen before axe-core, in both themes, wide and narrow.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { faultsOf } from "./accessibility.mjs";
import { stage } from "./harness.mjs";
import { everyScreen } from "./walk.mjs";

const { world, story } = stage();

describe("accessibility", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      story(`no accessibility fault is known, ${colorScheme}, ${width} px`, async () => {
        const faults = {};
        const options = { colorScheme, viewport: { width, height: 740 }, reducedMotion: "reduce" };
        await everyScreen(world, `axe.${colorScheme}.${width}`, options, async (page, screen) => {
          const found = await faultsOf(page);
          if (found.length > 0) faults[screen] = found;
        });
        assert.deepEqual(faults, {});
      });
    }
  }
});
