/** What clients do all the time, and the history that comes of it. */
import type { Verdict } from '../checkers/violation.js';
import type { Operation } from '../history/operation.js';
import type { Random } from '../random.js';
import type { Session } from './session.js';

export interface Workload {
  readonly name: string;
  readonly counts: OutcomeCounts;
  /** One operation of one client. */
  act(session: Session, random: Random): Promise<void>;
  /** A last look at everything, at the level `linearizable`. @throws Error when it cannot be had */
  finish(session: Session): Promise<void>;
  check(): Verdict;
  /** When, on the run's clock, the latest successful operation through that host began; minus infinity if none did. */
  lastSuccess(host: number): number;
}

export type OutcomeCounts = Record<Operation<unknown, unknown>['outcome'], number>;

/** Time that all histories of a run share, milliseconds since it began. */
export type Clock = () => number;

/** Keeps the history of one kind of operation. */
export abstract class RecordedWorkload<Call, Answer> implements Workload {
  abstract readonly name: string;
  readonly counts: OutcomeCounts = { ok: 0, failed: 0, unknown: 0 };
  protected readonly history: Operation<Call, Answer>[] = [];
  private readonly successes = new Map<number, number>();

  constructor(private readonly clock: Clock) {}

  abstract act(session: Session, random: Random): Promise<void>;
  abstract finish(session: Session): Promise<void>;
  abstract check(): Verdict;

  lastSuccess(host: number): number {
    return this.successes.get(host) ?? Number.NEGATIVE_INFINITY;
  }

  /** Sends the body to the member, and writes down what came of it. */
  protected async perform(
    session: Session,
    call: Call,
    request: { readonly path: string; readonly body: unknown },
    parse: (value: unknown) => Answer,
  ): Promise<Operation<Call, Answer>> {
    const { client } = session;
    const began = this.clock();
    const reply = await session.ask(request.path, request.body);
    const asked = { client, call, began, ended: this.clock() };
    const operation: Operation<Call, Answer> =
      reply.outcome === 'ok'
        ? { ...asked, outcome: 'ok', answer: parse(reply.value) }
        : { ...asked, outcome: reply.outcome, reason: reply.reason };
    this.history.push(operation);
    this.counts[operation.outcome] += 1;
    if (operation.outcome === 'ok') this.successes.set(session.member.host, began);
    return operation;
  }
}
