/** The control channel between the application and its database process: every message, and its parsing. */
import type { NodeStartOptions, NodeTransport, TlsIdentity, TunnelTrust } from '../node-host.js';
import type { NodeInfo, NodeRole } from '../values.js';
import {
  bigintIn,
  bytesIn,
  fieldsOf,
  listIn,
  numberIn,
  textIn,
  textMapIn,
  textsIn,
} from './parse.js';

/** How the child watches its parent, milliseconds. */
export interface ParentWatch {
  readonly intervalMs: number;
  readonly silenceMs: number;
}

/** What the application asks for; those with a `request` are answered. */
export type ToChild =
  | {
      readonly type: 'start';
      readonly request: number;
      readonly options: NodeStartOptions;
      readonly watch: ParentWatch;
    }
  | { readonly type: 'stop'; readonly request: number }
  | {
      readonly type: 'recover';
      readonly request: number;
      readonly directory: string;
      readonly members: readonly NodeInfo[];
    }
  | { readonly type: 'trust'; readonly request: number; readonly trust: TunnelTrust }
  /** Answered by `dialled` with a socket. */
  | { readonly type: 'dial'; readonly request: number }
  /** Comes with a socket. */
  | { readonly type: 'accept'; readonly head: Uint8Array }
  | { readonly type: 'pong' };

/** What the database process says. */
export type FromChild =
  | { readonly type: 'done'; readonly request: number }
  | { readonly type: 'dialled'; readonly request: number }
  | {
      readonly type: 'failed';
      readonly request: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: 'ping' };

/** @throws TypeError when it is none of the messages */
export function parseToChild(value: unknown): ToChild {
  const fields = fieldsOf(value, 'message');
  const type = textIn(fields, 'type');
  switch (type) {
    case 'start':
      return {
        type,
        request: numberIn(fields, 'request'),
        options: parseStartOptions(fields['options']),
        watch: parseWatch(fields['watch']),
      };
    case 'stop':
    case 'dial':
      return { type, request: numberIn(fields, 'request') };
    case 'recover':
      return {
        type,
        request: numberIn(fields, 'request'),
        directory: textIn(fields, 'directory'),
        members: listIn(fields, 'members', parseMember),
      };
    case 'trust':
      return {
        type,
        request: numberIn(fields, 'request'),
        trust: parseTrust(fields['trust']),
      };
    case 'accept':
      return { type, head: bytesIn(fields, 'head') };
    case 'pong':
      return { type };
    default:
      throw new TypeError(`'${type}' is not a message to the database process`);
  }
}

/** @throws TypeError when it is none of the messages */
export function parseFromChild(value: unknown): FromChild {
  const fields = fieldsOf(value, 'message');
  const type = textIn(fields, 'type');
  switch (type) {
    case 'done':
    case 'dialled':
      return { type, request: numberIn(fields, 'request') };
    case 'failed':
      return {
        type,
        request: numberIn(fields, 'request'),
        code: textIn(fields, 'code'),
        message: textIn(fields, 'message'),
      };
    case 'ping':
      return { type };
    default:
      throw new TypeError(`'${type}' is not a message of the database process`);
  }
}

function parseStartOptions(value: unknown): NodeStartOptions {
  const fields = fieldsOf(value, 'options');
  const snapshot = fields['snapshot'];
  return {
    id: bigintIn(fields, 'id'),
    address: textIn(fields, 'address'),
    directory: textIn(fields, 'directory'),
    transport: parseTransport(fields['transport']),
    ...(fields['failureDomain'] === undefined
      ? {}
      : { failureDomain: bigintIn(fields, 'failureDomain') }),
    ...(fields['networkLatencyMs'] === undefined
      ? {}
      : { networkLatencyMs: numberIn(fields, 'networkLatencyMs') }),
    ...(snapshot === undefined ? {} : { snapshot: parseSnapshot(snapshot) }),
  };
}

function parseSnapshot(value: unknown): { threshold: number; trailing: number } {
  const fields = fieldsOf(value, 'snapshot');
  return { threshold: numberIn(fields, 'threshold'), trailing: numberIn(fields, 'trailing') };
}

function parseWatch(value: unknown): ParentWatch {
  const fields = fieldsOf(value, 'watch');
  return {
    intervalMs: numberIn(fields, 'intervalMs'),
    silenceMs: numberIn(fields, 'silenceMs'),
  };
}

function parseTransport(value: unknown): NodeTransport {
  const fields = fieldsOf(value, 'transport');
  const kind = textIn(fields, 'kind');
  switch (kind) {
    case 'tcp':
      return { kind };
    case 'tls':
      return {
        kind,
        identity: parseIdentity(fields['identity']),
        trusted: textIn(fields, 'trusted'),
      };
    case 'tunnel':
      return { kind, ...parseTrust(fields) };
    default:
      throw new TypeError(`'${kind}' is not a transport`);
  }
}

function parseTrust(value: unknown): TunnelTrust {
  const fields = fieldsOf(value, 'trust');
  return {
    identity: parseIdentity(fields['identity']),
    serving: parseIdentity(fields['serving']),
    trustedServers: textsIn(fields, 'trustedServers'),
    trustedPeers: textsIn(fields, 'trustedPeers'),
    ...(fields['routes'] !== undefined && { routes: textMapIn(fields, 'routes') }),
  };
}

function parseIdentity(value: unknown): TlsIdentity {
  const fields = fieldsOf(value, 'identity');
  return { certificate: textIn(fields, 'certificate'), privateKey: textIn(fields, 'privateKey') };
}

function parseMember(value: unknown): NodeInfo {
  const fields = fieldsOf(value, 'member');
  return {
    id: bigintIn(fields, 'id'),
    address: textIn(fields, 'address'),
    role: parseRole(textIn(fields, 'role')),
  };
}

function parseRole(value: string): NodeRole {
  if (value === 'voter' || value === 'stand-by' || value === 'spare') return value;
  throw new TypeError(`'${value}' is not a role`);
}
