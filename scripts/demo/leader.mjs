/** Finds the member that leads, by asking the databases themselves through the Core API's tunnel. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from './wait.mjs';

const QUESTION_LIMIT_MS = 5_000;

/**
 * @template {import('./member.mjs').Member} M
 * @param {readonly M[]} members running ones
 * @param {number} limitMs
 * @returns {Promise<M>} the one whose own database says that it leads
 */
export async function findLeader(members, limitMs) {
  return waitFor('the cluster has a leader', limitMs, async () => {
    const answers = await Promise.allSettled(members.map(leadsItself));
    return members.find((_, at) => answers[at].status === 'fulfilled' && answers[at].value);
  });
}

async function leadsItself(member) {
  // Not before the build: the demo may be what makes it.
  const { DqliteConnection } = await import('@microcluster/dqlite');
  const connection = await DqliteConnection.connect({
    dial: await tunnelAs(member),
    address: member.address,
    signal: AbortSignal.timeout(QUESTION_LIMIT_MS),
  });
  try {
    return (await connection.leader())?.address === member.address;
  } finally {
    connection.close();
  }
}

/** Dials members as `member` does, with its certificate. */
export async function tunnelAs(member) {
  const { dialTunnel } = await import('@microcluster/dqlite');
  const pem = (file) => readFileSync(join(member.stateDir, file), 'utf8');
  const identity = { certificate: pem('server.crt'), privateKey: pem('server.key') };
  const trusted = pem('cluster.crt');
  return (address, signal) => dialTunnel({ address, identity, trusted, signal });
}
