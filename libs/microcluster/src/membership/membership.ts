/** Changes of membership, one at a time: bootstrap, join, and admission of joiners. */
import { MicroclusterError } from '../errors/index.js';
import {
  Address,
  parseMemberName,
  type ClusterMember,
  type Control,
  type TokenResponse,
} from '../types/index.js';
import { requireReplication } from '../replication/index.js';
import { admit, type AdmissionParts } from './admission.js';
import { bootstrapCluster } from './bootstrap.js';
import { joinCluster, type JoinParts } from './join.js';

/** Everything that bootstrap, join and admission need. */
export type MembershipParts = JoinParts & AdmissionParts;

/** The one entrance to changes of membership on this member. */
export class Membership {
  constructor(private readonly parts: MembershipParts) {}

  /**
   * Handles `POST /core/control` (`spec/core-api.md` 9.3).
   *
   * @param signal aborts when whoever asked has gone away: what has been done by then is undone
   */
  async initialise(control: Control, signal: AbortSignal): Promise<void> {
    const { daemon, records } = this.parts;
    if (!daemon.accepts({ type: 'start' })) {
      throw new MicroclusterError('FAILED', {
        reason: `Unable to initialize cluster: ${daemon.databaseStatus().text}`,
      });
    }
    if (control.bootstrap && control.join_token !== '') {
      throw new MicroclusterError('FAILED', {
        reason: 'Invalid options - received join token and bootstrap flag',
      });
    }
    if (!control.bootstrap && control.join_token === '') {
      throw new MicroclusterError('BAD_REQUEST', {
        reason: 'Invalid options - expected either a join token or the bootstrap flag',
      });
    }
    const request = {
      name: parseMemberName(control.name),
      address: Address.parse(control.address).toString(),
      config: control.config,
    };
    if (control.bootstrap) {
      await bootstrapCluster(this.parts, records, request, signal);
    } else {
      await requireReplication(this.parts.args, this.parts.state.databasePath);
      await joinCluster(this.parts, control.join_token, request, signal);
    }
  }

  /** Handles `POST /core/internal/cluster`: decides as the leader, or passes the request on to it. */
  admit(joiner: ClusterMember, signal: AbortSignal): Promise<TokenResponse> {
    return admit(this.parts, joiner, signal);
  }
}
