/** Requests as other programs send them and the answers that the specification demands, byte for byte. */
import type { ListenerLetter } from './catalogue.js';
import { goRequest } from './raw-http.js';
import { ERROR_HEADERS, failure, success, SUCCESS_HEADERS, type Recording } from './recording.js';
import type { Caller, State } from './subject.js';

type Where = readonly [state: State, listener: ListenerLetter, caller: Caller];

const fresh: Where = ['not initialised', 'U', 'socket'];
const freshNetwork: Where = ['not initialised', 'P', 'anonymous'];
const ready: Where = ['ready', 'U', 'socket'];
const readyMember: Where = ['ready', 'N', 'member'];
const readyStranger: Where = ['ready', 'N', 'anonymous'];
const readyAdditional: Where = ['ready', 'A', 'member'];
const stopping: Where = ['shutting down', 'U', 'socket'];

/** Methods without a body are sent as Go does; a body is given as text. */
function go(method: string, path: string, body?: string, headers: readonly string[] = []) {
  return (host: string) =>
    goRequest(method, path, host, { ...(body !== undefined && { body }), headers });
}

function answers(
  title: string,
  [state, listener, caller]: Where,
  request: Recording['request'],
  metadata: string,
): Recording {
  return {
    title,
    state,
    listener,
    caller,
    request,
    statusLine: 'HTTP/1.1 200 OK',
    headers: SUCCESS_HEADERS,
    body: success(metadata),
  };
}

function refuses(
  title: string,
  [state, listener, caller]: Where,
  request: Recording['request'],
  [statusLine, code, text]: readonly [statusLine: string, code: string, text: string],
): Recording {
  return {
    title,
    state,
    listener,
    caller,
    request,
    statusLine: `HTTP/1.1 ${statusLine}`,
    headers: [...ERROR_HEADERS, `X-Microcluster-Error: ${code}`],
    body: failure(Number(statusLine.slice(0, 3)), text),
  };
}

const extensions = '["internal:runtime_extension_v1","internal:rename_core_endpoints","items"]';
const NOT_FOUND = ['404 Not Found', 'NOT_FOUND', 'not found'] as const;
const NOT_AUTHORIZED = ['403 Forbidden', 'NOT_AUTHORIZED', 'not authorized'] as const;

export const recordings: readonly Recording[] = [
  // Our own: who is no member learns nothing but the status.
  ...['livez', 'readyz'].map((probe): Recording => ({
    title: `${probe} has no body for strangers`,
    state: 'ready',
    listener: 'N',
    caller: 'stranger',
    request: go('GET', `/core/1.0/${probe}`),
    statusLine: 'HTTP/1.1 200 OK',
    headers: ['Connection: close'],
    body: '',
  })),
  // 5.1: every listener answers / by any method; nothing is cleaned or redirected.
  answers('GET / names the API', fresh, go('GET', '/'), '["/1.0"]'),
  answers('DELETE / too', readyMember, go('DELETE', '/'), '["/1.0"]'),
  answers('/ is on additional servers too', readyAdditional, go('GET', '/'), '["/1.0"]'),
  refuses(
    'no Core API is on an additional server',
    readyAdditional,
    go('GET', '/core/1.0'),
    NOT_FOUND,
  ),
  answers('/ is for strangers too', readyStranger, go('GET', '/'), '["/1.0"]'),
  refuses('a trailing slash is another path', fresh, go('GET', '/core/1.0/'), NOT_FOUND),
  refuses('a double slash is another path', ready, go('GET', '/core//1.0'), NOT_FOUND),
  refuses('dots are not resolved', ready, go('GET', '/core/x/../1.0'), NOT_FOUND),
  refuses('an encoded path is another path', ready, go('GET', '/core/1%2E0'), NOT_FOUND),
  refuses('an unknown path', readyMember, go('GET', '/core/2.0'), NOT_FOUND),
  refuses(
    'control is never on the network',
    readyMember,
    go('POST', '/core/control', '{}'),
    NOT_FOUND,
  ),
  refuses(
    'SQL is not on the network',
    readyMember,
    go('POST', '/core/internal/sql', '{"query":"SELECT 1"}'),
    NOT_FOUND,
  ),
  refuses(
    'internal is not on the pre-init listener',
    freshNetwork,
    go('DELETE', '/core/internal/truststore/x'),
    NOT_FOUND,
  ),
  refuses(
    'OPTIONS of a browser',
    readyMember,
    go('OPTIONS', '/core/1.0', undefined, [
      'Origin: https://example.com',
      'Access-Control-Request-Method: GET',
    ]),
    ['404 Not Found', 'METHOD_NOT_FOUND', "Method 'OPTIONS' not found"],
  ),
  refuses('a method without handler', readyMember, go('PUT', '/core/1.0', ''), [
    '501 Not Implemented',
    'NOT_IMPLEMENTED',
    'not implemented',
  ]),
  refuses(
    'a method without handler comes before trust',
    readyStranger,
    go('PUT', '/core/1.0/ready', ''),
    ['501 Not Implemented', 'NOT_IMPLEMENTED', 'not implemented'],
  ),
  refuses(
    'but not on the database path',
    readyStranger,
    go('PUT', '/core/internal/database', ''),
    NOT_AUTHORIZED,
  ),
  refuses(
    'characters of HTML are escaped in errors',
    ready,
    go('DELETE', '/core/internal/truststore/%3Ca%26b%3E'),
    ['500 Internal Server Error', 'FAILED', 'No truststore entry found for node with name "<a&b>"'],
  ),

  // 9.1, 9.2
  answers(
    'the server before initialisation',
    fresh,
    go('GET', '/core/1.0'),
    `{"name":"<hostname>","address":"<pre-init address>","version":"1.2.3","ready":false,"extensions":${extensions}}`,
  ),
  answers(
    'the server on the pre-init listener',
    freshNetwork,
    go('GET', '/core/1.0'),
    `{"name":"<hostname>","address":"<pre-init address>","version":"1.2.3","ready":false,"extensions":${extensions}}`,
  ),
  answers(
    'the server when it is ready',
    readyMember,
    go('GET', '/core/1.0'),
    `{"name":"c1","address":"<address>","version":"1.2.3","ready":true,"extensions":${extensions}}`,
  ),
  answers(
    'the server for a stranger',
    readyStranger,
    go('GET', '/core/1.0'),
    `{"name":"c1","address":"<address>","version":"1.2.3","ready":true,"extensions":${extensions}}`,
  ),
  answers('an uninitialised daemon is ready', fresh, go('GET', '/core/1.0/ready'), '{}'),
  refuses('nobody is answered while it stops', stopping, go('GET', '/core/1.0/ready'), [
    '503 Service Unavailable',
    'SHUTTING_DOWN',
    'Daemon is shutting down',
  ]),
  refuses('a second shutdown', stopping, go('POST', '/core/control/shutdown', ''), [
    '503 Service Unavailable',
    'SHUTTING_DOWN',
    'Daemon is shutting down',
  ]),

  // 9.3
  refuses(
    'bootstrap with a token',
    fresh,
    go(
      'POST',
      '/core/control',
      '{"bootstrap":true,"config":null,"join_token":"eyJ9","address":"127.0.0.1:9","name":"c1"}',
    ),
    [
      '500 Internal Server Error',
      'FAILED',
      'Invalid options - received join token and bootstrap flag',
    ],
  ),
  refuses(
    'initialising twice',
    ready,
    go(
      'POST',
      '/core/control',
      '{"bootstrap":true,"config":null,"join_token":"","address":"127.0.0.1:9","name":"c1"}',
    ),
    ['500 Internal Server Error', 'FAILED', 'Unable to initialize cluster: Database is online'],
  ),
  refuses(
    'a name that is no name',
    fresh,
    go(
      'POST',
      '/core/control',
      '{"bootstrap":true,"config":null,"join_token":"","address":"127.0.0.1:9","name":"c_1"}',
    ),
    [
      '400 Bad Request',
      'BAD_REQUEST',
      'Cluster member name "c_1" is not a valid FQDN: Name can only contain alphanumeric and hyphen characters',
    ],
  ),

  // 9.4, 6
  refuses('the members before initialisation', fresh, go('GET', '/core/1.0/cluster'), [
    '503 Service Unavailable',
    'UNAVAILABLE',
    'Database is not yet initialized',
  ]),
  answers(
    'the members',
    readyMember,
    go('GET', '/core/1.0/cluster'),
    `[{"name":"c1","address":"<address>","certificate":"<certificate>","role":"voter","schema_internal_version":6,"schema_external_version":0,"last_heartbeat":"<time>","status":"ONLINE","extensions":${extensions},"secret":""}]`,
  ),

  // 9.5
  refuses('removing whom nobody knows', readyMember, go('DELETE', '/core/1.0/cluster/c9'), [
    '404 Not Found',
    'FAILED',
    'Cluster member "c9" not found in truststore; please provide a node address',
  ]),
  refuses('leaving a cluster of one', ready, go('DELETE', '/core/1.0/cluster/c1?force=1'), [
    '500 Internal Server Error',
    'FAILED',
    'Cannot leave a cluster with 1 members',
  ]),

  // 21
  refuses(
    'a certificate that is none',
    readyMember,
    go('PUT', '/core/1.0/cluster/certificates/cluster', '{"cert":"","key":"","ca":""}'),
    ['400 Bad Request', 'BAD_REQUEST', 'Certificate must be base64 encoded PEM certificate'],
  ),
  refuses(
    'a certificate whose name is a path',
    readyMember,
    go('PUT', '/core/1.0/cluster/certificates/..%2Fcluster', '{"cert":"","key":"","ca":""}'),
    ['400 Bad Request', 'BAD_REQUEST', 'Certificate name cannot be a path'],
  ),

  // 22.5
  answers('no listeners are configured', readyMember, go('GET', '/core/1.0/daemon/servers'), '{}'),
  answers(
    'the configuration, since 3.1',
    readyMember,
    go('GET', '/core/1.0/daemon/config'),
    '{"name":"c1","address":"<address>","servers":{},"failure-domain":0}',
  ),
  refuses(
    'a listener of a server that is not declared',
    readyMember,
    go('PUT', '/core/1.0/daemon/servers', '{"none":{"address":"127.0.0.1:9"}}'),
    ['400 Bad Request', 'BAD_REQUEST', 'No matching additional listener found for "none"'],
  ),
  refuses(
    'an additional listener at the address of the Core API',
    ready,
    (host, { address }) =>
      goRequest('PUT', '/core/1.0/daemon/servers', host, {
        body: `{"extra":{"address":"${address}"}}`,
      }),
    ['400 Bad Request', 'BAD_REQUEST', 'Address "<address>" is already in use'],
  ),
  refuses('a map of servers that is none', ready, go('PUT', '/core/1.0/daemon/servers', '[]'), [
    '400 Bad Request',
    'BAD_REQUEST',
    'Invalid ServerConfig: it must be an object.',
  ]),

  // 10
  answers(
    'a token for ever',
    ready,
    go('POST', '/core/control/tokens', '{"name":"c2","expire_after":0}'),
    '"<base>"',
  ),
  refuses(
    'a second token of the same name',
    ready,
    go('POST', '/core/control/tokens', '{"name":"c2","expire_after":0}'),
    [
      '409 Conflict',
      'CONFLICT',
      'A token for "c2" exists already, revoke it first: UNIQUE constraint failed: core_token_records.name',
    ],
  ),
  answers(
    'the zero time means for ever',
    ready,
    go('GET', '/core/control/tokens'),
    '[{"name":"c2","token":"<base>","expires_at":"0001-01-01T00:00:00Z"}]',
  ),
  answers(
    'revoking it from another member',
    readyMember,
    go('DELETE', '/core/1.0/tokens/c2'),
    '{}',
  ),
  refuses('revoking it again', readyMember, go('DELETE', '/core/1.0/tokens/c2'), [
    '404 Not Found',
    'RECORD_NOT_FOUND',
    'CoreTokenRecord not found',
  ]),
  answers(
    'a token for three hours, in nanoseconds',
    ready,
    go('POST', '/core/control/tokens', '{"name":"c4","expire_after":10800000000000}'),
    '"<base>"',
  ),
  answers(
    'the token with the time of its end',
    ready,
    go('GET', '/core/control/tokens'),
    '[{"name":"c4","token":"<base>","expires_at":"<time>"}]',
  ),
  answers(
    'a token that has expired already',
    ready,
    go('POST', '/core/control/tokens', '{"name":"c5","expire_after":-1}'),
    '"<base>"',
  ),
  answers(
    'is not listed',
    ready,
    go('GET', '/core/control/tokens'),
    '[{"name":"c4","token":"<base>","expires_at":"<time>"}]',
  ),
  refuses(
    'strangers make no tokens',
    readyStranger,
    go('DELETE', '/core/1.0/tokens/c4'),
    NOT_AUTHORIZED,
  ),
  answers('a percent-encoded name', ready, go('DELETE', '/core/1.0/tokens/%634'), '{}'),

  // 11.2, 11.3
  refuses(
    'a tunnel without Upgrade',
    readyMember,
    go('POST', '/core/internal/database', '', ['X-Dqlite-Version: 1']),
    ['400 Bad Request', 'INVALID_UPGRADE_HEADER', 'Missing or invalid upgrade header'],
  ),
  refuses(
    'a tunnel with another Upgrade',
    readyMember,
    go('POST', '/core/internal/database', '', ['Upgrade: websocket']),
    ['400 Bad Request', 'INVALID_UPGRADE_HEADER', 'Missing or invalid upgrade header'],
  ),
  refuses(
    'a tunnel with a wrong version',
    readyMember,
    go('POST', '/core/internal/database', '', ['Upgrade: dqlite', 'X-Dqlite-Version: one']),
    [
      '400 Bad Request',
      'INVALID_DQLITE_VERSION',
      'Invalid dqlite version: "one" is not an integer',
    ],
  ),
  refuses(
    'a tunnel for a stranger',
    readyStranger,
    go('POST', '/core/internal/database', '', ['Upgrade: dqlite', 'X-Dqlite-Version: 1']),
    NOT_AUTHORIZED,
  ),
  {
    title: 'the upgrade notice has an empty answer',
    state: 'ready',
    listener: 'N',
    caller: 'member',
    request: go('PATCH', '/core/internal/database', '', ['X-Dqlite-Version: 1']),
    statusLine: 'HTTP/1.1 200 OK',
    headers: ['Connection: close'],
    body: '',
  },
  refuses(
    'an upgrade notice of a wrong version',
    readyMember,
    go('PATCH', '/core/internal/database', '', ['X-Dqlite-Version: x']),
    ['400 Bad Request', 'INVALID_DQLITE_VERSION', 'Invalid dqlite version: "x" is not an integer'],
  ),

  // 14.3
  refuses('joining with an unknown token', readyStranger, joinRequest(extensions), [
    '404 Not Found',
    'RECORD_NOT_FOUND',
    'CoreTokenRecord not found',
  ]),
  refuses('joining with one extension, a bare text', readyStranger, joinRequest('"items"'), [
    '500 Internal Server Error',
    'FAILED',
    'The source ([items]) and target ([internal:runtime_extension_v1 internal:rename_core_endpoints items]) registries have different number of extensions',
  ]),
  refuses(
    'joining with other extensions',
    readyStranger,
    joinRequest('["internal:runtime_extension_v1","internal:rename_core_endpoints","other"]'),
    [
      '500 Internal Server Error',
      'FAILED',
      'The source and target registries have different extensions',
    ],
  ),
  refuses('joining before the database is open', fresh, joinRequest(extensions), [
    '503 Service Unavailable',
    'DATABASE_NOT_OPEN',
    'Database is not yet initialized',
  ]),

  // 17
  refuses(
    'a heartbeat of a stranger',
    readyStranger,
    go(
      'POST',
      '/core/internal/heartbeat',
      '{"begin_round":false,"max_schema_internal":6,"max_schema_external":0,"cluster_members":null,"leader_address":"","dqlite_roles":null}',
    ),
    NOT_AUTHORIZED,
  ),
  refuses(
    'a round begun by another',
    ready,
    go(
      'POST',
      '/core/internal/heartbeat',
      '{"begin_round":true,"max_schema_internal":0,"max_schema_external":0,"cluster_members":null,"leader_address":"127.0.0.1:1","dqlite_roles":{"127.0.0.1:1":"voter"}}',
    ),
    ['500 Internal Server Error', 'FAILED', 'Attempt to initiate heartbeat from non-leader'],
  ),
  answers(
    'a round without roles ends at once',
    ready,
    (host, { address }) =>
      goRequest('POST', '/core/internal/heartbeat', host, {
        body: `{"begin_round":true,"max_schema_internal":0,"max_schema_external":0,"cluster_members":null,"leader_address":"${address}","dqlite_roles":null}`,
      }),
    '{}',
  ),

  // 18.3
  answers(
    'a hook that nobody has',
    readyMember,
    go('POST', '/core/internal/hooks/pre-remove', '{"force":true}'),
    '{}',
  ),
  refuses(
    'a new member without a name',
    readyMember,
    go('POST', '/core/internal/hooks/on-new-member', '{}'),
    [
      '500 Internal Server Error',
      'FAILED',
      'No new member name given for NewMember hook execution',
    ],
  ),

  // 23.1
  answers(
    'SQL: a row of every type',
    ready,
    go(
      'POST',
      '/core/internal/sql',
      `{"query":"SELECT 9223372036854775807 AS big, 1.5 AS real, 'a<b' AS text, NULL AS none"}`,
    ),
    '{"Results":[{"type":"select","columns":["big","real","text","none"],"rows":[[9223372036854775807,1.5,"a<b",null]],"rows_affected":0}]}',
  ),
  answers(
    'SQL: no row',
    ready,
    go(
      'POST',
      '/core/control/sql',
      `{"query":"SELECT name FROM core_token_records WHERE name = 'nobody'"}`,
    ),
    '{"Results":[{"type":"select","columns":["name"],"rows":null,"rows_affected":0}]}',
  ),
  answers(
    'SQL: a change',
    ready,
    go(
      'POST',
      '/core/internal/sql',
      `{"query":"DELETE FROM core_token_records WHERE name = 'nobody'"}`,
    ),
    '{"Results":[{"type":"exec","columns":null,"rows":null,"rows_affected":0}]}',
  ),
  answers(
    'SQL: only separators',
    ready,
    go('POST', '/core/internal/sql', '{"query":";; ;"}'),
    '{"Results":null}',
  ),
  answers(
    'SQL: the time of a heartbeat',
    ready,
    go('POST', '/core/internal/sql', '{"query":"SELECT heartbeat FROM core_cluster_members"}'),
    '{"Results":[{"type":"select","columns":["heartbeat"],"rows":[["<time>"]],"rows_affected":0}]}',
  ),

  // Bodies
  refuses('a body that is no JSON', ready, go('POST', '/core/control/tokens', '{"name":'), [
    '400 Bad Request',
    'MALFORMED_BODY',
    '<any>',
  ]),
  answers(
    'a body of any content type',
    ready,
    go('POST', '/core/internal/sql', '{"query":";"}', ['Content-Type: text/plain']),
    '{"Results":null}',
  ),
  answers(
    'keys in any letter case, as Go reads them',
    ready,
    go('POST', '/core/internal/sql', '{"QUERY":";"}'),
    '{"Results":null}',
  ),
];

/** What a joiner sends, with a secret that nobody issued. */
function joinRequest(extensionsJson: string): Recording['request'] {
  return (host, { callers }) => {
    const body = `{"name":"c2","address":"127.0.0.1:8","certificate":${JSON.stringify(callers.stranger.certificate)},"role":"","schema_internal_version":6,"schema_external_version":0,"last_heartbeat":"0001-01-01T00:00:00Z","status":"","extensions":${extensionsJson},"secret":"${'0'.repeat(64)}"}`;
    return goRequest('POST', '/core/internal/cluster', host, { body });
  };
}
