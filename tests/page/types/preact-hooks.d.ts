export * from "../node_modules/preact/hooks/src/index.js";

/** As in Preact, but a type in front of the variables may be wider than that of `initial`. */
export function useState<T, S = T>(initial: T | (() => T)): State<S>;

/** Preact sets the refs of elements before it runs effects and handlers, so `current` is never null there. */
export function useRef<T, S = T>(initial?: T | null): { current: S };
