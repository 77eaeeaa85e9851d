/** Additions to a set, and now and then a look at all of it, at either level. */
import { z } from 'zod';
import { checkSet, type SetAnswer, type SetCall } from '../checkers/set.js';
import type { Verdict } from '../checkers/violation.js';
import type { Random } from '../random.js';
import type { Session } from './session.js';
import { RecordedWorkload } from './workload.js';

const answers = z.union([z.array(z.number()), z.null()]);

export class SetWorkload extends RecordedWorkload<SetCall, SetAnswer> {
  readonly name = 'set';
  private nextElement = 1;

  async act(session: Session, random: Random): Promise<void> {
    if (random.fraction() < 0.1) {
      await this.send(session, { kind: 'read', mayBeStale: random.fraction() < 0.5 });
      return;
    }
    const element = this.nextElement;
    this.nextElement += 1;
    await this.send(session, { kind: 'add', element });
  }

  async finish(session: Session): Promise<void> {
    const operation = await this.send(session, { kind: 'read', mayBeStale: false });
    if (operation.outcome !== 'ok') throw new Error(operation.reason);
  }

  check(): Verdict {
    return checkSet(this.history);
  }

  private send(session: Session, call: SetCall) {
    const isFresh = call.kind === 'read' && !call.mayBeStale;
    const body = { ...call, consistency: isFresh ? 'linearizable' : 'leader' };
    return this.perform(session, call, { path: 'set', body }, (it) => answers.parse(it));
  }
}
