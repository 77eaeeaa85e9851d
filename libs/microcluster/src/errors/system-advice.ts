/** What an operator can do about an error of the operating system that a start has failed with. */

/** Completes the system's own text, which names the file. */
const ADVICE: Readonly<Record<string, string>> = {
  EROFS:
    'its file system is mounted read-only; find out why, as dmesg tells of failing disks, then make it writable with mount -o remount,rw',
  EACCES:
    'give it to the account of the daemon with chown, and check the modes of the directories above it',
  EPERM: 'check its owner, and that neither chattr +i nor a security module protects it',
  ENOSPC: 'its file system is full; delete what is not needed, or enlarge it',
  EDQUOT:
    'the quota of the account of the daemon is used up; delete what is not needed, or raise it',
  EIO: "its disk cannot be read or written; look into the kernel's log with dmesg, and replace the disk",
  EMFILE: 'the daemon may not open more files; raise its limit, LimitNOFILE under systemd',
  ENFILE: 'the machine cannot open more files; raise fs.file-max',
};

/** How deep a chain of causes is followed. */
const MAX_CAUSES = 16;

/**
 * The same failure with what to do about it, where a file of the system is the cause; any other is returned as it is.
 *
 * @param error what a start was rejected with
 */
export function withAdvice(error: unknown): Error {
  const failure = error instanceof Error ? error : new Error(String(error));
  const advice = adviceFor(failure);
  return advice === undefined
    ? failure
    : new Error(`${failure.message}; ${advice}`, { cause: failure });
}

function adviceFor(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    // Only errors about files have a path: a port that may not be bound is another matter.
    if ('path' in current && 'code' in current && typeof current.code === 'string') {
      const advice = ADVICE[current.code];
      if (advice !== undefined) return advice;
    }
    current = current.cause;
  }
  return undefined;
}
