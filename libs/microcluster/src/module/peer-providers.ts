/** Makes what a member knows of the others, and how it calls them. */
import type { FactoryProvider, Provider } from '@nestjs/common';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { MemberList } from '../membership/member-list.js';
import { Peers } from '../membership/peers.js';
import { TrustPropagation } from '../membership/trust-propagation.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { TrustStore } from '../trust/index.js';

const peers: FactoryProvider = {
  provide: Peers,
  inject: [MemberIdentity, TrustStore, DAEMON_ARGS],
  useFactory: (member: MemberIdentity, store: TrustStore, args: ParsedDaemonArgs) =>
    new Peers(member, store, args, args.logger),
};

const memberList: FactoryProvider = {
  provide: MemberList,
  inject: [DAEMON_ARGS, Daemon, MemberIdentity, ClusterRecords, SchemaGate, Peers],
  useFactory: (
    args: ParsedDaemonArgs,
    owner: Daemon,
    member: MemberIdentity,
    tables: ClusterRecords,
    gate: SchemaGate,
    others: Peers,
  ) => new MemberList(args, () => owner.databaseStatus(), member, tables, gate, others),
};

const propagation: FactoryProvider = {
  provide: TrustPropagation,
  inject: [TrustStore, Peers, DAEMON_ARGS],
  useFactory: (store: TrustStore, others: Peers, args: ParsedDaemonArgs) =>
    new TrustPropagation(store, others, args.logger),
};

/** They need the identity, the database and the daemon. */
export const PEER_PROVIDERS: Provider[] = [peers, memberList, propagation];
