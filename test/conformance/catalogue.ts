/**
 * The endpoints of the Core API as a table, to be compared line by line with section 8 of the specification.
 *
 * `U` unix socket, `N` core network listener, `P` pre-init network listener, `A` listener of an additional server,
 * which serves none of them; `beforeInit` answers also while the
 * database is closed; `untrusted` answers strangers too. Where the original is known to be wrong (section 25), the
 * row says what is right.
 */

/** Where an endpoint is served. */
export type ListenerLetter = 'U' | 'N' | 'P' | 'A';

/** What the handler answers to the row's request: a request that reaches it and changes nothing. */
export interface Reached {
  readonly status: number;
  /** The text of the error; absent for a success. */
  readonly error?: string | RegExp;
}

/** One endpoint. */
export interface Row {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';
  /** With `{name}` for a variable part, as the specification writes it. */
  readonly path: string;
  readonly listeners: readonly ListenerLetter[];
  readonly beforeInit: boolean;
  readonly untrusted: boolean;
  /** Answers also while the daemon is stopping. */
  readonly duringShutdown?: boolean;
  /** `path` as it is sent. */
  readonly sent: string;
  readonly body?: string;
  /** The answer of the handler in each state in which it is reached; absent where calling it would change something. */
  readonly reached?: {
    /** Not initialised, where it is another answer than while starting. */
    readonly fresh?: Reached;
    readonly closed?: Reached;
    /** On the pre-init listener, where it is another answer than on the socket. */
    readonly preInit?: Reached;
    readonly open?: Reached;
    /** Of an endpoint that answers while the daemon is stopping. */
    readonly stopping?: Reached;
    /** On the network, where it is another answer than on the socket. */
    readonly openForMember?: Reached;
  };
}

const all: readonly ListenerLetter[] = ['U', 'N', 'P'];
const internal: readonly ListenerLetter[] = ['U', 'N'];
const local: readonly ListenerLetter[] = ['U'];
const ok: Reached = { status: 200 };
/** No database in this state; the text depends on how far the start is. */
const badCertificate: Reached = {
  status: 400,
  error: 'Certificate must be base64 encoded PEM certificate',
};
const closedDatabase: Reached = {
  status: 503,
  error: /^Database is (not yet initialized|still starting)$/,
};

/** Why `readyz` fails. */
const notReady = (reason: RegExp): Reached => ({
  status: 503,
  error: new RegExp(`^The daemon is not ready: .*${reason.source}`),
});

const row = (
  method: Row['method'],
  path: string,
  listeners: readonly ListenerLetter[],
  beforeInit: boolean,
  untrusted: boolean,
  rest: Partial<Row> = {},
): Row => ({ method, path, listeners, beforeInit, untrusted, sent: path, ...rest });

/* prettier-ignore */
export const catalogue: readonly Row[] = [
  //   Method    Path                                     L         PI     Untr.
  row('POST',   '/core/control',                          local,    true,  false, {
    body: '{}',
    reached: {
      // Neither bootstrap nor token: section 9.3 recommends 400.
      fresh: { status: 400 },
      closed: { status: 500, error: 'Unable to initialize cluster: Database is still starting' },
      open: { status: 500, error: 'Unable to initialize cluster: Database is online' },
    },
  }),
  row('POST',   '/core/control/shutdown',                 local,    true,  false),
  row('POST',   '/core/control/tokens',                   local,    false, false, {
    body: '{"name":"-c2"}',
    reached: { open: { status: 400, error: 'Token name "-c2" is not a valid FQDN: Name must not start with "-" character' } },
  }),
  row('GET',    '/core/control/tokens',                   local,    false, false, { reached: { open: ok } }),
  row('GET',    '/core/1.0',                              all,      true,  true,  { reached: { closed: ok, open: ok } }),
  row('GET',    '/core/1.0/ready',                        all,      true,  false, { reached: { closed: ok, open: ok } }),
  row('GET',    '/core/1.0/cluster',                      all,      true,  false, { reached: { closed: closedDatabase, open: ok } }),
  // Ours, and without an end: `libs/microcluster/src/core-api/events.spec.ts` reads what it says.
  row('GET',    '/core/1.0/events',                       internal, true,  false),
  row('DELETE', '/core/1.0/cluster/{name}',               all,      false, false, {
    sent: '/core/1.0/cluster/nobody',
    // The text of 3.0, where a node may be named by its address.
    reached: { open: { status: 404, error: 'Cluster member "nobody" not found in truststore; please provide a node address' } },
  }),
  row('PUT',    '/core/1.0/cluster/certificates/{name}',  all,      true,  false, {
    sent: '/core/1.0/cluster/certificates/cluster',
    body: '{"cert":"x","key":"x","ca":""}',
    reached: {
      closed: badCertificate,
      // Everybody is trusted there, which is too much trust for this unless the application says otherwise.
      preInit: { status: 403, error: 'not authorized' },
      open: badCertificate,
    },
  }),
  row('GET',    '/core/1.0/daemon/servers',               all,      false, false, { reached: { open: ok } }),
  row('PUT',    '/core/1.0/daemon/servers',               all,      false, false, {
    body: '{"none":{"address":"127.0.0.1:9"}}',
    reached: { open: { status: 400, error: 'No matching additional listener found for "none"' } },
  }),
  // Since 3.1.
  row('GET',    '/core/1.0/daemon/config',                all,      false, false, { reached: { open: ok } }),
  row('PUT',    '/core/1.0/daemon/config',                all,      false, false, {
    body: '{"name":"c7"}',
    reached: { open: { status: 400, error: /^The name of a cluster member cannot be changed from "c1" to "c7"/ } },
  }),
  row('PATCH',  '/core/1.0/daemon/config',                all,      false, false, {
    body: '{"address":"127.0.0.1:9"}',
    reached: { open: { status: 400, error: /^The address of a cluster member cannot be changed/ } },
  }),
  row('DELETE', '/core/1.0/tokens/{name}',                all,      false, false, {
    sent: '/core/1.0/tokens/nobody',
    reached: { open: { status: 404, error: 'CoreTokenRecord not found' } },
  }),
  row('POST',   '/core/internal/cluster',                 internal, true,  true,  {
    body: '{}',
    reached: { closed: closedDatabase, open: { status: 400, error: /certificate|name/i } },
  }),
  // Makes the daemon forget its state, whatever the name: it is shown where it is refused.
  row('PUT',    '/core/internal/cluster/{name}',          internal, false, false, { sent: '/core/internal/cluster/c1' }),
  row('POST',   '/core/internal/database',                internal, true,  false, {
    reached: {
      closed: { status: 400, error: 'Missing or invalid upgrade header' },
      open: { status: 400, error: 'Missing or invalid upgrade header' },
    },
  }),
  row('PATCH',  '/core/internal/database',                internal, true,  false, { reached: { closed: ok, open: ok } }),
  // Section 8 still has SQL on the network; since 3.0 it is on the socket alone, at two paths.
  row('GET',    '/core/internal/sql',                     local,    false, false, { reached: { open: ok } }),
  row('POST',   '/core/internal/sql',                     local,    false, false, {
    body: '{"query":""}',
    reached: { open: { status: 400, error: 'No query provided' } },
  }),
  row('GET',    '/core/control/sql',                      local,    false, false, { reached: { open: ok } }),
  row('POST',   '/core/control/sql',                      local,    false, false, {
    body: '{"query":""}',
    reached: { open: { status: 400, error: 'No query provided' } },
  }),
  // Ours: the original has neither backups nor restores.
  row('POST',   '/core/control/certificate',              local,    false, false, {
    body: '{"cert":"x","key":"x","ca":""}',
    reached: { open: badCertificate },
  }),
  row('GET',    '/core/control/backup',                   local,    false, false),
  row('POST',   '/core/control/restore',                  local,    false, false, {
    body: '{}',
    reached: { open: { status: 400, error: /^The backup is no intact backup: / } },
  }),
  // Section 8 leaves heartbeats open to strangers, which section 25 (1) calls a bug.
  row('POST',   '/core/internal/heartbeat',               internal, false, false, {
    body: '{"begin_round":true,"leader_address":"127.0.0.1:1"}',
    reached: {
      open: { status: 500, error: 'Attempt to initiate heartbeat from non-leader' },
      openForMember: { status: 403 },
    },
  }),
  row('POST',   '/core/internal/truststore',              internal, true,  false, {
    body: '{}',
    reached: { closed: { status: 400 }, open: { status: 400 } },
  }),
  // Ours alone: a member says which certificate it is about to use. Nobody else may, whoever it is.
  row('PUT',    '/core/internal/truststore/{name}',       internal, true,  false, {
    sent: '/core/internal/truststore/nobody',
    body: '{}',
    reached: {
      closed: { status: 403, error: 'not authorized' },
      open: { status: 403, error: 'not authorized' },
    },
  }),
  row('DELETE', '/core/internal/truststore/{name}',       internal, true,  false, {
    sent: '/core/internal/truststore/nobody',
    reached: {
      closed: { status: 500, error: 'No truststore entry found for node with name "nobody"' },
      open: { status: 500, error: 'No truststore entry found for node with name "nobody"' },
    },
  }),
  row('POST',   '/core/internal/hooks/{hookType}',        internal, false, false, {
    sent: '/core/internal/hooks/on-full-moon',
    body: '{}',
    reached: { open: { status: 500, error: 'No valid hook found for the given type' } },
  }),
  // Our own additions.
  row('GET',    '/core/1.0/livez',                        all,      true,  true,  {
    duringShutdown: true,
    reached: { closed: ok, open: ok, stopping: ok },
  }),
  row('GET',    '/core/1.0/readyz',                       all,      true,  true,  {
    duringShutdown: true,
    reached: {
      closed: notReady(/database: Database is /),
      open: ok,
      stopping: notReady(/daemon: the daemon is shutting down/),
    },
  }),
  row('GET',    '/core/1.0/metrics',                      local,    true,  false, {
    duringShutdown: true,
    reached: { closed: ok, open: ok, stopping: ok },
  }),
  // Ours alone: the first phase of a change of certificates, and what the doctor asks.
  row('PUT',    '/core/internal/certificates/{name}',     internal, true,  false, {
    sent: '/core/internal/certificates/cluster',
    body: '{"cert":"x","key":"x","ca":""}',
    reached: { closed: badCertificate, open: badCertificate },
  }),
  row('DELETE', '/core/internal/certificates/{name}',     internal, true,  false, {
    sent: '/core/internal/certificates/cluster',
    reached: { closed: ok, open: ok },
  }),
  row('GET',    '/core/internal/report',                  internal, true,  false, { reached: { closed: ok, open: ok } }),
];
