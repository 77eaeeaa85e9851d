/** Collects the doctor's facts: from the files of a state directory, its daemon, and every member that any record names. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readMemberCredentials, type MemberCredentials } from '../app/member-files.js';
import type { Microcluster } from '../app/microcluster.js';
import { isClientError } from '../client/client-error.js';
import { MicroclusterClient } from '../client/microcluster-client.js';
import { readDaemonConfigFile } from '../state/daemon-config.js';
import { readTrustFiles } from '../trust/trust-files.js';
import { sameAddress } from '../types/address.js';
import { parseValue } from '../types/parse-body.js';
import type { ClusterMember } from '../types/schemas.js';
import type { Facts, MemberAnswer, MemberFacts } from './facts.js';
import { memberReportSchema, REPORT_PATH } from './report.js';

/** One question may take this long, milliseconds; a member that needs longer counts as silent. */
const QUESTION_MS = 5_000;
const PRIVATE_KEYS = ['server.key', 'cluster.key'];
const GROUP_AND_OTHERS = 0o077;

/** How to collect. */
export interface CollectOptions {
  readonly signal?: AbortSignal;
  /** Limit of one question, milliseconds. Default 5,000; all members are asked at once. */
  readonly questionMs?: number;
  /** Called with what is being done. */
  readonly onProgress?: (step: string) => void;
}

interface Place {
  readonly name: string;
  readonly address: string;
}

/** Never rejects for something that a finding can say; only an abort of `signal` ends it early. */
export async function collectFacts(
  app: Microcluster,
  options: CollectOptions = {},
): Promise<Facts> {
  const call = { timeoutMs: options.questionMs ?? QUESTION_MS, ...signalOf(options) };
  options.onProgress?.('Asking the daemon of this machine');
  const [config, trusted, exposedKeys] = await Promise.all([
    readDaemonConfigFile(path.join(app.stateDir, 'daemon.yaml')).catch(() => undefined),
    trustedPlaces(path.join(app.stateDir, 'truststore')),
    findExposedKeys(app.stateDir),
  ]);
  const local = app.localClient();
  const [ownAnswer, ownTable] = await Promise.all([askReport(local, call), readTable(local, call)]);
  await local.close();
  const self = selfOf(config, ownAnswer);
  const daemonFault =
    ownAnswer.kind === 'silent' || ownAnswer.kind === 'refused' ? ownAnswer.reason : undefined;

  const places = distinct([
    ...(ownTable ?? []),
    ...(self === undefined ? [] : [self]),
    ...trusted,
    ...(ownAnswer.kind === 'report' ? ownAnswer.report.trusted : []),
    ...(ownAnswer.kind === 'report'
      ? ownAnswer.report.nodes.map(({ address }) => ({ name: '', address }))
      : []),
  ]);
  options.onProgress?.(`Asking ${places.length} members`);
  const credentials = await readMemberCredentials(app.stateDir).catch((error: unknown) =>
    reasonOf(error),
  );
  const members = await Promise.all(
    places.map(async (place): Promise<MemberFacts> => {
      const isSelf = self !== undefined && sameAddress(place.address, self.address);
      const answer =
        isSelf && daemonFault === undefined
          ? ownAnswer
          : await askMember(place, credentials, (client) => askReport(client, call));
      return { ...place, answer };
    }),
  );
  options.signal?.throwIfAborted();
  const table = ownTable ?? (await tableOfOthers(members, credentials, call));
  // What was cut short would read as if nobody had answered.
  options.signal?.throwIfAborted();
  return {
    stateDir: app.stateDir,
    now: new Date(),
    self,
    daemonFault,
    table,
    members,
    exposedKeys,
  };
}

type Call = { readonly timeoutMs: number; readonly signal?: AbortSignal };

/** Asks for a report; whoever has none is asked for its version. */
async function askReport(client: MicroclusterClient, call: Call): Promise<MemberAnswer> {
  const began = performance.now();
  try {
    const body = await client.request('GET', REPORT_PATH, call);
    const tookMs = performance.now() - began;
    const middle = Date.now() - tookMs / 2;
    const report = parseValue(memberReportSchema, body, 'report');
    return {
      kind: 'report',
      report,
      skewMs: report.time.getTime() - middle,
      uncertaintyMs: tookMs / 2,
    };
  } catch (error) {
    const status = isClientError(error, 'REPLIED') ? error.status : undefined;
    if (status === 404) return askVersion(client, call);
    return { kind: status === 403 ? 'refused' : 'silent', reason: reasonOf(error) };
  }
}

async function askVersion(client: MicroclusterClient, call: Call): Promise<MemberAnswer> {
  try {
    return { kind: 'other', version: (await client.serverInfo(call)).version };
  } catch (error) {
    return { kind: 'silent', reason: reasonOf(error) };
  }
}

async function readTable(
  client: MicroclusterClient,
  call: Call,
): Promise<ClusterMember[] | undefined> {
  return client.clusterMembers(call).catch(() => undefined);
}

/** The member table as the first of the members whose database is open has it. */
async function tableOfOthers(
  members: readonly MemberFacts[],
  credentials: MemberCredentials | string,
  call: Call,
): Promise<ClusterMember[] | undefined> {
  for (const { answer, ...place } of members) {
    const mayKnow =
      answer.kind === 'other' || (answer.kind === 'report' && answer.report.database_open);
    if (!mayKnow || typeof credentials === 'string') continue;
    const table = await withMember(place, credentials, (client) => readTable(client, call));
    if (table !== undefined) return table;
  }
  return undefined;
}

async function askMember(
  place: Place,
  credentials: MemberCredentials | string,
  ask: (client: MicroclusterClient) => Promise<MemberAnswer>,
): Promise<MemberAnswer> {
  if (typeof credentials === 'string') return { kind: 'not-asked', reason: credentials };
  return withMember(place, credentials, ask).catch((error: unknown) => ({
    kind: 'silent',
    reason: reasonOf(error),
  }));
}

async function withMember<T>(
  { address }: Place,
  credentials: MemberCredentials,
  ask: (client: MicroclusterClient) => Promise<T>,
): Promise<T> {
  const client = new MicroclusterClient({ address, ...credentials });
  try {
    return await ask(client);
  } finally {
    await client.close();
  }
}

/** Who this machine is: by its own file, else by its daemon's word. */
function selfOf(config: Place | undefined, answer: MemberAnswer): Place | undefined {
  if (config !== undefined && config.address !== '') {
    return { name: config.name, address: config.address };
  }
  if (answer.kind !== 'report' || answer.report.engine === '') return undefined;
  return { name: answer.report.name, address: answer.report.address };
}

async function trustedPlaces(directory: string): Promise<Place[]> {
  const files = await readTrustFiles(directory).catch(() => undefined);
  return [...(files?.entries.values() ?? [])].map(({ name, address }) => ({ name, address }));
}

async function findExposedKeys(stateDir: string): Promise<string[]> {
  const files = PRIVATE_KEYS.map((name) => path.join(stateDir, name));
  const modes = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return files.filter((_, at) => ((modes[at]?.mode ?? 0) & GROUP_AND_OTHERS) !== 0);
}

/** One place per address; the first one that has a name names it. */
function distinct(places: readonly Place[]): Place[] {
  const found: Place[] = [];
  for (const { name, address } of places) {
    if (address === '') continue;
    if (!found.some((place) => sameAddress(place.address, address))) found.push({ name, address });
  }
  return found;
}

function signalOf({ signal }: CollectOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
