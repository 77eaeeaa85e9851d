/** Members of a cluster in tunnel mode: a node host behind a listener that looks at ClientHellos, as a daemon has it. */
import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { BOOTSTRAP_ID } from '../native/node-id.js';
import { temporaryDirectory } from '../native/node.fixture.js';
import type { NodeHost, TlsIdentity, TunnelTrust } from '../node-host.js';
import { selfSigned } from '../transport/certificates.fixture.js';
import { readClientHello } from '../transport/read-client-hello.js';
import { DQLITE_ALPN, UPGRADE_ACCEPTED } from '../transport/upgrade.js';

export interface Member {
  readonly address: string;
  readonly id: bigint;
  readonly identity: TlsIdentity;
  readonly host: NodeHost;
  readonly server: Server;
  /** What the listener saw: `raw` sockets handed over, `http` upgrades answered. */
  readonly seen: { raw: number; http: number };
  trustOf(members: readonly TlsIdentity[]): TunnelTrust;
  close(): Promise<void>;
}

/** The cluster certificate that all members of one test serve. */
export const clusterIdentity = (): TlsIdentity => selfSigned('cluster.test');

/**
 * Starts a member. The first (no `id`) bootstraps.
 *
 * @param speaksAlpn false: behaves like a Go member, which knows only the HTTP upgrade
 */
export async function startMember(
  host: NodeHost,
  cluster: TlsIdentity,
  trusted: readonly TlsIdentity[],
  identity: TlsIdentity,
  { id = BOOTSTRAP_ID, speaksAlpn = true }: { id?: bigint; speaksAlpn?: boolean } = {},
): Promise<Member> {
  const directory = temporaryDirectory();
  const seen = { raw: 0, http: 0 };
  const sockets = new Set<Socket>();
  const serve = async (socket: Socket) => {
    const hello = await readClientHello(socket).catch(() => undefined);
    if (hello === undefined) return;
    if (speaksAlpn && hello.alpn.includes(DQLITE_ALPN)) {
      seen.raw += 1;
      host.acceptRaw(socket, hello.head);
    } else {
      seen.http += 1;
      socket.unshift(hello.head);
      answerUpgrade(socket, cluster, host);
    }
  };
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    void serve(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  const address = `127.0.0.1:${bound.port}`;
  const trustOf = (members: readonly TlsIdentity[]): TunnelTrust => ({
    identity,
    serving: cluster,
    trustedServers: [cluster.certificate],
    trustedPeers: members.map((member) => member.certificate),
  });
  const close = async () => {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    for (const socket of sockets) socket.destroy();
    await host.stop();
    await closed;
    directory.remove();
  };
  try {
    await host.start({
      id,
      address,
      directory: directory.path,
      transport: { kind: 'tunnel', ...trustOf(trusted) },
      networkLatencyMs: 40,
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { address, id, identity, host, server, seen, trustOf, close };
}

/** What the HTTP side of a daemon does: TLS, the upgrade, then the authenticated stream. */
function answerUpgrade(socket: Socket, cluster: TlsIdentity, host: NodeHost): void {
  const secure = new TLSSocket(socket, {
    isServer: true,
    cert: cluster.certificate,
    key: cluster.privateKey,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  secure.on('error', () => secure.destroy());
  secure.once('data', () => {
    const peer = secure.getPeerX509Certificate();
    if (peer === undefined) {
      secure.destroy();
      return;
    }
    secure.pause();
    secure.write(UPGRADE_ACCEPTED);
    host.acceptStream(secure, peer.toString());
  });
}
