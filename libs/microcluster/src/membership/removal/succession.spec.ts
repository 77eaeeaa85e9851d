/** Who is asked for a removal: the leader, or its successor when it cannot. */
import { describe, expect, it } from 'vitest';
import { MicroclusterClientError } from '../../client/index.js';
import { askWhoLeads, successorOf } from './succession.js';

const [FORMER, NEXT] = ['10.0.0.1:8443', '10.0.0.2:8443'] as const;
const LIMIT_MS = 250;
const never = new AbortController().signal;

describe('the successor of a leader', () => {
  it('is the first other member that leads', async () => {
    const seen = [FORMER, undefined, NEXT];
    await expect(successorOf(FORMER, () => Promise.resolve(seen.shift()), never)).resolves.toBe(
      NEXT,
    );
    expect(seen).toEqual([]);
  });

  it('is looked for no longer than the limit, also when a look does not end by itself', async () => {
    const stuck = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('given up')));
      });
    for (const findLeader of [() => Promise.resolve(FORMER), stuck]) {
      await expect(successorOf(FORMER, findLeader, never, LIMIT_MS)).rejects.toThrow(
        `${FORMER} leads no more, and no other leader shows; try again in a few seconds`,
      );
    }
  });

  it('is not looked for by who gave up, or cannot look', async () => {
    const given = AbortSignal.abort(new Error('the client left'));
    const look = () => Promise.resolve(FORMER);
    await expect(successorOf(FORMER, look, given)).rejects.toThrow('the client left');
    const broken = () => Promise.reject(new Error('closed'));
    await expect(successorOf(FORMER, broken, never)).rejects.toThrow('closed');
  });
});

describe('a removal that is passed on', () => {
  const unavailable = MicroclusterClientError.replied(503, 'I lead no more');

  /** Passes it on where some refuse; resolves with who was asked. */
  async function pass(
    refusals: Readonly<Record<string, Error>>,
    findLeader = async (): Promise<string | undefined> => NEXT,
  ) {
    const asked: string[] = [];
    const ask = async (address: string): Promise<void> => {
      asked.push(address);
      const refusal = refusals[address];
      if (refusal !== undefined) throw refusal;
    };
    await askWhoLeads(FORMER, ask, findLeader);
    return asked;
  }

  it('is performed by the leader', async () => {
    expect(await pass({})).toEqual([FORMER]);
  });

  it('is performed by the successor of a leader that is unavailable', async () => {
    expect(await pass({ [FORMER]: unavailable })).toEqual([FORMER, NEXT]);
  });

  it('fails as the leader says when it still leads, nobody else shows, or it has another reason', async () => {
    const looks = [
      () => Promise.resolve(FORMER),
      () => Promise.resolve(undefined),
      () => Promise.reject(new Error('closed')),
    ];
    for (const look of looks) {
      await expect(pass({ [FORMER]: unavailable }, look)).rejects.toBe(unavailable);
    }
    const refused = MicroclusterClientError.replied(404, 'no such member');
    await expect(pass({ [FORMER]: refused })).rejects.toBe(refused);
    const lost = MicroclusterClientError.local('DISCONNECTED', 'the connection ended');
    await expect(pass({ [FORMER]: lost })).rejects.toBe(lost);
  });

  it('is not passed on for ever', async () => {
    await expect(pass({ [FORMER]: unavailable, [NEXT]: unavailable })).rejects.toBe(unavailable);
  });
});
