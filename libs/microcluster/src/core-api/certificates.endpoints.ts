/** Replacing certificates: `PUT /core/1.0/cluster/certificates/{name}` (`spec/core-api.md` 21), and its first phase. */
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { PRE_INIT_LISTENER } from '../access/index.js';
import { CertificateRotation, LocalCertificates } from '../certificates/rotation/index.js';
import { MicroclusterError } from '../errors/index.js';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { keyPairSchema, parseValue } from '../types/index.js';

/** The reasons of members that lack the new certificate, by name. */
const replacementSchema = z.object({ members: z.record(z.string(), z.string()).optional() });

@Injectable()
export class CertificatesEndpoints {
  constructor(
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
    private readonly rotation: CertificateRotation,
    private readonly local: LocalCertificates,
  ) {}

  /** The metadata is empty, or says of each member that lacks the new certificate why that is so. */
  @CoreRoute('PUT', '/core/1.0/cluster/certificates/{name}', {
    allowedBeforeInit: true,
    doc: {
      summary: 'Replace a certificate on all members; says which member lacks it and why',
      body: keyPairSchema,
      reply: replacementSchema,
    },
  })
  async replace({ params, body, context }: CoreRequest): Promise<unknown> {
    // Everybody is trusted on the pre-init listener, which is too much trust for this.
    if (context.listener === PRE_INIT_LISTENER && !this.args.allowPreInitCertificateChanges) {
      throw new MicroclusterError('NOT_AUTHORIZED', {});
    }
    const late = await this.rotation.replace(
      params['name'] ?? '',
      parseValue(keyPairSchema, body, 'KeyPair'),
      { fanOut: !context.isNotification },
    );
    return Object.keys(late).length === 0 ? undefined : { members: late };
  }

  /** Another member is about to replace a certificate: it is checked, and accepted beside the present one. */
  @CoreRoute('PUT', '/core/internal/certificates/{name}', {
    allowedBeforeInit: true,
    doc: {
      summary: 'Check a certificate, and accept it beside the present one',
      body: keyPairSchema,
    },
  })
  async announce({ params, body }: CoreRequest): Promise<void> {
    const pair = parseValue(keyPairSchema, body, 'KeyPair');
    await this.local.announce(params['name'] ?? '', pair);
  }

  /** It is not going to be replaced after all. */
  @CoreRoute('DELETE', '/core/internal/certificates/{name}', {
    allowedBeforeInit: true,
    doc: { summary: 'Forget a certificate that was to be accepted' },
  })
  async withdraw({ params }: CoreRequest): Promise<void> {
    await this.local.withdraw(params['name'] ?? '');
  }
}
