/** Makes what is reached over sockets: the listeners, the servers that users declare, and their configuration. */
import type { FactoryProvider, Provider, Type } from '@nestjs/common';
import { DiscoveryService, HttpAdapterHost } from '@nestjs/core';
import { Failpoints } from '../failpoints/index.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import { ListenerSet } from '../listeners/index.js';
import { Peers } from '../membership/peers.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import {
  DaemonConfiguration,
  DeclaredServers,
  declareServers,
  ServerListeners,
} from '../servers/index.js';
import { InheritedSockets, inheritSockets } from '../service-manager/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';
import { sinkOf } from './attach-daemon.js';
import { RUNNING_MEMBER } from './late-bound-providers.js';
import type { LateBound } from './late-bound.js';

const inherited: FactoryProvider = {
  provide: InheritedSockets,
  inject: [DAEMON_ARGS],
  useFactory: ({ logger }: ParsedDaemonArgs) => inheritSockets(logger),
};

const listeners: FactoryProvider = {
  provide: ListenerSet,
  inject: [DAEMON_ARGS, HttpAdapterHost, InheritedSockets, TrustStore, RUNNING_MEMBER],
  useFactory: (
    { maxUntrustedConnections }: ParsedDaemonArgs,
    host: HttpAdapterHost,
    sockets: InheritedSockets,
    members: TrustStore,
    running: LateBound<MemberRuntime>,
  ) =>
    new ListenerSet(sinkOf(host), {
      inherited: sockets,
      limits: { maxUntrustedConnections },
      isMember: (fingerprint) => members.byFingerprint(fingerprint) !== undefined,
      onDqliteSocket: (socket, head) => {
        running.get().acceptRaw(socket, head);
      },
    }),
};

const declared: FactoryProvider = {
  provide: DeclaredServers,
  inject: [DAEMON_ARGS, DiscoveryService],
  useFactory: (args: ParsedDaemonArgs, discovery: DiscoveryService) => {
    const classes = discovery.getControllers().map(({ metatype }) => metatype);
    const controllers = classes.filter((found): found is Type => typeof found === 'function');
    return declareServers(args.servers, controllers, args.preInitListenAddress);
  },
};

const servers: FactoryProvider = {
  provide: ServerListeners,
  inject: [DAEMON_ARGS, DeclaredServers, StateDirectory, MemberIdentity, ListenerSet],
  useFactory: (
    args: ParsedDaemonArgs,
    all: DeclaredServers,
    directory: StateDirectory,
    member: MemberIdentity,
    set: ListenerSet,
  ) =>
    new ServerListeners({
      args,
      declared: all,
      state: directory,
      identity: member,
      listeners: set,
      logger: args.logger,
    }),
};

const configuration: FactoryProvider = {
  provide: DaemonConfiguration,
  inject: [
    DAEMON_ARGS,
    StateDirectory,
    MemberIdentity,
    DeclaredServers,
    ServerListeners,
    Peers,
    Failpoints,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    directory: StateDirectory,
    member: MemberIdentity,
    all: DeclaredServers,
    additional: ServerListeners,
    others: Peers,
    failpoints: Failpoints,
  ) =>
    new DaemonConfiguration({
      args,
      state: directory,
      identity: member,
      declared: all,
      listeners: additional,
      peers: others,
      failpoints,
    }),
};

/** They need the identity and, for the configuration, the peers. */
export const LISTENER_PROVIDERS: Provider[] = [
  inherited,
  listeners,
  declared,
  servers,
  configuration,
];
