/** A Nest application on real listeners, with a daemon view that tests can turn. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { TrustedPeer } from '../access/index.js';
import { generateKeyPair, type KeyPair } from '../certificates/index.js';
import { ListenerSet, type ListenerSetOptions } from './listener-set.js';
import { MicroclusterAdapter, type MicroclusterAdapterOptions } from './microcluster-adapter.js';

export class TestDaemon {
  shuttingDown = false;
  database = { open: true, text: 'Database is online' };
  ownAddress = '';
  preInitTrusts = false;
  readonly trusted = new Map<string, TrustedPeer>();

  private constructor(
    readonly adapter: MicroclusterAdapter,
    readonly listeners: ListenerSet,
    readonly directory: string,
    readonly serverPair: KeyPair,
    readonly memberPair: KeyPair,
    readonly strangerPair: KeyPair,
  ) {}

  app: INestApplication | undefined;

  static async create(
    metadata: ModuleMetadata,
    options: {
      adapter?: MicroclusterAdapterOptions;
      listeners?: ListenerSetOptions;
      prepare?: (adapter: MicroclusterAdapter) => void;
      configure?: (app: INestApplication) => void | Promise<void>;
    } = {},
  ): Promise<TestDaemon> {
    const adapter = new MicroclusterAdapter(options.adapter);
    const [serverPair, memberPair, strangerPair] = await Promise.all([
      generateKeyPair({ commonName: 'cluster' }),
      generateKeyPair({ commonName: 'member' }),
      generateKeyPair({ commonName: 'stranger' }),
    ]);
    const directory = await mkdtemp(path.join(tmpdir(), 'listeners-'));
    const daemon = new TestDaemon(
      adapter,
      new ListenerSet(adapter, options.listeners),
      directory,
      serverPair,
      memberPair,
      strangerPair,
    );
    adapter.attach({
      isShuttingDown: () => daemon.shuttingDown,
      databaseStatus: () => daemon.database,
      address: () => daemon.ownAddress,
      trustedMember: (fingerprint) => daemon.trusted.get(fingerprint),
      preInitTrustsEverybody: () => daemon.preInitTrusts,
    });
    options.prepare?.(adapter);
    class Root {}
    Module(metadata)(Root);
    const app = await NestFactory.create(Root, adapter, { logger: false, abortOnError: false });
    await options.configure?.(app);
    await app.init();
    daemon.app = app;
    return daemon;
  }

  get socketPath(): string {
    return path.join(this.directory, 'control.socket');
  }

  async openUnix(): Promise<string> {
    await this.listeners.openUnix({ path: this.socketPath });
    return this.socketPath;
  }

  /** @returns the port */
  async openTls(name: string, address = '127.0.0.1:0', drainTimeoutMs = 0): Promise<number> {
    await this.listeners.openTls({ name, address, keyPair: this.serverPair, drainTimeoutMs });
    const bound = this.listeners.addressOf(name) ?? '';
    if (name === 'core') this.ownAddress = bound;
    return Number(bound.slice(bound.lastIndexOf(':') + 1));
  }

  async close(): Promise<void> {
    await this.listeners.closeAll({ drainMs: 0 });
    await this.app?.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
