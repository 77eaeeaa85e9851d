/** Every point at which a test can stop an operation of several steps: after each of its steps, by operation. */

/** The points of each operation, in the order in which it passes them. */
export const FAILPOINTS_BY_OPERATION = {
  /** On the new member. */
  bootstrap: [
    'bootstrap:noted',
    'bootstrap:pre-init-hook-run',
    'bootstrap:prepared',
    'bootstrap:trust-stored',
    'bootstrap:certificate-stored',
    'bootstrap:listening',
    'bootstrap:database-opened',
    'bootstrap:schema-applied',
    'bootstrap:row-written',
    'bootstrap:hook-run',
    'bootstrap:note-removed',
    'bootstrap:completed',
  ],
  /** On the joiner. */
  join: [
    'join:noted',
    'join:pre-init-hook-run',
    'join:prepared',
    'join:admitted',
    'join:certificates-stored',
    'join:trust-stored',
    'join:listening',
    'join:database-opened',
    'join:schema-passed',
    'join:pre-join-hook-run',
    'join:announced',
    'join:introduced',
    'join:hook-run',
    'join:note-removed',
    'join:completed',
  ],
  /** A join, on the leader. */
  admission: ['admission:checked', 'admission:row-written', 'admission:trust-stored'],
  /** On the leader: before each step, then after the last. */
  removal: [
    'removal:reach',
    'removal:pre-remove-hook',
    'removal:row',
    'removal:dqlite',
    'removal:truststore',
    'removal:reset',
    'removal:post-remove-hook',
    'removal:record',
    'removal:completed',
  ],
  /** On a member that forgets its cluster: removed, or undoing its bootstrap or join. */
  reset: ['reset:begun', 'reset:closed', 'reset:wiped', 'reset:trust-emptied', 'reset:completed'],
  /** On the member that was asked to replace a certificate on all. */
  rotation: [
    'rotation:announced-here',
    'rotation:announced',
    'rotation:previous-stored',
    'rotation:pair-stored',
    'rotation:replaced-here',
    'rotation:completed',
  ],
  /** Of a member's own certificate, on that member; the pair is also stored and forgotten at a start that completes it. */
  identity: [
    'identity:announced',
    'identity:pair-kept',
    'identity:row-written',
    'identity:pair-stored',
    'identity:pair-forgotten',
    'identity:completed',
  ],
  /** Of additional servers, on the member that was asked. */
  configuration: [
    'configuration:listening',
    'configuration:stored',
    'configuration:applied',
    'configuration:completed',
  ],
} as const;

/** Name of a point: the operation, and what has just been done; for a removal, what is next. */
export type Failpoint =
  (typeof FAILPOINTS_BY_OPERATION)[keyof typeof FAILPOINTS_BY_OPERATION][number];

/** All of them. */
export const FAILPOINTS: readonly Failpoint[] = Object.values(FAILPOINTS_BY_OPERATION).flat();
