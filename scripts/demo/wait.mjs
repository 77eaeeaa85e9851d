/** Waiting for something to become true, with a deadline and the reason when it does not. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/**
 * Asks until the answer is not undefined.
 *
 * @template T
 * @param {string} what named in the error
 * @param {number} limitMs
 * @param {() => Promise<T | undefined>} question may throw, which counts as 'not yet'
 * @returns {Promise<T>}
 */
export async function waitFor(what, limitMs, question) {
  const deadline = performance.now() + limitMs;
  let reason = '';
  for (;;) {
    try {
      const answer = await question();
      if (answer !== undefined) return answer;
    } catch (error) {
      reason = ` (${error.message})`;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${limitMs / 1000} s in vain until ${what}${reason}`);
    }
    await sleep(POLL_MS);
  }
}
