import { describe, expect, it } from 'vitest';
import { zeroTime } from '../types/time.js';
import { checkUpgrade } from './check-upgrade.js';
import { healthy, machine, report, reported, row, silent } from './facts.fixture.js';

const NEWER = { schema_external_version: 2 };
const waiting = (number: number) =>
  machine(number, reported(report(number, { ...NEWER, database_open: false })));

describe('an upgrade', () => {
  it('is said to wait for a member that is lost, with the two ways out', () => {
    const facts = healthy({
      table: [row(1, NEWER), row(2, NEWER), row(3)],
      members: [waiting(1), waiting(2), machine(3, silent)],
    });
    expect(checkUpgrade(facts)).toEqual([
      {
        severity: 'critical',
        check: 'versions',
        member: 'c3',
        problem:
          'The upgrade waits for c3, which has schema version 6/1 and 1 API extensions of 6/2 and 1',
        repair:
          'On c3, install the new release and start its daemon; if the machine is lost: microctl --state-dir /var/lib/x cluster remove c3 --force',
      },
    ]);
  });

  it('of the API extensions alone waits for members that run the old release', () => {
    const more = { extensions: ['items', 'more'] };
    const facts = healthy({ table: [row(1, more), row(2), row(3, more)] });
    expect(checkUpgrade(facts)).toMatchObject([
      {
        severity: 'warning',
        member: 'c2',
        repair: 'On c2, install the new release and restart its daemon',
      },
    ]);
  });

  it('waits for nobody who is half-joined, and for nobody when all have the same', () => {
    const halfJoined = { role: 'PENDING', last_heartbeat: zeroTime() };
    expect(checkUpgrade(healthy())).toEqual([]);
    expect(
      checkUpgrade(healthy({ table: [row(1, NEWER), row(2, NEWER), row(3, halfJoined)] })),
    ).toEqual([]);
    expect(checkUpgrade(healthy({ table: undefined }))).toEqual([]);
  });
});
