/** The types of the public interface: checked by `npm run typecheck`. */
import type { INestApplication } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import type { LightMyRequestResponse } from 'fastify';
import { describe, expectTypeOf, it } from 'vitest';
import {
  Test,
  TestCluster,
  inject,
  type AssumedPeer,
  type ClusterMember,
  type InjectRequest,
  type MemberState,
  type ProcessDaemonArgs,
  type ProcessMember,
  type Slowness,
  type TestDaemonArgs,
  type TestMember,
} from './index.js';

describe('a testing module', () => {
  it("is Nest's own", () => {
    expectTypeOf(Test.createTestingModule).returns.toHaveProperty('overrideProvider');
    const compiled = () => Test.createTestingModule({}).compile();
    expectTypeOf(compiled).returns.resolves.toEqualTypeOf<TestingModule>();
    expectTypeOf<TestDaemonArgs>().not.toHaveProperty('stateDir');
  });

  it('is asked as a listener and a caller', () => {
    expectTypeOf(inject).parameters.toEqualTypeOf<
      [app: INestApplication, request: InjectRequest]
    >();
    expectTypeOf(inject).returns.resolves.toEqualTypeOf<LightMyRequestResponse>();
    expectTypeOf<'trusted' | 'stranger' | { readonly name: string }>().toEqualTypeOf<AssumedPeer>();
  });
});

describe('a cluster', () => {
  it('has members, and can be disposed of', () => {
    expectTypeOf<TestCluster>().toExtend<AsyncDisposable>();
    expectTypeOf<TestCluster['leader']>().returns.resolves.toEqualTypeOf<TestMember>();
    expectTypeOf<TestCluster['member']>().returns.toEqualTypeOf<TestMember>();
    expectTypeOf<MemberState>().toEqualTypeOf<'running' | 'paused' | 'stopped' | 'killed'>();
  });

  it('has members with processes of their own where the module is named by its file', () => {
    const created = (file: URL) => TestCluster.create({ file, export: 'NotesModule' }, { env: {} });
    expectTypeOf(created).returns.resolves.toEqualTypeOf<TestCluster<ProcessMember>>();
    expectTypeOf<TestMember>().toExtend<ClusterMember>();
    expectTypeOf<ProcessMember>().toExtend<ClusterMember>();
    expectTypeOf<ProcessMember>().not.toHaveProperty('app');
    expectTypeOf<ProcessDaemonArgs>().not.toHaveProperty('hooks');
  });

  it('gives back what the test does', () => {
    const used = () => TestCluster.use(class {}, {}, async () => 7);
    expectTypeOf(used).returns.resolves.toEqualTypeOf<number>();
    const usedByFile = (file: URL) => TestCluster.use({ file }, {}, async ({ members }) => members);
    expectTypeOf(usedByFile).returns.resolves.toEqualTypeOf<readonly ProcessMember[]>();
  });

  it('is slowed by member and milliseconds', () => {
    expectTypeOf<TestCluster['slow']>().parameters.toEqualTypeOf<
      [number: number, slowness: Slowness]
    >();
  });
});
