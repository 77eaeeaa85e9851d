/** Real nodes over plain TCP for the tests of the client. */
import { DqliteNode, BOOTSTRAP_ID, generateNodeId } from '../native/index.js';
import { eventually, freeAddress, tcpNode, temporaryDirectory } from '../native/node.fixture.js';
import { dialTcp } from '../transport/index.js';
import type { NodeInfo } from '../values.js';
import {
  DqliteClient,
  DqliteConnection,
  LeaderConnector,
  type DqliteClientOptions,
} from './index.js';

export interface TestCluster extends AsyncDisposable {
  readonly nodes: readonly { readonly node: DqliteNode; readonly info: NodeInfo }[];
  readonly servers: () => readonly NodeInfo[];
  client(options?: Partial<DqliteClientOptions>): DqliteClient;
  connect(index?: number): Promise<DqliteConnection>;
  /** Stops the node that leads now. */
  stopLeader(): Promise<void>;
  /** Stops all others. */
  stopFollowers(): Promise<void>;
}

/** Starts `size` voters in this process. Dispose of it to stop them and delete their files. */
export async function startCluster(size: number): Promise<TestCluster> {
  const nodes: { node: DqliteNode; info: NodeInfo }[] = [];
  const directories: { remove(): void }[] = [];
  const clients: DqliteClient[] = [];
  const servers = (): readonly NodeInfo[] => nodes.map(({ info }) => info);
  const connect = (index = 0): Promise<DqliteConnection> =>
    DqliteConnection.connect({ dial: dialTcp, address: nodes[index]?.info.address ?? '' });
  for (let i = 0; i < size; i++) {
    const address = await freeAddress();
    const id = i === 0 ? BOOTSTRAP_ID : generateNodeId(address);
    const directory = temporaryDirectory();
    directories.push(directory);
    const node = tcpNode(address, directory.path, { id });
    await node.start();
    nodes.push({ node, info: { id, address, role: 'voter' } });
  }
  const first = await connect();
  await eventually('the first node leads', async () => (await first.leader()) !== undefined);
  for (const { info } of nodes.slice(1)) {
    await first.add(info.id, info.address);
    await first.assign(info.id, 'voter');
  }
  first.close();
  const leaderAddress = async (): Promise<string> => {
    const connection = await new LeaderConnector({ dial: dialTcp, servers }).connect();
    connection.close();
    return connection.address;
  };
  return {
    nodes,
    servers,
    connect,
    stopLeader: async () => {
      const leader = await leaderAddress();
      await nodes.find(({ info }) => info.address === leader)?.node.stop();
    },
    stopFollowers: async () => {
      const leader = await leaderAddress();
      const followers = nodes.filter(({ info }) => info.address !== leader);
      await Promise.all(followers.map(({ node }) => node.stop()));
    },
    client: (options = {}) => {
      const client = new DqliteClient({ dial: dialTcp, servers, database: 'test', ...options });
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map((client) => client.close()));
      for (const { node } of nodes) if (node.state === 'running') await node.stop();
      for (const { node } of nodes) node.close();
      for (const directory of directories) directory.remove();
    },
  };
}
