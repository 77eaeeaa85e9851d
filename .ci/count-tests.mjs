/**
 * Prints how many test cases of a Vitest JSON report passed, failed and were skipped, and below that the name of each
 * that failed; fails when none was executed.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { numPassedTests: passed, numFailedTests: failed, numPendingTests, numTodoTests } = report;
if (passed + failed === 0) process.exit(1);
console.log(passed, failed, numPendingTests + numTodoTests);
for (const file of report.testResults) {
  const name = relative(process.cwd(), file.name);
  const failures = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName } of failures) console.log(`${name}: ${fullName}`);
  // A file that cannot be loaded, or a suite whose hook fails, has no failed test case to its name.
  if (file.status === 'failed' && failures.length === 0) {
    const [reason = 'failed'] = (file.message ?? '').split('\n');
    console.log(`${name}: ${reason}`);
  }
}
