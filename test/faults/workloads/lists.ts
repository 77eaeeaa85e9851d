/** Transactions that append to lists and read them; those that only read do so at either level. */
import { z } from 'zod';
import { checkLists, type ListAnswer, type ListCall, type ListStep } from '../checkers/lists.js';
import type { Verdict } from '../checkers/violation.js';
import type { Random } from '../random.js';
import type { Session } from './session.js';
import { RecordedWorkload } from './workload.js';

const LISTS_AT_A_TIME = 3;
/** Transactions after which fresh lists are begun, since every read sends a whole list. */
const TRANSACTIONS_PER_GENERATION = 120;
const MAX_STEPS = 4;

const answers = z.array(z.union([z.array(z.number()), z.null()]));

export class ListWorkload extends RecordedWorkload<ListCall, ListAnswer> {
  readonly name = 'lists';
  private transactions = 0;
  private nextValue = 1;

  async act(session: Session, random: Random): Promise<void> {
    const generation = Math.floor(this.transactions / TRANSACTIONS_PER_GENERATION);
    this.transactions += 1;
    const steps = Array.from({ length: random.integer(1, MAX_STEPS) }, () =>
      this.step(`${generation}-${random.integer(1, LISTS_AT_A_TIME)}`, random),
    );
    const onlyReads = steps.every(({ kind }) => kind === 'read');
    const mayBeStale = onlyReads && random.fraction() < 0.5;
    await this.send(session, { steps, mayBeStale });
  }

  async finish(session: Session): Promise<void> {
    const keys = new Set(this.history.flatMap(({ call }) => call.steps.map(({ key }) => key)));
    const steps = [...keys].map((key) => ({ kind: 'read', key }) as const);
    const operation = await this.send(session, { steps, mayBeStale: false });
    if (operation.outcome !== 'ok') throw new Error(operation.reason);
  }

  check(): Verdict {
    return checkLists(this.history);
  }

  private step(key: string, random: Random): ListStep {
    if (random.fraction() < 0.5) return { kind: 'read', key };
    const value = this.nextValue;
    this.nextValue += 1;
    return { kind: 'append', key, value };
  }

  private send(session: Session, call: ListCall) {
    const onlyReads = call.steps.every(({ kind }) => kind === 'read');
    const consistency = onlyReads && !call.mayBeStale ? 'linearizable' : 'leader';
    const body = { steps: call.steps, consistency };
    return this.perform(session, call, { path: 'lists', body }, (it) => answers.parse(it));
  }
}
