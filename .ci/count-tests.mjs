/**
 * Prints how many test cases of a Vitest JSON report passed, failed and were skipped, and below that each that failed
 * with how long it took and why; fails when none was executed.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Characters of a reason that are shown: the whole of it stands further up in the output. */
const REASON_LENGTH = 400;

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { numPassedTests: passed, numFailedTests: failed, numPendingTests, numTodoTests } = report;
if (passed + failed === 0) process.exit(1);
console.log(passed, failed, numPendingTests + numTodoTests);
for (const file of report.testResults) {
  const name = relative(process.cwd(), file.name);
  const failures = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, duration = 0, failureMessages } of failures) {
    const seconds = (duration / 1000).toFixed(1);
    console.log(`${name}: ${fullName} (${seconds} s): ${beginning(failureMessages.join('; '))}`);
  }
  // A file that cannot be loaded, or a suite whose hook fails, has no failed test case to its name.
  if (file.status === 'failed' && failures.length === 0) {
    console.log(`${name}: ${beginning(file.message ?? 'failed')}`);
  }
}

/** What went wrong, without colours and on one line: the message, and where it was thrown as far as there is room. */
function beginning(message) {
  return stripVTControlCharacters(message).replaceAll(/\s+/g, ' ').trim().slice(0, REASON_LENGTH);
}
