/** The how-tos of monitoring and of systemd: their units, their commands, their code and their alerts. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  METRICS,
  type MetricDefinition,
} from '../../libs/microcluster/src/metrics/metric-catalogue.js';
import { freeAddresses } from '../support/addresses.js';
import { blocksOf } from './document.js';
import { Sandbox } from './sandbox.js';

const SYSTEMD = 'docs/how-to/systemd.md';
const MONITOR = 'docs/how-to/monitor.md';

describe('the units', () => {
  it('have sections and settings alone, and name each other', async () => {
    const units = await unitFiles();
    expect(units.map(({ name }) => name)).toEqual([
      'microd.service',
      'microd-control.socket',
      'microd-core.socket',
      'microd-metrics.socket',
    ]);
    for (const { name, text } of units) {
      const wrong = text
        .split('\n')
        .slice(1)
        .filter((line) => line !== '' && !/^(\[[A-Z]\w+\]|[A-Z]\w+=\S.*)$/.test(line));
      expect({ name, wrong }).toEqual({ name, wrong: [] });
    }
    expect(units[0]?.text).toMatch(/^Type=notify$/m);
    for (const { text } of units.slice(1)) expect(text).toMatch(/^Service=microd\.service$/m);
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  it.runIf(hasSystemd)('are accepted by systemd', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'microcluster-units-'));
    try {
      const units = await unitFiles();
      for (const { name, text } of units) {
        // The program and the user exist where it is installed.
        const here = text.replace('/usr/bin/microd', process.execPath).replace(/^User=.*$/m, '');
        await writeFile(join(directory, name), here.replace(/^Socket(User|Group)=.*$/gm, ''));
      }
      const files = units.map(({ name }) => join(directory, name));
      const { stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:` },
      });
      const ours = stderr.split('\n').filter((line) => line.includes('microd'));
      expect({ status, ours }).toEqual({ status: 0, ours: [] });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

it('their code compiles, in one application', async () => {
  await using sandbox = await Sandbox.create();
  for (const path of [SYSTEMD, MONITOR, 'docs/reference/metrics.md']) {
    for (const source of await blocksOf(path, 'ts')) await sandbox.addSource(source);
  }
  expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
});

it('the commands of Monitor show a healthy member', async () => {
  await using sandbox = await Sandbox.create();
  const [metrics = '', core = ''] = await freeAddresses(2);
  const script = (await blocksOf(MONITOR, 'sh'))
    .join('\n')
    .replaceAll(/(?:127\.0\.0\.1)?:9001/g, metrics)
    .replaceAll('127.0.0.1:9002', core)
    .replaceAll('/tmp/', `${sandbox.directory}/`);
  const { code, output } = await sandbox.run(script, { MICROCLUSTER_ENGINE: 'sqlite' });
  expect(code, output).toBe(0);
  const probes = output.split('\n').filter((line) => line.includes('"status":"ok","checks"'));
  expect(probes).toHaveLength(2);
  expect(output).toMatch(/^200$/m);
  expect(output).toMatch(/^microcluster_is_leader 1$/m);
  await sandbox.idle();
});

it('the alerts use metrics and labels that exist', async () => {
  const rules = z.object({
    groups: z.array(
      z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) }),
    ),
  });
  const [text = ''] = await blocksOf(MONITOR, 'yaml');
  const alerts = rules.parse(parse(text)).groups.flatMap((group) => group.rules);
  expect(alerts.length).toBeGreaterThan(5);
  const known = new Map<string, MetricDefinition>(
    Object.values(METRICS).map((metric) => [metric.name, metric]),
  );
  for (const { alert, expr } of alerts) {
    const used = [...expr.matchAll(/(microcluster_\w+?)(?:_bucket)?\b(?:\{(\w+)=)?/g)];
    expect({ alert, used: used.length }).not.toEqual({ alert, used: 0 });
    for (const [, name = '', label] of used) {
      const labels = known.get(name)?.labels;
      const hasLabel = label === undefined || labels?.includes(label) === true;
      expect({ alert, name, exists: labels !== undefined, hasLabel }).toEqual({
        alert,
        name,
        exists: true,
        hasLabel: true,
      });
    }
  }
});

async function unitFiles(): Promise<{ name: string; text: string }[]> {
  return (await blocksOf(SYSTEMD, 'ini')).map((text) => {
    const path = /^# (\/\S+)\n/.exec(text)?.[1];
    if (path === undefined)
      throw new Error('a unit must begin with "# /etc/systemd/system/<name>"');
    return { name: basename(path), text };
  });
}
