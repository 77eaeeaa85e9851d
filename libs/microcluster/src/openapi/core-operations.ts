/** The Core API's endpoints on one listener, from their declarations. */
import type { CoreRouteDefinition } from '../listeners/index.js';
import {
  NOTHING,
  reasonPhrase,
  refusals,
  securityOf,
  successSchema,
  targetParameter,
} from './envelope-schemas.js';
import type { OpenApiOperation, OpenApiPaths, OpenApiResponse } from './openapi-document.js';
import { wireSchema, type SchemaNames } from './wire-schema.js';

const TAG = 'Core API';
/** What an operation id is made of: the words of the path, without `/core`. */
const WORD = /[A-Za-z0-9]+/g;

/** The operations of those `routes` that `listener` serves. */
export function coreOperations(
  routes: readonly CoreRouteDefinition[],
  listener: string,
  names: SchemaNames,
): OpenApiPaths {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of routes) {
    if (!route.rule.listeners.includes(listener)) continue;
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route, listener, names);
  }
  return paths;
}

function operationOf(
  route: CoreRouteDefinition,
  listener: string,
  names: SchemaNames,
): OpenApiOperation {
  const { method, path, rule, doc } = route;
  const body = doc?.body;
  return {
    operationId: `${method.toLowerCase()}${[...path.matchAll(WORD)].map(([word]) => capitalised(word)).join('')}`,
    ...(doc && { summary: doc.summary }),
    tags: [TAG],
    parameters: [...pathParameters(path), ...queryParameters(doc?.query), ...targetParameter(rule)],
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: wireSchema(body, 'request', names) } },
      },
    }),
    responses: {
      200: success(route, names),
      ...(body && { 400: { $ref: '#/components/responses/Error' } }),
      ...refusals(rule, listener),
    },
    ...securityOf(rule, listener),
  };
}

function success({ doc }: CoreRouteDefinition, names: SchemaNames): OpenApiResponse {
  const description = reasonPhrase(200);
  if (doc?.rawType === '') return { description };
  if (doc?.rawType !== undefined) return { description, content: { [doc.rawType]: {} } };
  const metadata = doc?.reply === undefined ? NOTHING : wireSchema(doc.reply, 'reply', names);
  return { description, content: { 'application/json': { schema: successSchema(200, metadata) } } };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: Readonly<Record<string, string>> = {}): object[] {
  return Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: { type: 'string' },
  }));
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
