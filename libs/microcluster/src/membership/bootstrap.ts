/** Makes this daemon the first member of a new cluster (`spec/core-api.md` 13). */
import { loadOrGenerateKeyPair } from '../certificates/index.js';
import { failedWith } from '../errors/failed-with.js';
import type { ClusterRecords } from './cluster-records.js';
import {
  initialiseMember,
  type InitialisationParts,
  type InitialisationRequest,
} from './initialise.js';

/**
 * Bootstraps the cluster. Resolves when the database is open and the hook `postBootstrap` has run.
 *
 * @param asked aborts when whoever asked for it has gone away
 * @throws the error of the step that failed; everything has been undone
 */
export async function bootstrapCluster(
  parts: InitialisationParts,
  records: ClusterRecords,
  request: InitialisationRequest,
  asked: AbortSignal,
): Promise<void> {
  const { daemon, state, identity, trust, runtime, schema, hooks, failpoints } = parts;
  await initialiseMember(parts, 'bootstrap', request, asked, async (_rollback, signal) => {
    await trust
      .add({
        name: request.name,
        address: request.address,
        certificate: identity.server.certificate,
      })
      .catch(failedWith('Failed to initialize local remote entry'));
    await failpoints.reach('bootstrap:trust-stored');
    identity.cluster = await loadOrGenerateKeyPair(state.path, 'cluster', request.name);
    await failpoints.reach('bootstrap:certificate-stored');
    daemon.retirePreInitListener();
    await runtime.openListener();
    await failpoints.reach('bootstrap:listening');
    await runtime.openDatabase({ kind: 'bootstrap' }, signal, parts.onRound);
    await failpoints.reach('bootstrap:database-opened');
    await schema.apply();
    await failpoints.reach('bootstrap:schema-applied');
    await records.bootstrap(({ members }) =>
      members.insertPending({
        name: request.name,
        address: request.address,
        certificate: identity.server.certificate,
        schemaInternal: schema.versions.internal,
        schemaExternal: schema.versions.external,
        extensions: schema.extensions,
      }),
    );
    await failpoints.reach('bootstrap:row-written');
    await hooks
      .run('postBootstrap', { signal }, request.config)
      .catch(failedWith('Failed to run post-bootstrap actions'));
    await failpoints.reach('bootstrap:hook-run');
  });
}
