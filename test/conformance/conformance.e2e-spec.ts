/**
 * The Core API on real sockets against the specification: every endpoint x listener x state x caller, and recorded
 * requests and answers byte for byte; in a calm application and in one whose settings are hostile.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue, type Reached, type Row } from './catalogue.js';
import {
  HostileModule,
  makeHostile,
} from '../../libs/microcluster/src/listeners/hostile-application.fixture.js';
import { errorOf, goRequest, parseAnswer, type RawAnswer } from './raw-http.js';
import { recordings } from './recordings.js';
import { expectedBody } from './recording.js';
import { refusal, situations, type Situation } from './situations.js';
import { Subject, type Caller, type State } from './subject.js';

const KNOWN_METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];
const METHODS = [...KNOWN_METHODS, 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];
/** Who sends other methods than those of the endpoint; trust makes a difference for known ones alone. */
const OTHER_METHODS_BY = new Map<Caller, readonly string[]>([
  ['socket', METHODS],
  ['member', METHODS],
  ['anonymous', [...KNOWN_METHODS, 'HEAD']],
]);
/** Requests that are sent at the same time. */
const AT_ONCE = 16;
/** Each of some hundred requests is a TLS handshake, which a busy machine takes its time for; milliseconds. */
const CATALOGUE_LIMIT_MS = 400_000;

const applications = [
  { kind: 'a calm application', options: {} },
  {
    kind: 'a hostile application',
    options: { configure: makeHostile, imports: [HostileModule] },
  },
];

describe.each(applications)('in $kind', ({ options }) => {
  let subject: Subject;

  beforeAll(async () => {
    subject = await Subject.create(options);
  });

  afterAll(async () => {
    await subject.close();
  });

  // The states follow one another, as in a daemon's life.
  describe.each<State>(['not initialised', 'starting', 'ready', 'shutting down'])('%s', (state) => {
    beforeAll(async () => {
      await subject.reach(state);
    });

    it(
      'every endpoint answers every caller on every listener as section 8 says',
      { timeout: CATALOGUE_LIMIT_MS },
      async () => {
        const wrong: string[] = [];
        await each(cases(state), async ({ row, method, situation }) => {
          const expected = expectation(row, method, state, situation);
          if (expected === undefined) return; // the request would change something
          const answer = await ask(subject, row, method, situation);
          const fault = difference(answer, expected, method);
          if (fault) {
            const { listener, caller } = situation;
            wrong.push(`${method} ${row.path} on ${listener} by ${caller}: ${fault}`);
          }
        });
        expect(wrong).toEqual([]);
      },
    );

    const recorded = recordings.filter((recording) => recording.state === state);
    it.for(recorded)('$title', async (recording) => {
      const { listener, caller } = recording;
      if (state === 'ready') await subject.trustCallers();
      const host = subject.hostFor(listener, caller);
      const bytes = recording.request(host, subject);
      const answer = parseAnswer(await subject.send(listener, caller, bytes));
      expect(answer.statusLine, answer.body).toBe(recording.statusLine);
      expect(answer.headers).toEqual(
        [...recording.headers, `Content-Length: ${Buffer.byteLength(answer.body)}`].sort(),
      );
      expect(answer.body).toMatch(await expectedBody(recording.body, subject));
    });
  });
});

interface Case {
  readonly row: Row;
  readonly method: string;
  readonly situation: Situation;
}

/**
 * Every endpoint in every situation of the state, and every other method on its path by one who is trusted and one
 * who is not.
 */
function* cases(state: State): Generator<Case> {
  const paths = new Map(catalogue.map((row) => [row.sent, row]));
  for (const situation of situations[state]) {
    for (const row of catalogue) yield { row, method: row.method, situation };
    const methods = OTHER_METHODS_BY.get(situation.caller) ?? [];
    if (situation.listener === 'A') continue;
    for (const row of paths.values()) {
      const others = methods.filter((name) => rowsOf(row).every(({ method }) => method !== name));
      for (const method of others) yield { row, method, situation };
    }
  }
}

function rowsOf(row: Row): readonly Row[] {
  return catalogue.filter((other) => other.path === row.path);
}

/** What must come back; undefined for a request that would change something. */
function expectation(
  row: Row,
  method: string,
  state: State,
  situation: Situation,
): Reached | undefined {
  const refused = refusal(rowsOf(row), method, state, situation);
  if (refused) return refused;
  const { fresh, closed, preInit, open, openForMember, stopping } = row.reached ?? {};
  if (situation.listener === 'P' && preInit) return preInit;
  if (state === 'not initialised') return fresh ?? closed;
  if (state === 'starting') return closed;
  if (state === 'shutting down') return stopping;
  return situation.listener === 'N' ? (openForMember ?? open) : open;
}

async function ask(
  subject: Subject,
  row: Row,
  method: string,
  { listener, caller }: Situation,
): Promise<RawAnswer> {
  const host = subject.hostFor(listener, caller);
  const body = row.method === method ? row.body : undefined;
  const bytes = goRequest(method, row.sent, host, body === undefined ? {} : { body });
  return parseAnswer(await subject.send(listener, caller, bytes), { isHead: method === 'HEAD' });
}

/** In one sentence what is wrong with the answer; undefined when nothing is. */
function difference(answer: RawAnswer, expected: Reached, method: string): string | undefined {
  const error = errorOf(answer.body);
  const right =
    expected.error === undefined ||
    method === 'HEAD' ||
    (typeof expected.error === 'string'
      ? error === expected.error
      : expected.error.test(error ?? ''));
  if (answer.status === expected.status && right) return undefined;
  return `${answer.status} ${error ?? answer.body} instead of ${expected.status} ${expected.error ?? ''}`;
}

/** Runs `work` for every item, some at the same time. */
async function each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  });
  await Promise.all(workers);
}
