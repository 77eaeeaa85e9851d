/** Hooks that other members ask this one to run: `/core/internal/hooks/{hookType}` (`spec/core-api.md` 18.3). */
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { failedWith } from '../errors/failed-with.js';
import { MicroclusterError } from '../errors/index.js';
import { HookRunner } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import {
  daemonConfigSchema,
  goObject,
  newMemberHookSchema,
  parseValue,
  removeMemberHookSchema,
  textSchema,
} from '../types/index.js';

const newMemberNameSchema = goObject({
  new_member: goObject({ name: textSchema }).default({ name: '' }),
});

/** What the body is depends on the hook. */
const hookSchema = z.union([removeMemberHookSchema, newMemberHookSchema, daemonConfigSchema]);

@Injectable()
export class HooksEndpoints {
  constructor(
    private readonly hooks: HookRunner,
    private readonly identity: MemberIdentity,
    private readonly daemon: Daemon,
  ) {}

  @CoreRoute('POST', '/core/internal/hooks/{hookType}', {
    proxyTarget: true,
    doc: { summary: 'Run a hook of this member', body: hookSchema },
  })
  async run({ params, body }: CoreRequest): Promise<void> {
    switch (params['hookType']) {
      case 'pre-remove':
        return this.runRemovalHook('preRemove', 'pre-remove', body);
      case 'post-remove':
        return this.runRemovalHook('postRemove', 'post-remove', body);
      case 'on-new-member':
        return this.runNewMemberHook(body);
      case 'on-daemon-config-update':
        return this.runConfigHook(body);
      default:
        throw new MicroclusterError('FAILED', {
          reason: 'No valid hook found for the given type',
        });
    }
  }

  private async runRemovalHook(
    hook: 'preRemove' | 'postRemove',
    type: string,
    body: unknown,
  ): Promise<void> {
    const options = parseValue(removeMemberHookSchema, body, 'HookRemoveMemberOptions');
    await this.hooks
      .run(hook, { signal: this.daemon.signal }, options)
      .catch(
        failedWith(`Failed to execute ${type} hook on cluster member "${this.identity.name}"`),
      );
  }

  private async runNewMemberHook(body: unknown): Promise<void> {
    // A missing member reads as one without a name, which has a text of its own (`spec/core-api.md` 18.3).
    const { new_member: named } = parseValue(newMemberNameSchema, body, 'HookNewMemberOptions');
    if (named.name === '') {
      throw new MicroclusterError('FAILED', {
        reason: 'No new member name given for NewMember hook execution',
      });
    }
    const { new_member: member } = parseValue(newMemberHookSchema, body, 'HookNewMemberOptions');
    await this.hooks
      .run('newMember', { signal: this.daemon.signal }, member)
      .catch(failedWith(`Failed to run hook after system "${member.name}" has joined the cluster`));
  }

  private async runConfigHook(body: unknown): Promise<void> {
    const config = parseValue(daemonConfigSchema, body, 'DaemonConfig');
    await this.hooks
      .run('daemonConfigUpdate', { signal: this.daemon.signal }, config)
      .catch(
        failedWith(
          `Failed to run hook on "${this.identity.name}" after daemon received local config update`,
        ),
      );
  }
}
