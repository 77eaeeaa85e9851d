/** Entry point of the process of a member: runs what its first message says, until the test or its `keeper.ts` ends it. */
import type { INestApplication } from '@nestjs/common';
import { ClusterState } from '@microcluster/nest';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { startApplication } from '../member-application.js';
import { logFileOf, MemberLog } from '../member-log.js';
import { AskedAddresses } from './asked-addresses.js';
import { parseToMember, type FromMember, type Start } from './messages.js';
import { importModule } from './module-file.js';

/** How long the question for the leader may take, milliseconds. */
const ANSWER_LIMIT_MS = 10_000;

const addresses = new AskedAddresses((purpose) => send({ type: 'address', purpose }));
let application: INestApplication | undefined;
let isEnding = false;

function send(message: FromMember): void {
  process.send?.(message);
}

async function start({ plan, application: named, daemon, routes }: Start): Promise<void> {
  const logger = new MemberLog(logFileOf(plan));
  const end = () => void endWith(logger);
  try {
    application = await startApplication(
      {
        plan,
        ...(await importModule(named)),
        logger,
        addresses,
        daemon,
        routes,
      },
      end,
    );
    process.once('SIGTERM', end);
    send({ type: 'started' });
  } catch (error) {
    logger.error('the application could not be started', error);
    send({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

async function endWith(logger: MemberLog): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  try {
    await application?.close();
    process.exit(0);
  } catch (error) {
    logger.error('the application could not be closed', error);
    process.exit(1);
  }
}

async function tellWhoLeads(request: number): Promise<void> {
  const cluster = application?.get(ClusterState, { strict: false });
  const leads = await cluster?.isLeader(timeLimit(ANSWER_LIMIT_MS)).catch(() => false);
  send({ type: 'leads', request, leads: leads ?? false });
}

process.on('message', (value: unknown) => {
  const message = parseToMember(value);
  if (message.type === 'start') void start(message);
  else if (message.type === 'address') addresses.answer(message.purpose, message.address);
  else void tellWhoLeads(message.request);
});
process.title = 'microcluster-member';
if (!process.connected) {
  process.stderr.write('This program is started by a test, not by hand.\n');
  process.exitCode = 2;
}
