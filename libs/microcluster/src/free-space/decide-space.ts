/** Decides from the free space of a file system whether the database may still be written. */

/** What a file system has. */
export interface DiskSpace {
  /** Bytes that this process may still use. */
  readonly free: number;
  /** Bytes altogether. */
  readonly size: number;
}

export type SpaceState = 'enough' | 'low';

/** Small file systems give a tenth at most, or nothing could ever be written on them. */
const LARGEST_SHARE = 0.1;
/** How much more than the reserve has to be free before writes are taken again: no flapping at the edge. */
const RELIEF = 1.25;

/** The bytes that are kept free, given the wish of the settings. */
export function reserveOf({ size }: DiskSpace, wished: number): number {
  return Math.min(wished, Math.floor(size * LARGEST_SHARE));
}

/** The state after `before`, now that the file system has `space`. */
export function decideSpace(before: SpaceState, space: DiskSpace, wished: number): SpaceState {
  const reserve = reserveOf(space, wished);
  return space.free < (before === 'low' ? reserve * RELIEF : reserve) ? 'low' : 'enough';
}
