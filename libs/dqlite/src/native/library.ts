/** Finds libdqlite (or its fork libcowsql) and binds the functions that a node needs (`spec/dqlite.md` B.1, B.2). */
import type { LibraryHandle, TypeObject } from 'koffi';
import { DqliteError } from '../errors/index.js';
import { koffi } from './koffi.js';

/** Address of a native node; 0 is NULL. */
export type NodePointer = bigint;

/** A native function that may block and therefore also runs on a worker thread of koffi. */
interface BlockingFunction {
  async(node: NodePointer, callback: (error: unknown, result: number) => void): void;
}

/** One row of `recover_ext`: four unsigned 64-bit words (`spec/dqlite.md` B.6). */
export interface NativeNodeInfo {
  readonly size: bigint;
  readonly id: bigint;
  readonly address: bigint;
  readonly role: bigint;
}

/** The functions of the C API, bound under the prefix of the library that was found. */
export interface LoadedLibrary {
  /** The name or path that it was loaded from. */
  readonly file: string;
  /** `dqlite_version_number()`; Debian's 1.11.1 says 11000. */
  readonly versionNumber: number;
  /** Type of the connect callback, for `koffi.register`. */
  readonly connectCallback: TypeObject;
  readonly create: (id: bigint, address: string, directory: string, node: BigUint64Array) => number;
  readonly destroy: (node: NodePointer) => void;
  readonly setBindAddress: (node: NodePointer, address: string) => number;
  readonly getBindAddress: (node: NodePointer) => string | null;
  readonly setConnectFunction: (node: NodePointer, callback: bigint, argument: null) => number;
  readonly setNetworkLatencyMs: (node: NodePointer, ms: number) => number;
  readonly setFailureDomain: (node: NodePointer, domain: bigint) => number;
  readonly setSnapshotParameters: (
    node: NodePointer,
    threshold: number,
    trailing: number,
  ) => number;
  readonly start: BlockingFunction;
  readonly stop: BlockingFunction;
  readonly recover: (node: NodePointer, members: NativeNodeInfo[], count: number) => number;
  readonly errorMessage: (node: NodePointer) => string | null;
}

const CANDIDATES = [
  { file: 'libdqlite.so.0', prefix: 'dqlite' },
  { file: 'libcowsql.so.0', prefix: 'cowsql' },
] as const;

const found = new Map<string, LoadedLibrary>();

/**
 * Loads the library named by `MICROCLUSTER_LIBDQLITE`, else `libdqlite.so.0`, else `libcowsql.so.0`.
 * Kept for the life of the process.
 *
 * @param environment where to look for `MICROCLUSTER_LIBDQLITE`; a path or a name that the loader knows
 * @throws DqliteError `LIBRARY_MISSING` when none can be loaded, `LIBRARY_SYMBOL_MISSING` when one
 *   was loaded that lacks a function
 */
export function findLibrary(environment: NodeJS.ProcessEnv = process.env): LoadedLibrary {
  const named = environment['MICROCLUSTER_LIBDQLITE'];
  const candidates =
    named === undefined || named === ''
      ? CANDIDATES
      : [{ file: named, prefix: named.includes('cowsql') ? 'cowsql' : 'dqlite' }];
  const key = candidates.map((candidate) => candidate.file).join();
  let library = found.get(key);
  if (library === undefined) {
    library = load(candidates);
    found.set(key, library);
  }
  return library;
}

function load(candidates: readonly { file: string; prefix: string }[]): LoadedLibrary {
  const reasons: string[] = [];
  let cause: unknown;
  for (const { file, prefix } of candidates) {
    let handle;
    try {
      // `deep`: else the library binds to the libuv inside Node and shares its thread pool (B.2).
      handle = koffi().load(file, { deep: true });
    } catch (error) {
      cause = error;
      reasons.push(file);
      continue;
    }
    return bind(handle, file, prefix);
  }
  throw new DqliteError('LIBRARY_MISSING', { tried: reasons.join(', ') }, { cause });
}

function bind(handle: LibraryHandle, file: string, prefix: string): LoadedLibrary {
  const ffi = koffi();
  const bindFunction = (name: string, result: string, parameters: (string | TypeObject)[]) => {
    const symbol = `${prefix}_${name}`;
    try {
      return handle.func(symbol, result, parameters);
    } catch (cause) {
      throw new DqliteError('LIBRARY_SYMBOL_MISSING', { library: file, symbol }, { cause });
    }
  };
  const nodeInfo = ffi.struct({
    size: 'uint64_t',
    id: 'uint64_t',
    address: 'uint64_t',
    role: 'uint64_t',
  });
  const callback = ffi.pointer(ffi.proto('int', ['void *', 'const char *', 'void *']));
  const versionNumber: number = bindFunction('version_number', 'int', [])();
  return {
    file,
    versionNumber,
    connectCallback: callback,
    create: bindFunction('node_create', 'int', ['uint64_t', 'str', 'str', 'void *']),
    destroy: bindFunction('node_destroy', 'void', ['void *']),
    setBindAddress: bindFunction('node_set_bind_address', 'int', ['void *', 'str']),
    getBindAddress: bindFunction('node_get_bind_address', 'str', ['void *']),
    setConnectFunction: bindFunction('node_set_connect_func', 'int', [
      'void *',
      callback,
      'void *',
    ]),
    setNetworkLatencyMs: bindFunction('node_set_network_latency_ms', 'int', ['void *', 'uint32_t']),
    setFailureDomain: bindFunction('node_set_failure_domain', 'int', ['void *', 'uint64_t']),
    setSnapshotParameters: bindFunction('node_set_snapshot_params', 'int', [
      'void *',
      'uint32_t',
      'uint32_t',
    ]),
    start: bindFunction('node_start', 'int', ['void *']),
    stop: bindFunction('node_stop', 'int', ['void *']),
    recover: bindFunction('node_recover_ext', 'int', ['void *', ffi.pointer(nodeInfo), 'int']),
    errorMessage: bindFunction('node_errmsg', 'str', ['void *']),
  };
}
