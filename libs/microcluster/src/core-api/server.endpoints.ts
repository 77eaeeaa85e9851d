/** What a daemon says of itself: `GET /core/1.0` and `/core/1.0/ready` (`spec/core-api.md` 9.1, 9.2). */
import { Inject, Injectable } from '@nestjs/common';
import { MicroclusterError } from '../errors/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { CoreRoute } from '../listeners/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { encodeValue, serverSchema } from '../types/index.js';

@Injectable()
export class ServerEndpoints {
  constructor(
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
    private readonly daemon: Daemon,
    private readonly identity: MemberIdentity,
    private readonly schema: SchemaGate,
  ) {}

  @CoreRoute('GET', '/core/1.0', {
    allowedBeforeInit: true,
    allowUntrusted: true,
    doc: {
      summary: 'Show name, address, version and extensions of this member',
      reply: serverSchema,
    },
  })
  info(): unknown {
    return encodeValue(serverSchema, {
      name: this.identity.name,
      address: this.identity.address,
      version: this.args.version,
      ready: this.daemon.databaseStatus().open,
      extensions: [...this.schema.extensions],
    });
  }

  @CoreRoute('GET', '/core/1.0/ready', {
    allowedBeforeInit: true,
    doc: { summary: 'Answer 200 once this member has started completely' },
  })
  ready(): void {
    if (!this.daemon.isReady) {
      throw new MicroclusterError('NOT_READY', {});
    }
  }
}
