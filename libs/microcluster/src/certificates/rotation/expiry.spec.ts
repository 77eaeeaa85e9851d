import type { LoggerService } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { generateKeyPair } from '../generate.js';
import { dateFaults, expiryWarnings, logExpiry } from './expiry.js';

const now = new Date('2026-06-01T00:00:00Z');
const DAY_MS = 86_400_000;
/** When a certificate that was made at {@link now} ends. */
const end = new Date(now.getTime() - 60_000 + 3650 * DAY_MS);
const daysBefore = (days: number): Date => new Date(end.getTime() - days * DAY_MS);

describe('expiryWarnings', () => {
  it('names certificates in their last 30 days, the most urgent first', async () => {
    const { certificate } = await generateKeyPair({ commonName: 'c1', now });
    expect(expiryWarnings([{ name: 'a', certificate }], daysBefore(30))).toEqual([]);
    expect(expiryWarnings([{ name: 'a', certificate }], daysBefore(29))).toEqual([
      { name: 'a', expires: end, days: 29 },
    ]);
    const younger = await generateKeyPair({ commonName: 'c2', now: new Date('2026-06-02') });
    const both = [
      { name: 'b', certificate: younger.certificate },
      { name: 'a', certificate },
    ];
    expect(expiryWarnings(both, daysBefore(-1)).map(({ name, days }) => [name, days])).toEqual([
      ['a', -1],
      ['b', -1 + 1],
    ]);
  });
});

describe('dateFaults', () => {
  it('tells for each certificate that is not in force its file, its date, the time here and the way out', async () => {
    const { certificate } = await generateKeyPair({ commonName: 'c1', now });
    const shown = ['server', 'cluster', 'metrics'].map((name) => ({
      name,
      certificate,
      file: `/state/${name}.crt`,
    }));

    expect(dateFaults(shown, now)).toEqual([]);
    const faults = dateFaults(shown, daysBefore(-1));
    expect(faults.map(({ kind }) => kind)).toEqual(['expired', 'expired', 'expired']);
    expect(faults[0]?.problem).toBe(
      'the certificate /state/server.crt expired on 2036-05-28T23:59:00.000Z, and the clock of this machine says 2036-05-29T23:59:00.000Z',
    );
    expect(faults.map(({ todo }) => todo)).toEqual([
      expect.stringContaining('microctl cluster remove --force'),
      expect.stringContaining(
        'put the same new cluster.crt and cluster.key into the state directory of every member',
      ),
      'run microctl certificates set metrics CERTIFICATE KEY',
    ]);
    const [early] = dateFaults(shown, new Date('1970-01-01T00:00:05Z'));
    expect(early).toMatchObject({
      kind: 'not-yet-valid',
      problem:
        'the certificate /state/server.crt is valid only from 2026-05-31T23:59:00.000Z, and the clock of this machine says 1970-01-01T00:00:05.000Z',
      todo: 'set the clock',
    });
  });
});

describe('the log', () => {
  it('has an error for one that is not in force, and a warning for one that soon will not be', async () => {
    const old = await generateKeyPair({ commonName: 'c1', now });
    const younger = await generateKeyPair({
      commonName: 'c1',
      now: new Date(now.getTime() + 10 * DAY_MS),
    });
    const lines: object[] = [];
    const note = (line: object): void => void lines.push(line);
    const logger: LoggerService = { log: note, error: note, warn: note };

    logExpiry(
      [
        { name: 'server', certificate: younger.certificate, file: '/state/server.crt' },
        { name: 'cluster', certificate: old.certificate, file: '/state/cluster.crt' },
      ],
      daysBefore(-1),
      logger,
    );

    expect(lines).toMatchObject([
      { event: 'certificate-expired', certificate: 'cluster', problem: expect.any(String) },
      { event: 'certificate-expires-soon', certificate: 'server', days: 9 },
    ]);
  });
});
