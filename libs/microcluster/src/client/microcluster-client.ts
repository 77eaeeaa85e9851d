/** The Core API as typed calls (`spec/core-api.md` 8). Loads neither HTTP client nor schemas before the first call. */
import type { WebSocket } from 'undici';
import type { TrustedMember } from '../trust/trusted-member.js';
import type { StreamedEvent } from '../types/cluster-events.js';
import type * as types from '../types/schemas.js';
import { MicroclusterClientError } from './client-error.js';
import { EVENTS_PATH, followEvents, type FollowEventsOptions } from './event-stream.js';
import { endpointOf, type ClientTarget, type Endpoint } from './endpoint.js';
import {
  DEFAULT_TIMEOUT_MS,
  perform,
  performRaw,
  urlOf,
  type Exchange,
  type HttpMethod,
  type RawReply,
  type RequestOptions,
} from './exchange.js';
import { readEnvelope, type ReplyText } from './read-envelope.js';
import { openWebSocket, type WebSocketOptions } from './web-socket.js';
import { wireFormat, type Select } from './wire-format.js';

/** Where a client connects to, and how long its calls may take. */
export type MicroclusterClientOptions = ClientTarget & {
  /** Limit of each call that names none, milliseconds; 0 for none. Default 30,000. */
  readonly timeoutMs?: number;
};

/** The hooks that one member runs on another, with what they are told (`spec/core-api.md` 18.3). */
export interface RemoteHooks {
  readonly 'pre-remove': types.RemoveMemberHook;
  readonly 'post-remove': types.RemoveMemberHook;
  readonly 'on-new-member': types.NewMemberHook;
  readonly 'on-daemon-config-update': types.DaemonConfig;
}

/** A request body besides the general options. */
export interface BodyOptions extends RequestOptions {
  /** A value sent as JSON (`bigint` as integer), or bytes, or a `Readable` of bytes, sent as they are. */
  readonly body?: unknown;
}

/**
 * Calls one daemon: the local one through its control socket, or a member through its Core API port. Every
 * call opens a connection of its own and ends it. Every call rejects with a `MicroclusterClientError` and is
 * never repeated.
 */
export class MicroclusterClient {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  /** @throws InvalidValueError when the address or a certificate does not parse */
  constructor(options: MicroclusterClientOptions) {
    this.#endpoint = endpointOf(options);
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Ends calls under way; further ones reject with `ABORTED`. Idempotent. */
  async close(): Promise<void> {
    const text = `The client of ${this.#endpoint.label} is closed`;
    this.#closing.abort(MicroclusterClientError.local('ABORTED', text));
  }

  /** Any call that answers in the envelope; resolves with the `metadata`. */
  async request(method: HttpMethod, path: string, options: BodyOptions = {}): Promise<unknown> {
    const exchange = this.#exchange(method, path, options);
    const url = urlOf(this.#endpoint, exchange);
    return perform(this.#endpoint, exchange, async (reply) =>
      readEnvelope(await textOf(reply), url),
    );
  }

  /**
   * Any call, with the reply as it comes: also errors resolve. The deadline ends with the head of the reply;
   * the body must be read to its end or destroyed.
   */
  async raw(method: HttpMethod, path: string, options: BodyOptions = {}): Promise<RawReply> {
    return performRaw(this.#endpoint, this.#exchange(method, path, options));
  }

  /**
   * Opens a WebSocket at `path` over the same connection that requests use: the control socket, or mutual TLS
   * with the pinned certificate. The deadline ends when it is open; `signal` and {@link close} cut it.
   *
   * @returns an open `WebSocket` with the interface of browsers
   * @throws MicroclusterClientError also with the status and text of a daemon that refuses
   */
  async webSocket(path: string, options: WebSocketOptions = {}): Promise<WebSocket> {
    return openWebSocket(this.#endpoint, this.#exchange('GET', path, options), options.protocols);
  }

  /**
   * `GET /core/1.0/events`: what happens to the cluster from now on, or after `lastEventId`. Ends when the
   * daemon stops or closes the listener; to break off, leave the loop or abort the signal.
   *
   * @example
   * for await (const event of client.events()) console.log(event.time, event.type);
   * @throws MicroclusterClientError from the iteration: the daemon's refusal, or why the stream broke off
   */
  events(options: FollowEventsOptions = {}): AsyncGenerator<StreamedEvent, void, void> {
    const { lastEventId: _id, onOpen: _onOpen, ...rest } = options;
    return followEvents(this.#endpoint, this.#exchange('GET', EVENTS_PATH, rest), options);
  }

  /** `GET /core/1.0` */
  async serverInfo(options?: RequestOptions): Promise<types.Server> {
    return this.#get('/core/1.0', (schemas) => schemas.serverSchema, options);
  }

  /** `GET /core/1.0/ready`: resolves when the daemon is ready, else rejects with status 503. */
  async ready(options?: RequestOptions): Promise<void> {
    await this.request('GET', '/core/1.0/ready', options);
  }

  /** `GET /core/1.0/cluster` */
  async clusterMembers(options?: RequestOptions): Promise<types.ClusterMember[]> {
    return (
      (await this.#get('/core/1.0/cluster', (schemas) => schemas.clusterMembersSchema, options)) ??
      []
    );
  }

  /**
   * `DELETE /core/1.0/cluster/{name}`: removes a member from the cluster.
   *
   * @param options.force go on where a step fails, as when the member cannot be reached
   * @param options.address `ip:port` of a member that only the database knows
   * @returns the steps that were skipped, and why; members in Go do not say
   */
  async removeMember(
    name: string,
    options: RequestOptions & { readonly force?: boolean; readonly address?: string } = {},
  ): Promise<readonly types.SkippedStep[]> {
    const { address, ...rest } = forced(options);
    const query = { ...rest.query, ...(address !== undefined && { address }) };
    const path = `/core/1.0/cluster/${encodeURIComponent(name)}`;
    const reply = await this.request('DELETE', path, { ...rest, query });
    const { skipped = [] } = await this.#parse(
      (schemas) => schemas.removalReplySchema,
      reply ?? {},
      path,
    );
    return skipped;
  }

  /**
   * `PUT /core/1.0/cluster/certificates/{name}`
   *
   * @returns why a member does not have the certificate yet, by member name; usually empty
   */
  async updateCertificate(
    name: string,
    pair: types.WireKeyPair,
    options?: RequestOptions,
  ): Promise<Readonly<Record<string, string>>> {
    const path = `/core/1.0/cluster/certificates/${encodeURIComponent(name)}`;
    const reply = await this.#send('PUT', path, (schemas) => schemas.keyPairSchema, pair, options);
    return textsOf(reply, 'members');
  }

  /**
   * `POST /core/control/certificate`: replaces the asked member's own certificate.
   *
   * @param pair the new one; without it the member makes it
   */
  async replaceOwnCertificate(pair?: types.WireKeyPair, options?: RequestOptions): Promise<void> {
    if (pair === undefined) await this.request('POST', '/core/control/certificate', options);
    else {
      const path = '/core/control/certificate';
      await this.#send('POST', path, (schemas) => schemas.keyPairSchema, pair, options);
    }
  }

  /** `GET /core/1.0/daemon/servers` */
  async daemonServers(options?: RequestOptions): Promise<types.ServerConfigs> {
    return this.#get('/core/1.0/daemon/servers', (schemas) => schemas.serverConfigsSchema, options);
  }

  /** `PUT /core/1.0/daemon/servers`: replaces the whole map. */
  async updateDaemonServers(servers: types.ServerConfigs, options?: RequestOptions): Promise<void> {
    await this.#send(
      'PUT',
      '/core/1.0/daemon/servers',
      (schemas) => schemas.serverConfigsSchema,
      servers,
      options,
    );
  }

  /** `GET /core/1.0/daemon/config`; servers of release 3.1 and later have it. */
  async daemonConfig(options?: RequestOptions): Promise<types.DaemonConfig> {
    return this.#get('/core/1.0/daemon/config', (schemas) => schemas.daemonConfigSchema, options);
  }

  /** `PUT /core/1.0/daemon/config`: replaces what can be changed of it. */
  async replaceDaemonConfig(
    config: types.DaemonConfigPatch,
    options?: RequestOptions,
  ): Promise<void> {
    await this.#send(
      'PUT',
      '/core/1.0/daemon/config',
      (schemas) => schemas.daemonConfigPatchSchema,
      config,
      options,
    );
  }

  /** `PATCH /core/1.0/daemon/config`: changes only the keys that are given. */
  async updateDaemonConfig(
    config: types.DaemonConfigPatch,
    options?: RequestOptions,
  ): Promise<void> {
    await this.#send(
      'PATCH',
      '/core/1.0/daemon/config',
      (schemas) => schemas.daemonConfigPatchSchema,
      config,
      options,
    );
  }

  /** `POST /core/control`: bootstraps or joins. Control socket only. */
  async control(control: types.Control, options?: RequestOptions): Promise<void> {
    await this.#send('POST', '/core/control', (schemas) => schemas.controlSchema, control, options);
  }

  /** `POST /core/control/shutdown`. Control socket only. */
  async shutdown(options?: RequestOptions): Promise<void> {
    await this.request('POST', '/core/control/shutdown', options);
  }

  /** `POST /core/control/tokens`: the text of a new join token. Control socket only. */
  async issueToken(request: types.TokenRequest, options?: RequestOptions): Promise<string> {
    const path = '/core/control/tokens';
    const token = await this.#send(
      'POST',
      path,
      (schemas) => schemas.tokenRequestSchema,
      request,
      options,
    );
    if (typeof token === 'string') return token;
    throw this.#badReply(path, 'it must be the text of a token');
  }

  /** `GET /core/control/tokens`. Control socket only. */
  async listTokens(options?: RequestOptions): Promise<types.TokenRecord[]> {
    return (
      (await this.#get('/core/control/tokens', (schemas) => schemas.tokenRecordsSchema, options)) ??
      []
    );
  }

  /** `DELETE /core/1.0/tokens/{name}` */
  async revokeToken(name: string, options?: RequestOptions): Promise<void> {
    await this.request('DELETE', `/core/1.0/tokens/${encodeURIComponent(name)}`, options);
  }

  /** `POST /core/internal/cluster`: asks to join. */
  async addMember(
    joiner: types.ClusterMember,
    options?: RequestOptions,
  ): Promise<types.TokenResponse> {
    const path = '/core/internal/cluster';
    const reply = await this.#send(
      'POST',
      path,
      (schemas) => schemas.clusterMemberSchema,
      joiner,
      options,
    );
    return this.#parse((schemas) => schemas.tokenResponseSchema, reply, path);
  }

  /** `PUT /core/internal/cluster/{name}`: makes the called daemon forget its state. */
  async resetMember(
    name: string,
    options: RequestOptions & { readonly force?: boolean } = {},
  ): Promise<void> {
    const path = `/core/internal/cluster/${encodeURIComponent(name)}`;
    await this.request('PUT', path, forced(options));
  }

  /** `POST /core/internal/truststore`: the called daemon shall trust `member`. */
  async truststoreAdd(member: TrustedMember, options?: RequestOptions): Promise<void> {
    const path = '/core/internal/truststore';
    await this.#send('POST', path, (schemas) => schemas.clusterMemberLocalSchema, member, options);
  }

  /** `DELETE /core/internal/truststore/{name}`: the called daemon shall no longer trust the member. */
  async truststoreRemove(name: string, options?: RequestOptions): Promise<void> {
    const path = `/core/internal/truststore/${encodeURIComponent(name)}`;
    await this.request('DELETE', path, options);
  }

  /** `POST /core/internal/heartbeat` */
  async heartbeat(info: types.HeartbeatInfo, options?: RequestOptions): Promise<void> {
    await this.#send(
      'POST',
      '/core/internal/heartbeat',
      (schemas) => schemas.heartbeatInfoSchema,
      info,
      options,
    );
  }

  /** `POST /core/internal/hooks/{hookType}` */
  async runHook<Hook extends keyof RemoteHooks>(
    hook: Hook,
    body: RemoteHooks[Hook],
    options?: RequestOptions,
  ): Promise<void> {
    const path = `/core/internal/hooks/${hook}`;
    await this.#send('POST', path, HOOK_SCHEMAS[hook], body, options);
  }

  /** `PATCH /core/internal/database`: tells that our schema was upgraded. Sent as notification. */
  async patchDatabase(options: RequestOptions = {}): Promise<void> {
    const path = '/core/internal/database';
    const headers = { 'x-dqlite-version': '1', ...options.headers };
    const exchange = this.#exchange('PATCH', path, { ...options, headers, notification: true });
    const url = urlOf(this.#endpoint, exchange);
    await perform(this.#endpoint, exchange, async (reply) => {
      const read = await textOf(reply);
      // A success has no body, not even an envelope.
      if (read.status === 200 && read.text === '') return;
      readEnvelope(read, url);
    });
  }

  /** `GET /core/internal/sql`: the database as SQL text. Control socket only. */
  async sqlDump(
    options: RequestOptions & { readonly schemaOnly?: boolean } = {},
  ): Promise<types.SqlDump> {
    const { schemaOnly, ...rest } = options;
    const query = { ...rest.query, ...(schemaOnly === true && { schema: '1' }) };
    return this.#get('/core/internal/sql', (schemas) => schemas.sqlDumpSchema, { ...rest, query });
  }

  /**
   * `POST /core/internal/sql`: runs statements. Control socket only.
   *
   * @param options.transaction run all in one transaction; otherwise earlier ones stay when a later one fails.
   *   Members in Go do not know it. Default `false`.
   */
  async sqlBatch(
    sql: string,
    options: RequestOptions & { readonly transaction?: boolean } = {},
  ): Promise<types.SqlBatch> {
    const path = '/core/internal/sql';
    const { transaction, ...rest } = options;
    const query = { ...rest.query, ...(transaction === true && { transaction: '1' }) };
    const reply = await this.#send(
      'POST',
      path,
      (schemas) => schemas.sqlQuerySchema,
      { query: sql },
      { ...rest, query },
    );
    return this.#parse((schemas) => schemas.sqlBatchSchema, reply, path);
  }

  #exchange(method: HttpMethod, path: string, options: BodyOptions): Exchange {
    const signals = [
      this.#closing.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ];
    return {
      timeoutMs: this.#timeoutMs,
      ...options,
      method,
      path,
      signal: AbortSignal.any(signals),
    };
  }

  async #get<Value>(path: string, select: Select<Value>, options?: RequestOptions): Promise<Value> {
    return this.#parse(select, await this.request('GET', path, options), path);
  }

  async #send<Value>(
    method: HttpMethod,
    path: string,
    select: Select<Value>,
    value: Value,
    options?: RequestOptions,
  ): Promise<unknown> {
    const { schemas, encodeValue } = await wireFormat();
    return this.request(method, path, { ...options, body: encodeValue(select(schemas), value) });
  }

  async #parse<Value>(select: Select<Value>, value: unknown, path: string): Promise<Value> {
    const { schemas, parseValue } = await wireFormat();
    try {
      return parseValue(select(schemas), value, 'reply');
    } catch (cause) {
      throw this.#badReply(path, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  #badReply(path: string, reason: string, cause?: unknown): MicroclusterClientError {
    const text = `${this.#endpoint.label} gave an unexpected reply to ${path}: ${reason}`;
    return MicroclusterClientError.local('BAD_REPLY', text, cause);
  }
}

const HOOK_SCHEMAS: { [Hook in keyof RemoteHooks]: Select<RemoteHooks[Hook]> } = {
  'pre-remove': (schemas) => schemas.removeMemberHookSchema,
  'post-remove': (schemas) => schemas.removeMemberHookSchema,
  'on-new-member': (schemas) => schemas.newMemberHookSchema,
  'on-daemon-config-update': (schemas) => schemas.daemonConfigSchema,
};

function forced<Options extends RequestOptions & { readonly force?: boolean }>({
  force,
  ...options
}: Options): Omit<Options, 'force'> {
  if (force !== true) return options;
  return { ...options, query: { ...options.query, force: '1' } };
}

/** The texts below a key of an object; none where the reply has no such object, as from Go. */
function textsOf(reply: unknown, key: string): Record<string, string> {
  const object: unknown = Object(reply)[key];
  return Object.fromEntries(
    Object.entries(Object(object)).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text]] : [],
    ),
  );
}

async function textOf({ status, statusText, headers, body }: RawReply): Promise<ReplyText> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  const retryAfter = headers['retry-after'];
  return {
    status,
    statusText,
    text: Buffer.concat(chunks).toString('utf8'),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  };
}
