/** Members that run the application with additional servers, each with addresses of its own. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { once } from 'node:events';
import { freeAddresses } from '../support/addresses.js';
import { Daemon } from '../support/daemon.js';
import { overTls, type Answer } from '../support/requests.js';

const PROGRAM = join(import.meta.dirname, 'application.mjs');

/** The addresses that each member has besides that of its Core API, by server name. */
export type Addresses = Readonly<Record<string, string>>;

/** One member and where its servers listen. */
export interface Member {
  readonly daemon: Daemon;
  readonly addresses: Addresses;
}

export class Members implements AsyncDisposable {
  private constructor(
    readonly directory: string,
    readonly all: readonly Member[],
  ) {}

  /**
   * Members that are not started.
   *
   * @param servers names that get a free address each
   * @param settings what the application is told besides the addresses named in `configured`
   */
  static async prepare(
    count: number,
    servers: readonly string[],
    settings: (addresses: Addresses, directory: string) => Readonly<Record<string, unknown>>,
  ): Promise<Members> {
    const directory = await mkdtemp(join(tmpdir(), 'microcluster-servers-'));
    const free = await freeAddresses(count * (servers.length + 1));
    const all = Array.from({ length: count }, (_, at) => {
      const [address = '', ...own] = free.slice(
        at * (servers.length + 1),
        (at + 1) * (servers.length + 1),
      );
      const addresses = Object.fromEntries(servers.map((name, index) => [name, own[index] ?? '']));
      const name = `c${at + 1}`;
      const told = { hookLog: join(directory, `${name}.hooks`), ...settings(addresses, directory) };
      const daemon = new Daemon({
        name,
        address,
        stateDir: join(directory, name),
        logFile: join(directory, `${name}.log`),
        program: PROGRAM,
        env: { TEST_SERVERS: JSON.stringify(told) },
      });
      return { daemon, addresses };
    });
    return new Members(directory, all);
  }

  /** Starts all of them and forms a cluster. */
  async form(): Promise<void> {
    await Promise.all(this.all.map(({ daemon }) => daemon.start()));
    const [first, ...others] = this.all;
    if (first === undefined) throw new Error('there are no members');
    await first.daemon.bootstrap();
    for (const { daemon } of others) {
      await daemon.join(await first.daemon.issueToken(daemon.name));
    }
  }

  member(number: number): Member {
    const member = this.all[number - 1];
    if (member === undefined) throw new Error(`there is no member ${number}`);
    return member;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map(({ daemon }) => daemon.destroy()));
    if (process.env['KEEP_TEST_FILES']) console.log(`kept ${this.directory}`);
    else await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The certificate that is shown at an address, PEM text and alternative names. */
export async function shownAt(address: string): Promise<{ fingerprint: string; names: string }> {
  const { hostname: host, port } = new URL(`https://${address}`);
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(10_000) });
    const certificate: PeerCertificate = socket.getPeerCertificate();
    return {
      fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
      names: certificate.subjectaltname ?? '',
    };
  } finally {
    socket.destroy();
  }
}

/** A request to an additional server by a client that trusts the certificate in a file of the member. */
export async function ask(
  { daemon }: Member,
  address: string,
  trusted: string,
  path: string,
  caller?: Daemon,
): Promise<Answer> {
  const ca = await daemon.file(trusted);
  const servername = (await shownAt(address)).names.split(',')[0]?.replace('DNS:', '') ?? '';
  const identity = caller
    ? { cert: await caller.file('server.crt'), key: await caller.file('server.key') }
    : {};
  return overTls(address, { ca, servername, ...identity }, 'GET', path);
}

/** Whether nothing accepts connections at an address. */
export async function isClosed(address: string): Promise<boolean> {
  try {
    await shownAt(address);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  }
}

/** A digest of every certificate, key and setting in a state directory, by file. */
export async function digestOf({ daemon }: Member): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const folder of ['.', 'certificates']) {
    for (const entry of await readdir(join(daemon.stateDir, folder), { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(daemon.stateDir, folder, entry.name));
      digests[join(folder, entry.name)] = createHash('sha256').update(bytes).digest('hex');
    }
  }
  return digests;
}
