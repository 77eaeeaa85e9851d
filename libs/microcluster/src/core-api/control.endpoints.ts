/** Life and death of this daemon, on the control socket alone: `/core/control` (`spec/core-api.md` 9.3, 23.2). */
import { Injectable } from '@nestjs/common';
import { IdentityRotation } from '../certificates/rotation/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { Membership } from '../membership/membership.js';
import { controlSchema, keyPairSchema, parseValue } from '../types/index.js';

@Injectable()
export class ControlEndpoints {
  constructor(
    private readonly daemon: Daemon,
    private readonly membership: Membership,
    private readonly rotation: IdentityRotation,
  ) {}

  @CoreRoute('POST', '/core/control', {
    allowedBeforeInit: true,
    doc: { summary: 'Bootstrap a cluster, or join one with a token', body: controlSchema },
  })
  async initialise({ body, signal }: CoreRequest): Promise<void> {
    await this.membership.initialise(parseValue(controlSchema, body, 'Control'), signal);
  }

  /** Replaces this member's own certificate by the given pair, or by one that is made here. */
  @CoreRoute('POST', '/core/control/certificate', {
    doc: { summary: "Replace this member's own certificate", body: keyPairSchema },
  })
  async replaceCertificate({ body }: CoreRequest): Promise<void> {
    await this.rotation.replace(
      body === undefined ? undefined : parseValue(keyPairSchema, body, 'KeyPair'),
    );
  }

  @CoreRoute('POST', '/core/control/shutdown', {
    allowedBeforeInit: true,
    outlastsDrain: true,
    doc: { summary: 'Stop the daemon' },
  })
  async shutdown({ afterReply }: CoreRequest): Promise<void> {
    let failure: Error | undefined;
    afterReply(() => {
      this.daemon.requestExit(failure);
    });
    try {
      await this.daemon.stop();
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }
}
