/** The certificates of this member: checking, announcing, replacing and showing a new one. */
import type { LoggerService } from '@nestjs/common';
import { CORE_LISTENER } from '../../access/index.js';
import { MicroclusterError } from '../../errors/index.js';
import type { Failpoints } from '../../failpoints/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { ListenerSet } from '../../listeners/index.js';
import type { DeclaredServers, ServerListeners } from '../../servers/index.js';
import type { StateDirectory } from '../../state/index.js';
import type { WireKeyPair } from '../../types/index.js';
import type { KeyPair } from '../generate.js';
import { fingerprintOf, isSameCertificate } from '../inspect.js';
import { loadKeyPair, writeKeyPair } from '../key-pair-files.js';
import { checkKeyPair } from './check-key-pair.js';
import { storePreviousCertificates } from './previous-certificates.js';

/** How long an announced certificate is accepted without being put into force, milliseconds. */
const ANNOUNCEMENT_LIMIT = 120_000;

export interface LocalCertificatesParts {
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly declared: DeclaredServers;
  readonly servers: ServerListeners;
  readonly listeners: ListenerSet;
  readonly failpoints: Failpoints;
  readonly logger: LoggerService;
  /** Whether this daemon belongs to a cluster. */
  readonly isMember: () => boolean;
  /** Makes the replication dial and serve with the identity's present certificates. */
  readonly refreshTrust: () => Promise<void>;
  /** Told when another certificate is in force, with the fingerprints of both. */
  readonly onReplaced?: (name: string, from: string | undefined, to: string) => void;
}

/** One certificate at a time is announced; a second announcement has to wait until the first is settled. */
export class LocalCertificates {
  private forgetting: NodeJS.Timeout | undefined;

  constructor(private readonly parts: LocalCertificatesParts) {}

  /**
   * Checks name and pair.
   *
   * @throws MicroclusterError with the texts of `spec/core-api.md` 21; nothing has changed then
   */
  check(name: string, wire: WireKeyPair): KeyPair {
    if (/[/\\]|\.\./.test(name)) badRequest('Certificate name cannot be a path');
    const isOurs = name === 'cluster' || name === 'server';
    if (name === 'server' && this.parts.isMember()) {
      throw new MicroclusterError('FAILED', {
        reason: 'Cannot replace server certificate after initialization',
      });
    }
    if (!isOurs && this.parts.declared.additionalNamed(name) === undefined) {
      badRequest(`No matching additional server found for "${name}"`);
    }
    return checkKeyPair(name, wire, { names: isOurs ? 'dns' : 'any', now: new Date() });
  }

  /**
   * First phase: from now on members may show the new cluster certificate. Nothing is written.
   *
   * @throws MicroclusterError as {@link check}, or `CONFLICT` while another one is announced
   */
  async announce(name: string, wire: WireKeyPair): Promise<void> {
    const pair = this.check(name, wire);
    const { identity } = this.parts;
    if (name !== 'cluster' || !this.parts.isMember()) return;
    const announced = identity.nextCertificate;
    if (announced !== undefined && !isSameCertificate(announced, pair.certificate)) {
      throw new MicroclusterError('CONFLICT', {
        reason: `Another replacement of the cluster certificate is in progress on "${identity.name}"; try again when it is done`,
      });
    }
    identity.nextCertificate = pair.certificate;
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => {
      this.withdraw('cluster').catch((error: unknown) => {
        this.parts.logger.warn({ event: 'certificate-not-withdrawn', error });
      });
    }, ANNOUNCEMENT_LIMIT).unref();
    await this.parts.refreshTrust();
  }

  /** Takes an announcement back; without one, does nothing. */
  async withdraw(name: string): Promise<void> {
    const { identity } = this.parts;
    if (name !== 'cluster' || identity.nextCertificate === undefined) return;
    clearTimeout(this.forgetting);
    identity.nextCertificate = undefined;
    await this.parts.refreshTrust();
  }

  /** Second phase: the pair is stored and shown from now on. Open connections keep theirs. */
  async replace(name: string, pair: KeyPair): Promise<void> {
    const { state, identity, servers, logger } = this.parts;
    const before = await this.fingerprintInForce(name);
    if (name === 'cluster') {
      await this.replaceCluster(pair);
    } else if (name === 'server') {
      await writeKeyPair(state.path, 'server', pair);
      identity.server = pair;
      await servers.refreshCertificates();
    } else {
      await writeKeyPair(state.certificatesPath, name, pair);
      await servers.refreshCertificates();
    }
    const fingerprint = fingerprintOf(pair.certificate);
    logger.log({ event: 'certificate-replaced', certificate: name, fingerprint });
    if (fingerprint !== before) this.parts.onReplaced?.(name, before, fingerprint);
  }

  /** Of the certificate that `name` stands for until now; `undefined` when there is none of its own. */
  private async fingerprintInForce(name: string): Promise<string | undefined> {
    const { identity, state } = this.parts;
    if (name === 'server') return fingerprintOf(identity.server.certificate);
    const isCluster = name === 'cluster';
    if (isCluster && identity.hasCluster) return fingerprintOf(identity.cluster.certificate);
    const directory = isCluster ? state.path : state.certificatesPath;
    const pair = await loadKeyPair(directory, name);
    return pair && fingerprintOf(pair.certificate);
  }

  /** No member shows a replaced certificate any more: it is no longer accepted. */
  async forgetPrevious(): Promise<void> {
    const { state, identity, logger } = this.parts;
    await storePreviousCertificates(state.path, []);
    identity.previousCertificates = [];
    await this.parts.refreshTrust();
    logger.log({ event: 'previous-certificates-forgotten' });
  }

  private async replaceCluster(pair: KeyPair): Promise<void> {
    const { state, identity, listeners, servers, failpoints } = this.parts;
    if (!this.parts.isMember()) {
      // The bootstrap finds it there; a join brings its own.
      await writeKeyPair(state.path, 'cluster', pair);
      return;
    }
    const replaced = [identity.cluster.certificate, ...identity.previousCertificates];
    const previous = replaced.filter(
      (certificate) => !isSameCertificate(certificate, pair.certificate),
    );
    await storePreviousCertificates(state.path, previous);
    await failpoints.reach('rotation:previous-stored');
    await writeKeyPair(state.path, 'cluster', pair);
    await failpoints.reach('rotation:pair-stored');
    identity.previousCertificates = previous;
    identity.cluster = pair;
    clearTimeout(this.forgetting);
    identity.nextCertificate = undefined;
    if (listeners.has(CORE_LISTENER)) listeners.setKeyPair(CORE_LISTENER, pair);
    await servers.refreshCertificates();
    await this.parts.refreshTrust();
  }
}

function badRequest(reason: string): never {
  throw new MicroclusterError('BAD_REQUEST', { reason });
}
