/** The configuration of this member: read, checked, changed as a whole, and made known (`spec/core-api.md` 22.5). */
import { MicroclusterError } from '../errors/index.js';
import type { Failpoints } from '../failpoints/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { Peers } from '../membership/peers.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { StateDirectory } from '../state/index.js';
import type { DaemonConfig, DaemonConfigPatch, ServerConfigs } from '../types/index.js';
import { checkServerConfigs } from './check-server-configs.js';
import type { DeclaredServers } from './declared-servers.js';
import { storedConfigs, visibleConfigs } from './listener-plan.js';
import type { ServerListeners } from './server-listeners.js';

/** What the configuration is made of. */
export interface DaemonConfigurationParts {
  readonly args: ParsedDaemonArgs;
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly declared: DeclaredServers;
  readonly listeners: ServerListeners;
  readonly peers: Peers;
  readonly failpoints: Failpoints;
}

/** Changes are made one after the other; each either happens completely or not at all. */
export class DaemonConfiguration {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: DaemonConfigurationParts) {}

  /** The configuration in force; the failure domain is that of the next start. */
  async read(): Promise<Required<DaemonConfig>> {
    const { args, identity } = this.parts;
    const stored = await this.stored();
    return {
      name: identity.name,
      address: identity.address,
      servers: visibleConfigs(stored.servers),
      'failure-domain': stored['failure-domain'] ?? args.failureDomain,
    };
  }

  /**
   * Replaces what `change` names. Listeners that do not change are left alone.
   *
   * @throws MicroclusterError 400 when something cannot be as asked, and what opening a listener throws:
   *   nothing has changed then. `FAILED` when another member's hook failed: the change stays.
   */
  async change(change: DaemonConfigPatch): Promise<void> {
    const result = this.last.then(() => this.apply(change));
    this.last = result.catch(() => undefined);
    await result;
    await this.parts.failpoints.reach('configuration:applied');
    await this.announce();
    await this.parts.failpoints.reach('configuration:completed');
  }

  private async apply(change: DaemonConfigPatch): Promise<void> {
    const { state, declared, identity, listeners, failpoints } = this.parts;
    this.requireSameMember(change);
    const stored = await this.stored();
    const requested = change.servers;
    if (requested !== undefined) checkServerConfigs(declared, requested, identity.address);
    const servers: ServerConfigs =
      requested === undefined ? stored.servers : storedConfigs(declared.all, requested);
    const domain = change['failure-domain'] ?? stored['failure-domain'];
    const next: DaemonConfig = {
      name: identity.name,
      address: identity.address,
      servers,
      ...(domain === undefined ? {} : { 'failure-domain': domain }),
    };
    await listeners.reconcile(servers, async () => {
      await failpoints.reach('configuration:listening');
      await state.writeDaemonConfig(next);
      await failpoints.reach('configuration:stored');
    });
  }

  /** Name and address are those by which the others know this member. */
  private requireSameMember(change: DaemonConfigPatch): void {
    const { identity } = this.parts;
    for (const key of ['name', 'address'] as const) {
      const wanted = change[key];
      if (wanted !== undefined && wanted !== '' && wanted !== identity[key]) {
        throw new MicroclusterError('BAD_REQUEST', {
          reason: `The ${key} of a cluster member cannot be changed from "${identity[key]}" to "${wanted}"; remove the member and let it join again`,
        });
      }
    }
  }

  private async announce(): Promise<void> {
    const { peers } = this.parts;
    const config = await this.read();
    const replies = await peers.ask(peers.others(), (client, member) =>
      client.runHook('on-daemon-config-update', config, {
        target: member.name,
        notification: true,
      }),
    );
    const failures = replies.flatMap((reply) =>
      'error' in reply
        ? [
            `"${reply.member.name}": ${reply.error instanceof Error ? reply.error.message : String(reply.error)}`,
          ]
        : [],
    );
    if (failures.length > 0) {
      throw new MicroclusterError('FAILED', {
        reason: `The configuration was changed, but not every member could be told: ${failures.join('; ')}`,
      });
    }
  }

  private async stored(): Promise<DaemonConfig> {
    const { state, identity } = this.parts;
    return (
      (await state.readDaemonConfig()) ?? {
        name: identity.name,
        address: identity.address,
        servers: {},
      }
    );
  }
}
