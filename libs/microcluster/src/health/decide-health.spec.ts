/** Which checks pass. */
import { describe, expect, it } from 'vitest';
import { decideLive, decideReady, type ReadyFacts } from './decide-health.js';
import { failuresOf, healthReport } from './health-report.js';

const NOW = new Date('2030-01-01T00:00:00Z');
const healthy: ReadyFacts = {
  isShuttingDown: false,
  hasStarted: true,
  database: { open: true, text: 'Database is online' },
  leader: { kind: 'answered', value: '10.0.0.1:8443' },
  query: { kind: 'answered', value: 1.2 },
  isListening: true,
  certificates: {
    kind: 'answered',
    value: [
      { name: 'server', expires: new Date('2039-01-01T00:00:00Z') },
      { name: 'cluster', expires: new Date('2031-01-01T00:00:00Z') },
    ],
  },
  now: NOW,
};

describe('readiness', () => {
  it('is ok with a reason for every check', () => {
    expect(healthReport(decideReady(healthy))).toEqual({
      status: 'ok',
      checks: [
        { name: 'daemon', status: 'ok', reason: 'the daemon has started' },
        { name: 'database', status: 'ok', reason: 'Database is online' },
        { name: 'leader', status: 'ok', reason: 'the leader is 10.0.0.1:8443' },
        { name: 'query', status: 'ok', reason: 'the leader answered a statement in 2 ms' },
        { name: 'listener', status: 'ok', reason: "the Core API listens at the member's address" },
        {
          name: 'certificates',
          status: 'ok',
          reason: 'the certificate "cluster" is the first to expire, on 2031-01-01T00:00:00.000Z',
        },
      ],
    });
  });

  it.each<[string, Partial<ReadyFacts>, string]>([
    ['stops', { isShuttingDown: true }, 'daemon: the daemon is shutting down'],
    ['starts', { hasStarted: false }, 'daemon: the daemon is still starting'],
    [
      'has no database',
      {
        database: { open: false, text: 'Database is not yet initialized' },
        leader: { kind: 'not-asked' },
        query: { kind: 'not-asked' },
      },
      'database: Database is not yet initialized; leader: not asked for, since the database is not open; query: not tried, since the database is not open',
    ],
    [
      'has no leader',
      { leader: { kind: 'answered', value: '' } },
      'leader: the cluster has no leader; most members must be up and reach each other',
    ],
    [
      'gets no answer',
      {
        leader: { kind: 'failed', reason: 'no answer within 2000 ms' },
        query: { kind: 'failed', reason: 'no answer within 2000 ms' },
      },
      'leader: no answer within 2000 ms; query: no answer within 2000 ms',
    ],
    [
      'does not listen',
      { isListening: false },
      "listener: the Core API does not listen at the member's address",
    ],
    [
      'has an expired certificate',
      { certificates: { kind: 'answered', value: [{ name: 'cluster', expires: NOW }] } },
      'certificates: the certificate "cluster" expired on 2030-01-01T00:00:00.000Z; replace it',
    ],
    [
      'has files of certificates that do not fit together',
      { certificates: { kind: 'failed', reason: 'the file api.key is missing' } },
      'certificates: the file api.key is missing',
    ],
  ])('fails while the daemon %s', (_when, facts, failures) => {
    const report = healthReport(decideReady({ ...healthy, ...facts }));
    expect(report.status).toBe('failed');
    expect(failuresOf(report)).toBe(failures);
  });
});

describe('liveness', () => {
  const eventLoop = { delayMs: 4_999, limitMs: 5_000 };

  it.each(['running', 'restarting', 'starting', 'stopping', 'stopped', undefined] as const)(
    'is ok while the database process is %s, which its supervisor takes care of',
    (databaseProcess) => {
      expect(healthReport(decideLive({ databaseProcess, eventLoop })).status).toBe('ok');
    },
  );

  it('fails when the database process could not be started', () => {
    const report = healthReport(decideLive({ databaseProcess: 'failed', eventLoop }));
    expect(failuresOf(report)).toBe('database-process: the database process could not be started');
  });

  it('fails when the event loop stood still', () => {
    const stalled = { delayMs: 5_000, limitMs: 5_000 };
    const report = healthReport(decideLive({ databaseProcess: 'running', eventLoop: stalled }));
    expect(failuresOf(report)).toBe(
      'event-loop: it stood still for 5.0 s, longer than 5 s; look for long computations and synchronous calls',
    );
  });
});
