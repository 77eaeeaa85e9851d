/** What this node itself says, asked over a connection to its own engine. */
import { DqliteConnection, type WaitOptions } from '../client/index.js';
import type { NodeHost } from '../node-host.js';
import type { Dial } from '../values.js';

/** A dial function that reaches this node through its host and all others through `dial`. */
export function dialWithLocal(host: NodeHost, ownAddress: string, dial: Dial): Dial {
  return (address, signal) =>
    address === ownAddress ? host.dialLocal(signal) : dial(address, signal);
}

/** Whether node `id` at `address` leads in its own eyes; false when it does not answer in time. */
export async function believesToLead(
  dial: Dial,
  address: string,
  id: bigint,
  signal?: AbortSignal,
): Promise<boolean> {
  const wait = { signal, deadlineMs: 2000 };
  let connection: DqliteConnection | undefined;
  try {
    connection = await DqliteConnection.connect({ dial, address, ...wait });
    return (await connection.leader(wait))?.id === id;
  } catch {
    return false;
  } finally {
    connection?.close();
  }
}

/** Tells this node's engine its weight, which it keeps until it restarts. */
export async function declareWeight(
  host: NodeHost,
  address: string,
  weight: bigint,
  wait: WaitOptions,
): Promise<void> {
  const dial: Dial = (_, signal) => host.dialLocal(signal);
  const connection = await DqliteConnection.connect({ dial, address, ...wait });
  try {
    await connection.weight(weight, wait);
  } finally {
    connection.close();
  }
}
