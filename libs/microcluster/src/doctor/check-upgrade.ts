/** Whom does an upgrade wait for? */
import { sameAddress } from '../types/address.js';
import type { ClusterMember } from '../types/schemas.js';
import { isZeroTime } from '../types/time.js';
import type { Facts } from './facts.js';
import type { Finding } from './finding.js';
import { answers, microctl, reportersOf } from './views.js';

/**
 * One finding for each member that holds up an upgrade, by the releases that the member table names. Until all
 * have the same, the members with the newest wait with a closed database.
 */
export function checkUpgrade(facts: Facts): Finding[] {
  const rows = (facts.table ?? []).filter((row) => !isHalfJoined(row));
  const newest = {
    internal: Math.max(...rows.map((row) => row.schema_internal_version)),
    external: Math.max(...rows.map((row) => row.schema_external_version)),
    extensions: Math.max(...rows.map((row) => row.extensions.length)),
  };
  const isWaitedFor = reportersOf(facts).some(({ report }) => !report.database_open);
  return rows
    .filter(
      (row) =>
        row.schema_internal_version < newest.internal ||
        row.schema_external_version < newest.external ||
        row.extensions.length < newest.extensions,
    )
    .map(({ name, address, ...row }) => {
      const asked = facts.members.find((member) => sameAddress(member.address, address));
      const isUp = asked !== undefined && answers(asked);
      const upgrade = `On ${name}, install the new release and ${isUp ? 'restart' : 'start'} its daemon`;
      const remove = microctl(facts, `cluster remove ${name} --force`);
      return {
        severity: isWaitedFor ? 'critical' : 'warning',
        check: 'versions',
        member: name,
        problem: `The upgrade waits for ${name}, which has schema version ${row.schema_internal_version}/${row.schema_external_version} and ${row.extensions.length} API extensions of ${newest.internal}/${newest.external} and ${newest.extensions}`,
        repair: isUp ? upgrade : `${upgrade}; if the machine is lost: ${remove}`,
      };
    });
}

/** Nobody waits for a joiner that is under way, or that died. */
function isHalfJoined({ role, last_heartbeat: heartbeat }: ClusterMember): boolean {
  return role === 'PENDING' && isZeroTime(heartbeat);
}
