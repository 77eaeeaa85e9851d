/** Tells the cluster that a joiner is not coming, so that nothing of it stays behind there (`spec/core-api.md` 14.6). */
import type { LoggerService } from '@nestjs/common';
import { isClientError, MicroclusterClient } from '../client/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import { routeTo, type ParsedDaemonArgs } from '../options/index.js';

export interface WithdrawalParts {
  readonly identity: Pick<MemberIdentity, 'dialling'>;
  readonly args: Pick<ParsedDaemonArgs, 'timeouts' | 'routes'>;
  readonly logger: LoggerService;
}

/** A member that may take the message. */
export interface WithdrawalAddressee {
  readonly address: string;
  /** PEM of the certificate that it shows. */
  readonly certificate: string;
}

/**
 * Asks the addressees in turn to remove the member called `name`, until one has done it. Those that cannot
 * are logged: where all fail, the leader reaps a joiner that stays silent.
 *
 * @returns whether one has done it
 */
export async function withdraw(
  { identity, args, logger }: WithdrawalParts,
  addressees: readonly WithdrawalAddressee[],
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (const { address, certificate } of addressees) {
    const client = new MicroclusterClient({
      address,
      identity: identity.dialling,
      trusted: certificate,
      timeoutMs: args.timeouts.request,
      ...routeTo(address, args),
    });
    try {
      await client.removeMember(name, { force: true, signal });
      return true;
    } catch (error) {
      // Nobody of that name: the cluster has forgotten us, or never knew us.
      if (isClientError(error, 'REPLIED') && error.status === 404) return true;
      logger.warn({ event: 'withdrawal-failed', address, error });
    } finally {
      await client.close();
    }
  }
  return false;
}
