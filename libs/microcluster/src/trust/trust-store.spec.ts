import { rmSync } from 'node:fs';
import { mkdtemp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import { formatTrustFile, type TrustedMember } from './trusted-member.js';
import { TrustStore } from './trust-store.js';

let directory: string;
let store: TrustStore | undefined;
const warn = vi.fn<(message: unknown) => void>();
const pairs = await Promise.all(
  ['c1', 'c2', 'c3', 'c4'].map((commonName) => generateKeyPair({ commonName })),
);
const member = (index: number, address = `10.0.0.${index + 1}:8443`): TrustedMember => ({
  name: `c${index + 1}`,
  address,
  certificate: pairs[index]?.certificate ?? '',
});
const members = [member(0), member(1), member(2)];
const fileOf = (name: string) => path.join(directory, `${name}.yaml`);
const namesOf = (list: readonly TrustedMember[]) => list.map((entry) => entry.name);
const namesIn = (opened: TrustStore) => namesOf(opened.list());
const openStore = async () => (store = await TrustStore.open(directory, { logger: { warn } }));

beforeEach(async () => {
  warn.mockClear();
  directory = await mkdtemp(path.join(tmpdir(), 'trust-'));
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  await rm(directory, { recursive: true, force: true });
});

describe('TrustStore', () => {
  it('keeps each member in a file as Go writes it', async () => {
    const opened = await openStore();
    await opened.add(member(0));
    const indented = member(0).certificate.trimEnd().replaceAll(/^/gm, '    ');
    expect(await readFile(fileOf('c1'), 'utf8')).toBe(
      `name: c1\naddress: 10.0.0.1:8443\ncertificate: |\n${indented}\n`,
    );
    expect((await stat(fileOf('c1'))).mode & 0o777).toBe(0o644);
  });

  it('finds members by name, by any spelling of the address and by fingerprint', async () => {
    const opened = await openStore();
    await opened.replace([member(0, '[FE80:0::1%eth0]:8443'), member(1)]);
    const first = opened.byName('c1');
    expect(first?.address).toBe('[fe80::1%eth0]:8443');
    expect(opened.byAddress('[fe80:0:0::1%eth0]:8443')).toBe(first);
    expect(opened.byAddress('[fe80::1%eth1]:8443')).toBeUndefined();
    expect(opened.byAddress('nonsense')).toBeUndefined();
    expect(opened.byFingerprint(first?.fingerprint ?? '')).toBe(first);
    expect(opened.byFingerprint('')).toBeUndefined();
  });

  it('is found again after a restart', async () => {
    await (await openStore()).replace(members);
    await store?.close();
    expect((await openStore()).list()).toMatchObject(members);
  });

  it('keeps members with names as long as a file may have, and refuses longer ones at once', async () => {
    const label = 'a'.repeat(63);
    const longest = { ...member(1), name: `${label}.${label}.${label}.${'b'.repeat(58)}` };
    const tooLong = { ...longest, name: `${longest.name}b` };
    const opened = await openStore();
    await opened.add(member(0));
    await opened.add(longest);

    const refusal = /name of 251 characters is too long/;
    await expect(opened.add(tooLong)).rejects.toThrow(refusal);
    await expect(opened.replace([member(0), tooLong])).rejects.toThrow(refusal);

    await opened.reload();
    expect(namesIn(opened)).toEqual([longest.name, 'c1']);
    expect(await readdir(directory)).toEqual([`${longest.name}.yaml`, 'c1.yaml']);
  });

  it('refuses a second member of the same name', async () => {
    const opened = await openStore();
    await opened.add(member(0));
    await expect(opened.add({ ...member(1), name: 'c1' })).rejects.toThrow(
      'A remote with name "c1" already exists',
    );
    await writeFile(fileOf('c2'), formatTrustFile({ ...member(1), name: 'other' }));
    await expect(opened.add(member(1))).rejects.toThrow(
      `Remote at "${fileOf('c2')}" already exists`,
    );
  });

  it('adds over a file that was damaged', async () => {
    const opened = await openStore();
    await writeFile(fileOf('c1'), 'name: c1\naddr');
    await opened.add(member(0));
    expect(namesIn(opened)).toEqual(['c1']);
  });

  it.each([
    ['../c1', 'is not a valid FQDN'],
    ['a/b', 'is not a valid FQDN'],
    ['', 'Name must be 1-255 characters long'],
  ])('refuses the name %j', async (name, text) => {
    const opened = await openStore();
    await expect(opened.add({ ...member(0), name })).rejects.toThrow(text);
    await expect(opened.replace([{ ...member(0), name }])).rejects.toThrow(text);
    expect(await readdir(directory)).toEqual([]);
  });

  it('refuses a list that would lock members out, and stays as it was', async () => {
    const opened = await openStore();
    await opened.replace(members);
    await expect(opened.replace([])).rejects.toThrow('Received empty remotes');
    await expect(opened.replace([member(0), member(0)])).rejects.toThrow('equal names');
    await expect(opened.replace([member(1)], { required: ['c1', 'c2'] })).rejects.toThrow(
      'Received remotes without "c1"',
    );
    await expect(opened.replace([member(0), { ...member(1), certificate: '' }])).rejects.toThrow(
      'Failed to decode certificate',
    );
    expect(namesIn(opened)).toEqual(['c1', 'c2', 'c3']);
    expect((await readdir(directory)).toSorted()).toEqual(['c1.yaml', 'c2.yaml', 'c3.yaml']);
  });

  it('replaces everything and leaves files of others alone', async () => {
    const opened = await openStore();
    await opened.replace(members);
    await writeFile(path.join(directory, 'README'), 'mine');
    await mkdir(path.join(directory, 'folder.yaml'));
    await opened.replace([member(3), member(1, '10.0.0.9:1')]);
    expect(namesIn(opened)).toEqual(['c2', 'c4']);
    expect(opened.byAddress('10.0.0.9:1')?.name).toBe('c2');
    expect((await readdir(directory)).toSorted()).toEqual([
      'README',
      'c2.yaml',
      'c4.yaml',
      'folder.yaml',
    ]);
  });

  it('does not touch the disk when a replacement changes nothing', async () => {
    const opened = await openStore();
    await opened.replace(members);
    const before = await stat(fileOf('c1'), { bigint: true });
    const directoryBefore = await stat(directory, { bigint: true });
    await opened.replace(members.toReversed());
    expect((await stat(fileOf('c1'), { bigint: true })).ino).toBe(before.ino);
    expect((await stat(directory, { bigint: true })).mtimeNs).toBe(directoryBefore.mtimeNs);
  });

  it('repairs a damaged file when it is replaced by the same members', async () => {
    const opened = await openStore();
    await opened.replace(members);
    await writeFile(fileOf('c2'), 'name');
    await opened.replace(members);
    expect(await readFile(fileOf('c2'), 'utf8')).toBe(formatTrustFile(member(1)));
  });

  it('removes a member, but not the last one', async () => {
    const opened = await openStore();
    await opened.replace([member(0), member(1)]);
    expect(await opened.remove('c2')).toBe(true);
    expect(await opened.remove('c2')).toBe(false);
    await expect(opened.remove('c1')).rejects.toThrow('Received empty remotes');
    expect(await readdir(directory)).toEqual(['c1.yaml']);
  });

  it('serialises concurrent changes', async () => {
    const opened = await openStore();
    await opened.replace(members);
    await Promise.all([
      opened.remove('c3'),
      opened.add(member(3)),
      opened.replace([member(0), member(1)]),
      opened.add(member(2)),
    ]);
    expect(namesIn(opened)).toEqual(['c1', 'c2', 'c3']);
    expect((await readdir(directory)).toSorted()).toEqual(['c1.yaml', 'c2.yaml', 'c3.yaml']);
  });

  it('follows files that are edited by hand', async () => {
    const opened = await openStore();
    await opened.replace(members);
    const changes: string[][] = [];
    opened.onChange((list) => changes.push(namesOf(list)));
    await writeFile(fileOf('c4'), formatTrustFile(member(3)));
    await expect.poll(() => changes).toContainEqual(['c1', 'c2', 'c3', 'c4']);
    await rm(fileOf('c2'));
    await expect.poll(() => changes).toContainEqual(['c1', 'c3', 'c4']);
    await writeFile(path.join(directory, 'draft'), formatTrustFile(member(1)));
    await rename(path.join(directory, 'draft'), fileOf('anything'));
    await expect.poll(() => namesIn(opened)).toContain('c2');
  });

  it('keeps the last good entry of a damaged file, and says so once', async () => {
    const opened = await openStore();
    await opened.replace(members);
    // Put there in one step, or the watch may find the file empty, which is another fault.
    await writeFile(path.join(directory, 'c2.half'), 'name: c2\naddress: 10.0');
    await rename(path.join(directory, 'c2.half'), fileOf('c2'));
    await opened.reload();
    await opened.reload();
    expect(namesIn(opened)).toEqual(['c1', 'c2', 'c3']);
    expect(warn.mock.calls).toEqual([
      [
        expect.objectContaining({
          event: 'trust-file-invalid',
          file: fileOf('c2'),
          lastGoodKept: true,
        }),
      ],
    ]);
  });

  it('loads the rest of a directory in which files are damaged or foreign', async () => {
    await writeFile(fileOf('c1'), formatTrustFile(member(0)));
    await writeFile(fileOf('c2'), formatTrustFile(member(1)).slice(0, 60));
    await writeFile(fileOf('c3'), '');
    await writeFile(fileOf('evil'), formatTrustFile({ ...member(3), name: '../c4' }));
    await writeFile(path.join(directory, 'c3.yaml.bak'), formatTrustFile(member(2)));
    await mkdir(fileOf('folder'));
    expect(namesIn(await openStore())).toEqual(['c1']);
    expect(warn).toHaveBeenCalledTimes(3);
  });

  it('is not emptied by an empty directory, except after a wipe', async () => {
    const opened = await openStore();
    await opened.replace(members);
    // In one go: between two of them the watcher might honestly see a member removed.
    for (const entry of members) rmSync(fileOf(entry.name));
    await opened.reload();
    expect(namesIn(opened)).toEqual(['c1', 'c2', 'c3']);
    await opened.reset();
    expect(namesIn(opened)).toEqual([]);
  });

  it('takes the file named after its member when two files claim a name', async () => {
    await writeFile(fileOf('a'), formatTrustFile(member(0, '10.0.0.7:1')));
    await writeFile(fileOf('c1'), formatTrustFile(member(0)));
    await writeFile(fileOf('z'), formatTrustFile(member(0, '10.0.0.8:1')));
    expect((await openStore()).list()).toMatchObject([member(0)]);
  });

  it('completes a replacement that a crash interrupted', async () => {
    await (await openStore()).replace(members);
    await store?.close();
    const plan = JSON.stringify([member(1), member(3)]);
    await writeFile(path.join(directory, '.replace.json'), plan);
    expect(namesIn(await openStore())).toEqual(['c2', 'c4']);
    expect((await readdir(directory)).toSorted()).toEqual(['c2.yaml', 'c4.yaml']);
  });

  it('never goes back to a replacement that failed half-way', async () => {
    const opened = await openStore();
    await opened.replace(members);
    // A directory stands where a file must go, so that the replacement fails after its plan was written.
    await mkdir(fileOf('c4'));
    await expect(opened.replace([member(0), member(3)])).rejects.toThrow('EISDIR');
    await rm(fileOf('c4'), { recursive: true });
    await opened.replace(members);
    await opened.close();
    expect(namesIn(await openStore())).toEqual(['c1', 'c2', 'c3']);
    expect((await readdir(directory)).toSorted()).toEqual(['c1.yaml', 'c2.yaml', 'c3.yaml']);
  });

  it('ignores a plan that nobody wrote', async () => {
    await (await openStore()).replace(members);
    await store?.close();
    await writeFile(path.join(directory, '.replace.json'), '[]x');
    expect(namesIn(await openStore())).toEqual(['c1', 'c2', 'c3']);
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ event: 'trust-plan-unreadable' }));
  });

  it('still answers after a listener has thrown', async () => {
    const opened = await openStore();
    opened.onChange(() => {
      throw new Error('listener');
    });
    await opened.add(member(0));
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ event: 'trust-listener-failed' }));
    expect(namesIn(opened)).toEqual(['c1']);
  });

  it('refuses changes once closed', async () => {
    const opened = await openStore();
    await opened.add(member(0));
    await opened.close();
    await opened.close();
    await expect(opened.add(member(1))).rejects.toThrow('The trust store is closed');
    await expect(opened.replace(members)).rejects.toThrow('The trust store is closed');
    await expect(opened.remove('c1')).rejects.toThrow('The trust store is closed');
    await expect(opened.reload()).rejects.toThrow('The trust store is closed');
    expect(namesIn(opened)).toEqual(['c1']);
  });
});
