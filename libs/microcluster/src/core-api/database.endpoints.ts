/** The notice that a member has upgraded its schema; the tunnel on the same path belongs to the listeners (`spec/core-api.md` 11.3). */
import { Injectable } from '@nestjs/common';
import { UpgradeBell } from '../lifecycle/upgrade-bell.js';
import {
  checkDqliteVersion,
  CoreRoute,
  EMPTY_REPLY,
  type CoreRequest,
  type RawReply,
} from '../listeners/index.js';

@Injectable()
export class DatabaseEndpoints {
  constructor(private readonly bell: UpgradeBell) {}

  @CoreRoute('PATCH', '/core/internal/database', {
    allowedBeforeInit: true,
    trustBeforeHandler: true,
    doc: { summary: 'Tell this member that another has upgraded its schema', rawType: '' },
  })
  notify({ headers }: CoreRequest): RawReply {
    checkDqliteVersion(headers);
    this.bell.ring();
    return EMPTY_REPLY;
  }
}
