/** Makes the application under test the first member of a cluster while it starts. */
import type { OnApplicationBootstrap } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { MicroclusterAdapter } from '@microcluster/nest';
import type { AddressSource } from '../address-book.js';

/** How the application is bootstrapped. */
export interface BootstrapRequest {
  /** Member name. Default `n1`. */
  readonly name?: string;
  /** `ip:port` of its Core API. Default: a free one on loopback. */
  readonly address?: string;
  /** What the hooks `preInit` and `postBootstrap` are told. Default: nothing. */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * A provider of the test's root module, which Nest starts after everything that it imports: the daemon then
 * runs, uninitialised.
 */
export class BootstrapOnStart implements OnApplicationBootstrap {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly request: BootstrapRequest,
    private readonly addresses: AddressSource,
  ) {}

  /** @throws Error with the daemon's own words when it cannot be bootstrapped */
  async onApplicationBootstrap(): Promise<void> {
    const { name = 'n1', config = {} } = this.request;
    const address = this.request.address ?? (await this.addresses.addressOf('core'));
    const adapter: unknown = this.host.httpAdapter;
    if (!(adapter instanceof MicroclusterAdapter)) {
      throw new TypeError('The application under test must have a MicroclusterAdapter');
    }
    const answer = await adapter.inject({
      method: 'POST',
      url: '/core/control',
      payload: { bootstrap: true, name, address, config },
    });
    if (answer.statusCode !== 200) {
      throw new Error(
        `The application under test could not be bootstrapped as ${name} at ${address}: ${answer.body.trim()}`,
      );
    }
  }
}
