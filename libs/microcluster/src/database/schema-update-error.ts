/** Why the schema could not be brought to this code's version (`spec/core-api.md` 20.5). */
import type { SchemaKind } from './schema-versions.js';

/** A failed or impossible schema update; nothing of the transaction it ran in was kept. */
export class SchemaUpdateError extends Error {
  override readonly name = 'SchemaUpdateError';
  /** HTTP status of the reply when a request made the update run. */
  readonly status = 500;

  private constructor(
    message: string,
    /** Whose update: the framework's (`internal`) or the application's (`external`). */
    readonly kind: SchemaKind,
    /** Number of the update that failed, or the version that the database has. */
    readonly version: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Update `version` rejected or threw. */
  static failed(
    kind: SchemaKind,
    version: number,
    label: string,
    cause: unknown,
  ): SchemaUpdateError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new SchemaUpdateError(
      `Failed to apply update ${version}: ${reason} (${label})`,
      kind,
      version,
      {
        cause,
      },
    );
  }

  /** The database has updates that this code does not know. */
  static tooNew(kind: SchemaKind, have: number, want: number): SchemaUpdateError {
    const message = `Schema version ${have} is more recent than expected ${want} (${kind}); start a newer release of this program`;
    return new SchemaUpdateError(message, kind, have);
  }
}
