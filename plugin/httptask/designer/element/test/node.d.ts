// The types of the few Node functions that the tests use, so that the package of Node's types is not needed.
declare module "node:test" {
  export function test(promise: string, body: () => void | Promise<void>): Promise<void>;
}
declare module "node:assert/strict" {
  interface Assert {
    (value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    ok(value: unknown, message?: string): void;
    match(text: string, pattern: RegExp, message?: string): void;
    doesNotMatch(text: string, pattern: RegExp, message?: string): void;
    throws(body: () => unknown, error?: unknown, message?: string): void;
    rejects(work: Promise<unknown>, error?: unknown): Promise<void>;
  }
  const assert: Assert;
  export default assert;
}
