/** Decides from the free space of a file system whether the database may still be written. */

/** What a file system has. */
export interface DiskSpace {
  /** Bytes that this process may still use. */
  readonly free: number;
  /** Bytes altogether. */
  readonly size: number;
}

/**
 * - `enough`: everything goes on.
 * - `low`: no new writes are taken.
 * - `exhausted`: what others still replicate might not fit; the database may not follow them.
 */
export type SpaceState = 'enough' | 'low' | 'exhausted';

/** Small file systems give a tenth at most, or nothing could ever be written on them. */
const LARGEST_SHARE = 0.1;
/** How much more than the reserve has to be free before writes are taken again: no flapping at the edge. */
const RELIEF = 1.25;
/** The part of the reserve that replicated writes may use up: the rest is for what is under way until it stops. */
const FOLLOWED_SHARE = 0.5;

/** The bytes that are kept free, given the wish of the settings. */
export function reserveOf({ size }: DiskSpace, wished: number): number {
  return Math.min(wished, Math.floor(size * LARGEST_SHARE));
}

/** The state after `before`, now that the file system has `space`. */
export function decideSpace(before: SpaceState, space: DiskSpace, wished: number): SpaceState {
  const reserve = reserveOf(space, wished);
  if (space.free < reserve * (1 - FOLLOWED_SHARE)) return 'exhausted';
  if (before === 'enough') return space.free < reserve ? 'low' : 'enough';
  // Until there is relief, it stays what it is.
  return space.free < reserve * RELIEF ? before : 'enough';
}
