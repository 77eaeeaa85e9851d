import { describe, expect, it } from 'vitest';
import { checkMembership, type HookRun, type MembershipHistory } from './membership.js';

const NAMES = ['c1', 'c2'];
const QUIET: MembershipHistory = {
  records: [{ observer: 'c1', table: NAMES, nodes: NAMES.toReversed(), trusted: NAMES }],
  tokenUses: [{ token: 't', member: 'c2', outcome: 'ok' }],
  hooks: [
    ...hooks('c1', 'start', 'preInit', 'postBootstrap', 'heartbeat'),
    ...hooks('c2', 'start', 'preInit', 'preJoin', 'postJoin', 'start'),
    { member: 'c1', hook: 'newMember', about: 'c2' },
  ],
  joins: [{ member: 'c2', witnesses: ['c1'] }],
};

function hooks(member: string, ...names: string[]): HookRun[] {
  return names.map((hook) => ({ member, hook, about: '' }));
}

describe('a history of membership is accepted', () => {
  it.each<[string, Partial<MembershipHistory>]>([
    ['when everything is in order', {}],
    [
      'when one of two that shared a token was refused',
      {
        tokenUses: [
          { token: 't', member: 'c2', outcome: 'ok' },
          { token: 't', member: 'c3', outcome: 'failed' },
        ],
      },
    ],
    [
      'when a member left and came back',
      {
        hooks: [
          ...hooks('c2', 'start', 'preInit', 'preJoin', 'postJoin', 'preRemove'),
          ...hooks('c2', 'preInit', 'preJoin', 'postJoin'),
        ],
        joins: [],
      },
    ],
  ])('%s', (_, change) => {
    expect(checkMembership({ ...QUIET, ...change }).violations).toEqual([]);
  });
});

describe('a history of membership is refused', () => {
  it.each<[string, RegExp, Partial<MembershipHistory>]>([
    [
      'when dqlite knows a node that the table does not',
      /disagree/,
      { records: [{ observer: 'c1', table: NAMES, nodes: [...NAMES, 'c3'], trusted: NAMES }] },
    ],
    [
      'when a removed member is still trusted',
      /disagree/,
      { records: [{ observer: 'c1', table: ['c1'], nodes: ['c1'], trusted: NAMES }] },
    ],
    [
      'when a token admitted two',
      /token/,
      {
        tokenUses: [
          { token: 't', member: 'c2', outcome: 'ok' },
          { token: 't', member: 'c3', outcome: 'ok' },
        ],
      },
    ],
    [
      'when a member joined without preJoin',
      /out of order/,
      { hooks: hooks('c2', 'start', 'preInit', 'postJoin'), joins: [] },
    ],
    [
      'when postJoin ran twice',
      /out of order/,
      { hooks: hooks('c2', 'start', 'preInit', 'preJoin', 'postJoin', 'postJoin'), joins: [] },
    ],
    ['when a witness was not told', /not told/, { joins: [{ member: 'c3', witnesses: ['c1'] }] }],
  ])('%s', (_, what, change) => {
    const { violations } = checkMembership({ ...QUIET, ...change });
    expect(violations.map((it) => it.what).join()).toMatch(what);
  });
});
