/** The errors that a heartbeat is answered with (`spec/core-api.md` 17). */
import { MicroclusterError } from '../errors/microcluster-error.js';
import type { ReceiveRefusal } from './decide-receive.js';

/** The error for a heartbeat that is not believed. */
export function refusedHeartbeat(reason: ReceiveRefusal): MicroclusterError {
  switch (reason) {
    case 'not-authorized':
      return new MicroclusterError('NOT_AUTHORIZED', {});
    case 'no-leader':
      return new MicroclusterError('UNAVAILABLE', {
        reason: 'Failed to respond to heartbeat: this member knows no leader right now',
      });
    case 'not-leader':
      return new MicroclusterError('FORBIDDEN', {
        reason: 'Failed to respond to heartbeat: the sender is not the leader of the cluster',
      });
    case 'no-members':
      return badList('it names no members');
    case 'self-missing':
      return badList('it does not name this member');
    case 'sender-missing':
      return badList('it does not name its sender');
    case 'own-row-missing':
      return new MicroclusterError('RECORD_NOT_FOUND', { what: 'CoreClusterMember' });
  }
}

/** The error for a trigger that came to the wrong member, or by the wrong way. */
export function refusedRound(
  reason: 'not-leader' | 'self-missing' | 'not-local',
): MicroclusterError {
  switch (reason) {
    case 'not-leader':
      return new MicroclusterError('FAILED', {
        reason: 'Attempt to initiate heartbeat from non-leader',
      });
    case 'self-missing':
      return new MicroclusterError('FAILED', {
        reason: 'Failed to begin a heartbeat round: this member is not in the member table',
      });
    case 'not-local':
      return new MicroclusterError('FORBIDDEN', {
        reason: 'A heartbeat round is begun through the control socket of the leader only',
      });
  }
}

function badList(reason: string): MicroclusterError {
  return new MicroclusterError('BAD_REQUEST', {
    reason: `The heartbeat's list of members cannot replace the trust store: ${reason}`,
  });
}
