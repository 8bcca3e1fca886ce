// Runs the browser stories. A story that fails runs once more, alone. If it passes then, it is flaky: the run passes
// and lists it at the end. A flaky story is a defect to fix.
//
//   node stories.mjs [--alone FILE]… FILE…
//
// Two files run at a time; those after `--alone`, which measure, run one by one after all others.

import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";

/** Runs a file, or only its story of this name, and then prints the results. */
async function play(file, story = null) {
  // Newer versions of Node match the name of the suite and that of the story together.
  const only = story === null ? undefined : [new RegExp(`(^| )${story.replace(/[^\p{L}\p{N} ]/gu, "\\$&")}$`)];
  const events = run({ files: [file], testNamePatterns: only });
  const failed = [];
  let passed = 0;
  // Results that are no stories are suites, or the file as a whole, which is named by its path.
  const isStory = ({ name, details }) => details.type !== "suite" && name !== file;
  events.on("test:fail", (result) => {
    // The suite of a failed story fails as well. Any other failure beside a story's is that of a hook or of the file.
    if (result.details.error.failureType !== "subtestsFailed")
      failed.push({ file, story: isStory(result) ? result.name : null });
  });
  events.on("test:pass", (result) => {
    if (isStory(result) && result.skip === undefined) passed += 1;
  });
  let output = "";
  for await (const text of events.compose(spec)) output += text;
  process.stdout.write(`\n${path.basename(file)}\n${output}`);
  // Without this, a file without stories would pass.
  if (failed.length === 0 && passed === 0) failed.push({ file, story });
  return failed;
}

/** Runs these files, so many at a time. Returns what failed. */
async function playAll(files, atOnce) {
  const failed = [];
  const left = files.map((file) => path.resolve(file));
  const worker = async () => {
    while (left.length > 0) failed.push(...(await play(left.shift())));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failed;
}

/** Returns what to run again: the failed stories, or the whole file if a hook or the file itself failed. */
function repeats(failed) {
  const whole = new Set(failed.filter(({ story }) => story === null).map(({ file }) => file));
  return [...[...whole].map((file) => ({ file, story: null })), ...failed.filter(({ file }) => !whole.has(file))];
}

const nameOf = ({ file, story }) => `${path.basename(file)}: ${story ?? "the whole file"}`;

const { values, positionals } = parseArgs({
  options: { alone: { type: "string", multiple: true, default: [] } },
  allowPositionals: true,
});
if (positionals.length === 0) throw new Error("no files: name them on the command line");
const failed = [...(await playAll(positionals, 2)), ...(await playAll(values.alone, 1))];
const [flaky, broken] = [[], []];
for (const failure of repeats(failed)) {
  console.log(`\nonce more, alone: ${nameOf(failure)}`);
  const again = await play(failure.file, failure.story);
  (again.length === 0 ? flaky : broken).push(failure);
}
for (const [title, failures] of [
  ["flaky", flaky],
  ["failed twice", broken],
]) {
  if (failures.length > 0) console.log(`\n${title}:\n${failures.map((failure) => `  ${nameOf(failure)}`).join("\n")}`);
}
process.exitCode = broken.length > 0 ? 1 : 0;
