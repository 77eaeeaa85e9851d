/** The names of the Core API's objects in a document: those of their schemas. */
import type { z } from 'zod';
import { memberReportSchema } from '../doctor/report.js';
import * as schemas from '../types/schemas.js';
import type { JsonSchema, SchemaNames, WireDirection } from './wire-schema.js';

const NAMES: ReadonlyMap<unknown, string> = new Map([
  ...Object.entries(schemas).map(([name, schema]): [unknown, string] => [schema, objectName(name)]),
  [memberReportSchema, objectName('memberReportSchema')],
]);

/**
 * Names for one document. A schema that travels both ways has two: what may be left out of a request is
 * always there in a reply.
 */
export function schemaNames(): SchemaNames & { readonly components: Map<string, JsonSchema> } {
  const nameOf = (schema: z.core.$ZodType, direction: WireDirection): string | undefined => {
    const name = NAMES.get(schema);
    if (name === undefined) return undefined;
    return direction === 'request' ? `${name}Request` : name;
  };
  return { nameOf, components: new Map() };
}

/** `clusterMemberSchema` is `ClusterMember`. */
function objectName(constant: string): string {
  const name = constant.replace(/Schema$/, '');
  return name.charAt(0).toUpperCase() + name.slice(1);
}
