/** One daemon of the demo: its process, its command line, and requests to it over the socket and over TLS. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { run } from '../setup/run.mjs';
import { groupIsAlive, signalGroup } from './process-group.mjs';
import { waitFor } from './wait.mjs';

const REQUEST_LIMIT_MS = 15_000;
const EXIT_LIMIT_MS = 60_000;

export class Member {
  #child;
  #exit = Promise.resolve({ code: 0, signal: null });
  #groups = new Set();

  /**
   * @param {{name: string, address: string, stateDir: string, logFile: string, root: string,
   *   arguments: readonly string[], env: NodeJS.ProcessEnv}} options
   */
  constructor(options) {
    this.name = options.name;
    this.address = options.address;
    this.stateDir = options.stateDir;
    this.logFile = options.logFile;
    this.options = options;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Starts the daemon and waits until it answers. */
  async start() {
    const log = openSync(this.logFile, 'a');
    const program = join(this.options.root, 'dist/microd/main.js');
    const child = spawn(
      process.execPath,
      [program, '--state-dir', this.stateDir, ...this.options.arguments],
      // A process group of its own: Ctrl-C reaches the demo alone, which then stops everything.
      { detached: true, stdio: ['ignore', log, log], env: this.options.env },
    );
    closeSync(log);
    this.#child = child;
    if (child.pid !== undefined) this.#groups.add(child.pid);
    this.#exit = new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: 127, signal: null, error }));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    const early = this.#exit.then(({ code, signal }) => {
      throw new Error(
        `microd of ${this.name} ended with ${signal ?? `code ${code}`}:\n${this.log()}`,
      );
    });
    await Promise.race([early, this.control('waitready', '--timeout', '60')]);
    early.catch(() => undefined);
  }

  /** Runs microctl on this member; throws with its error text. */
  async control(...args) {
    const program = join(this.options.root, 'dist/microctl/main.js');
    const { code, output } = await run(
      process.execPath,
      [program, '--state-dir', this.stateDir, ...args],
      { env: this.options.env },
    );
    if (code !== 0) throw new Error(output.trim().replace(/^Error: /, ''));
    return output;
  }

  /** Sends a request over the control socket and returns the answer's payload. */
  overSocket(method, path, body) {
    return exchange(
      httpRequest,
      { socketPath: join(this.stateDir, 'control.socket') },
      method,
      path,
      body,
    );
  }

  /** Sends a request over mutual TLS, with the certificate of the member `caller`. */
  overTls(caller, method, path, body) {
    const pem = (file) => readFileSync(join(caller.stateDir, file), 'utf8');
    const clusterCertificate = pem('cluster.crt');
    const [host, port] = splitAddress(this.address);
    const names = new X509Certificate(clusterCertificate).subjectAltName ?? '';
    const servername = /DNS:([^,]+)/.exec(names)?.[1];
    const options = {
      host,
      port,
      cert: pem('server.crt'),
      key: pem('server.key'),
      ca: clusterCertificate,
      ...(servername ? { servername } : {}),
      minVersion: 'TLSv1.3',
      agent: false,
    };
    return exchange(httpsRequest, options, method, path, body);
  }

  /** Kills the daemon as a power cut would, and waits until nothing of it is left. */
  async killHard() {
    this.#child?.kill('SIGKILL');
    await this.#exit;
    await this.waitUntilGone();
  }

  /** How the daemon ended. */
  async exited() {
    const timeout = AbortSignal.timeout(EXIT_LIMIT_MS);
    return Promise.race([
      this.#exit,
      new Promise((_, reject) => {
        timeout.addEventListener('abort', () => {
          reject(new Error(`microd of ${this.name} did not end within ${EXIT_LIMIT_MS / 1000} s`));
        });
      }),
    ]);
  }

  /** Waits until no process that this member started is left. */
  async waitUntilGone() {
    await waitFor(`all processes of ${this.name} have ended`, EXIT_LIMIT_MS, async () =>
      [...this.#groups].some(groupIsAlive) ? undefined : true,
    );
  }

  /** Ends everything at once; for cleaning up. */
  destroy() {
    for (const group of this.#groups) signalGroup(group, 'SIGKILL');
  }

  /** Lets the daemon live on after the demo. */
  leaveRunning() {
    this.#child?.unref();
  }

  /** The end of the daemon's log. */
  log(lines = 20) {
    if (!existsSync(this.logFile)) return '';
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

function splitAddress(address) {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at), Number(address.slice(at + 1))];
}

/** One request and its answer in the standard envelope; an error envelope is thrown as its text. */
function exchange(request, target, method, path, body) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const outgoing = request(
      { ...target, method, path, headers, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.once('error', reject);
        incoming.once('end', () => {
          try {
            const envelope = JSON.parse(text);
            if (envelope.type === 'error') reject(new Error(envelope.error));
            else resolve(envelope.metadata);
          } catch {
            reject(new Error(`${method} ${path} was answered with status ${incoming.statusCode}`));
          }
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(payload);
  });
}
