/** Every error that the framework itself answers with or throws: its HTTP status and its text. */

interface CatalogueEntry {
  /** HTTP status of the reply when the error reaches a client. */
  readonly status: number;
  /** One sentence; `{name}` is replaced by the parameter of that name. */
  readonly template: string;
}

const entry = <const T extends string>(status: number, template: T) => ({ status, template });

/**
 * Append-only: codes are public and stable. Texts that `spec/core-api.md` fixes are part of the wire
 * protocol and must not be reworded.
 */
export const MICROCLUSTER_ERRORS = {
  // Routing and access, `spec/core-api.md` 5.1
  NOT_FOUND: entry(404, 'not found'),
  METHOD_NOT_FOUND: entry(404, "Method '{method}' not found"),
  NOT_IMPLEMENTED: entry(501, 'not implemented'),
  NOT_AUTHORIZED: entry(403, 'not authorized'),
  AUTHENTICATION_FAILED: entry(403, 'Failed to authenticate request: {reason}'),
  SHUTTING_DOWN: entry(503, 'Daemon is shutting down'),
  DATABASE_NOT_OPEN: entry(503, '{reason}'),
  // Reading a request
  MALFORMED_URL: entry(400, 'The path of the request is not a valid percent-encoded path'),
  MALFORMED_BODY: entry(400, 'Failed to read the request body: {reason}'),
  BODY_TOO_LARGE: entry(413, 'The request body is larger than the {limit} bytes allowed here'),
  // The database tunnel, `spec/core-api.md` 11.2
  INVALID_DQLITE_VERSION: entry(400, 'Invalid dqlite version: {reason}'),
  INVALID_UPGRADE_HEADER: entry(400, 'Missing or invalid upgrade header'),
  // Listeners, `spec/core-api.md` 3.3 and 4.2
  SOCKET_ALREADY_RUNNING: entry(500, 'Unix socket at "{path}" is already running'),
  LISTENER_ALREADY_RUNNING: entry(
    500,
    '"{network}" listener with address "{address}" is already running',
  ),
  LISTEN_FAILED: entry(500, 'Failed to listen on https socket: {reason}'),
  SOCKET_LISTEN_FAILED: entry(500, 'Failed to listen on unix socket "{path}": {reason}'),
  SOCKET_GROUP_UNKNOWN: entry(
    500,
    'The group "{group}" of the control socket does not exist; create it or name another one',
  ),
  LISTENER_NAME_TAKEN: entry(500, 'A listener named "{name}" is open already; close it first'),
  LISTENER_UNKNOWN: entry(500, 'No listener named "{name}" is open'),
  INVALID_LISTEN_ADDRESS: entry(
    400,
    'The address "{address}" cannot be listened on; use ip:port, with IPv6 in brackets',
  ),
  INVALID_KEY_PAIR: entry(
    400,
    'The certificate and key for the listener "{name}" cannot be used: {reason}',
  ),
  LISTEN_REFUSED: entry(
    500,
    'app.listen() is not used with MicroclusterAdapter: the daemon opens the listeners itself; call app.init() and configure addresses in MicroclusterModule',
  ),
  METRICS_LISTEN_FAILED: entry(
    500,
    'Failed to serve the metrics at "{address}": {reason}; choose another address in the option "metrics"',
  ),
  // Placing controllers on listeners, `spec/core-api.md` 22
  CONTROLLER_UNPLACED: entry(
    500,
    'The controller route {route} is served by no listener; tag its class with @CoreApi(), @ServeUnix() or @Server(), or name it in the resources of a server',
  ),
  PLACEMENT_CONTRADICTION: entry(
    500,
    'The settings of the controller {controller} contradict each other: {reason}',
  ),
  ROUTE_CONFLICT: entry(
    500,
    'The route {method} {path} of {second} conflicts with {first} on the listener "{listener}"',
  ),
  RESERVED_PATH: entry(
    500,
    'The route {method} {path} of {route} conflicts with reserved namespace "/core"',
  ),
  // Additional servers, `spec/core-api.md` 22.2
  SERVER_SETTINGS: entry(400, '{reason}'),
  SERVER_ROUTE_CONFLICT: entry(
    500,
    'Endpoint "{path}" from server "{second}" conflicts with another endpoint from server "{first}" ({method} of {firstHandler} and {secondHandler})',
  ),
  SERVER_RESERVED_PATH: entry(
    500,
    'Endpoint from server "{server}" conflicts with reserved namespace "/core" ({method} {path} of {route})',
  ),
  // Life cycle and engine
  NOT_READY: entry(503, 'Daemon is not ready yet'),
  NOT_INITIALISED: entry(503, 'Database is not yet initialized'),
  BUSY_MEMBERSHIP: entry(
    503,
    'Another change of membership is in progress on this member; try again when it is done',
  ),
  HOOK_TIMEOUT: entry(
    503,
    'The hook "{hook}" has not ended within {limitMs} ms and is no longer waited for',
  ),
  EVENTS_TOO_SLOW: entry(
    503,
    'The client takes events more slowly than they happen; connect again with the id of the last one it has',
  ),
  TOO_MANY_EVENT_STREAMS: entry(
    503,
    'This member serves {limit} streams of events already; end one of them or ask another member',
  ),
  ENGINE_CANNOT_JOIN: entry(
    400,
    'This member uses the embedded sqlite engine, which cannot have peers; start it with engine "dqlite" to join or form a cluster',
  ),
  ENGINE_HAS_NO_PEERS: entry(
    400,
    'This member uses the embedded sqlite engine, which has no peers; start it with engine "dqlite" first',
  ),
  ENGINE_MISMATCH: entry(
    500,
    'The state in {directory} belongs to the engine "{recorded}" but "{wanted}" was asked for; start with the recorded engine',
  ),
  MEMBER_REMOVED: entry(
    500,
    'The cluster removed the member "{name}" while it was away; it can join again with a new token',
  ),
  STATE_FILE_UNREADABLE: entry(500, '{file} cannot be read: {reason}'),
  DISK_FULL: entry(
    507,
    'The file system of {directory} has only {free} MiB left, of which {minimum} MiB are kept free, so nothing is written until there is more; delete what is not needed, or enlarge it',
  ),
  // With a text of the thrower's own
  BAD_REQUEST: entry(400, '{reason}'),
  FORBIDDEN: entry(403, '{reason}'),
  RECORD_NOT_FOUND: entry(404, '{what} not found'),
  CONFLICT: entry(409, '{reason}'),
  UNAVAILABLE: entry(503, '{reason}'),
  FAILED: entry(500, '{reason}'),
} as const satisfies Record<string, CatalogueEntry>;

/** Stable, machine-readable name of an error of the framework. */
export type MicroclusterErrorCode = keyof typeof MICROCLUSTER_ERRORS;

type Placeholders<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** The parameters that the message template of `C` needs. */
export type MicroclusterErrorParameters<C extends MicroclusterErrorCode> = {
  readonly [K in Placeholders<(typeof MICROCLUSTER_ERRORS)[C]['template']>]:
    string | number | bigint;
};
