import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDirectory } from './state-directory.js';

let parent: string;
let root: string;
const opened: StateDirectory[] = [];
const open = async (directory = root) => {
  const state = await StateDirectory.open(directory);
  opened.push(state);
  return state;
};
const modeOf = async (file: string) => (await stat(file)).mode & 0o777;
/** Every file below `root` except the lock, relative to it. */
const filesOf = async () => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'node.lock')
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .toSorted();
};

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'state-'));
  root = path.join(parent, 'deep', 'state');
});
afterEach(async () => {
  for (const state of opened.splice(0)) await state.close();
  await rm(parent, { recursive: true, force: true });
});

describe('StateDirectory', () => {
  it('creates its parts with their modes, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      const state = await open();
      expect(await modeOf(state.path)).toBe(0o711);
      expect(await modeOf(state.databasePath)).toBe(0o700);
      expect(await modeOf(state.truststorePath)).toBe(0o700);
      expect(await modeOf(state.certificatesPath)).toBe(0o700);
      expect(state.controlSocketPath).toBe(path.join(root, 'control.socket'));
    } finally {
      process.umask(before);
    }
  });

  it('leaves the mode of an existing directory alone', async () => {
    await mkdir(root, { recursive: true });
    await chmod(root, 0o750);
    await open();
    expect(await modeOf(root)).toBe(0o750);
  });

  it('makes its path absolute', async () => {
    const state = await open(path.relative(process.cwd(), root));
    expect(state.path).toBe(root);
  });

  it('refuses a path that is too long for a socket, and says by how much', async () => {
    const long = path.join(parent, 'x'.repeat(120));
    await expect(open(long)).rejects.toThrow(/bytes too long for a unix socket/);
    await expect(stat(long)).rejects.toThrow('ENOENT');
  });

  it('belongs to one daemon at a time', async () => {
    const first = await open();
    await expect(open()).rejects.toThrow(
      `Another daemon is already running in the state directory ${root}`,
    );
    await first.close();
    await first.close();
    await expect(open()).resolves.toBeDefined();
  });

  it('is free again when its daemon was killed', async () => {
    const library = import.meta.resolve('@microcluster/dqlite');
    await mkdir(root, { recursive: true });
    const program = `import { DirectoryLock } from ${JSON.stringify(library)};
      DirectoryLock.acquire(${JSON.stringify(root)});
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      await expect(open()).rejects.toThrow('Another daemon is already running');
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await expect(open()).resolves.toBeDefined();
  });
});

describe('an interrupted write', () => {
  it('leaves nothing behind after the next opening', async () => {
    const first = await open();
    await first.close();
    const leftover = '.daemon.yaml.0b0e8f5c-3f0a-4c0e-9d3e-5a1c3f1f2a3b.tmp';
    await writeFile(path.join(root, leftover), '');
    await writeFile(path.join(first.truststorePath, leftover), '');
    await writeFile(path.join(root, '.mine.tmp'), '');
    await open();
    expect(await filesOf()).toEqual(['.mine.tmp']);
  });
});

describe('daemon.yaml', () => {
  const config = {
    name: '1e3',
    address: '[::1]:9001',
    servers: { extra: { address: '127.0.0.1:9100' } },
  };

  it('is absent before initialisation, then written as Go writes it and read back', async () => {
    const state = await open();
    expect(await state.readDaemonConfig()).toBeUndefined();
    await state.writeDaemonConfig(config);
    expect(await readFile(state.daemonConfigPath, 'utf8')).toBe(
      'name: "1e3"\naddress: "[::1]:9001"\nservers:\n    extra:\n        address: 127.0.0.1:9100\n',
    );
    expect(await modeOf(state.daemonConfigPath)).toBe(0o644);
    expect(await state.readDaemonConfig()).toEqual(config);
  });

  it('is read in every form that Go and people write', async () => {
    const state = await open();
    await writeFile(state.daemonConfigPath, 'name: 1e3\naddress: ""\nservers: {}\n');
    expect(await state.readDaemonConfig()).toEqual({ name: '1e3', address: '', servers: {} });
  });

  it.each(['name: [', 'just text', 'name: c1\naddress: host:1\n', 'servers: [1]'])(
    'is refused with its path when it says %j',
    async (text) => {
      const state = await open();
      await writeFile(state.daemonConfigPath, text);
      await expect(state.readDaemonConfig()).rejects.toThrow(
        `${state.daemonConfigPath} cannot be read: `,
      );
    },
  );
});

describe('wipe', () => {
  const foreign = [
    'certificates/notes.txt',
    'db_backup.2026-01-01T000000Z.tar.gz',
    'my-files/a',
    'truststore/README',
  ];
  const own = [
    '.cluster.pair',
    '.server.next',
    'certificates/.deliveries.json',
    'certificates/.extra.pair',
    'certificates/extra.crt',
    'certificates/extra.key',
    'cluster.ca',
    'cluster.crt',
    'cluster.key',
    'cluster.previous',
    'daemon.yaml',
    'database/info.yaml',
    'initialising.json',
    'patch.global.sql',
    'patch.global.sql.applying',
    'recovery_db.tar.gz',
    'server.crt',
    'server.key',
    'truststore/.replace.json',
    'truststore/c1.yaml',
  ];
  const populate = async () => {
    for (const file of [...foreign, ...own]) {
      await mkdir(path.dirname(path.join(root, file)), { recursive: true });
      await writeFile(path.join(root, file), file);
    }
  };

  it('removes what belongs to the member and nothing else', async () => {
    const state = await open();
    await populate();
    await state.wipe();
    expect(await filesOf()).toEqual(foreign);
    expect(await modeOf(state.databasePath)).toBe(0o700);
    await expect(open()).rejects.toThrow('Another daemon is already running');
  });

  it('is completed at the next opening when a crash interrupted it', async () => {
    await (await open()).close();
    await populate();
    await writeFile(path.join(root, '.wipe'), '');
    await mkdir(path.join(root, '.wiped.before'));
    await writeFile(path.join(root, '.wiped.before', 'server.key'), '');
    await open();
    expect(await filesOf()).toEqual(foreign);
  });

  it('is completed by putting the state aside where that was decided', async () => {
    await (await open()).close();
    await populate();
    await writeFile(path.join(root, '.wipe'), 'removed.20270101T000000');
    await open();
    const kept = own.map((file) => file.replace(/^(certificates|truststore)\//, '$1-'));
    expect(await filesOf()).toEqual(
      [...foreign, ...kept.map((file) => `removed.20270101T000000/${file}`)].toSorted(),
    );
  });

  it.each(['../elsewhere', '/tmp/elsewhere', '..', 'database', 'removed.\0', 'removed./a'])(
    'is not completed when the decision is damaged: %j',
    async (damaged) => {
      await (await open()).close();
      await populate();
      await writeFile(path.join(root, '.wipe'), damaged);
      await expect(open()).rejects.toMatchObject({
        code: 'STATE_FILE_UNREADABLE',
        message: expect.stringContaining(path.join(root, '.wipe')),
      });
      expect(await filesOf()).toEqual([...foreign, ...own, '.wipe'].toSorted());
    },
  );

  it('does not touch what was written after it', async () => {
    const state = await open();
    await populate();
    await state.wipe();
    await state.writeDaemonConfig({ name: 'c1', address: '', servers: {} });
    await state.close();
    const again = await open();
    expect((await again.readDaemonConfig())?.name).toBe('c1');
  });
});
