/** What bootstrap and join have in common: preparation, opening the member, and undoing all of it (`spec/core-api.md` 13, 14). */
import { hostname } from 'node:os';
import type { LoggerService } from '@nestjs/common';
import { dnsNamesOf, generateKeyPair, writeKeyPair } from '../certificates/index.js';
import { failedWith } from '../errors/failed-with.js';
import type { Failpoints } from '../failpoints/index.js';
import { runWithin } from '../hooks/hook-limit.js';
import type { HookRunner, InitConfig } from '../hooks/index.js';
import type { Daemon } from '../lifecycle/daemon.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { EngineRound } from '../replication/index.js';
import type { StateDirectory } from '../state/index.js';
import type { TrustStore } from '../trust/index.js';
import { beginInitialisation, endInitialisation } from './initialisation-plan.js';
import { Rollback } from './rollback.js';

/** What the initialisation of a member works on. */
export interface InitialisationParts {
  readonly args: Pick<ParsedDaemonArgs, 'timeouts'>;
  readonly daemon: Daemon;
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly trust: TrustStore;
  readonly runtime: MemberRuntime;
  readonly schema: SchemaGate;
  readonly hooks: HookRunner;
  readonly failpoints: Failpoints;
  readonly logger: LoggerService;
  readonly onRound: (round: EngineRound) => Promise<void>;
}

/** Name, address and free configuration of the member to be. */
export interface InitialisationRequest {
  readonly name: string;
  /** `ip:port`, canonical. */
  readonly address: string;
  readonly config: InitConfig;
}

/**
 * Runs `work` between the common first and last steps. When anything fails, everything is undone, in
 * process, and the daemon is not initialised again; where the state cannot be wiped, the process ends, and its next
 * start undoes the rest before anything else.
 *
 * @param asked aborts when whoever asked for it has gone away, such as an operator by Ctrl-C
 * @param complete the last step, which makes it final for others
 * @throws the error of the step that failed
 */
export async function initialiseMember(
  parts: InitialisationParts,
  operation: 'bootstrap' | 'join',
  request: InitialisationRequest,
  asked: AbortSignal,
  work: (rollback: Rollback, signal: AbortSignal) => Promise<void>,
  complete: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { daemon, state, identity, hooks, failpoints, logger } = parts;
  daemon.checkCoreAddress(request.address);
  daemon.transition({ type: 'start' });
  const rollback = new Rollback(logger);
  let isNoted = false;
  const signal = AbortSignal.any([daemon.signal, asked]);
  try {
    await beginInitialisation(state.path, { operation, name: request.name });
    isNoted = true;
    await failpoints.reach(`${operation}:noted`);
    await hooks
      .run('preInit', { signal }, { bootstrap: operation === 'bootstrap', config: request.config })
      .catch(failedWith('Failed to run pre-init hook before starting the API'));
    await failpoints.reach(`${operation}:pre-init-hook-run`);
    rollback.add('pre-remove hook', () => runPreRemove(parts));
    identity.name = request.name;
    identity.address = request.address;
    await state.writeDaemonConfig({ name: request.name, address: request.address, servers: {} });
    await ensureServerCertificate(parts, request.name);
    await failpoints.reach(`${operation}:prepared`);
    await work(rollback, signal);
    // A hook may not have looked at its signal; from here on it is too late to go away.
    signal.throwIfAborted();
    await endInitialisation(state.path);
    await failpoints.reach(`${operation}:note-removed`);
    await complete();
    await failpoints.reach(`${operation}:completed`);
    daemon.transition({ type: 'opened' });
  } catch (error) {
    logger.error({ event: `${operation}-failed`, name: request.name, error });
    if (!daemon.isShuttingDown()) {
      const undo = async () => {
        await rollback.run();
        if (isNoted) await forgetMember(parts);
        await endInitialisation(state.path);
      };
      // It ends the process where the state cannot be wiped: the note, and a wipe that has begun, stay for the next start.
      await daemon.reset(undo).catch((failure: unknown) => {
        logger.error({ event: 'rollback-failed', step: 'state', error: failure });
      });
    }
    throw error;
  }
}

/**
 * Lets the application undo what its hooks have done, in the time of one request: the state is wiped in any case. Whoever
 * asked may have gone away, which is no reason not to.
 */
async function runPreRemove({ daemon, hooks, args }: InitialisationParts): Promise<void> {
  const { signal } = daemon;
  await runWithin({ hook: 'preRemove', limitMs: args.timeouts.request, signal }, (bounded) =>
    hooks.run('preRemove', { signal: bounded }, { force: true }),
  );
}

/** What forgetting a member works on. */
export type ForgetParts = Pick<
  InitialisationParts,
  'state' | 'identity' | 'trust' | 'runtime' | 'failpoints'
>;

/**
 * Closes the member, wipes its state and makes a new server key pair: an uninitialised daemon.
 *
 * @param keepAs directory below the state directory where the state is kept instead of being deleted
 */
export async function forgetMember(
  { state, identity, trust, runtime, failpoints }: ForgetParts,
  keepAs?: string,
): Promise<void> {
  await failpoints.reach('reset:begun');
  await runtime.close();
  await failpoints.reach('reset:closed');
  await state.wipe(keepAs);
  await failpoints.reach('reset:wiped');
  await trust.reset();
  await failpoints.reach('reset:trust-emptied');
  const server = await generateKeyPair({ commonName: hostname() });
  await writeKeyPair(state.path, 'server', server);
  identity.reset({ name: hostname(), address: '', server });
  await failpoints.reach('reset:completed');
}

/** The server certificate must carry the member's name; one that does not is made anew (`spec/core-api.md` 13, step 4). */
async function ensureServerCertificate(
  { state, identity }: InitialisationParts,
  name: string,
): Promise<void> {
  if (!dnsNamesOf(identity.server.certificate).includes(name)) {
    identity.server = await generateKeyPair({ commonName: name });
    await writeKeyPair(state.path, 'server', identity.server);
  }
}
