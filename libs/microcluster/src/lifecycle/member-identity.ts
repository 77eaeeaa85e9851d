/** Who this member is: its name, its address and the key pairs it shows. */
import type { TlsIdentity } from '@microcluster/dqlite';
import type { KeyPair } from '../certificates/index.js';
import { MicroclusterError } from '../errors/index.js';

/**
 * Held in memory while the process runs. Before initialisation the name is the host's and there is
 * neither an address nor a cluster key pair.
 */
export class MemberIdentity {
  /** Member name; the host name before initialisation. */
  name: string;
  /** `ip:port` of the Core API listener; `''` before initialisation, or the pre-init address. */
  address: string;
  /** The member's own key pair: its identity towards other members. */
  server: KeyPair;
  /** The key pair that all members share and show on the Core API listener. */
  private clusterPair: KeyPair | undefined;

  constructor(initial: { name: string; address: string; server: KeyPair; cluster?: KeyPair }) {
    this.name = initial.name;
    this.address = initial.address;
    this.server = initial.server;
    this.clusterPair = initial.cluster;
  }

  /**
   * The cluster's key pair.
   * @throws MicroclusterError `NOT_INITIALISED` before bootstrap or join
   */
  get cluster(): KeyPair {
    if (this.clusterPair === undefined) {
      throw new MicroclusterError('NOT_INITIALISED', {});
    }
    return this.clusterPair;
  }

  set cluster(pair: KeyPair) {
    this.clusterPair = pair;
  }

  /** Replaced cluster certificates, PEM, that some member may still show. */
  previousCertificates: readonly string[] = [];
  /** A cluster certificate, PEM, that members may show soon: it was announced. */
  nextCertificate: string | undefined;

  /** The certificates, PEM, that a dialled member may show; the current one first. */
  get trustedCluster(): readonly string[] {
    const { certificate } = this.cluster;
    const next = this.nextCertificate === undefined ? [] : [this.nextCertificate];
    return [...new Set([certificate, ...next, ...this.previousCertificates])];
  }

  get hasCluster(): boolean {
    return this.clusterPair !== undefined;
  }

  /** The server key pair as the replication presents it when it dials. */
  get dialling(): TlsIdentity {
    return { certificate: this.server.certificate, privateKey: this.server.privateKey };
  }

  /** Back to the state before initialisation, with a fresh server key pair. */
  reset(to: { name: string; address: string; server: KeyPair }): void {
    this.name = to.name;
    this.address = to.address;
    this.server = to.server;
    this.clusterPair = undefined;
    this.previousCertificates = [];
    this.nextCertificate = undefined;
  }
}
