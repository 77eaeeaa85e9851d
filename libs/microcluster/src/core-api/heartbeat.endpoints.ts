/** Heartbeats: begun on the leader's own socket, received from the leader (`spec/core-api.md` 17). */
import { Injectable } from '@nestjs/common';
import { UNIX_LISTENER, type RequestContext } from '../access/index.js';
import { HeartbeatService, type HeartbeatSender } from '../heartbeat/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { heartbeatInfoSchema, parseValue } from '../types/index.js';

@Injectable()
export class HeartbeatEndpoints {
  constructor(
    private readonly heartbeats: HeartbeatService,
    private readonly daemon: Daemon,
  ) {}

  @CoreRoute('POST', '/core/internal/heartbeat', {
    doc: { summary: 'Take the heartbeat of the leader', body: heartbeatInfoSchema },
  })
  async receive({ body, context }: CoreRequest): Promise<void> {
    const info = parseValue(heartbeatInfoSchema, body, 'HeartbeatInfo');
    await this.heartbeats.handle(info, senderOf(context), this.daemon.signal);
  }
}

function senderOf({ listener, peer }: RequestContext): HeartbeatSender {
  if (listener === UNIX_LISTENER) {
    return { kind: 'local' };
  }
  return peer === undefined ? { kind: 'stranger' } : { kind: 'member', name: peer.name };
}
