/** Refuses changes of membership while the three records of it disagree (`spec/core-api.md` 24.4). */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { MicroclusterError } from '../../errors/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { MemberRuntime } from '../../lifecycle/member-runtime.js';
import type { TrustStore } from '../../trust/index.js';
import type { ClusterRecords } from '../cluster-records.js';
import { compareRecords } from './compare-records.js';

/** How long the records may take to agree, and the pause between two looks, milliseconds. */
const LIMIT = 5_000;
const PAUSE = 200;

export interface ConsistencyParts {
  readonly identity: MemberIdentity;
  readonly trust: TrustStore;
  readonly runtime: Pick<MemberRuntime, 'opened'>;
  readonly records: Pick<ClusterRecords, 'read'>;
}

/** Looks at the three records until they agree. */
export class ConsistencyCheck {
  constructor(private readonly parts: ConsistencyParts) {}

  /**
   * Resolves when the records agree. A trust store that has not heard of the latest change is brought up
   * from the table, as the next heartbeat would do.
   *
   * @throws MicroclusterError naming the three lists when they do not agree within 5 s
   */
  async require(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + LIMIT;
    for (;;) {
      const text = await this.difference(signal);
      if (text === undefined) return;
      if (performance.now() > deadline) throw new MicroclusterError('FAILED', { reason: text });
      await pause(PAUSE, undefined, { signal });
    }
  }

  private async difference(signal: AbortSignal): Promise<string | undefined> {
    const { trust, runtime, records, identity } = this.parts;
    const nodes = await runtime.opened.members(signal);
    const rows = await records.read(({ members }) => members.list());
    const comparison = compareRecords({ rows, trusted: trust.list(), nodes });
    if (comparison.kind === 'consistent') return undefined;
    if (comparison.kind === 'trust-lags') {
      const list = rows.map(({ name, address, certificate }) => ({ name, address, certificate }));
      await trust.replace(list, { required: [identity.name] });
      return undefined;
    }
    return comparison.text;
  }
}
