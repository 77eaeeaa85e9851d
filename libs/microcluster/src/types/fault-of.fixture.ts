/** What a function throws, as a value that tests can assert on. */

/** @returns the error, or undefined when `run` returns */
export function faultOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
