/** The daemon under test: a whole Nest application in this process, on real sockets, with or without hostile settings. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MicroclusterAdapter, MicroclusterModule, type HookContext } from '@microcluster/nest';
import { MicroclusterClient } from '@microcluster/nest/client';
import { stringify } from 'yaml';
import type { ListenerLetter } from './catalogue.js';
import { generateKeyPair } from '../../libs/microcluster/src/certificates/index.js';
import { freeAddresses } from '../support/addresses.js';
import { eventually } from '../support/eventually.js';
import { overSocket } from '../support/requests.js';
import { dialSocket, dialTls, exchange, type Identity } from './raw-http.js';

const LIMIT_MS = 120_000;
const HOUR_MS = 3_600_000;

/** Who sends a request. */
export type Caller = 'socket' | 'member' | 'stranger' | 'anonymous' | 'expired' | 'wrong host';
/** How far the daemon is in its life. */
export type State = 'not initialised' | 'starting' | 'ready' | 'shutting down';
/** Settings that an application may have. */
export type Configure = (app: INestApplication) => void;

/** Certificates of the callers; `member` and `expired` are in the trust store once the daemon is ready. */
export interface Callers {
  readonly member: Identity;
  readonly stranger: Identity;
  readonly expired: Identity;
}

/** Served by an additional server at all times. */
@Controller('1.0/extra')
class ExtraController {
  @Get()
  answer(): string {
    return 'extra';
  }
}

export class Subject {
  readonly name = 'c1';
  readonly hostname = hostname();
  private openGate: () => void = () => undefined;
  private closed = true;
  private bootstrapped: Promise<void> = Promise.resolve();

  private constructor(
    readonly directory: string,
    readonly preInitAddress: string,
    readonly address: string,
    readonly extraAddress: string,
    readonly callers: Callers,
  ) {}

  private app: INestApplication | undefined;

  static async create(
    options: { readonly configure?: Configure; readonly imports?: (new () => object)[] } = {},
  ): Promise<Subject> {
    const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
    const [preInitAddress = '', address = '', extraAddress = ''] = await freeAddresses(3);
    const [member, stranger, expired] = await Promise.all([
      generateKeyPair({ commonName: 'c2' }),
      generateKeyPair({ commonName: 'c2' }),
      generateKeyPair({ commonName: 'c3', now: new Date('2010-01-01T00:00:00Z') }),
    ]);
    const callers = { member, stranger, expired };
    const subject = new Subject(directory, preInitAddress, address, extraAddress, callers);
    await subject.start(options);
    return subject;
  }

  get socketPath(): string {
    return join(this.directory, 'control.socket');
  }

  /** Leads the daemon to the next state of its life. */
  async reach(state: State): Promise<void> {
    switch (state) {
      case 'not initialised':
        return;
      case 'starting':
        await this.beginBootstrap();
        return;
      case 'ready':
        await this.completeBootstrap();
        return;
      case 'shutting down': {
        const answer = await overSocket(this.socketPath, 'POST', '/core/control/shutdown');
        if (answer.status !== 200) throw new Error(answer.error);
      }
    }
  }

  /** Sends bytes as `caller` to a listener and returns the bytes that come back. */
  async send(listener: ListenerLetter, caller: Caller, bytes: string): Promise<string> {
    const socket =
      listener === 'U'
        ? await dialSocket(this.socketPath)
        : await dialTls(this.hostFor(listener, 'member'), this.identityOf(caller));
    return exchange(socket, bytes);
  }

  /** The Host header that the caller sends. */
  hostFor(listener: ListenerLetter, caller: Caller): string {
    if (caller === 'wrong host') return '127.0.0.1:1';
    if (listener === 'U') return 'control.socket';
    if (listener === 'A') return this.extraAddress;
    return listener === 'N' ? this.address : this.preInitAddress;
  }

  identityOf(caller: Caller): Identity | undefined {
    switch (caller) {
      case 'member':
      case 'wrong host':
        return this.callers.member;
      case 'stranger':
        return this.callers.stranger;
      case 'expired':
        return this.callers.expired;
      case 'socket':
      case 'anonymous':
        return undefined;
    }
  }

  file(path: string): Promise<string> {
    return readFile(join(this.directory, path), 'utf8');
  }

  async close(): Promise<void> {
    this.openGate();
    await this.bootstrapped.catch(() => undefined);
    await this.app?.close();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private async start({
    configure,
    imports = [],
  }: {
    readonly configure?: Configure;
    readonly imports?: (new () => object)[];
  }): Promise<void> {
    const gate = new Promise<void>((resolve) => {
      this.openGate = resolve;
    });
    const daemon = MicroclusterModule.forRoot({
      stateDir: this.directory,
      version: '1.2.3',
      preInitListenAddress: this.preInitAddress,
      heartbeatIntervalMs: HOUR_MS,
      engine: 'dqlite',
      apiExtensions: ['items'],
      servers: {
        extra: {
          serverConfig: { address: this.extraAddress },
          preInit: true,
          resources: [ExtraController],
        },
      },
      logger: silent,
      hooks: {
        preInit: async (_context: HookContext) => {
          this.closed = false;
          await gate;
        },
      },
    });
    class Root {}
    Module({ imports: [daemon, ...imports], controllers: [ExtraController] })(Root);
    this.app = await NestFactory.create(
      Root,
      new MicroclusterAdapter(configure ? { bodyLimit: 1 } : {}),
      { logger: false, abortOnError: false },
    );
    configure?.(this.app);
    await this.app.init();
  }

  private async beginBootstrap(): Promise<void> {
    const client = new MicroclusterClient({ socketPath: this.socketPath });
    // Without a limit of its own: it goes on while the daemon is examined.
    this.bootstrapped = client.control(
      { bootstrap: true, name: this.name, address: this.address, join_token: '', config: {} },
      { timeoutMs: 0 },
    );
    this.bootstrapped.catch(() => undefined);
    await eventually('the hook preInit to run', LIMIT_MS, () => {
      if (this.closed) throw new Error('it has not begun');
    });
  }

  private async completeBootstrap(): Promise<void> {
    this.openGate();
    await this.bootstrapped;
    // A round of heartbeats replaces the trust store by the table, so that members can be added only after it.
    const round = await overSocket(this.socketPath, 'POST', '/core/internal/heartbeat', {
      begin_round: true,
      leader_address: this.address,
      dqlite_roles: { [this.address]: 'voter' },
    });
    if (!isOk(round)) throw new Error(round.error);
    await this.trustCallers();
  }

  /**
   * Trusts the callers that are members, as long as they are not yet, or not any more: whatever compares the
   * trust store with the member table, such as the issue of a token, drops them.
   */
  async trustCallers(): Promise<void> {
    if (await this.areCallersTrusted()) return;
    await this.trust('c2', '127.0.0.1:2', this.callers.member.certificate);
    await this.trust('c3', '127.0.0.1:3', this.callers.expired.certificate);
    await eventually('the members that were added to be trusted', LIMIT_MS, async () => {
      const bytes = `GET /core/1.0/ready HTTP/1.1\r\nHost: ${this.address}\r\nConnection: close\r\n\r\n`;
      const answer = await this.send('N', 'member', bytes);
      if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(answer);
    });
  }

  private async areCallersTrusted(): Promise<boolean> {
    const files = await readdir(join(this.directory, 'truststore'));
    return files.includes('c2.yaml') && files.includes('c3.yaml');
  }

  /** Adds a member to the trust store by hand, which the daemon watches. */
  private async trust(name: string, address: string, certificate: string): Promise<void> {
    const file = join(this.directory, 'truststore', `${name}.yaml`);
    await writeFile(file, stringify({ name, address, certificate }));
  }
}

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

function isOk(answer: unknown): boolean {
  return (
    typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === 200
  );
}
