import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SAMPLE_CERTIFICATE } from './certificate.fixture.js';
import { faultOf } from './fault-of.fixture.js';
import { isInvalidValueError } from './invalid-value-error.js';
import { encodeBody, parseBody, parseValue } from './parse-body.js';
import * as schemas from './schemas.js';
import { zeroTime } from './time.js';

const local = { name: 'c1', address: '10.0.0.1:8443', certificate: SAMPLE_CERTIFICATE };
const member: schemas.ClusterMember = {
  ...local,
  role: 'voter',
  schema_internal_version: 6,
  schema_external_version: 2,
  last_heartbeat: new Date('2024-10-22T11:22:33.120Z'),
  status: 'ONLINE',
  extensions: ['internal:runtime_extension_v1', 'items'],
  secret: '',
};
const certificateJson = JSON.stringify(SAMPLE_CERTIFICATE);

describe('ClusterMember', () => {
  const json =
    `{"name":"c1","address":"10.0.0.1:8443","certificate":${certificateJson},"role":"voter",` +
    '"schema_internal_version":6,"schema_external_version":2,"last_heartbeat":"2024-10-22T11:22:33.12Z",' +
    '"status":"ONLINE","extensions":["internal:runtime_extension_v1","items"],"secret":""}';

  it('is written in wire order and read back', () => {
    expect(encodeBody(schemas.clusterMemberSchema, member)).toBe(json);
    expect(parseBody(schemas.clusterMemberSchema, json, 'member')).toEqual(member);
  });

  it('reads Go spellings: any case of keys, missing and null fields as zero values', () => {
    const parsed = parseValue(
      schemas.clusterMemberSchema,
      {
        NAME: 'c1',
        Address: '[FE80:0::1%eth0]:8443',
        certificate: SAMPLE_CERTIFICATE.replaceAll('\n', '\r\n'),
        role: null,
        extensions: 'one',
        unknown: 1,
      },
      'member',
    );
    expect(parsed).toEqual({
      ...member,
      address: '[fe80::1%eth0]:8443',
      role: '',
      schema_internal_version: 0,
      schema_external_version: 0,
      last_heartbeat: zeroTime(),
      status: '',
      extensions: ['one'],
    });
  });

  it('prefers the exact key', () => {
    const parsed = parseValue(schemas.tokenRequestSchema, { NAME: 'wrong', name: 'right' }, 'x');
    expect(parsed.name).toBe('right');
  });

  it.each([
    [{ ...local, extensions: null }, /extensions must be a string or an array/],
    [{ ...local, extensions: 1 }, /extensions must be/],
    [{ ...local, extensions: [1] }, /extensions/],
    [{ ...local, extensions: [], certificate: '' }, /Failed to decode certificate/],
    [{ ...local, extensions: [], address: 'host:1' }, /Invalid address "host:1"/],
    [{ ...local, extensions: [], role: 7 }, /role must be a string/],
    [{ ...local, extensions: [], schema_internal_version: -1 }, /schema_internal_version must be/],
    [{ ...local, extensions: [], last_heartbeat: 'soon' }, /Invalid time "soon"/],
    [[], /Invalid member: it must be an object/],
    [null, /Invalid member: it must be an object/],
  ])('refuses %#', (value, message) => {
    expect(() => parseValue(schemas.clusterMemberSchema, value, 'member')).toThrow(message);
  });
});

describe('extensions', () => {
  it.each([
    [[], '[]'],
    [['one'], '"one"'],
    [['one', 'two'], '["one","two"]'],
  ])('%j is written as %s', (extensions, json) => {
    const text = encodeBody(schemas.clusterMemberSchema, { ...member, extensions });
    expect(text).toContain(`"extensions":${json}`);
    expect(parseBody(schemas.clusterMemberSchema, text, 'member').extensions).toEqual(extensions);
  });
});

describe('durations', () => {
  it('are integer nanoseconds, exact beyond 2^53', () => {
    const request = { name: 'c2', expire_after: 2n ** 62n + 1n };
    const json = '{"name":"c2","expire_after":4611686018427387905}';
    expect(encodeBody(schemas.tokenRequestSchema, request)).toBe(json);
    expect(parseBody(schemas.tokenRequestSchema, json, 'TokenRequest')).toEqual(request);
  });

  it.each(['9223372036854775808', '1.5', '"3h"', '-9223372036854775809'])('refuse %s', (json) => {
    const text = `{"name":"c2","expire_after":${json}}`;
    expect(() => parseBody(schemas.tokenRequestSchema, text, 'TokenRequest')).toThrow(
      /Invalid TokenRequest: expire_after must/,
    );
  });
});

describe('TokenResponse', () => {
  it('keeps the capital key on output and takes any case on input', () => {
    const response: schemas.TokenResponse = {
      cluster_cert: SAMPLE_CERTIFICATE,
      cluster_key: 'key',
      cluster_members: [local],
      ClusterAdditionalCerts: { extra: { cert: 'c', key: 'k', ca: '' } },
      trusted_member: local,
    };
    const text = encodeBody(schemas.tokenResponseSchema, response);
    expect(text).toContain('"ClusterAdditionalCerts":{"extra":{"cert":"c","key":"k","ca":""}}');
    const folded = text.replace('ClusterAdditionalCerts', 'clusteradditionalcerts');
    expect(parseBody(schemas.tokenResponseSchema, folded, 'TokenResponse')).toEqual(response);
  });

  it('takes null for the collections that Go leaves nil', () => {
    const text = `{"cluster_cert":${certificateJson},"cluster_key":"","cluster_members":null,"ClusterAdditionalCerts":null,"trusted_member":{"certificate":${certificateJson}}}`;
    const response = parseBody(schemas.tokenResponseSchema, text, 'TokenResponse');
    expect(response.cluster_members).toEqual([]);
    expect(response.ClusterAdditionalCerts).toEqual({});
  });
});

describe('HeartbeatInfo', () => {
  it('writes empty maps as null, as Go does, and reads null, missing and {}', () => {
    const info = {
      begin_round: true,
      max_schema_internal: 0,
      max_schema_external: 0,
      cluster_members: {},
      leader_address: '10.0.0.1:8443',
      dqlite_roles: { '10.0.0.1:8443': 'voter' },
    };
    const text = encodeBody(schemas.heartbeatInfoSchema, info);
    expect(text).toBe(
      '{"begin_round":true,"max_schema_internal":0,"max_schema_external":0,"cluster_members":null,' +
        '"leader_address":"10.0.0.1:8443","dqlite_roles":{"10.0.0.1:8443":"voter"}}',
    );
    expect(parseBody(schemas.heartbeatInfoSchema, text, 'HeartbeatInfo')).toEqual(info);
    expect(parseBody(schemas.heartbeatInfoSchema, '{}', 'HeartbeatInfo').cluster_members).toEqual(
      {},
    );
  });

  it('carries members by address', () => {
    const info = {
      begin_round: false,
      max_schema_internal: 6,
      max_schema_external: 2,
      cluster_members: { [member.address]: member },
      leader_address: '',
      dqlite_roles: {},
    };
    const text = encodeBody(schemas.heartbeatInfoSchema, info);
    expect(parseBody(schemas.heartbeatInfoSchema, text, 'HeartbeatInfo')).toEqual(info);
  });
});

describe('SQL results', () => {
  it('keep nulls and big integers', () => {
    const text =
      '{"Results":[{"type":"select","columns":["id"],"rows":[[3297041220608546238],[null]],"rows_affected":0},{"type":"exec","columns":null,"rows":null,"rows_affected":3}]}';
    const batch = parseBody(schemas.sqlBatchSchema, text, 'SQLBatch');
    expect(batch.Results?.[0]?.rows).toEqual([[3297041220608546238n], [null]]);
    expect(encodeBody(schemas.sqlBatchSchema, batch)).toBe(text);
  });
});

describe('every schema', () => {
  const all = Object.entries(schemas).flatMap(([name, schema]) => [[name, schema] as const]);

  it.each(all)('%s: garbage is refused with a clear 400, never anything else', (name, schema) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const fault = faultOf(() => parseValue(schema, value, name));
        expect(fault === undefined || isInvalidValueError(fault)).toBe(true);
        expect(String(fault)).toMatch(/^undefined$|: Invalid \w+: .+\.$/);
      }),
      { numRuns: 200 },
    );
  });

  it.each(all)('%s: what parses survives a round trip', (name, schema) => {
    const keys = [
      'name',
      'address',
      'bootstrap',
      'Cert',
      'text',
      'query',
      'force',
      'ready',
      'type',
    ];
    const likely = fc.dictionary(
      fc.constantFrom(
        ...keys,
        'extensions',
        'expire_after',
        'expires_at',
        'Results',
        'columns',
        'rows',
      ),
      fc.oneof(
        fc.constantFrom(
          '',
          'a',
          '[::1]:1',
          true,
          null,
          0,
          [],
          {},
          'select',
          '2024-01-01T00:00:00Z',
        ),
        fc.jsonValue(),
      ),
    );
    fc.assert(
      fc.property(likely, (value) => {
        let parsed: unknown;
        try {
          parsed = parseValue(schema, value, name);
        } catch {
          return;
        }
        const again = parseBody(schema, encodeBody(schema, schema.parse(value)), name);
        expect(again).toEqual(parsed);
      }),
      { numRuns: 200 },
    );
  });
});
