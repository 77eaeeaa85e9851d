/** Reads, writes and swaps of a few registers, all linearizable. */
import { z } from 'zod';
import { checkRegisters, type RegisterAnswer, type RegisterCall } from '../checkers/register.js';
import type { Verdict } from '../checkers/violation.js';
import type { Random } from '../random.js';
import type { Session } from './session.js';
import { RecordedWorkload } from './workload.js';

const KEYS_AT_A_TIME = 3;
/** Operations after which a key is left alone, which bounds the search for an order. */
const OPERATIONS_PER_KEY = 150;
/** Swaps guess among the latest values, so that about half of them succeed. */
const LATEST_VALUES = 2;

const answers = z.union([z.number(), z.boolean(), z.null()]);

export class RegisterWorkload extends RecordedWorkload<RegisterCall, RegisterAnswer> {
  readonly name = 'register';
  private operations = 0;
  private nextValue = 1;

  async act(session: Session, random: Random): Promise<void> {
    const generation = Math.floor(this.operations / (OPERATIONS_PER_KEY * KEYS_AT_A_TIME));
    this.operations += 1;
    const key = `${generation}-${random.integer(1, KEYS_AT_A_TIME)}`;
    await this.send(session, this.choose(key, random));
  }

  async finish(session: Session): Promise<void> {
    const keys = new Set(this.history.map(({ call }) => call.key));
    for (const key of [...keys].slice(-KEYS_AT_A_TIME)) {
      const operation = await this.send(session, { kind: 'read', key });
      if (operation.outcome !== 'ok') throw new Error(operation.reason);
    }
  }

  check(): Verdict {
    return checkRegisters(this.history);
  }

  private choose(key: string, random: Random): RegisterCall {
    const kind = random.pick(['read', 'read', 'write', 'swap'] as const);
    if (kind === 'read') return { kind, key };
    const value = this.nextValue;
    this.nextValue += 1;
    if (kind === 'write') return { kind, key, value };
    return { kind, key, value, expected: this.guess(key, random) };
  }

  private guess(key: string, random: Random): number {
    const written = this.history
      .slice(-60)
      .flatMap(({ call }) => (call.key === key && call.kind !== 'read' ? [call.value] : []));
    return written.length === 0 ? 0 : random.pick(written.slice(-LATEST_VALUES));
  }

  private send(session: Session, call: RegisterCall) {
    const body = { ...call, consistency: 'linearizable' };
    return this.perform(session, call, { path: 'register', body }, (it) => answers.parse(it));
  }
}
