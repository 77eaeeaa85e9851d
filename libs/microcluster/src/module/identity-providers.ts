/** Makes what a member is on disk: its state directory, its name and certificates, and whom it trusts. */
import { hostname } from 'node:os';
import type { FactoryProvider, Provider } from '@nestjs/common';
import { loadKeyPair, loadOrGenerateKeyPair, warnOfReadableKeys } from '../certificates/index.js';
import { loadPreviousCertificates } from '../certificates/rotation/index.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { requireOwnIdentity } from '../membership/recover-start.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { recoverAtStart } from '../recovery/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';

const state: FactoryProvider = {
  provide: StateDirectory,
  inject: [DAEMON_ARGS],
  useFactory: async (args: ParsedDaemonArgs) => {
    const directory = await StateDirectory.open(args.stateDir);
    try {
      await recoverAtStart(directory.path, args.logger);
    } catch (error) {
      await directory.close();
      throw error;
    }
    return directory;
  },
};

const identity: FactoryProvider = {
  provide: MemberIdentity,
  inject: [StateDirectory, DAEMON_ARGS],
  useFactory: async (directory: StateDirectory, { logger }: ParsedDaemonArgs) => {
    await requireOwnIdentity(directory);
    await warnOfReadableKeys(directory.path, logger);
    const server = await loadOrGenerateKeyPair(directory.path, 'server', hostname());
    const cluster = await loadKeyPair(directory.path, 'cluster');
    const member = new MemberIdentity({
      name: hostname(),
      address: '',
      server,
      ...(cluster === undefined ? {} : { cluster }),
    });
    member.previousCertificates = await loadPreviousCertificates(directory.path);
    return member;
  },
};

const trust: FactoryProvider = {
  provide: TrustStore,
  inject: [StateDirectory, DAEMON_ARGS],
  useFactory: (directory: StateDirectory, { logger }: ParsedDaemonArgs) =>
    TrustStore.open(directory.truststorePath, { logger }),
};

/** They build on the settings alone. */
export const IDENTITY_PROVIDERS: Provider[] = [state, identity, trust];
