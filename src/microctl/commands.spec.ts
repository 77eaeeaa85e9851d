import { describe, expect, it } from 'vitest';
import { fakeDaemon, type Reply } from './daemon.fixture.js';
import { run } from './program.js';
import { recordingTerminal } from './terminal.fixture.js';

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgjCCASigAwIBAgIUWbVYIVi1Lq2SwuNz1k3mUCqfpZ4wCgYIKoZIzj0EAwIw
-----END CERTIFICATE-----
`;

async function microctl(
  replies: readonly Reply[],
  argv: readonly string[],
  input = '',
  answers?: readonly string[],
) {
  const { stateDir, asked } = await fakeDaemon(...replies);
  const terminal = recordingTerminal({ input, ...(answers && { answers }) });
  const code = await run(['--state-dir', stateDir, ...argv], {}, terminal);
  return { code, ...terminal.printed, asked, questions: terminal.questions };
}

const nothing: Reply = { metadata: {} };

describe('init', () => {
  it('bootstraps, with the settings for the hooks', async () => {
    const { code, out, asked } = await microctl(
      [nothing],
      ['init', 'c1', '127.0.0.1:9001', '--bootstrap', '--config', 'a=1,b=x=y', '--config', 'c='],
    );
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(asked).toEqual([
      [
        'POST',
        '/core/control',
        {
          bootstrap: true,
          config: { a: '1', b: 'x=y', c: '' },
          join_token: '',
          address: '127.0.0.1:9001',
          name: 'c1',
        },
      ],
    ]);
  });

  it('joins with a token', async () => {
    const { asked } = await microctl([nothing], ['init', 'c2', '[::1]:9002', '--token', 'abc']);
    expect(asked[0]?.[2]).toMatchObject({ bootstrap: false, join_token: 'abc', name: 'c2' });
  });

  it("prints the daemon's own words when it refuses", async () => {
    const refusal = { status: 500, error: 'Unable to initialize cluster: Database is online' };
    const result = await microctl([refusal], ['init', 'c1', '127.0.0.1:9001', '--bootstrap']);
    expect(result).toMatchObject({
      code: 1,
      out: '',
      err: 'Error: Unable to initialize cluster: Database is online\n',
    });
  });
});

describe('cluster', () => {
  const member = {
    name: 'c1',
    address: '127.0.0.1:9001',
    certificate: '',
    role: 'voter',
    schema_internal_version: 6,
    schema_external_version: 1,
    last_heartbeat: '2026-01-02T03:04:05.6Z',
    status: 'ONLINE',
    extensions: 'items',
    secret: '',
  };

  it('list prints a table', async () => {
    const { out, asked } = await microctl([{ metadata: [member] }], ['cluster', 'list']);
    expect(asked).toEqual([['GET', '/core/1.0/cluster', undefined]]);
    expect(out).toBe(
      [
        '+------+----------------+-------+-------------+--------+',
        '| NAME |    ADDRESS     | ROLE  | FINGERPRINT | STATUS |',
        '+------+----------------+-------+-------------+--------+',
        '| c1   | 127.0.0.1:9001 | voter |             | ONLINE |',
        '+------+----------------+-------+-------------+--------+',
        '',
      ].join('\n'),
    );
  });

  it('list warns when it is what the daemon knew before the cluster lost its leader', async () => {
    const aged = { metadata: [member], headers: { age: '12' } };
    const { code, err } = await microctl([aged], ['cluster', 'list']);
    expect({ code, err }).toEqual({
      code: 0,
      err: 'Warning: the database has no leader; names and roles are those of 12 s ago\n',
    });
  });

  it('list prints json as the API gave it', async () => {
    const { out } = await microctl([{ metadata: [member] }], ['cluster', 'list', '-f', 'json']);
    expect(out).toBe(`${JSON.stringify([member])}\n`);
  });

  it('list prints yaml with the identity of a member nested', async () => {
    const { out } = await microctl([{ metadata: [member] }], ['cluster', 'list', '-f', 'yaml']);
    expect(out).toMatch(
      /^- clustermemberlocal:\n {4}name: c1\n {4}address: 127\.0\.0\.1:9001\n {4}certificate: ""\n {2}role: voter\n {2}schema_internal_version: 6\n {2}schema_external_version: 1\n {2}last_heartbeat: 2026-01-02T03:04:05\.6Z\n {2}status: ONLINE\n {2}extensions: items\n {2}secret: ""\n$/,
    );
  });

  it('list fails on a certificate that is none', async () => {
    const broken = { ...member, certificate: CERTIFICATE };
    const { code, err } = await microctl([{ metadata: [broken] }], ['cluster', 'list']);
    expect(code).toBe(1);
    expect(err).toContain('Error: The certificate of "c1" cannot be read');
  });

  it('remove names the member and passes --force on', async () => {
    const { asked } = await microctl([nothing], ['cluster', 'remove', 'c3', '--force']);
    expect(asked).toEqual([['DELETE', '/core/1.0/cluster/c3?force=1', undefined]]);
  });

  it('remove warns of each step that was skipped, and has done its work all the same', async () => {
    const skipped = [{ step: 'reset', reason: 'the member cannot be reached' }];
    const argv = ['cluster', 'remove', 'c3', '--force'];
    const { code, out, err } = await microctl([{ metadata: { skipped } }], argv);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: '',
      err: 'Warning: the step "reset" was skipped: the member cannot be reached\n',
    });
  });

  it('remove asks a person, and acts only on a yes', async () => {
    // What the plan asks before: the report, the table, and the version.
    const none: Reply = { status: 503, error: 'Database is offline' };
    const refused = await microctl([none, none], ['cluster', 'remove', 'c3'], '', ['no']);
    expect(refused).toMatchObject({
      code: 1,
      questions: ['Remove c3 from the cluster? (yes/no): '],
      err: expect.stringContaining('Error: Aborted; nothing was changed\n'),
    });
    expect(refused.asked.filter(([method]) => method === 'DELETE')).toEqual([]);
    const agreed = await microctl([none, none, nothing], ['cluster', 'remove', 'c3'], '', ['yes']);
    expect(agreed.asked.at(-1)).toEqual(['DELETE', '/core/1.0/cluster/c3', undefined]);
    const told = await microctl([nothing], ['cluster', 'remove', 'c3', '--yes'], '', []);
    expect(told).toMatchObject({ code: 0, questions: [] });
  });

  it('remove names the address of a member that only the database knows', async () => {
    const argv = ['cluster', 'remove', 'c3', '--address', '[::1]:1'];
    const { asked } = await microctl([nothing], argv);
    expect(asked).toEqual([
      ['DELETE', '/core/1.0/cluster/c3?address=%5B%3A%3A1%5D%3A1', undefined],
    ]);
  });

  it('says what was unexpected in an answer', async () => {
    const { err } = await microctl([{ metadata: [{ name: 1 }] }], ['cluster', 'list']);
    expect(err).toContain('The daemon answered the list of members with something unexpected');
  });
});

describe('tokens', () => {
  it('add prints the token, which lives for three hours', async () => {
    const { out, asked } = await microctl([{ metadata: 'dG9rZW4=' }], ['tokens', 'add', 'c2']);
    expect(out).toBe('dG9rZW4=\n');
    expect(asked[0]?.[2]).toEqual({ name: 'c2', expire_after: 10_800_000_000_000 });
  });

  it('add asks for a token for any name only when told to', async () => {
    const argv = ['tokens', 'add', 'x', '-e', '0', '--any-name'];
    const { asked } = await microctl([{ metadata: 'dG9r' }], argv);
    expect(asked[0]?.[2]).toEqual({ name: 'x', expire_after: 0, any_name: true });
  });

  it('list prints times as Go does', async () => {
    const tokens = [
      { name: 'c2', token: 'abc', expires_at: '0001-01-01T00:00:00Z' },
      { name: 'c10', token: 'def', expires_at: '2026-01-02T03:04:05.6Z' },
    ];
    const { out } = await microctl([{ metadata: tokens }], ['tokens', 'list', '-f', 'csv']);
    expect(out).toBe(
      'c2,abc,0001-01-01 00:00:00 +0000 UTC\nc10,def,2026-01-02 03:04:05.6 +0000 UTC\n',
    );
  });

  it('revoke names the token', async () => {
    const { asked } = await microctl([nothing], ['tokens', 'revoke', 'c2']);
    expect(asked).toEqual([['DELETE', '/core/1.0/tokens/c2', undefined]]);
  });
});

describe('sql', () => {
  const select = {
    type: 'select',
    columns: ['id', 'name'],
    rows: [
      [1, 'anvil'],
      [2, null],
    ],
    rows_affected: 0,
  };
  const exec = { type: 'exec', columns: null, rows: null, rows_affected: 3 };

  it('prints rows as a table', async () => {
    const { out, asked } = await microctl(
      [{ metadata: { Results: [select] } }],
      ['sql', 'select 1'],
    );
    expect(asked[0]?.[2]).toEqual({ query: 'select 1' });
    expect(out).toBe(
      [
        '+----+-------+',
        '| id | name  |',
        '+----+-------+',
        '| 1  | anvil |',
        '| 2  | NULL  |',
        '+----+-------+',
        '',
      ].join('\n'),
    );
  });

  it('numbers several results', async () => {
    const { out } = await microctl([{ metadata: { Results: [exec, exec] } }], ['sql', 'a; b']);
    expect(out).toBe('=> Query 0:\n\nRows affected: 3\n\n=> Query 1:\n\nRows affected: 3\n\n');
  });

  it('prints nothing for nothing', async () => {
    expect(await microctl([{ metadata: { Results: null } }], ['sql', ';'])).toMatchObject({
      code: 0,
      out: '',
    });
  });

  it('reads the query from standard input', async () => {
    const { asked } = await microctl(
      [{ metadata: { Results: [exec] } }],
      ['sql', '-'],
      'delete from x',
    );
    expect(asked[0]?.[2]).toEqual({ query: 'delete from x' });
  });

  it.each([
    ['.dump', '/core/internal/sql?schema=0'],
    ['.schema', '/core/internal/sql?schema=1'],
  ])('%s prints the text of %s', async (query, path) => {
    const { out, asked } = await microctl(
      [{ metadata: { text: 'BEGIN;\nCOMMIT;\n' } }],
      ['sql', query],
    );
    expect(asked).toEqual([['GET', path, undefined]]);
    expect(out).toBe('BEGIN;\nCOMMIT;\n');
  });
});

describe('an interrupted command', () => {
  it('ends its request and exits with 130', async () => {
    const { stateDir } = await fakeDaemon(nothing);
    const terminal = recordingTerminal();
    const code = await run(
      ['--state-dir', stateDir, 'shutdown'],
      {},
      terminal,
      AbortSignal.abort(),
    );
    expect({ code, ...terminal.printed }).toEqual({ code: 130, out: '', err: 'Interrupted\n' });
  });
});

describe('waitready', () => {
  const notYet: Reply = { status: 503, error: 'Daemon is not ready yet' };

  it('asks again until the daemon is ready', async () => {
    const { code, asked } = await microctl([notYet, nothing], ['waitready']);
    expect(code).toBe(0);
    expect(asked).toHaveLength(2);
  });

  it('gives up at the time limit, with the last answer', async () => {
    const { code, err } = await microctl([notYet, notYet, notYet], ['waitready', '-t', '0.7']);
    expect(code).toBe(1);
    expect(err).toBe(
      'Error: MicroCluster still not running after context deadline exceeded: Daemon is not ready yet\n',
    );
  });
});

it('extended prints the answers of the others', async () => {
  const answers = 'cluster member at address "A" received message "M"\nand another';
  const { out, asked } = await microctl([{ metadata: answers }], ['extended']);
  expect(asked).toEqual([['POST', '/1.0/extended', undefined]]);
  expect(out).toBe(`${answers}\n`);
});

it('shutdown asks the daemon to stop', async () => {
  const { code, out, asked } = await microctl([nothing], ['shutdown']);
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(asked).toEqual([['POST', '/core/control/shutdown', undefined]]);
});

it('shows requests with --verbose', async () => {
  const { err } = await microctl([nothing], ['--verbose', 'shutdown']);
  expect(err).toBe('POST /core/control/shutdown\n');
});

describe('events', () => {
  const time = '2026-01-02T03:04:05.678Z';
  const common = { id: '0a-1', time, member: 'c2' };
  const all = [
    { type: 'gap', time, after: '0a-0' },
    { type: 'member-joined', ...common, address: '127.0.0.1:9002', role: 'spare' },
    { type: 'role-changed', ...common, from: 'spare', to: 'voter' },
    { type: 'leader-changed', ...common, from: 'c1', to: null },
    { type: 'member-offline', ...common, last_heartbeat: '2026-01-02T03:03:05Z' },
    { type: 'member-online', ...common, last_heartbeat: time },
    {
      type: 'schema-upgraded',
      ...common,
      from: { internal: 6, external: 1 },
      to: { internal: 6, external: 2 },
    },
    { type: 'certificate-updated', ...common, certificate: 'cluster', from: null, to: 'ab' },
    { type: 'of-a-later-release', ...common },
    { type: 'member-left', ...common, address: '127.0.0.1:9002', role: 'voter' },
  ];

  it('are lines, until the daemon ends the stream', async () => {
    const { code, out, asked } = await microctl([{ events: all }], ['events']);
    expect(code).toBe(0);
    expect(asked).toEqual([['GET', '/core/1.0/events', undefined]]);
    const at = '2026-01-02T03:04:05Z  ';
    expect(out).toBe(
      [
        'events may be missing before this one (the daemon has none after "0a-0")',
        'c2 joined at 127.0.0.1:9002 as spare',
        'c2 is voter now (was spare)',
        'nobody leads now (before: c1)',
        'c2 is offline (last heartbeat 2026-01-02T03:03:05Z)',
        'c2 is online again',
        'c2 runs schema 6/2 now (was 6/1)',
        'c2 shows another certificate "cluster": ab',
        'c2 left',
      ]
        .map((line) => `${at}${line}\n`)
        .join(''),
    );
  });

  it('are JSON, one object on each line', async () => {
    const { out } = await microctl([{ events: all.slice(0, 2) }], ['events', '-f', 'json']);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(all.slice(0, 2));
  });

  it('refuse another format before they ask', async () => {
    const { code, err, asked } = await microctl([], ['events', '-f', 'yaml']);
    expect({ code, err, asked }).toEqual({
      code: 1,
      err: 'Error: Invalid format "yaml"\n',
      asked: [],
    });
  });

  it('print the list of members again where it is watched, also after one that failed', async () => {
    const list = (role: string): Reply => ({
      metadata: [
        {
          name: 'c2',
          address: 'a',
          certificate: '',
          role,
          schema_internal_version: 6,
          schema_external_version: 1,
          last_heartbeat: '2026-01-01T00:00:00Z',
          status: 'ONLINE',
        },
      ],
    });
    const { code, out, asked } = await microctl(
      [{ events: all.slice(1, 3) }, list('spare'), list('voter')],
      ['cluster', 'list', '--watch', '-f', 'csv'],
    );
    expect(code).toBe(0);
    expect(asked.map(([, path]) => path)).toEqual([
      '/core/1.0/events',
      '/core/1.0/cluster',
      '/core/1.0/cluster',
    ]);
    expect(out).toBe('c2,a,spare,,ONLINE\n\nc2,a,voter,,ONLINE\n');
  });

  it('are not watched without the daemon', async () => {
    const { code, err } = await microctl([], ['cluster', 'list', '--watch', '--local']);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'Error: --watch asks the daemon, which --local does not\n',
    });
  });
});
