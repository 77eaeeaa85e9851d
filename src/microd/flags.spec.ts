import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags.js';

function read(argv: string[], environment: Record<string, string> = {}) {
  let out = '';
  let err = '';
  const flags = parseFlags(argv, environment, '1.2.3', {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { flags, out, err };
}

describe('the flags of microd', () => {
  it('are read into settings', () => {
    const { flags } = read([
      '--state-dir',
      '/x',
      '--socket-group',
      'adm',
      '--heartbeat',
      '1m30s',
      '--metrics',
      ':9464',
      '--log-format',
      'json',
      '--verbose',
    ]);
    expect(flags).toEqual({
      stateDir: '/x',
      socketGroup: 'adm',
      heartbeatIntervalMs: 90_000,
      metricsAddress: ':9464',
      logFormat: 'json',
      logLevel: 'verbose',
    });
  });

  it('set every limit, from the command line or the environment, and the former first', () => {
    const { flags } = read(
      '--state-dir /x --network-latency 20ms --ready-timeout 5m --request-timeout 1m --probe-timeout 500ms --handover-timeout 0s --drain-timeout 10s'.split(
        ' ',
      ),
      { MICROCLUSTER_READY_TIMEOUT: '1s', MICROCLUSTER_HEARTBEAT: '20s' },
    );
    expect(flags).toMatchObject({
      heartbeatIntervalMs: 20_000,
      networkLatencyMs: 20,
      drainConnectionsTimeout: 10_000,
      timeouts: { ready: 300_000, request: 60_000, probe: 500, handover: 0 },
    });
  });

  it('name the variable that cannot be used', () => {
    const { flags, err } = read(['--state-dir', '/x'], { MICROCLUSTER_READY_TIMEOUT: '1ms' });
    expect(flags).toEqual({ exitCode: 1 });
    expect(err).toContain(
      "Error: environment variable MICROCLUSTER_READY_TIMEOUT value '1ms' is invalid. It must be between 1s and 1h.",
    );
  });

  it('take the state directory from the environment, and the flag first', () => {
    expect(read([], { STATE_DIR: '/env' }).flags).toMatchObject({ stateDir: '/env' });
    expect(read(['--state-dir', '/x'], { STATE_DIR: '/env' }).flags).toMatchObject({
      stateDir: '/x',
    });
  });

  it('are refused without a state directory', () => {
    const { flags, err } = read([]);
    expect(flags).toEqual({ exitCode: 1 });
    expect(err).toBe('Error: Missing state directory: pass --state-dir or set STATE_DIR\n');
  });

  it.each([
    ['--heartbeat', 'soon'],
    ['--heartbeat', '1ms'],
    ['--heartbeat', '2h'],
    ['--network-latency', '2m'],
    ['--ready-timeout', '10ms'],
    ['--drain-timeout', '-1s'],
    ['--frobnicate', 'x'],
    ['--log-format', 'xml'],
    ['--verbose', 'extra'],
  ])('are refused: %s %s', (...wrong) => {
    const { flags, err } = read(['--state-dir', '/x', ...wrong]);
    expect(flags).toEqual({ exitCode: 1 });
    expect(err).toMatch(/^Error: /);
  });

  it('print the version and the help', () => {
    expect(read(['--version'])).toMatchObject({ flags: { exitCode: 0 }, out: '1.2.3\n' });
    const help = read(['--help']);
    expect(help.flags).toEqual({ exitCode: 0 });
    expect(help.out).toContain('--heartbeat <duration>');
  });
});
