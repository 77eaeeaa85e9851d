/** A node with its network: what runs in the database process, and in this process for tests. */
import { timeLimit } from '../time-limit.js';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DqliteError } from '../errors/index.js';
import { connectingTcpSocket } from '../native/dial-fd.js';
import { DqliteNode } from '../native/dqlite-node.js';
import { countAccepted, shutdownAccepted, silenceListener } from '../native/node-sockets.js';
import { ipv4SocketAddress, parseHostAndPort } from '../native/socket-address.js';
import type { NodeStartOptions, TunnelTrust } from '../node-host.js';
import { dialPinned, dialTcp, dialTls } from '../transport/dial.js';
import type { NodeInfo } from '../values.js';
import { openEngineForClient } from './engine-port.js';
import { EngineRequests } from './engine-requests.js';
import { InboundGate } from './inbound-gate.js';
import { OwnListener } from './own-listener.js';
import { PeerDialler, type PeerDial } from './peer-dialler.js';
import { Trust } from './trust.js';

/** Longest wait for libdqlite to close connections that were cut. */
const DRAIN_MS = 2_000;
const DRAIN_POLL_MS = 5;
/** Longest wait for an answer of the own engine; a transfer takes up to an election timeout. */
const ENGINE_MS = 8_000;

/** The parts of a running node. */
interface Running {
  readonly node: DqliteNode;
  readonly options: NodeStartOptions;
  readonly dialler: PeerDialler | undefined;
  readonly gate: InboundGate | undefined;
  readonly listener: OwnListener | undefined;
}

/** Runs at most one node at a time. */
export class NodeRunner {
  #running: Running | undefined;
  #trust: Trust | undefined;
  #isDraining = false;

  /** @throws DqliteError as {@link DqliteNode.create} and {@link DqliteNode.start}; nothing is left behind */
  async start(options: NodeStartOptions): Promise<void> {
    if (this.#running !== undefined) {
      throw new DqliteError('NODE_STATE', {
        action: 'start it',
        state: this.#running.node.state,
      });
    }
    this.#isDraining = false;
    const running = this.#assemble(options);
    this.#running = running;
    try {
      await running.node.start();
      await running.listener?.listen(options.address);
      if (running.node.state !== 'running') {
        throw new DqliteError('NODE_STATE', { action: 'go on', state: running.node.state });
      }
    } catch (error) {
      await this.#dismantle(running);
      throw error;
    }
  }

  /** A stream to the engine that may be handed to another process. @throws DqliteError `NOT_OPEN` */
  openEngine(): Socket {
    const { node } = this.#require();
    return openEngineForClient(node.bindAddress);
  }

  /** A stream to the engine for use in this process. @throws DqliteError `NOT_OPEN`, `CONNECTION_LOST` */
  async dialLocal(signal: AbortSignal): Promise<Duplex> {
    const { node } = this.#require();
    return node.bindAddress.startsWith('@')
      ? openEngineForClient(node.bindAddress)
      : dialTcp(node.bindAddress, signal);
  }

  /** Takes over an inbound socket; without a node in `tunnel` mode it is closed. */
  acceptRaw(socket: Socket, head: Buffer): void {
    const gate = this.#running?.gate;
    if (gate === undefined) socket.destroy();
    else gate.accept(socket, head);
  }

  /** Replaces keys and trust, and cuts who is trusted no longer. @throws Error when a certificate is unusable */
  updateTrust(source: TunnelTrust): void {
    const trust = new Trust(source);
    const earlier = this.#trust;
    this.#trust = trust;
    const { gate, dialler } = this.#running ?? {};
    if (gate === undefined || dialler === undefined) return;
    gate.trust = trust;
    gate.connections.cut((fingerprint) => !trust.trustsPeer(fingerprint));
    // All members serve the same certificate, so that one that lost trust cannot be told from the
    // others: end all that we dialled. libdqlite dials those that still belong at once.
    const isPeerGone = earlier !== undefined && !trust.keepsPeersOf(earlier);
    dialler.connections.cut(
      (fingerprint) => isPeerGone || fingerprint === undefined || !trust.trustsServer(fingerprint),
    );
  }

  /** Drains, then stops. Idempotent. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    if (running.node.state === 'running') await this.#drain(running);
    await this.#dismantle(running);
  }

  /** Rewrites the Raft configuration in a directory that no node uses. @throws DqliteError */
  recover(directory: string, members: readonly NodeInfo[]): void {
    if (this.#running !== undefined) {
      throw new DqliteError('NODE_STATE', {
        action: 'recover',
        state: this.#running.node.state,
      });
    }
    const node = DqliteNode.create({
      id: 1n,
      address: '1',
      directory,
      bindAddress: '@',
      connect: () => {
        throw new Error('it does not run');
      },
    });
    try {
      node.recover(members);
    } finally {
      node.close();
    }
  }

  /**
   * Hands leadership over if this node leads and another can take it, cutting its clients first: a
   * result in flight would make libdqlite abort (`spec/dqlite.md` 0, rule 13).
   *
   * @returns whether it was handed over
   */
  async giveUpLeadership(): Promise<boolean> {
    const running = this.#require();
    const { address } = running.options;
    const signal = timeLimit(ENGINE_MS);
    const engine = new EngineRequests(await this.dialLocal(signal), signal);
    try {
      if ((await engine.leaderAddress()) !== address) return false;
      if (!(await engine.voters()).some((voter) => voter !== address)) return false;
    } finally {
      engine.close();
    }
    this.#cutClients(running);
    const second = new EngineRequests(await this.dialLocal(signal), signal);
    try {
      await second.transferLeadership();
      return true;
    } finally {
      second.close();
    }
  }

  #assemble(options: NodeStartOptions): Running {
    const { transport, address } = options;
    const target = parseHostAndPort(address);
    let dialler: PeerDialler | undefined;
    let gate: InboundGate | undefined;
    let listener: OwnListener | undefined;
    const bound = () => this.#require().node.bindAddress;
    const isDirect =
      transport.kind === 'tcp' && target !== undefined && ipv4SocketAddress(target) !== undefined;

    if (transport.kind === 'tunnel') {
      this.#trust = new Trust(transport);
      gate = new InboundGate(this.#trust, bound);
      dialler = new PeerDialler(this.#dialTunnel);
    } else if (transport.kind === 'tls') {
      const { identity, trusted } = transport;
      listener = new OwnListener(bound, transport);
      dialler = new PeerDialler(async (to, signal) => ({
        stream: await dialTls({ address: to, identity, trusted, signal }),
        fingerprint: undefined,
      }));
    } else {
      if (!isDirect) listener = new OwnListener(bound);
      dialler = new PeerDialler(async (to, signal) => ({
        stream: await dialTcp(to, signal),
        fingerprint: undefined,
      }));
    }
    const throughUs = dialler.connect;
    const node = DqliteNode.create({
      ...options,
      bindAddress: isDirect ? address : '@',
      connect:
        transport.kind === 'tcp' ? (to) => connectingTcpSocket(to) ?? throughUs(to) : throughUs,
    });
    return { node, options, dialler, gate, listener };
  }

  readonly #dialTunnel: PeerDial = async (address, signal) => {
    const trust = this.#trust;
    if (trust === undefined) throw new Error('the node has no trust');
    const { identity, trustedServers, routes = {} } = trust.source;
    const dialled = await dialPinned({
      address: routes[address] ?? address,
      identity,
      trusted: trustedServers,
      signal,
    });
    // Trust may have been replaced while we dialled.
    if (this.#trust?.trustsServer(dialled.fingerprint) !== true) {
      dialled.stream.destroy();
      throw new Error('the peer is not trusted');
    }
    return dialled;
  };

  /** Cuts SQL clients, ours and those of other members; Raft peers stay. */
  #cutClients({ node, gate, listener }: Running): void {
    gate?.connections.cut((_, kind) => kind !== 'raft');
    listener?.connections.cut((_, kind) => kind !== 'raft');
    if (node.bindAddress.startsWith('@')) shutdownAccepted(node.bindAddress, 'unnamed');
  }

  /** Cuts everything inbound, clients first, and waits until libdqlite has closed it. */
  async #drain(running: Running): Promise<void> {
    this.#isDraining = true;
    const { node, gate, listener } = running;
    if (!node.bindAddress.startsWith('@')) silenceListener(node.bindAddress);
    this.#cutClients(running);
    gate?.close();
    await listener?.close();
    shutdownAccepted(node.bindAddress, 'all');
    const end = performance.now() + DRAIN_MS;
    while (countAccepted(node.bindAddress, 'all') > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }

  async #dismantle(running: Running): Promise<void> {
    try {
      await running.node.stop();
    } finally {
      running.gate?.close();
      running.dialler?.close();
      await running.listener?.close();
      if (this.#running === running) this.#running = undefined;
    }
  }

  #require(): Running {
    if (this.#running?.node.state !== 'running' || this.#isDraining) {
      throw new DqliteError('NOT_OPEN', { what: 'The local node' });
    }
    return this.#running;
  }
}
