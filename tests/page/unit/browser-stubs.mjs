// Minimal browser globals, so that modules of static/core can be imported by Node.

const target = { addEventListener() {}, removeEventListener() {} };
const locks = { request: async (_, options, action = options) => action({}) };
Object.assign(globalThis, target);
globalThis.localStorage = { getItem: () => null, setItem() {}, removeItem() {} };
globalThis.location = new URL("http://parlor.test/");
globalThis.history = {};
Object.defineProperty(globalThis, "navigator", { configurable: true, value: { languages: ["en"], locks } });
globalThis.matchMedia = () => ({ ...target, matches: false });
globalThis.document = {
  ...target,
  documentElement: { dataset: {}, style: {} },
  visibilityState: "hidden",
  hasFocus: () => false,
  querySelector: () => null,
  querySelectorAll: () => [],
};
