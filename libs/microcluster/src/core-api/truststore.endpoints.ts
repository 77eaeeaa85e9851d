/** Changes of the trust store that go round the cluster: `/core/internal/truststore` (`spec/core-api.md` 9.11, 9.12). */
import { Injectable } from '@nestjs/common';
import { IdentityRotation } from '../certificates/rotation/index.js';
import { MicroclusterError } from '../errors/index.js';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { TrustPropagation } from '../membership/trust-propagation.js';
import {
  announcedCertificateSchema,
  clusterMemberLocalSchema,
  parseValue,
} from '../types/index.js';

@Injectable()
export class TruststoreEndpoints {
  constructor(
    private readonly propagation: TrustPropagation,
    private readonly rotation: IdentityRotation,
  ) {}

  @CoreRoute('POST', '/core/internal/truststore', {
    allowedBeforeInit: true,
    doc: { summary: 'Trust a new member', body: clusterMemberLocalSchema },
  })
  async add({ body, context }: CoreRequest): Promise<void> {
    const member = parseValue(clusterMemberLocalSchema, body, 'ClusterMemberLocal');
    await this.propagation.add(member, { fanOut: !context.isNotification });
  }

  /** A member is about to replace its own certificate, which nobody else may say of it. */
  @CoreRoute('PUT', '/core/internal/truststore/{name}', {
    allowedBeforeInit: true,
    doc: {
      summary: 'Believe a member by a further certificate',
      body: announcedCertificateSchema,
    },
  })
  announce({ params, body, context }: CoreRequest): void {
    const name = params['name'] ?? '';
    if (context.peer?.name !== name) throw new MicroclusterError('NOT_AUTHORIZED', {});
    const { certificate } = parseValue(announcedCertificateSchema, body, 'certificate');
    this.rotation.believe(name, certificate);
  }

  @CoreRoute('DELETE', '/core/internal/truststore/{name}', {
    allowedBeforeInit: true,
    doc: { summary: 'Trust a member no longer' },
  })
  async remove({ params, context }: CoreRequest): Promise<void> {
    await this.propagation.remove(params['name'] ?? '', { fanOut: !context.isNotification });
  }
}
