/** Finds TCP ports of the loopback interface that nobody uses. */
import { freeAddress } from '@microcluster/dqlite/free-address';

/** `count` different addresses `127.0.0.1:port`. */
export async function freeAddresses(count: number): Promise<string[]> {
  const addresses: string[] = [];
  while (addresses.length < count) addresses.push(await freeAddress());
  return addresses;
}
