/** Transfers between accounts, and looks at all of them. */
import { z } from 'zod';
import { checkBank, type BankAnswer, type BankCall } from '../checkers/bank.js';
import type { Verdict } from '../checkers/violation.js';
import type { Random } from '../random.js';
import type { Session } from './session.js';
import { RecordedWorkload } from './workload.js';

/** As the application makes them. */
const ACCOUNTS = 5;
const BALANCE = 100;

const answers = z.union([z.array(z.number()), z.boolean()]);

export class BankWorkload extends RecordedWorkload<BankCall, BankAnswer> {
  readonly name = 'bank';

  async act(session: Session, random: Random): Promise<void> {
    const [from = 0, to = 1] = random.shuffled([...Array(ACCOUNTS).keys()]);
    const amount = random.integer(1, BALANCE / 2);
    const call: BankCall =
      random.fraction() < 0.4 ? { kind: 'read' } : { kind: 'transfer', from, to, amount };
    await this.send(session, call);
  }

  async finish(session: Session): Promise<void> {
    const operation = await this.send(session, { kind: 'read' });
    if (operation.outcome !== 'ok') throw new Error(operation.reason);
  }

  check(): Verdict {
    return checkBank(this.history, { accounts: ACCOUNTS, total: ACCOUNTS * BALANCE });
  }

  private send(session: Session, call: BankCall) {
    return this.perform(session, call, { path: 'bank', body: call }, (it) => answers.parse(it));
  }
}
