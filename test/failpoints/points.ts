/** Which failpoints are tried: by default a few of each operation, since each costs a member's life. */
import type { Failpoint } from '@microcluster/nest/testing-seam';

const isComplete = process.env['ALL_FAILPOINTS'] === '1';

/** With `ALL_FAILPOINTS=1` all of an operation, otherwise the representative ones. */
export function pointsOf<Point extends Failpoint>(
  all: readonly Point[],
  ...representative: readonly Point[]
): readonly Point[] {
  return isComplete ? all : representative;
}
