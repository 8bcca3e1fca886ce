// Makes Node resolve bare names like the page's import map: node --import ./import-map.mjs --test unit/*.test.mjs

import { readFileSync } from "node:fs";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

const STATIC = new URL("../../static/", import.meta.url);
const index = readFileSync(new URL("index.html", STATIC), "utf8");
const { imports } = JSON.parse(/<script type="importmap">([\s\S]*?)<\/script>/u.exec(index)[1]);

/** The hook that Node calls, in a thread of its own. */
export function resolve(name, context, next) {
  return next(Object.hasOwn(imports, name) ? new URL(`.${imports[name]}`, STATIC).href : name, context);
}

if (isMainThread) register(import.meta.url);
