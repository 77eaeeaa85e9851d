/** Changes of the trust store that go round the cluster: `/core/internal/truststore` (`spec/core-api.md` 9.11, 9.12). */
import { Injectable } from '@nestjs/common';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { TrustPropagation } from '../membership/trust-propagation.js';
import { clusterMemberLocalSchema, parseValue } from '../types/index.js';

@Injectable()
export class TruststoreEndpoints {
  constructor(private readonly propagation: TrustPropagation) {}

  @CoreRoute('POST', '/core/internal/truststore', {
    allowedBeforeInit: true,
    doc: { summary: 'Trust a new member', body: clusterMemberLocalSchema },
  })
  async add({ body, context }: CoreRequest): Promise<void> {
    const member = parseValue(clusterMemberLocalSchema, body, 'ClusterMemberLocal');
    await this.propagation.add(member, { fanOut: !context.isNotification });
  }

  @CoreRoute('DELETE', '/core/internal/truststore/{name}', {
    allowedBeforeInit: true,
    doc: { summary: 'Trust a member no longer' },
  })
  async remove({ params, context }: CoreRequest): Promise<void> {
    await this.propagation.remove(params['name'] ?? '', { fanOut: !context.isNotification });
  }
}
