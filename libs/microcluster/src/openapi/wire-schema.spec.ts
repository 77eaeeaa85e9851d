/** JSON Schemas of the wire format's objects, in both directions. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { durationSchema, goObject, textSchema, timeSchema } from '../types/index.js';
import { schemaNames } from './schema-names.js';
import { clusterMembersSchema, heartbeatInfoSchema } from '../types/schemas.js';
import { wireSchema, type SchemaNames } from './wire-schema.js';

const unnamed: SchemaNames = { nameOf: () => undefined, components: new Map() };
const record = goObject({
  name: textSchema,
  after: durationSchema,
  at: timeSchema,
  note: z.string().optional(),
});

describe('the schema of an object', () => {
  it('requires of a request what has no zero value', () => {
    expect(wireSchema(record, 'request', unnamed)).toMatchObject({
      type: 'object',
      properties: { name: { type: 'string' }, at: { type: 'string' } },
      required: ['at'],
    });
  });

  it('promises every key of a reply that is always written', () => {
    expect(wireSchema(record, 'reply', unnamed)['required']).toEqual(['name', 'after', 'at']);
  });

  it('has integers for durations, of any length', () => {
    const { properties } = z
      .object({
        properties: z.object({
          after: z.object({ anyOf: z.array(z.object({ type: z.string() })) }),
        }),
      })
      .parse(wireSchema(record, 'reply', unnamed));
    expect(properties.after.anyOf.map(({ type }) => type)).toEqual(['integer', 'integer']);
  });

  it('goes down into lists and maps', () => {
    const nested = z.record(z.string(), z.array(record).nullable());
    const text = JSON.stringify(wireSchema(nested, 'reply', unnamed));
    expect(text).toContain('"required":["name","after","at"]');
    expect(text).not.toContain('$schema');
  });

  it('lets a nil map be null', () => {
    const text = JSON.stringify(wireSchema(heartbeatInfoSchema, 'request', unnamed));
    expect(text).toMatch(/"dqlite_roles":\{"anyOf":\[\{"type":"object".*?\},\{"type":"null"\}\]\}/);
  });
});

describe('named schemas', () => {
  it('are references to components, one for each direction', () => {
    const names = schemaNames();
    expect(wireSchema(clusterMembersSchema, 'reply', names)).toEqual({
      $ref: '#/components/schemas/ClusterMembers',
    });
    wireSchema(clusterMembersSchema, 'request', names);
    expect([...names.components.keys()].toSorted()).toEqual([
      'ClusterMember',
      'ClusterMemberRequest',
      'ClusterMembers',
      'ClusterMembersRequest',
    ]);
    expect(names.components.get('ClusterMembers')).toMatchObject({
      anyOf: [
        { type: 'array', items: { $ref: '#/components/schemas/ClusterMember' } },
        { type: 'null' },
      ],
    });
  });
});
