/** What the test and the process of a member tell each other, and how it becomes typed where it arrives. */
import type { Routes } from '@microcluster/nest/testing-seam';
import type { MemberPlan } from '../cluster-member.js';
import type { ProcessDaemonArgs } from './member-launch.js';
import type { ModuleExports } from './module-file.js';

/** The first message: what the process is for. */
export interface Start {
  readonly type: 'start';
  readonly plan: MemberPlan;
  readonly application: ModuleExports;
  readonly daemon: ProcessDaemonArgs;
  readonly routes: Routes;
}

/** From the test to the member. */
export type ToMember =
  | Start
  /** Answers a question for an address. */
  | { readonly type: 'address'; readonly purpose: string; readonly address: string }
  /** Asks whether it leads the database. */
  | { readonly type: 'leads'; readonly request: number };

/** From the member to the test. */
export type FromMember =
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly reason: string }
  /** Asks where to listen. */
  | { readonly type: 'address'; readonly purpose: string }
  | { readonly type: 'leads'; readonly request: number; readonly leads: boolean };

/** @throws TypeError when it is no message to a member */
export function parseToMember(value: unknown): ToMember {
  const fields = fieldsOf(value);
  switch (fields['type']) {
    case 'start': {
      const plan = fieldsOf(fields['plan']);
      const application = fieldsOf(fields['application']);
      return {
        type: 'start',
        plan: {
          number: numberIn(plan, 'number'),
          name: textIn(plan, 'name'),
          address: textIn(plan, 'address'),
          stateDir: textIn(plan, 'stateDir'),
        },
        application: {
          url: textIn(application, 'url'),
          module: textIn(application, 'module'),
          ...('override' in application && { override: textIn(application, 'override') }),
        },
        // The daemon itself checks its settings, which may be any.
        daemon: fieldsOf(fields['daemon']),
        routes: textsIn(fieldsOf(fields['routes'])),
      };
    }
    case 'address':
      return {
        type: 'address',
        purpose: textIn(fields, 'purpose'),
        address: textIn(fields, 'address'),
      };
    case 'leads':
      return { type: 'leads', request: numberIn(fields, 'request') };
    default:
      return unexpected('type');
  }
}

/** @throws TypeError when it is no message from a member */
export function parseFromMember(value: unknown): FromMember {
  const fields = fieldsOf(value);
  switch (fields['type']) {
    case 'started':
      return { type: 'started' };
    case 'failed':
      return { type: 'failed', reason: textIn(fields, 'reason') };
    case 'address':
      return { type: 'address', purpose: textIn(fields, 'purpose') };
    case 'leads':
      return {
        type: 'leads',
        request: numberIn(fields, 'request'),
        leads: fields['leads'] === true,
      };
    default:
      return unexpected('type');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function unexpected(what: string): never {
  throw new TypeError(`The field "${what}" of a message is missing or of the wrong type`);
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) return unexpected('type');
  return Object.fromEntries(Object.entries(value));
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : unexpected(name);
}

function numberIn(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' ? value : unexpected(name);
}

function textsIn(fields: Fields): Record<string, string> {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, textIn(fields, name)]));
}
