/** The configuration of this member: `/core/1.0/daemon/servers` and `/core/1.0/daemon/config` (`spec/core-api.md` 22.5). */
import { Injectable } from '@nestjs/common';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { DaemonConfiguration } from '../servers/index.js';
import {
  daemonConfigPatchSchema,
  daemonConfigSchema,
  encodeValue,
  parseValue,
  serverConfigsSchema,
  serverListenConfigsSchema,
  serversBodySchema,
} from '../types/index.js';

@Injectable()
export class DaemonEndpoints {
  constructor(private readonly configuration: DaemonConfiguration) {}

  @CoreRoute('GET', '/core/1.0/daemon/servers', {
    doc: { summary: 'Show where the additional servers listen', reply: serverConfigsSchema },
  })
  async servers(): Promise<unknown> {
    return encodeValue(serverConfigsSchema, (await this.configuration.read()).servers);
  }

  @CoreRoute('PUT', '/core/1.0/daemon/servers', {
    doc: { summary: 'Change where the additional servers listen', body: serverListenConfigsSchema },
  })
  async replaceServers({ body }: CoreRequest): Promise<void> {
    const servers = parseValue(serversBodySchema, body, 'ServerConfig');
    await this.configuration.change({ servers });
  }

  @CoreRoute('GET', '/core/1.0/daemon/config', {
    doc: { summary: 'Show the configuration of this member', reply: daemonConfigSchema },
  })
  async config(): Promise<unknown> {
    return encodeValue(daemonConfigSchema, await this.configuration.read());
  }

  /** Replaces everything: servers that are not named close. Name and address are only compared. */
  @CoreRoute('PUT', '/core/1.0/daemon/config', {
    doc: { summary: 'Replace the configuration of this member', body: daemonConfigPatchSchema },
  })
  async replaceConfig({ body }: CoreRequest): Promise<void> {
    const { servers = {}, ...rest } = parseValue(daemonConfigPatchSchema, body, 'DaemonConfig');
    await this.configuration.change({ ...rest, servers });
  }

  /** Replaces only the keys that are named. */
  @CoreRoute('PATCH', '/core/1.0/daemon/config', {
    doc: { summary: 'Change parts of the configuration', body: daemonConfigPatchSchema },
  })
  async patchConfig({ body }: CoreRequest): Promise<void> {
    await this.configuration.change(parseValue(daemonConfigPatchSchema, body, 'DaemonConfig'));
  }
}
