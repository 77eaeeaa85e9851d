/** The client of a member, which outlives its application. */
import path from 'node:path';
import { MicroclusterClient } from '@microcluster/nest/client';
import type { MemberPlan } from './cluster-member.js';

/** How long a call may take, milliseconds. */
const CALL_LIMIT_MS = 30_000;

/** A client of the member's control socket, to be closed by the caller. */
export function clientOf({ stateDir }: MemberPlan): MicroclusterClient {
  return new MicroclusterClient({
    socketPath: path.join(stateDir, 'control.socket'),
    timeoutMs: CALL_LIMIT_MS,
  });
}
