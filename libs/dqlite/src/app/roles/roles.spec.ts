/** Tables of situations and the decision that each calls for. */
import { describe, expect, it } from 'vitest';
import {
  canSpareVote,
  decideAdjust,
  decideAssume,
  decideRemoval,
  decideSuccession,
  decideTransfer,
  mayRetire,
  mayStopVoting,
} from './index.js';
import { members, stepText } from './members.fixture.js';

const targets = { voters: 3, standBys: 3 };

describe('adjust, with node 1 leading', () => {
  it.each([
    ['v1', 'nothing', 'a single member'],
    ['v1 p2', 'nothing', 'two members have one voter'],
    ['v1 v2', 'spare<-2', 'the second voter of two members is demoted'],
    ['v1 s2', 'nothing', 'two members are left alone otherwise'],
    ['v1 p2 p3', 'voter<-2,3', 'the third member brings the cluster to three voters'],
    ['v1 v2 p3', 'voter<-3', 'a missing voter is added'],
    ['v1 v2 v3', 'nothing', 'three members vote'],
    ['v1 v2 v3 p4', 'stand-by<-4', 'the fourth becomes a stand-by'],
    ['v1 v2 v3 s4 s5 s6 p7', 'nothing', 'the seventh stays a spare'],
    ['v1 v2- v3', 'nothing', 'an offline voter that nobody can replace keeps its vote'],
    ['v1 v2- v3 p4', 'spare<-2', 'an offline voter gives its vote up to be replaced'],
    ['v1 v3 p4 s5 p2-', 'voter<-5,4', 'a stand-by is promoted before a spare'],
    ['v1 v2- v3 v4', 'spare<-2', 'an offline voter that was replaced is demoted'],
    ['v1 v2 v3 v4', 'spare<-4,3,2', 'a surplus voter is demoted, never the leader'],
    ['v1 v2*5 v3*9 v4*1', 'spare<-3,2,4', 'the heaviest voter is demoted first'],
    ['v1 p2*9 p3*2 p4*5', 'voter<-3,4,2', 'the lightest node is promoted first'],
    ['v1 v2 v3 v4- v5-', 'spare<-5,4', 'lost voters are demoted'],
    ['v1 v2 v3 s4 s5 s6 s7', 'spare<-7,6,5,4', 'a surplus stand-by is demoted'],
    ['v1 v2 v3 s4- p5', 'stand-by<-5', 'an offline stand-by is replaced'],
    ['v1 v2 v3 s4 s5 s6 s7-', 'spare<-7', 'an offline stand-by that was replaced is demoted'],
    ['v1 v2 v3 s4- p5-', 'nothing', 'an offline stand-by that nobody can replace stays'],
    ['v1@1 v2@1 v3@2 p4@3', 'voter<-4', 'a failure domain without a voter gets one'],
    ['v1@1 v2@1 v3@2 v4@3', 'spare<-2,4,3', 'and the most crowded domain gives one up'],
    ['v1@1 v2@1 v3@2 p4-@3', 'nothing', 'a domain whose nodes are offline does not count'],
    ['v1@1 v2@2 v3@3 p4@4', 'stand-by<-4', 'more domains than voters are left alone'],
    ['v1@1 v2@2 p3@1 p4@2 p5@3*9', 'voter<-5,3,4', 'an unused domain goes before a low weight'],
    ['v1 v2 v3 v4 v5- v6-', 'spare<-6,5', 'no online vote is given up while it is the reserve'],
    ['v1@1 v2@2 p3@3*! v4@1', 'nothing', 'a domain is not covered by one that is about to stop'],
    ['v1@1 v2@2 p3@3*! v4@1 p5@3*9', 'voter<-5', 'it is by another, whatever its weight'],
    ['v1 v2 p3*!', 'nothing', 'nobody votes for the moment until it stops'],
    ['v1 v2 s3*! p4', 'voter<-4', 'a spare that stays before a stand-by that stops'],
    ['v1 v2- v3 p4*!', 'nothing', 'a lost voter is not replaced by one that is about to stop'],
    ['v1 v2 v3 p4*!', 'nothing', 'nor does such a one become a stand-by'],
    ['v1 v2 v3 p4*! p5', 'stand-by<-5', 'another does'],
  ])('%s -> %s (%s)', (text, expected) => {
    expect(stepText(decideAdjust(members(text), 1n, targets))).toBe(expected);
  });
});

it('adjust promotes who has just joined last beside a single voter, and as ever beside two', () => {
  const settled = new Set([1n, 2n, 4n]);
  const step = (text: string) => stepText(decideAdjust(members(text), 1n, targets, settled));
  expect(step('v1 p3 p4')).toBe('voter<-4,3');
  expect(step('v1 v2 p3 p4')).toBe('voter<-3,4');
});

describe('adjust, where five members are to vote', () => {
  const five = { voters: 5, standBys: 3 };
  it.each([
    [
      'v1 v2- v3 v4 v5 p6',
      'voter<-6',
      'an offline voter is replaced first, since four are a majority of six',
    ],
    ['v1 v2- v3- v4 v5 p6', 'spare<-3,2', 'of two that are offline one is demoted first'],
  ])('%s -> %s (%s)', (text, expected) => {
    expect(stepText(decideAdjust(members(text), 1n, five))).toBe(expected);
  });
});

describe('assume, by node 9', () => {
  it.each([
    ['p9', [], 'alone'],
    ['v1 p9', [], 'a second member stays a spare'],
    ['v1 v2 v3', [], 'no member any more'],
    ['v1 p2 v9', [], 'already a voter'],
    ['v1 p2 s9', [], 'already a stand-by'],
    ['v1 p2 p9', ['voter<-2', 'voter<-9'], 'the third member makes three voters, itself last'],
    ['v1 p2- p9', [], 'nobody else is online for a third voter'],
    ['v1 v2 p9', ['voter<-9'], 'the missing voter'],
    ['v1 v2- v3 p9', [], 'the leader takes the vote from the offline voter first'],
    ['v1 v2 v3 p9', ['stand-by<-9'], 'a stand-by'],
    ['v1 v2 v3 s4 s5 s6 p9', [], 'enough of both'],
    ['v1 v2 v3 s4 s5 s6- p9', ['stand-by<-9'], 'in place of an offline stand-by'],
    ['v1 p2*! p9', [], 'the only other one is about to stop'],
    ['v1 p2*! p3 p9', ['voter<-3', 'voter<-9'], 'one that stays becomes the second voter'],
    ['v1 v2 p9*!', [], 'it is about to stop itself'],
  ])('%s -> %j (%s)', (text, expected) => {
    expect(decideAssume(members(text), 9n, targets).map(stepText)).toEqual(expected);
  });
});

describe('hand-over, by node 1', () => {
  it.each([
    ['v1', 'nothing', 'nobody is there'],
    ['p1 v2', 'nothing', 'a spare has nothing to give'],
    ['v1 v2 v3', 'nothing', 'everybody votes already'],
    ['v1 p2', 'voter<-2', 'the other of two members takes the only vote'],
    ['v1 p2-', 'nothing', 'the other is offline'],
    ['v1 v2 v3 p4 s5', 'voter<-5,4', 'a stand-by before a spare'],
    ['v1@1 v2@2 v3@3 p4@2 p5@1', 'voter<-5,4', 'domains of the other voters count, not ours'],
    ['s1 v2 v3 v4 p5*3 p6*1', 'stand-by<-6,5', 'a stand-by is replaced by a spare'],
    ['v1 p2*!', 'nothing', 'the other is about to stop, too'],
    ['v1 v2 v3- s4', 'spare<-3', 'a lost voter goes first: two are no majority of four'],
    ['v1 v2 p3- s4', 'voter<-4', 'the lost one has no vote any more'],
    ['v1 v2 v3 s4*! p5', 'voter<-5', 'a spare that stays before a stand-by that stops'],
  ])('%s -> %s (%s)', (text, expected) => {
    expect(stepText(decideSuccession(members(text), 1n, 2n))).toBe(expected);
  });

  it('offers leadership to online voters, the lightest first', () => {
    const heirs = decideTransfer(members('v1 v2*4 v3- v4*1 s5 p6'), 1n);
    expect(heirs.map(({ id }) => id)).toEqual([4n, 2n]);
  });

  it('offers leadership to nobody who is about to stop, too', () => {
    expect(decideTransfer(members('v1 v2*! v3*9'), 1n).map(({ id }) => id)).toEqual([3n]);
    expect(decideTransfer(members('v1 v2*! v3*!'), 1n)).toEqual([]);
  });

  it.each([
    ['v1 v2', 2, true, 'the other one votes'],
    ['v1 v2', 1, false, 'it still leads'],
    ['v1 p2', 2, false, 'the last voter stays'],
    ['p1 v2', 2, false, 'a spare already'],
    ['v1 v2 v3-', 2, false, 'the others would have no majority'],
    ['v1 v2 v3 v4-', 2, true, 'the others have a majority'],
    ['s1 v2', 2, true, 'a stand-by has no vote to lose'],
  ])('%s under leader %s: may retire %s (%s)', (text, leader, expected) => {
    expect(mayRetire(members(text), 1n, BigInt(leader))).toBe(expected);
  });
});

describe('removal of node 2', () => {
  it.each([
    ['v1 v3', 1, 'done', [], 'it is gone'],
    ['v2', 2, 'refuse', [], 'the only member'],
    ['v1 p2', 1, 'remove', [2], 'a spare goes at once'],
    ['v1 v3 v4 s2-', 1, 'remove', [2], 'a stand-by that is offline'],
    ['v1 v2 v3', 1, 'demote', [2], 'a voter is demoted first'],
    ['v1 v2- v3', 1, 'demote', [2], 'a voter that is offline'],
    ['v1 v2 v3 p4', 1, 'promote', [4], 'its successor votes before it goes'],
    ['v1 v2- v3 p4 s5', 1, 'demote', [2], 'it is lost, and the others are no majority of four'],
    ['v1 p2- v3 p4 s5', 1, 'promote', [5, 4], 'its vote is gone, and has no successor yet'],
    ['v1 v2 v3 p4-', 1, 'demote', [2], 'the successor is offline'],
    ['v1 v2 v3 v4 p5', 1, 'demote', [2], 'three others vote'],
    ['v1 v2 v3', 2, 'transfer', [1, 3], 'the leader transfers first'],
    ['p1 v2', 2, 'promote', [1], 'the leader of two needs an heir'],
    ['p1- v2', 2, 'refuse', [], 'the heir is offline'],
    ['v1 v2 p3 p4', 1, 'promote', [3, 4], 'its vote has to be replaced'],
    ['v1 v2 v3- p4', 1, 'demote', [3], 'a lost voter goes first: two are no majority of four'],
    ['v1 v2 v3-', 1, 'demote', [3], 'a lost voter blocks it and goes first'],
    ['v1 v2 v3 p4*!', 1, 'demote', [2], 'its successor would stop, too'],
    ['v1 v2 v3 s4*! p5', 1, 'promote', [5], 'a successor that stays'],
    ['v1*! v2 s3', 2, 'promote', [3], 'the leader needs an heir that stays'],
    ['v1*! v2 s3 v4-', 2, 'demote', [4], 'the heir is not added beside a lost voter'],
    ['v1*! v2 s3 p4-', 2, 'promote', [3], 'the lost one has no vote any more'],
    ['v1*! v2 s3*! v4-', 2, 'refuse', [], 'a lost voter keeps its vote where there is no heir'],
    ['p1*! v2', 2, 'refuse', [], 'the heir is about to stop'],
  ])('%s under leader %s -> %s %j (%s)', (text, leader, kind, ids) => {
    const step = decideRemoval(members(text), 2n, BigInt(leader));
    const named = 'member' in step ? [step.member] : 'candidates' in step ? step.candidates : [];
    expect({ kind: step.kind, ids: named.map(({ id }) => Number(id)) }).toEqual({ kind, ids });
  });
});

describe('guards', () => {
  it.each([
    ['v1', false, false],
    ['v1 p2', false, false],
    ['v1 v2', true, true],
    ['v1 v2-', false, false],
    ['v1- v2', true, true],
    ['v1 v2 v3-', false, false],
    ['v1- v2 v3', true, true],
    ['v1 v2 v3 v4-', true, false],
    ['s1 v2', true, true],
  ])('%s: node 1 may stop voting: %s, and can be spared: %s', (text, may, spare) => {
    const all = members(text);
    const first = all[0];
    if (first === undefined) throw new Error('empty table row');
    expect([mayStopVoting(all, first), canSpareVote(all, first)]).toEqual([may, spare]);
  });
});
