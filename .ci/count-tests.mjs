/** Prints how many test cases of a Vitest JSON report passed, failed and were skipped; fails when none was executed. */
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { numPassedTests: passed, numFailedTests: failed, numPendingTests, numTodoTests } = report;
if (passed + failed === 0) process.exit(1);
console.log(passed, failed, numPendingTests + numTodoTests);
