/** Does each daemon answer, and is its database open? */
import type { Facts, MemberFacts } from './facts.js';
import type { Finding } from './finding.js';
import { sameAddress } from '../types/address.js';

export function checkReachability(facts: Facts): Finding[] {
  return [...localDaemon(facts), ...facts.members.flatMap((member) => machine(facts, member))];
}

function localDaemon({ daemonFault, self, stateDir, members }: Facts): Finding[] {
  if (daemonFault === undefined) return [];
  const isUp = members.some(
    ({ address, answer }) => sameAddress(address, self?.address ?? '') && answer.kind === 'report',
  );
  return [
    {
      severity: 'critical',
      check: 'daemon',
      member: self?.name ?? '',
      problem: isUp
        ? `The daemon runs but does not answer on its control socket: ${daemonFault}`
        : `The daemon of this machine does not answer: ${daemonFault}`,
      repair: isUp
        ? "Restart the daemon's service, and use an account that may open the control socket"
        : `Start the daemon's service, or run: microd --state-dir ${stateDir}`,
    },
  ];
}

function machine(facts: Facts, { name, address, answer }: MemberFacts): Finding[] {
  const isSelf = sameAddress(address, facts.self?.address ?? '');
  switch (answer.kind) {
    case 'silent':
      // The daemon of this machine has a finding of its own.
      if (isSelf && facts.daemonFault !== undefined) return [];
      return [
        {
          severity: 'warning',
          check: 'daemon',
          member: name,
          problem: `${name} at ${address} does not answer: ${answer.reason}`,
          repair: `On ${name}, check the network and start the daemon's service; if the machine is lost: microctl --state-dir ${facts.stateDir} cluster remove ${name} --force`,
        },
      ];
    case 'refused':
      return [
        {
          severity: 'critical',
          check: 'trust',
          member: name,
          problem: `${name} at ${address} does not trust this member: ${answer.reason}`,
          repair: `On ${name}, run: microctl doctor --fix`,
        },
      ];
    case 'not-asked':
      return isSelf
        ? []
        : [
            {
              severity: 'info',
              check: 'daemon',
              member: name,
              problem: `${name} was not asked: ${answer.reason}`,
              repair: "Run the doctor with the daemon's account, for example with sudo",
            },
          ];
    case 'report': {
      const { database_open: isOpen, database_status: status } = answer.report;
      if (isOpen || facts.self === undefined) return [];
      return [
        {
          severity: 'critical',
          check: 'database',
          member: name,
          problem: `The database of ${name} is not open: ${status}`,
          repair: status.includes('upgrade')
            ? 'Upgrade and restart the daemon of every member that is reported with an older version'
            : `On ${name}, look into the log of the daemon, and make sure that most voters run`,
        },
      ];
    }
    case 'other':
      return [
        {
          severity: 'info',
          check: 'versions',
          member: name,
          problem: `${name} runs version ${answer.version || 'unknown'} of a daemon that gives no reports; its trust store, clock and disk were not checked`,
          repair: 'Nothing to do, if that is another implementation of the daemon',
        },
      ];
  }
}
